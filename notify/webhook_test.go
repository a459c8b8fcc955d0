package notify_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

func hookJob(e innsigli.EventType) innsigli.Job {
	j := job(innsigli.JobWebhook, "", "", innsigli.LangNotSet)
	j.Ref, j.Event, j.Signee = "7", e, ""
	return j
}

func TestTheWebhooksBodyIsTheDocumentedOne(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.ended(innsigli.Completed, "")
	w.doc = []byte("%PDF-1.7 ends in two bytes: \xff\xfe")
	change, _, err := w.run(t, hookJob(innsigli.EventAllSigned))
	if err != nil || change != "" {
		t.Fatalf("change %q, error %v", change, err)
	}
	r := w.receiver.Wait(t, 1)[0]
	var got, want any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	sig := got.(map[string]any)["EventSignature"].(map[string]any)["Signature"]
	if err := json.Unmarshal([]byte(`{
		"Id": "0123456789abcdef0123456789abcdef",
		"EventData": {
			"ProcessKey": "`+string(processKey)+`", "CompanyKey": "00aa11bb22cc", "FlowKey": "33dd44ee55ff", "FlowName": "Samningar",
			"Signees": [
				{"Name": "Sigrún Helgadóttir", "Ssn": "0101302989", "Email": "sigrun@example.is", "Key": "`+string(sigrun)+`",
				 "Signed": true, "SignedAt": "2026-11-23T11:30:00.00000Z", "ProcessKey": "`+string(processKey)+`", "CommunicationDeliveryType": "Email"},
				{"Name": "Björn Egilsson", "PhoneNumber": "+3546661234", "Email": "bjorn@example.is", "Key": "`+string(bjorn)+`",
				 "Signed": true, "SignedAt": "2026-11-23T11:55:00.00000Z", "ProcessKey": "`+string(processKey)+`", "CommunicationDeliveryType": "Sms"}
			],
			"SignedDocument": "`+base64.StdEncoding.EncodeToString(w.doc)+`",
			"SignedDocumentDownloadUrl": "https://sign.example:8443/pdf/sp/`+string(processKey)+`.pdf",
			"AttachmentReferences": [], "EventType": 2, "Meta": {"caseId": "42"}
		},
		"EventSignature": {
			"TimeStamp": 639310320000000000, "Guid": "01234567-89ab-cdef-0123-456789abcdef",
			"SignedData": "63931032000000000001234567-89ab-cdef-0123-456789abcdef", "Signature": ""
		}
	}`), &want); err != nil {
		t.Fatal(err)
	}
	want.(map[string]any)["EventSignature"].(map[string]any)["Signature"] = sig
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("body (-want +got):\n%s", d)
	}
	if !bytes.Contains(r.Body, []byte(`"TimeStamp":639310320000000000,`)) {
		t.Error("the time stamp is not a whole number")
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%s with %v", r.Method, r.Header)
	}
	if w.made != w.closed {
		t.Errorf("%d documents were opened and %d closed", w.made, w.closed)
	}
}

// verify checks both signatures the way a receiver does, with nothing of ours.
func verify(t *testing.T, r innsiglitest.Request, at time.Time) {
	t.Helper()
	var body struct {
		EventSignature struct {
			GUID       string `json:"Guid"`
			Signature  string `json:"Signature"`
			SignedData string `json:"SignedData"`
		} `json:"EventSignature"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		t.Fatal(err)
	}
	e := body.EventSignature
	mac := hmac.New(sha256.New, []byte(hookKey))
	mac.Write([]byte(e.SignedData))
	if e.Signature != base64.StdEncoding.EncodeToString(mac.Sum(nil)) || len(e.Signature) != 44 || !strings.HasSuffix(e.SignedData, e.GUID) {
		t.Errorf("the event's signature does not verify: %+v", e)
	}
	key, err := base64.StdEncoding.DecodeString(hookKey)
	if err != nil {
		t.Fatal(err)
	}
	mac = hmac.New(sha256.New, key)
	mac.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "."))
	mac.Write(r.Body)
	if r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		t.Error("the signature over the body does not verify")
	}
	if r.Header.Get("webhook-id") != uid || r.Header.Get("webhook-timestamp") != strconv.FormatInt(at.Unix(), 10) {
		t.Errorf("headers are %v", r.Header)
	}
}

func TestTheWebhookIsTheSameOnEveryAttempt(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.receiver.Answer(500, 202, 200)
	now := noon
	w.Now = func() time.Time { return now }
	j := hookJob(innsigli.EventSignedDocument)
	for attempt := 1; attempt <= 3; attempt++ {
		j.Attempt = attempt
		_, _, err := w.run(t, j)
		if (err == nil) != (attempt == 3) {
			t.Fatalf("attempt %d: %v", attempt, err)
		}
		verify(t, w.receiver.Wait(t, attempt)[attempt-1], now)
		// What happens between the attempts is not told by this event.
		now = now.Add(time.Minute)
		w.facts.Now = now
		w.facts.Process.Signees[1].SignedAt = now
		w.facts.Process.State = innsigli.Sealing
	}
	r := w.receiver.Requests()
	if !bytes.Equal(r[0].Body, r[1].Body) || !bytes.Equal(r[0].Body, r[2].Body) {
		t.Errorf("bodies differ:\n%s\n%s\n%s", r[0].Body, r[1].Body, r[2].Body)
	}
	if bytes.Contains(r[0].Body, []byte("SignedDocument")) {
		t.Error("an event that carries no document names one")
	}
}

func TestWebhookAttemptsComeAfterAMinuteAndTenThenEnd(t *testing.T) {
	refused := "log DeliveryRefused webhook Canceled by Innsigli\n"
	for _, tc := range []struct {
		attempt, answer int
		after           time.Duration
		permanent       bool
		change          string
	}{
		{1, 200, 0, false, ""},
		{1, 204, time.Minute, false, ""},
		{1, 500, time.Minute, false, ""},
		{2, 404, 10 * time.Minute, false, ""},
		{3, 500, 0, true, refused},
		{4, 500, 0, true, refused},
		{1, 406, 0, true, refused},
		{2, 406, 0, true, refused},
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.ended(innsigli.Canceled, "")
		w.receiver.Answer(tc.answer)
		j := hookJob(innsigli.EventCanceled)
		j.Attempt = tc.attempt
		change, _, err := w.run(t, j)
		after, _ := innsigli.RetryIn(err)
		if after != tc.after || innsigli.IsPermanent(err) != tc.permanent || change != tc.change || (err == nil) != (tc.answer == 200) {
			t.Errorf("attempt %d answered %d: error %v after %v, change %q", tc.attempt, tc.answer, err, after, change)
		}
	}
}

func TestWebhooksDoNotReachIntoTheOperatorsNetworks(t *testing.T) {
	for url, allow := range map[string][]string{
		"http://169.254.169.254/latest/meta-data/": nil,
		"RECEIVER":                     nil,
		"http://localhost:1/":          {"10.0.0.0/8"},
		"http://[::1]:1/":              {"127.0.0.0/8"},
		"http://[::ffff:127.0.0.1]:1/": {"10.0.0.0/8"},
		"http://0.0.0.0:1/":            {"10.0.0.0/8"},
		"http://10.1.2.3/":             {"10.1.3.0/24"},
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.Options.Allow = nil
		for _, a := range allow {
			w.Options.Allow = append(w.Options.Allow, netip.MustParsePrefix(a))
		}
		if url != "RECEIVER" {
			w.hook.URL = url
		}
		_, _, err := w.run(t, hookJob(innsigli.EventCreated))
		if err == nil || !strings.Contains(err.Error(), "prohibited IP address") {
			t.Errorf("%s: %v", url, err)
		}
		if n := len(w.receiver.Requests()); n != 0 {
			t.Errorf("%s: the receiver was reached", url)
		}
	}
}

func TestWebhooksFollowNoRedirect(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	elsewhere := innsiglitest.NewReceiver(t)
	w.receiver.RedirectTo(elsewhere.URL())
	for _, code := range []int{301, 302, 303, 307, 308} {
		w.receiver.Answer(code)
		if _, _, err := w.run(t, hookJob(innsigli.EventCreated)); err == nil {
			t.Errorf("%d counts as success", code)
		}
	}
	if n := len(elsewhere.Requests()); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestWebhooksGoToHTTPAddressesOnly(t *testing.T) {
	for _, url := range []string{"file:///etc/passwd", "gopher://127.0.0.1/", "http://", "/hook", "http://a b/"} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.hook.URL = url + "?key=s3cret"
		if _, _, err := w.run(t, hookJob(innsigli.EventCreated)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v", url, err)
		}
	}
}

func TestAFailedWebhookDoesNotShowItsAddress(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.hook.URL = "http://127.0.0.1:1/hook?key=s3cret" // nobody listens there
	_, _, err := w.run(t, hookJob(innsigli.EventCreated))
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error is %v", err)
	}
}

func TestAWebhookThatIsNotWantedOrHasNoReceiverIsNotSent(t *testing.T) {
	for name, spoil := range map[string]func(*world, *innsigli.Job){
		"unwanted":     func(w *world, _ *innsigli.Job) { w.unwanted = true },
		"unregistered": func(_ *world, j *innsigli.Job) { j.Ref = "8" },
		"erased":       func(_ *world, j *innsigli.Job) { j.Process = "spff" },
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.ended(innsigli.Completed, "")
		j := hookJob(innsigli.EventAllSigned)
		spoil(w, &j)
		if _, sent, err := w.run(t, j); sent || err != nil {
			t.Errorf("%s: sent %v, error %v", name, sent, err)
		}
		if n := len(w.receiver.Requests()); n != 0 || w.made != w.closed {
			t.Errorf("%s: %d requests; %d documents opened, %d closed", name, n, w.made, w.closed)
		}
	}
}

func TestAReceiverThatAnswersEarlyEndsTheStream(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.ended(innsigli.Completed, "")
	w.big = 30 << 20
	srv := early(t)
	w.hook.URL = srv
	if _, _, err := w.run(t, hookJob(innsigli.EventAllSigned)); err == nil {
		t.Error("a refused document counts as taken")
	}
	if w.made != w.closed {
		t.Errorf("%d documents were opened and %d closed", w.made, w.closed)
	}
}

func TestWebhookNamesTheEvidenceApart(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.ended(innsigli.Completed, "")
	w.facts.Process.Evidence = innsigli.Reference{
		Key: "at01", Type: innsigli.AttachmentEvidence, Name: "x.evidence.pdf", Document: innsigli.Document{Blob: "b", Size: 17},
	}
	if _, _, err := w.run(t, hookJob(innsigli.EventAllSigned)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		EventData struct{ AttachmentReferences []any }
	}
	if err := json.Unmarshal(w.receiver.Wait(t, 1)[0].Body, &got); err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{
		"Id": "at01", "FileName": "x.evidence.pdf", "ContentLength": 17.0, "ContentType": "application/pdf",
		"Url": "https://sign.example:8443/pdf/sp/" + string(processKey) + "/at01.pdf", "Description": innsigli.EvidenceText,
		"ProcessKey": string(processKey), "AttachmentType": 10.0,
	}}
	if d := cmp.Diff(want, got.EventData.AttachmentReferences); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// told reads what the receiver was told last.
func (w *world) told(t *testing.T, n int) (members map[string]any) {
	t.Helper()
	var got struct{ EventData map[string]any }
	if err := json.Unmarshal(w.receiver.Wait(t, n)[n-1].Body, &got); err != nil {
		t.Fatal(err)
	}
	return got.EventData
}

func TestAnEventIsToldWithoutADocumentThatIsErased(t *testing.T) {
	for _, e := range []innsigli.EventType{innsigli.EventAllSigned, innsigli.EventExpired} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.ended(innsigli.Completed, "")
		w.missing = &innsigli.Error{Kind: innsigli.NotFound, Text: "gone"}
		if _, _, err := w.run(t, hookJob(e)); err != nil {
			t.Fatal(err)
		}
		d := w.told(t, 1)
		_, document := d["SignedDocument"]
		_, address := d["SignedDocumentDownloadUrl"]
		if document || address || d["EventType"] != float64(e) {
			t.Errorf("%s tells %v", e, d)
		}
	}
}

func TestExpiredCarriesTheDocumentAndEndsItsHold(t *testing.T) {
	const ends = "key hold destroyed\njob purge\n"
	for name, tc := range map[string]struct {
		answer, attempt int
		hooks           int // what waits besides
		unregistered    bool
		change          string
	}{
		"taken":                   {200, 1, 0, false, ends},
		"taken, another waits":    {200, 1, 1, false, ""},
		"to be tried again":       {500, 1, 1, false, ""}, // it counts itself
		"given up":                {500, 3, 0, false, "key hold destroyed\nlog DeliveryRefused webhook Expired by Innsigli\njob purge\n"},
		"refused":                 {406, 1, 1, false, "log DeliveryRefused webhook Expired by Innsigli\n"},
		"registered no more":      {200, 1, 0, true, ends},
		"ordered once more, dead": {500, 6, 0, false, "key hold destroyed\nlog DeliveryRefused webhook Expired by Innsigli\njob purge\n"},
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.ended(innsigli.Expired, "")
		w.facts.Process.Signees[0].SignedAt = time.Time{}
		w.facts.Hooks = tc.hooks
		w.receiver.Answer(tc.answer)
		j := hookJob(innsigli.EventExpired)
		j.Attempt = tc.attempt
		if tc.attempt > 3 {
			j.Earlier = 3
		}
		if tc.unregistered {
			j.Ref = "8"
		}
		change, _, _ := w.run(t, j)
		if change != tc.change {
			t.Errorf("%s: change %q", name, change)
		}
		if tc.unregistered {
			continue
		}
		d := w.told(t, 1)
		if _, address := d["SignedDocumentDownloadUrl"]; address || d["SignedDocument"] != base64.StdEncoding.EncodeToString(w.doc) {
			t.Errorf("%s: tells %v", name, d)
		}
		if w.made != w.closed {
			t.Errorf("%s: %d documents were opened and %d closed", name, w.made, w.closed)
		}
	}
}

func TestCompletedTellsWhereTheDocumentIs(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.ended(innsigli.Completed, "")
	if _, _, err := w.run(t, hookJob(innsigli.EventCompleted)); err != nil {
		t.Fatal(err)
	}
	d := w.told(t, 1)
	if _, document := d["SignedDocument"]; document || d["SignedDocumentDownloadUrl"] != (links{}).Download(processKey, "") {
		t.Errorf("tells %v", d)
	}
}

// TestWhatFailsHereIsNoAttemptOfTheReceivers: a document that cannot be read now is tried later, however often.
func TestWhatFailsHereIsNoAttemptOfTheReceivers(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.ended(innsigli.Completed, "")
	w.missing = errors.New("disk is away")
	j := hookJob(innsigli.EventAllSigned)
	j.Attempt = 9
	if _, _, err := w.run(t, j); err == nil || innsigli.IsPermanent(err) {
		t.Errorf("error is %v", err)
	}
}

// TestARotationThatLastsIsSignedByBothKeys: in one header, and the documented signature by the former key, which stays
// the same for further attempts after the overlap.
func TestARotationThatLastsIsSignedByBothKeys(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.former, w.until = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)), noon.Add(time.Minute)
	if _, _, err := w.run(t, hookJob(innsigli.EventCreated)); err != nil {
		t.Fatal(err)
	}
	r := w.receiver.Wait(t, 1)[0]
	sign := func(key, data string) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(data))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	var want []string
	for _, key := range []string{hookKey, w.former} {
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, "v1,"+sign(string(raw), uid+"."+r.Header.Get("Webhook-Timestamp")+"."+string(r.Body)))
	}
	if got := r.Header.Get("Webhook-Signature"); got != strings.Join(want, " ") {
		t.Errorf("Webhook-Signature %q, want %q", got, want)
	}
	var body struct {
		EventSignature struct{ Signature, SignedData string }
	}
	if err := json.Unmarshal(r.Body, &body); err != nil || body.EventSignature.Signature != sign(w.former, body.EventSignature.SignedData) {
		t.Errorf("EventSignature %+v, %v", body.EventSignature, err)
	}
	w.Now = func() time.Time { return w.until.Add(time.Second) }
	if _, _, err := w.run(t, hookJob(innsigli.EventCreated)); err != nil {
		t.Fatal(err)
	}
	later := w.receiver.Wait(t, 2)[1]
	if !bytes.Equal(later.Body, r.Body) {
		t.Errorf("the body of a later attempt is another:\n%s\n%s", later.Body, r.Body)
	}
	if got := later.Header.Get("Webhook-Signature"); len(strings.Fields(got)) != 1 {
		t.Errorf("Webhook-Signature after the overlap is %q", got)
	}
}
