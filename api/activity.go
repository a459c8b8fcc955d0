package api

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

type activityWrapper struct {
	ProcessKey           string                   `json:"processKey"`
	ActivityLog          []activityItem           `json:"activityLog"`
	Signees              []activitySignee         `json:"signees"`
	SequenceSignees      []activitySequenceSignee `json:"sequenceSignees"`
	AttachmentReferences []attachmentReference    `json:"attachmentReferences"`
	ActivityDisplayName  string                   `json:"activityDisplayName,omitempty"`
}

type activityItem struct {
	FlowKey           string `json:"flowKey"`
	ProcessKey        string `json:"processKey"`
	SigneeKey         string `json:"signeeKey,omitempty"`
	Status            string `json:"status"`
	Description       string `json:"description"`
	UserAgent         string `json:"userAgent,omitempty"`
	FileName          string `json:"fileName,omitempty"`
	CreatedAt         string `json:"createdAt"`
	CreatedBy         string `json:"createdBy"`
	RequiresAuth      bool   `json:"requiresAuth"`
	SignInOrder       bool   `json:"signInOrder"`
	SignatureLocation string `json:"signatureLocation"`
	SequenceKey       string `json:"sequenceKey,omitempty"`
}

type activitySignee struct {
	ProcessKey    string `json:"processKey"`
	SigneeKey     string `json:"signeeKey"`
	Ssn           string `json:"ssn,omitempty"`
	Name          string `json:"name,omitempty"`
	Address       string `json:"address,omitempty"`
	PostalCode    string `json:"postalCode,omitempty"`
	City          string `json:"city,omitempty"`
	Phone         string `json:"phone,omitempty"`
	Email         string `json:"email,omitempty"`
	CreatedAt     string `json:"createdAt"`
	CreatedBy     string `json:"createdBy"`
	UpdatedAt     string `json:"updatedAt,omitempty"`
	SignatureType string `json:"signatureType"`
}

// activitySequenceSignee is a person of the process's sequence, with the keys that this person has in all its processes
// (facts/wire.md 1.5).
type activitySequenceSignee struct {
	SequenceKey string       `json:"sequenceKey"`
	SigneeKey   string       `json:"signeeKey"`
	URL         string       `json:"url"`
	SigningKeys []signingKey `json:"signingKeys"`
}

// activity is GET /signing/activity and its three older paths (facts/wire.md C6).
func (a *API) activity(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	q, err := activityQuery(r)
	if err != nil {
		return err
	}
	acts, err := a.Service.Activity(r.Context(), c, q)
	if err != nil {
		return err
	}
	out := []activityWrapper{}
	for _, act := range acts {
		out = append(out, a.wrapActivity(act))
	}
	return web.WriteJSON(w, http.StatusOK, out)
}

func activityQuery(r *http.Request) (innsigli.ActivityQuery, error) {
	in := web.Query(r)
	q := innsigli.ActivityQuery{
		User: in.Get("user"), Flow: innsigli.FlowKey(in.Get("flowkey")), Query: in.Get("query"),
		Process: innsigli.ProcessKey(strings.ToLower(in.Get("processkey"))),
	}
	if k := processKey(r); k != "" {
		q.Process = k
	}
	var okFrom, okTo, okTake, okSkip bool
	q.From, okFrom = wireTime(in.Get("startdate"))
	q.To, okTo = wireTime(in.Get("enddate"))
	q.Take, okTake = wireInt(in.Get("take"))
	q.Skip, okSkip = wireInt(in.Get("skip"))
	switch {
	case !okFrom && in.Get("startdate") != "":
		return q, innsigli.InvalidField("StartDate", "Date", "StartDate must be a date like 2026-11-23 or 2026-11-23T08:00:00Z.")
	case !okTo && in.Get("enddate") != "":
		return q, innsigli.InvalidField("EndDate", "Date", "EndDate must be a date like 2026-11-23 or 2026-11-23T08:00:00Z.")
	case !okTake:
		return q, innsigli.InvalidField("Take", "Type", "Take must be a whole number.")
	case !okSkip:
		return q, innsigli.InvalidField("Skip", "Type", "Skip must be a whole number.")
	}
	// Every process of this server is of the first type; a filter for another finds nothing.
	if t := in.Get("flowtype"); t != "" && !strings.EqualFold(t, flowType) {
		q.Process = "none"
	}
	return q, nil
}

// flowType is the one type of flow there is: the company sends a document and people.
const flowType = "DropAndSign"

func (a *API) wrapActivity(act innsigli.Activity) activityWrapper {
	p := act.Process
	out := activityWrapper{
		ProcessKey: string(p.Key), ActivityDisplayName: p.DisplayName, ActivityLog: []activityItem{}, Signees: []activitySignee{},
		SequenceSignees: a.activityPersons(act), AttachmentReferences: a.references(p, ""),
	}
	for _, l := range act.Lines {
		item := activityItem{
			FlowKey: string(p.Flow), ProcessKey: string(p.Key), SigneeKey: string(l.Signee), Status: string(l.Kind),
			Description: l.Description(), UserAgent: l.Client.Agent, CreatedAt: logTime(l.At), CreatedBy: l.CreatedBy(),
			RequiresAuth: act.Sequence.RequiresAuth || p.RequiresAuth, SignInOrder: p.InOrder, SignatureLocation: p.Location.String(), SequenceKey: string(act.Sequence.Key),
		}
		if l.Kind == innsigli.LogCreated || l.Kind == innsigli.LogStarted {
			item.FileName = p.FileName
		}
		out.ActivityLog = append(out.ActivityLog, item)
	}
	for _, s := range p.Signees {
		l := act.Listed[s.Key]
		out.Signees = append(out.Signees, activitySignee{
			ProcessKey: string(p.Key), SigneeKey: string(s.Key), Ssn: dashedSsn(s.Ssn), Name: s.Name, Address: s.Address,
			PostalCode: s.PostalCode, City: s.City, Phone: s.Phone, Email: s.Email, CreatedAt: logTime(l.AddedAt),
			CreatedBy: cmp.Or(l.AddedBy, p.User, innsigli.SystemActor), UpdatedAt: logTimeIf(l.UpdatedAt), SignatureType: s.Type.String(),
		})
	}
	return out
}

func (a *API) activityPersons(act innsigli.Activity) []activitySequenceSignee {
	out := []activitySequenceSignee{}
	for _, who := range act.Persons {
		s := activitySequenceSignee{
			SequenceKey: string(act.Sequence.Key), SigneeKey: string(who.Key), URL: a.Links.SigningAll(act.Sequence.Key, who.Key),
		}
		for _, k := range who.Signees {
			s.SigningKeys = append(s.SigningKeys, signingKey{string(k.Key), string(k.Process)})
		}
		out = append(out, s)
	}
	return out
}

// dashedSsn writes an Icelandic ssn as the log does: dddddd-dddd.
func dashedSsn(s string) string {
	if len(s) != 10 || strings.Trim(s, "0123456789") != "" {
		return s
	}
	return s[:6] + "-" + s[6:]
}
