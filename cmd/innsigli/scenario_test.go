package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// Whole lives of a process, seen from outside: what is asked and answered, and then exactly which mails, SMS and
// webhooks exist, and no other.

func TestScenarios(t *testing.T) {
	scenarios(t, []scenario{
		{"signed by two", signedByTwo},
		{"canceled before and after a signature", canceledTwice},
		{"a signee with a phone gets the code by SMS", codeBySms},
		{"links that are guessed", guessedLinks},
		{"codes that are used again", replayedCodes},
		{"nobody is invited", nobodyInvited},
		{"a webhook of one type gets that type only", hookOfOneType},
		{"ids of webhooks are 32 hex digits", hookIDs},
	})
}

// checkPeople holds what the evidence says of reading and messages against what happened: the first has read it all, and
// every message is one that went out.
func checkPeople(t *testing.T, r *rig, p process, signees []innsigli.EvidenceSignee) {
	t.Helper()
	for i, s := range signees {
		if got := s.Reading; i == 0 && (got == nil || got.Pages != "1-2" || got.Downloads != 1 || got.Seconds < 1 || got.LastAt == nil) || i == 1 && got != nil {
			t.Errorf("reading of signee %d: %+v", i, got)
		}
		for _, sent := range append(s.Invitations, s.Codes...) {
			if !r.mailed(p.Signees[i].Email, sent.ID) {
				t.Errorf("no mail to %s is %s", p.Signees[i].Email, sent.ID)
			}
		}
	}
}

func signedByTwo(t *testing.T, r *rig) {
	t.Helper()
	const ann, bjorn, owner = "ann@two.example", "bjorn@two.example", "owner@nordurljos.example"
	pdf := innsiglitest.PDF(t, 2, "signed by two")
	body := r.bodyOf(pdf, byMail("Ann", ann), in("Is", byMail("Björn Þór", bjorn)))
	body["meta"] = map[string]string{"Order": "17", "note": "já"}
	m := r.moment()
	a := r.ask("POST", "/management/signing", "own", body)
	var p process
	if a.json(t, &p); a.status != http.StatusOK || p.Status != "Created" {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": invitation", "mail "+bjorn+": invitation, is", "webhook 11")
	if got := r.lastTo(ann); !strings.Contains(got.Text, p.Signees[0].URL) || !strings.Contains(got.HTML, p.Signees[0].URL) || strings.Contains(got.Text, p.Signees[1].Key) {
		t.Errorf("the invitation does not carry its own link alone: %s", got.Text)
	}
	shown := r.ask("GET", "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", "", nil).body
	readBoth(t, r, p)
	sameText(t, "before completion", pdf, shown)

	m = r.moment()
	first := r.sign(p, 0)
	var one otpAnswer
	if first.json(t, &one); first.status != http.StatusOK || one.File != nil || one.Message != "ok" {
		t.Errorf("first signature: %d %.200s", first.status, first.body)
	}
	r.went(m, "mail "+ann+": code", "webhook 1")

	m = r.moment()
	last := r.sign(p, 1)
	r.went(m, "mail "+bjorn+": code, is", "webhook 2 + document",
		"mail "+ann+": completed + samningur.pdf", "mail "+bjorn+": completed, is + samningur.pdf", "mail "+owner+": completed + samningur.pdf")
	if st := r.shown(p); st != "Completed" {
		t.Errorf("shown as %s", st)
	}

	whole := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil)
	if whole.status != http.StatusOK || bytes.Equal(whole.body, shown) {
		t.Fatalf("sealed document: %d, %d bytes", whole.status, len(whole.body))
	}
	sealedIsTheSameEverywhere(t, r, p, whole, last, m)
	checkEvents(t, r, p)
	checkStory(t, r, p, owner)
	judgeSeal(t, r, whole.body)
	checkVerified(t, r, whole.body)
	checkEvidence(t, p, shown, whole.body)
	checkPeople(t, r, p, evidenceIn(t, whole.body).Signees)
	if text := pdfText(t, whole.body); !strings.Contains(text, "Björn Þór") || !strings.Contains(text, "signed by two") {
		t.Errorf("the sealed document's text: %.500s", text)
	}
	if st := r.cancel(p.Key); st != http.StatusBadRequest {
		t.Errorf("cancel of a completed process: %d", st)
	}
}

// readBoth has Ann open the document on the server's page, and a page of the company's own tell of the second page. What the
// company fetches is no download of hers.
func readBoth(t *testing.T, r *rig, p process) {
	t.Helper()
	r.ask("HEAD", "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", "", nil)
	r.ask("GET", "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", "own", nil)
	reading := "/signing/" + p.Key + "/signee/" + p.Signees[0].Key + "/reading"
	tell := func(seconds int, pages ...int) answer {
		return r.ask("POST", reading, "", map[string]any{"pages": pages, "seconds": seconds})
	}
	if a := tell(5, 1, 2); a.status != http.StatusNoContent { // before it was shown: passed over
		t.Errorf("reading: %d %s", a.status, a.body)
	}
	r.ask("GET", "/s/"+p.Key+"/"+p.Signees[0].Key, "", nil)
	if a := r.ask("POST", "/s/"+p.Key+"/"+p.Signees[0].Key+"/seen", "", map[string]any{"pages": []int{1}, "seconds": 5}); a.status != http.StatusNoContent {
		t.Errorf("seen: %d %s", a.status, a.body)
	}
	if a := tell(1, 2, 3); a.status != http.StatusNoContent {
		t.Errorf("reading: %d %s", a.status, a.body)
	}
	refusal(t, "too many pages", tell(1, make([]int, innsigli.MaxReadPages+1)...), http.StatusBadRequest, "Length", "pages")
}

// otpAnswer is the answer to a code.
type otpAnswer struct {
	Token, Message, ErrorCode string
	File                      *struct {
		Content          []byte
		Digest, FileName string
	}
	ResponseStatus struct{ ErrorCode, Message string }
}

// sealedIsTheSameEverywhere compares the document of the two addresses, the answer, the mails and the webhook.
func sealedIsTheSameEverywhere(t *testing.T, r *rig, p process, whole, last answer, m moment) {
	t.Helper()
	sum := sha256.Sum256(whole.body)
	digest := hex.EncodeToString(sum[:])
	if whole.header.Get("ETag") != `"`+digest+`"` {
		t.Errorf("ETag %s, want %s", whole.header.Get("ETag"), digest)
	}
	for n := range p.Signees {
		if got := r.ask("GET", "/pdf/"+p.Key+"/"+p.Signees[n].Key+".pdf", "", nil); !bytes.Equal(got.body, whole.body) {
			t.Errorf("signee %d gets another document: %d, %d bytes", n, got.status, len(got.body))
		}
	}
	var a otpAnswer
	if last.json(t, &a); a.File == nil || !bytes.Equal(a.File.Content, whole.body) || a.File.Digest != digest || a.File.FileName != "samningur.pdf" {
		t.Errorf("answer to the last code: %d %.300s", last.status, last.body)
	}
	for _, mail := range r.smtp.Mails()[m.mails:] {
		for _, f := range mail.Files {
			if !bytes.Equal(f.Bytes, whole.body) || f.Type != "application/pdf" {
				t.Errorf("%s got another document: %s, %d bytes", mail.To, f.Type, f.Size)
			}
		}
	}
	events := r.eventsOf(p)
	e := events[len(events)-1].EventData
	if !bytes.Equal(e.SignedDocument, whole.body) {
		t.Errorf("the webhook carries another document: %d bytes", len(e.SignedDocument))
	}
	if got := r.ask("GET", strings.TrimPrefix(e.SignedDocumentDownloadURL, r.url), "own", nil); !bytes.Equal(got.body, whole.body) {
		t.Errorf("SignedDocumentDownloadUrl %q answers %d", e.SignedDocumentDownloadURL, got.status)
	}
}

// checkEvents checks the three events of a completed process with two signees: each as of its own time.
func checkEvents(t *testing.T, r *rig, p process) {
	t.Helper()
	type seen struct {
		Type   int
		Signed []bool
		Doc    bool
	}
	var got []seen
	ids := map[string]bool{}
	for _, e := range r.eventsOf(p) {
		s := seen{Type: e.EventData.EventType, Doc: len(e.EventData.SignedDocument) > 0}
		for i, who := range e.EventData.Signees {
			s.Signed = append(s.Signed, who.Signed)
			if who.Signed != (who.SignedAt != nil) || who.Key != p.Signees[i].Key || who.ProcessKey != p.Key || who.CommunicationDeliveryType != "Email" {
				t.Errorf("signee of event %d: %+v", e.EventData.EventType, who)
			}
		}
		if diff := cmp.Diff(map[string]string{"Order": "17", "note": "já"}, e.EventData.Meta); diff != "" {
			t.Errorf("Meta: %s", diff)
		}
		if at := time.Unix(0, (e.EventSignature.TimeStamp-621_355_968_000_000_000)*100); time.Since(at).Abs() > time.Minute {
			t.Errorf("TimeStamp %d is %s", e.EventSignature.TimeStamp, at)
		}
		ids[e.ID] = true
		got = append(got, s)
	}
	want := []seen{{11, []bool{false, false}, false}, {1, []bool{true, false}, false}, {2, []bool{true, true}, true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(ids) != 3 {
		t.Errorf("ids of three events: %v", ids)
	}
}

// checkStory holds the log to the public API's own sentences (wire.md 2.2), with their blanks and full stops.
func checkStory(t *testing.T, r *rig, p process, owner string) {
	t.Helper()
	want := []string{
		"Created by " + owner + ": Signing process created. ProcessKey: " + p.Key + ".",
		"Started by " + owner + ": Signing process started. ProcessKey: " + p.Key + ".",
		"Completed by Innsigli: Signing completed. ProcessKey: " + p.Key + ". / " + p.Signees[1].Key,
	}
	for _, s := range p.Signees {
		want = append(want,
			"SigneeAdded by Innsigli: Signee added. Processkey: "+p.Key+". Signee key: "+s.Key+". / "+s.Key,
			"SignupSent by Innsigli: Signup sent. Processkey: "+p.Key+". Signee: "+s.Key+". Delivery method : Email  / "+s.Key,
			"SigneeSigned by Innsigli: Signee signed. ProcessKey: "+p.Key+". Signee key: "+s.Key+" / "+s.Key)
	}
	documented := map[string]bool{"Created": true, "Started": true, "Completed": true, "SigneeAdded": true, "SignupSent": true, "SigneeSigned": true}
	var got, times []string
	for _, l := range r.activity(p.Key) {
		times = append(times, l.CreatedAt)
		if !documented[l.Status] {
			continue
		}
		line := l.Status + " by " + l.CreatedBy + ": " + l.Description
		if l.SigneeKey != "" {
			line += " / " + l.SigneeKey
		}
		got = append(got, line)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if !slices.IsSorted(times) {
		t.Errorf("log is not in ascending time: %q", times)
	}
	log := r.statuses(p.Key)
	if log[0] != "Created" || count(log, "OtpSent") != 2 || count(log, "ConfirmationSent") < 2 {
		t.Errorf("log: %q", log)
	}
}

func canceledTwice(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@canceled.example", "bo@canceled.example"
	// Before anybody has signed: nobody gets a copy.
	p := r.create(innsiglitest.PDF(t, 1, "canceled"), byMail("Ann", ann), byMail("Bo", bo))
	r.settled()
	m := r.moment()
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	r.went(m, "mail "+ann+": canceled", "mail "+bo+": canceled", "webhook 5")
	r.settledCopy(p.Key)
	if st := r.shown(p); st != "Canceled" {
		t.Errorf("shown as %s", st)
	}
	// After a signature: the owner gets the copy, and is the only one.
	p = r.create(innsiglitest.PDF(t, 1, "canceled later"), byMail("Ann", ann), byMail("Bo", bo))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	m = r.moment()
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	r.settledCopy(p.Key)
	r.went(m, "mail "+ann+": canceled", "mail "+bo+": canceled", "mail owner@nordurljos.example: owner's copy + samningur.pdf", "webhook 5")
	e := evidenceIn(t, r.lastTo("owner@nordurljos.example").Files[0].Bytes)
	if e.Outcome != "canceled" || !e.Signees[0].Signed || e.Signees[1].Signed {
		t.Errorf("evidence in the owner's copy: %+v", e)
	}
	var types []int
	for _, e := range r.eventsOf(p) {
		types = append(types, e.EventData.EventType)
	}
	if diff := cmp.Diff([]int{11, 1, 5}, types); diff != "" {
		t.Errorf("events: %s", diff)
	}
}

func codeBySms(t *testing.T, r *rig) {
	t.Helper()
	const mia = "mia@phone.example"
	p := r.create(innsiglitest.PDF(t, 1, "phone"), who{
		"name": "Mia", "email": mia, "phoneNumber": "+354 555-9876", "communicationDeliveryType": "Email", "signatureType": "Simple",
	})
	r.settled()
	m := r.moment()
	a := r.ask("POST", "/api/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", map[string]string{"otpType": "Sms"})
	var started struct {
		Status, Token, ProcessKey, SigneeKey string
		SignatureType                        string    `json:"signature_type"`
		ValidUntil                           time.Time `json:"valid_until"`
	}
	if a.json(t, &started); a.status != http.StatusOK || started.Status != "ok" || started.SignatureType != "Simple" ||
		started.ProcessKey != p.Key || started.SigneeKey != p.Signees[0].Key || time.Until(started.ValidUntil) > innsigli.CodeLifetime {
		t.Fatalf("request to sign: %d %s", a.status, a.body)
	}
	r.went(m, "sms +3545559876: code")
	texts := r.sms.Texts()
	text := texts[len(texts)-1]
	if text.From == "" || strings.Contains(text.Text, "http") {
		t.Errorf("SMS: %+v", text)
	}
	m = r.moment()
	// By POST, which keeps the code out of logs; blanks around it are people's.
	code := " " + sixDigits.FindString(text.Text) + " "
	if a := r.ask("POST", "/signing/simple/otp", "", map[string]string{"TOKEN": strings.ToUpper(started.Token), "otp": code}); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.went(m, "webhook 2 + document", "mail "+mia+": completed + samningur.pdf", "mail owner@nordurljos.example: completed + samningur.pdf")
	e := evidenceIn(t, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body)
	if s := e.Signees[0]; s.CodeVia != "sms" || s.CodeTo != "+3545559876" {
		t.Errorf("evidence: %+v", s)
	}
	i := slices.IndexFunc(r.activity(p.Key), func(l logLine) bool {
		return l.Status == "OtpSent" && strings.HasSuffix(l.Description, "Delivery method : Sms ")
	})
	if i < 0 {
		t.Errorf("log: %+v", r.activity(p.Key))
	}
}

func nobodyInvited(t *testing.T, r *rig) {
	t.Helper()
	m := r.moment()
	p := r.create(innsiglitest.PDF(t, 1, "link"), who{"name": "Ann", "email": "ann@link.example"},
		who{"name": "Only phone", "phoneNumber": "5550001"})
	r.went(m, "webhook 11")
	if p.Status != "Created" || r.shown(p) != "Started" {
		t.Errorf("created as %s, shown as %s", p.Status, r.shown(p))
	}
	m = r.moment()
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	r.went(m, "mail ann@link.example: canceled", "sms 5550001: canceled", "webhook 5")
}

func hookOfOneType(t *testing.T, r *rig) {
	t.Helper()
	other := innsiglitest.NewReceiver(t)
	a := r.ask("POST", "/management/webhook", "own", map[string]any{"flowKey": r.creds.FlowKey, "url": other.URL(), "type": "allsigned"})
	if a.status != http.StatusOK {
		t.Fatalf("webhook: %d %s", a.status, a.body)
	}
	p := r.create(innsiglitest.PDF(t, 1, "one type"), byMail("Ann", "ann@onetype.example"))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	got := other.Requests()
	if len(got) != 1 {
		t.Fatalf("got %d requests, want 1", len(got))
	}
	mine := r.eventsOf(p)
	if e := r.event(got[0]); e.EventData.EventType != 2 || e.ID == mine[len(mine)-1].ID {
		t.Errorf("event %d with id %s", e.EventData.EventType, e.ID)
	}
}

// hookIDs holds the Id to its documented form, a guid without dashes; the one in EventSignature has them.
func hookIDs(t *testing.T, r *rig) {
	t.Helper()
	r.create(innsiglitest.PDF(t, 1, "ids"), who{"name": "Ann", "email": "ann@ids.example"})
	r.settled()
	got := r.hooks.Requests()
	if e := r.event(got[len(got)-1]); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(e.ID) {
		t.Errorf("Id is %q", e.ID)
	}
}
