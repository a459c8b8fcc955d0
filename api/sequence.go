package api

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// sequentialSigning is the public API's answer about a sequence (facts/wire.md 1.3).
type sequentialSigning struct {
	Key              string             `json:"key"`
	Status           string             `json:"status"`
	RequiresAuth     bool               `json:"requiresAuth"`
	User             string             `json:"user,omitempty"`
	SignInOrder      bool               `json:"signInOrder"`
	Signees          []sequentialSignee `json:"signees"`
	SigningProcesses []signingProcess   `json:"signingProcesses"`
}

// sequentialSignee is one person, with the keys of that person in each process.
type sequentialSignee struct {
	Key         string       `json:"key"`
	URL         string       `json:"url"`
	SigningKeys []signingKey `json:"signingKeys"`
}

type signingKey struct {
	SigneeKey  string `json:"signeeKey"`
	ProcessKey string `json:"processKey"`
}

// sequence shows a sequence: whole to its company; to a person their own documents and keys only, since the keys of
// others open their links.
func (a *API) sequence(v innsigli.SequenceView) sequentialSigning {
	q := v.Sequence
	out := sequentialSigning{
		Key: string(q.Key), Status: v.SequenceState().Shown(), RequiresAuth: q.RequiresAuth, SignInOrder: q.InOrder,
		Signees: []sequentialSignee{}, SigningProcesses: []signingProcess{},
	}
	people := []innsigli.SequenceSignee{v.You}
	if v.Trusted {
		out.User, people = q.User, v.Persons()
	}
	for _, p := range people {
		s := sequentialSignee{Key: string(p.Key), URL: a.Links.SigningAll(q.Key, p.Key)}
		for _, k := range p.Signees {
			s.SigningKeys = append(s.SigningKeys, signingKey{string(k.Key), string(k.Process)})
		}
		out.Signees = append(out.Signees, s)
	}
	for _, d := range v.Documents() {
		out.SigningProcesses = append(out.SigningProcesses, a.view(d))
	}
	return out
}

// sequenceSignee is GET /signing/sequential/{sequence}/signee/{signee}: the sequence as this person may see it, whole
// with Basic.
func (a *API) sequenceSignee(w http.ResponseWriter, r *http.Request) error {
	c, err := a.maybeCaller(tagSigning, r)
	if err != nil {
		return err
	}
	v, err := a.Service.LookSequence(r.Context(), sequenceKey(r), sequenceSigneeKey(r), c)
	if err != nil {
		return err
	}
	if v.Locked() {
		return innsigli.ErrUnadmitted()
	}
	return web.WriteJSON(w, http.StatusOK, a.sequence(v))
}

// sequenceOfCompany is GET /management/signing/sequential?SequenceKey=, which is ours: for who has kept no link of a signee.
func (a *API) sequenceOfCompany(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	k := strings.ToLower(strings.TrimSpace(web.Query(r).Get("sequencekey")))
	if k == "" {
		return innsigli.InvalidField("SequenceKey", "NotEmpty", "SequenceKey is required.")
	}
	v, err := a.Service.SequenceOf(r.Context(), c, innsigli.SequenceKey(k))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.sequence(v))
}

// cancelSequence is DELETE /management/signing/sequential?SequenceKey=&User=: 200 with the canceled sequence.
func (a *API) cancelSequence(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	q := web.Query(r)
	v, err := a.Service.CancelSequence(r.Context(), c, innsigli.CancelSequenceRequest{
		Sequence: innsigli.SequenceKey(strings.ToLower(strings.TrimSpace(q.Get("sequencekey")))),
		User:     q.Get("user"),
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.sequence(v))
}

func sequenceKey(r *http.Request) innsigli.SequenceKey {
	return innsigli.SequenceKey(chi.URLParam(r, "sequence"))
}

func sequenceSigneeKey(r *http.Request) innsigli.SequenceSigneeKey {
	return innsigli.SequenceSigneeKey(chi.URLParam(r, "signee"))
}
