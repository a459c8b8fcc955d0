package paper

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
)

var noon = time.Date(2026, 11, 23, 12, 34, 56, 0, time.UTC)

// need skips a test that lacks an outside program; where everything is meant to be installed it fails.
func need(tb testing.TB, program, debian string) {
	tb.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		tb.Fatalf("%s is missing: apt install %s", program, debian)
	}
	tb.Skipf("SKIPPED: %s is missing: apt install %s", program, debian)
}

// tool runs an outside program over a PDF, confined in memory and time: such programs are no match for hostile files.
func tool(t *testing.T, pdf []byte, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "sh", "-c", "ulimit -v 4000000; "+script, "sh", file)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out.String(), errs.String())
	}
	if errs.Len() > 0 {
		t.Errorf("%s complains: %s", script, errs.String())
	}
	return out.String()
}

// words is a PDF's text as a reader finds it, lines joined by single blanks.
func words(t *testing.T, pdf []byte) string {
	t.Helper()
	need(t, "pdftotext", "poppler-utils")
	return strings.Join(strings.Fields(tool(t, pdf, `pdftotext -layout "$1" -`)), " ")
}

// packed is a PDF's text without any blanks, for words that were broken between lines.
func packed(t *testing.T, pdf []byte) string {
	t.Helper()
	need(t, "pdftotext", "poppler-utils")
	return strings.Join(strings.Fields(tool(t, pdf, `pdftotext -raw "$1" -`)), "")
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("text lacks %q:\n%s", p, text[:min(len(text), 4000)])
		}
	}
}

func at(minutes int) *time.Time {
	t := noon.Add(time.Duration(minutes) * time.Minute)
	return &t
}

const (
	agent       = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1"
	fingerprint = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// three is an ordinary completed process in Icelandic.
func three() innsigli.Evidence {
	e := innsigli.Evidence{
		Version: innsigli.EvidenceVersion, Outcome: completed, Language: innsigli.LangIs,
		Process: innsigli.EvidenceProcess{
			Key: "sp5d3c0a4b9e8f7a6b5c4d3e2f1a0b9c8d", Company: "Norðurljós ehf.", Owner: "sala@nordurljos.example", CreatedBy: "CRM",
			FileName: "Ráðningarsamningur Þórunnar.pdf", CreatedAt: noon.Add(-49 * time.Hour), EndedAt: noon,
		},
		Document: innsigli.EvidenceDocument{SHA256: fingerprint, Size: 483_112, Pages: 7},
		Seal: &innsigli.EvidenceSeal{
			Subject: "CN=Norðurljós ehf.,O=Norðurljós ehf.,C=IS", Issuer: "CN=Innsigli issuing CA,O=Norðurljós ehf.", Serial: "5f3a9c",
			NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(2, 0, 0), SHA256: fingerprint,
		},
	}
	e.Clock = &innsigli.MachineClock{State: innsigli.ClockSynchronized, Error: &innsigli.ClockError{Estimated: 250, Maximum: 31_500}}
	for i, name := range []string{"Þórunn Æsa Ðavíðsdóttir", "Γιώργος Παπαδόπουλος", "Олена Шевченко"} {
		s := innsigli.EvidenceSignee{
			Link: fingerprint, Reference: fmt.Sprintf("%08x", 0xc3d4e5+i), Name: name, Email: fmt.Sprintf("signee%d@example.com", i),
			Type: innsigli.Simple.String(), Signed: true, Act: []string{"drawn", "typed", "plain"}[i], InvitedAt: at(-2900), SeenAt: at(-100 + i), SignedAt: at(-90 + i),
			CodeVia: "email", CodeTo: fmt.Sprintf("signee%d@example.com", i), Address: "192.0.2.10", Agent: agent, Shown: fingerprint,
		}
		if i == 0 {
			s.Code, s.CodeAt, s.CodeTries, s.Wrong, s.Language = "120389-3389", at(-92), 2, 1, "is"
			s.Invitations = []innsigli.EvidenceMessage{
				{At: *at(-2900), Via: "sms", To: "+3546661234", Receipts: []innsigli.EvidenceReceipt{{At: *at(-2900), Event: innsigli.ReceiptRefused}}},
				{At: *at(-2899), Via: "email", To: s.Email, Receipts: []innsigli.EvidenceReceipt{
					{At: *at(-2898), Event: innsigli.ReceiptDelayed, Code: "4.4.1"}, {At: *at(-2897), Event: innsigli.ReceiptDelivered},
				}},
			}
			s.Reminders = []innsigli.EvidenceMessage{{At: *at(-1000), Via: "email", To: s.Email, Receipts: []innsigli.EvidenceReceipt{{At: *at(-999), Event: innsigli.ReceiptBounced, Code: "5.2.2"}}}}
			s.Codes = []innsigli.EvidenceMessage{{At: *at(-92), Via: "sms", To: "+354 555 0100"}}
			s.Consent = &innsigli.EvidenceConsent{Text: "By signing you agree that this electronic signature binds you as one on paper does.", Language: "en", Version: "0123456789ab"}
			s.Reading = &innsigli.EvidenceReading{LastAt: at(-91), Seconds: 3725, Pages: "1-3,7", Downloads: 2}
			s.Passed = []innsigli.EvidencePassed{{At: *at(-2901), Reference: "00c3d4e4", Name: "Ösp Ásgrímsdóttir", Email: "osp@example.com", Phone: "+354 555 0101", By: "osp@example.com", Address: "192.0.2.11", Agent: agent}}
			s.Openings = []innsigli.EvidenceOpening{{At: *at(-100), Address: "192.0.2.10", Agent: agent}}
			s.Reason, s.Phone, s.CodeVia, s.CodeTo = "Framkvæmdastjóri, með prókúru", "+354 555 0100", "sms", "+354 555 0100"
		}
		e.Signees = append(e.Signees, s)
	}
	for i, k := range []innsigli.LogKind{
		innsigli.LogCreated, innsigli.LogSigneeAdded, innsigli.LogSignupSent, innsigli.LogViewed,
		innsigli.LogDrawn, innsigli.LogOtpSent, innsigli.LogSigned, innsigli.LogCompleted,
	} {
		ev := innsigli.EvidenceEvent{At: noon.Add(time.Duration(i-8) * time.Minute), Kind: k}
		if k != innsigli.LogCreated && k != innsigli.LogCompleted {
			ev.Signee = e.Signees[i%3].Reference
		}
		switch k { //nolint:exhaustive // the others have none
		case innsigli.LogSignupSent, innsigli.LogOtpSent:
			ev.Detail = "Email"
		case innsigli.LogDrawn:
			ev.Detail = innsigli.Typed
		}
		e.Events = append(e.Events, ev)
	}
	return e
}

// stopped is a process that ended before the last two had signed.
func stopped(outcome string) innsigli.Evidence {
	e := three()
	e.Outcome, e.Clock = outcome, &innsigli.MachineClock{State: innsigli.ClockUnsynchronized}
	for i := 1; i < 3; i++ {
		s := &e.Signees[i]
		s.Signed, s.SignedAt, s.CodeVia, s.CodeTo, s.Address, s.Agent, s.Shown, s.Act = false, nil, "", "", "", "", "", ""
	}
	e.Events[len(e.Events)-1].Kind = innsigli.LogCanceled
	return e
}

// stress is as much as the limits of the API allow, in words that cannot be broken at blanks.
func stress() innsigli.Evidence {
	e := three()
	e.Process.FileName = strings.Repeat("Samningur_", 25) + "x.pdf"
	one := e.Signees[0]
	one.Reason = strings.Repeat("Vegna", 100)
	one.Agent = strings.Repeat("M", 300)
	one.Name = strings.Repeat("Ö", 120)
	e.Signees = nil
	for i := range 100 {
		s := one
		s.Reference = fmt.Sprintf("%08x", i)
		if i%3 != 0 {
			s.Name, s.Agent, s.Reason = fmt.Sprintf("Jón Jónsson %d.", i), agent, ""
		}
		e.Signees = append(e.Signees, s)
	}
	log := e.Events
	e.Events = nil
	for i := range 500 {
		ev := log[i%len(log)]
		ev.At, ev.Signee = noon.Add(time.Duration(i)*time.Second), e.Signees[i%100].Reference
		e.Events = append(e.Events, ev)
	}
	return e
}

// apart is an evidence that goes with a document that bore signatures before.
func apartFrom() innsigli.Evidence {
	e := three()
	e.Document.AlreadySigned, e.Clock = true, &innsigli.MachineClock{State: innsigli.ClockUnknown}
	e.Document.Final = &innsigli.EvidenceFile{SHA256: strings.Repeat("ab", 32), Size: 900_000}
	e.Document.Revisions = []innsigli.EvidenceFile{{SHA256: fingerprint, Size: 483_112}, *e.Document.Final}
	return e
}
