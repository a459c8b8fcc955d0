package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// remindRequest is the public API's request; what the body leaves out is read from the query.
type remindRequest struct {
	User                      string         `json:"user"`
	CommunicationDeliveryType jsontext.Value `json:"communicationDeliveryType"`
	IncludeUnsubscribe        jsontext.Value `json:"includeUnsubscribe"`
}

// remind is POST /management/signing/{process}/signee/{signee}/remind: 200 with a sentence, as JSON text.
func (a *API) remind(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	var in remindRequest
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	q := web.Query(r)
	take := func(v jsontext.Value, name string) (string, bool) {
		s, ok := web.Scalar(v)
		if s = strings.TrimSpace(s); s == "" && ok {
			s = strings.TrimSpace(q.Get(name))
		}
		return s, ok
	}
	req := innsigli.RemindRequest{Process: processKey(r), Signee: signeeKey(r), User: strings.TrimSpace(in.User)}
	if req.User == "" {
		req.User = strings.TrimSpace(q.Get("user"))
	}
	way, ok := take(in.CommunicationDeliveryType, "communicationdeliverytype")
	if ok && way != "" {
		var d innsigli.Delivery
		d, ok = innsigli.ParseDelivery(way)
		req.Delivery = &d
	}
	if !ok {
		return innsigli.InvalidField("CommunicationDeliveryType", "Enum", "CommunicationDeliveryType is not a known delivery.")
	}
	link, ok := take(in.IncludeUnsubscribe, "includeunsubscribe")
	if ok && link != "" {
		var err error
		req.Unsubscribe, err = strconv.ParseBool(strings.ToLower(link))
		ok = err == nil
	}
	if !ok {
		return innsigli.InvalidField("IncludeUnsubscribe", "Type", "IncludeUnsubscribe must be true or false.")
	}
	if err := a.Service.Remind(r.Context(), c, req); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, "The reminder is on its way.")
}

// stopReminders is DELETE …/remind of a process or of one signee, which is ours: 204, and again.
func (a *API) stopReminders(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	err := a.Service.StopReminders(r.Context(), c, innsigli.StopRemindersRequest{
		Process: processKey(r), Signee: signeeKey(r), User: strings.TrimSpace(web.Query(r).Get("user")),
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
