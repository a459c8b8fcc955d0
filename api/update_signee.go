package api

import (
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// updateSignee is the public API's UpdateSignee (facts/wire.md 1.4). A member left out or null stays as it is, an empty
// text empties it. The keys stand in the path too; in the body they must be the same.
type updateSignee struct {
	SigneeKey  string  `json:"signeeKey"`
	ProcessKey string  `json:"processKey"`
	Email      *string `json:"email"`
	Address    *string `json:"address"`
	PostalCode *string `json:"postalCode"`
	City       *string `json:"city"`
	Reason     *string `json:"reason"`
	User       *string `json:"user"`
}

// putSignee is PUT /signing/{process}/signee/{signee}: 200 with the signee as changed.
func (a *API) putSignee(w http.ResponseWriter, r *http.Request) error {
	c, err := a.maybeCaller(tagSigning, r)
	if err != nil {
		return err
	}
	var in updateSignee
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	if err := sameKeys(r, in.ProcessKey, in.SigneeKey); err != nil {
		return err
	}
	s, err := a.Service.UpdateSignee(r.Context(), c, innsigli.UpdateSigneeRequest{
		Process: processKey(r), Signee: signeeKey(r), Email: in.Email, Address: in.Address, PostalCode: in.PostalCode, City: in.City,
		Reason: in.Reason, User: in.User, From: a.Proxies.Client(r),
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.whole(s))
}

// sameKeys refuses a body that speaks of another signee than the path.
func sameKeys(r *http.Request, process, signee string) error {
	if process != "" && !strings.EqualFold(process, string(processKey(r))) {
		return innsigli.InvalidField("processKey", "Equal", "processKey is not the one of the path.")
	}
	if signee != "" && !strings.EqualFold(signee, string(signeeKey(r))) {
		return innsigli.InvalidField("signeeKey", "Equal", "signeeKey is not the one of the path.")
	}
	return nil
}

// updateMeta is the public API's request; skipDocumentUpdate says something about documents made of templates, which this
// server has none of.
type updateMeta struct {
	Meta               map[string]jsontext.Value `json:"meta"`
	SkipDocumentUpdate bool                      `json:"skipDocumentUpdate"`
}

// maxMetaBody lets every byte of meta come as an escape of six.
const maxMetaBody = 6*innsigli.MaxMetaBytes + 4<<10

// putMeta is PUT /signing/{process}/signee/{signee}/meta: merges, and answers 200 with the process.
func (a *API) putMeta(w http.ResponseWriter, r *http.Request) error {
	c, err := a.maybeCaller(tagSigning, r)
	if err != nil {
		return err
	}
	var in updateMeta
	if err := web.ReadJSON(io.Reader(http.MaxBytesReader(w, r.Body, maxMetaBody)), &in); err != nil {
		return err
	}
	if in.Meta == nil {
		return innsigli.InvalidField("meta", "NotEmpty", "meta is required.")
	}
	meta := map[string]string{}
	for k, v := range in.Meta {
		text, ok := web.Scalar(v)
		if !ok {
			return innsigli.InvalidField("meta."+k, "Type", "meta."+k+" must be a text.")
		}
		meta[k] = text
	}
	v, err := a.Service.UpdateMeta(r.Context(), c, innsigli.UpdateMetaRequest{
		Process: processKey(r), Signee: signeeKey(r), Meta: meta, From: a.Proxies.Client(r),
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.view(v))
}
