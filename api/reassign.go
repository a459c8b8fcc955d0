package api

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// reassignRequest names who signs in somebody's place. user is whoever does it for the company.
type reassignRequest struct {
	Name        string         `json:"name" required:"true"`
	Email       string         `json:"email"`
	PhoneNumber string         `json:"phoneNumber"`
	Ssn         string         `json:"ssn"`
	Language    jsontext.Value `json:"language"`
	User        string         `json:"user"`
}

// reassign is POST /signing/{process}/signee/{signee}/reassign, which is ours: whoever holds the link passes signing on.
// It answers 204 and not with the new signee, whose key opens a link that is somebody else's.
func (a *API) reassign(w http.ResponseWriter, r *http.Request) error {
	in, err := a.readReassign(w, r)
	if err != nil {
		return err
	}
	in.User = ""
	if _, err := a.Service.Reassign(r.Context(), nil, in); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// reassignOwn is POST /management/signing/{process}/signee/{signee}/reassign, which is ours: 200 with the new signee.
func (a *API) reassignOwn(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := a.readReassign(w, r)
	if err != nil {
		return err
	}
	s, err := a.Service.Reassign(r.Context(), &c, in)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.whole(s))
}

func (a *API) readReassign(w http.ResponseWriter, r *http.Request) (innsigli.ReassignRequest, error) {
	var in reassignRequest
	if err := readSmall(w, r, &in); err != nil {
		return innsigli.ReassignRequest{}, err
	}
	language, ok := enum(in.Language, innsigli.LangNotSet, innsigli.ParseLanguage)
	if !ok {
		return innsigli.ReassignRequest{}, innsigli.InvalidField("language", "Enum", "language is not a known language.")
	}
	return innsigli.ReassignRequest{
		Process: processKey(r), Signee: signeeKey(r), Name: in.Name, Email: in.Email, Phone: in.PhoneNumber, Ssn: in.Ssn,
		Language: language, User: strings.TrimSpace(in.User), From: a.Proxies.Client(r),
	}, nil
}
