package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
)

type sentEvent struct{ ID, ProcessKey, Type, Status, Error, CreatedAt, EndedAt string }

// deliveries waits until a registration has as many deliveries of that status as expected, and lists them.
func (r *rig) deliveries(hook int64, status string, n int) []sentEvent {
	r.tb.Helper()
	var got []sentEvent
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		a := r.ask("GET", fmt.Sprintf("/management/webhook/%d/deliveries?Status=%s&Take=10", hook, status), "own", nil)
		if got = nil; a.status != 200 {
			r.tb.Fatalf("deliveries: %d %s", a.status, a.body)
		}
		if a.json(r.tb, &got); len(got) == n {
			return got
		}
	}
	r.tb.Fatalf("deliveries %q: %+v, want %d", status, got, n)
	return nil
}

// TestWebhooksThatWereNotTaken: a receiver wants no further attempt, and is sent the event once more by the API and by
// the command line.
func TestWebhooksThatWereNotTaken(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r := newRig(t, db)
		a := r.ask("POST", "/management/webhook/", "own", map[string]any{"flowKey": r.creds.FlowKey, "url": r.hooks.URL(), "type": 11})
		var h struct{ ID int64 }
		a.json(t, &h)
		r.hooks.Answer(406, 406)
		p := r.create(innsiglitest.PDF(t, 1, "dead"), byMail("Ann", "ann@dead.example"))
		dead := r.deliveries(h.ID, "Failed", 1)[0]
		if dead.ProcessKey != p.Key || dead.Type != "Created" || dead.Error == "" || dead.EndedAt == "" || dead.ID != r.event(r.hooks.Requests()[0]).ID {
			t.Errorf("dead letter: %+v", dead)
		}
		at := fmt.Sprintf("/management/webhook/%d/deliveries", h.ID)
		other := r.company("Annað ehf.")
		refusal(t, "another's list", r.ask("GET", at, other, nil), 404, "NotFound")
		refusal(t, "another's replay", r.ask("POST", at+"/"+dead.ID+"/replay", other, nil), 404, "NotFound")
		refusal(t, "replay of nothing", r.ask("POST", at+"/00/replay", "own", nil), 404, "NotFound")
		refusal(t, "no such status", r.ask("GET", at+"?Status=lost", "own", nil), 400, "Enum", "Status")
		refusal(t, "too large a page", r.ask("GET", at+"?Take=501", "own", nil), 400, "InclusiveBetween", "Take")

		if a := r.ask("POST", at+"/"+dead.ID+"/replay", "own", nil); a.status != 204 {
			t.Fatalf("replay: %d %s", a.status, a.body)
		}
		r.hooks.Wait(t, 2)
		r.deliveries(h.ID, "Failed", 1)
		if out := string(r.cli("webhook", "list")); !strings.Contains(out, dead.ID) || !strings.Contains(out, "Failed") {
			t.Errorf("list: %s", out)
		}
		if out := string(r.cli("webhook", "replay", "--failed")); out != "ordered once more: 1\n" {
			t.Errorf("replay: %s", out)
		}
		got := r.hooks.Wait(t, 3)
		if ok := r.deliveries(h.ID, "Delivered", 1)[0]; ok.ID != dead.ID || ok.Error != "" {
			t.Errorf("delivered: %+v", ok)
		}
		if string(got[0].Body) != string(got[1].Body) || string(got[0].Body) != string(got[2].Body) {
			t.Error("the event is not the same when it is sent once more")
		}
		r.event(got[2])
	})
}

// TestWebhookKeyIsRotatedWithAnOverlap: by the API with an overlap, and by the command line without.
func TestWebhookKeyIsRotatedWithAnOverlap(t *testing.T) {
	r := newRig(t, "sqlite")
	r.hook()
	signed := func(key string, req innsiglitest.Request) bool {
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, raw)
		mac.Write([]byte(req.Header.Get("Webhook-Id") + "." + req.Header.Get("Webhook-Timestamp") + "." + string(req.Body)))
		return strings.Contains(" "+req.Header.Get("Webhook-Signature")+" ", " v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))+" ")
	}
	documented := func(key string, req innsiglitest.Request) bool {
		var e event
		if err := json.Unmarshal(req.Body, &e); err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(e.EventSignature.SignedData))
		return e.EventSignature.Signature == base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	next := func(n int) innsiglitest.Request {
		r.create(innsiglitest.PDF(t, 1, "rotated"), byMail("Ann", "ann@rotated.example"))
		return r.hooks.Wait(t, n)[n-1]
	}
	first := r.creds.WebhookKey
	refusal(t, "too long", r.ask("POST", "/management/webhook/key", "own", map[string]any{"overlapHours": 721}), 400, "InclusiveBetween", "overlapHours")
	a := r.ask("POST", "/management/webhook/key", "own", map[string]any{"overlapHours": 1})
	var got struct {
		WebhookSignatureKey string
		FormerKeyValidUntil time.Time
	}
	if a.json(t, &got); a.status != 200 || got.WebhookSignatureKey == first || time.Until(got.FormerKeyValidUntil) > time.Hour {
		t.Fatalf("rotate: %d %s", a.status, a.body)
	}
	second := got.WebhookSignatureKey
	if e := next(1); !signed(first, e) || !signed(second, e) || !documented(first, e) {
		t.Errorf("while both are in use: %v", e.Header)
	}
	out := string(r.cli("webhook", "rotate", "--company", string(r.creds.CompanyKey), "--overlap", "0s"))
	third := strings.Fields(out)[1]
	if e := next(2); !signed(third, e) || signed(second, e) || !documented(third, e) {
		t.Errorf("after a rotation without an overlap (%s): %v", out, e.Header)
	}
}
