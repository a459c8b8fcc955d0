package notify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

// The people and things that the tests write about.
const (
	processKey = innsigli.ProcessKey("sp00112233445566778899aabbccddeeff")
	sigrun     = innsigli.SigneeKey("si000102030405060708090a0b0c0d0e0f")
	bjorn      = innsigli.SigneeKey("si101112131415161718191a1b1c1d1e1f")
	token      = innsigli.Token("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")
	uid        = "0123456789abcdef0123456789abcdef"
	hookKey    = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a notifier among fakes: the facts are in memory, the servers are real.
type world struct {
	*notify.Notifier
	facts    innsigli.Facts
	hook     innsigli.Webhook
	template innsigli.Template

	templateErr error
	doc         []byte
	big         int64 // size of a document made of nothing instead of doc
	made        int   // documents that were opened
	closed      int
	beside      []byte          // a file that goes along with the document; nil for none
	logo        []byte          // nil: there is none
	texts       []innsigli.Text // that were counted
	pumped      bool            // the limit of the hour is reached
	missing     error           // what opening a document answers
	unwanted    bool
	former      string // the company's webhook key before a rotation, which lasts for a time
	until       time.Time
	asked       int
	onAsk       func()
	smtp        *innsiglitest.SMTP
	gateway     *innsiglitest.Gateway
	receiver    *innsiglitest.Receiver
	log         *bytes.Buffer
}

func newWorld(t *testing.T, o innsiglitest.SMTPOptions) *world {
	t.Helper()
	w := &world{
		facts: facts(), doc: []byte("%PDF-1.7 sealed"), log: &bytes.Buffer{},
		smtp: innsiglitest.NewSMTP(t, o), gateway: innsiglitest.NewGateway(t), receiver: innsiglitest.NewReceiver(t),
	}
	w.hook = innsigli.Webhook{ID: 7, Flow: w.facts.Flow.Key, URL: w.receiver.URL()}
	mail, err := notify.NewSMTP(w.smtp.URL(), notify.SMTPOptions{TLS: w.smtp.ClientTLS(), Command: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	sms, err := notify.NewSms(w.gateway.URL(), "Innsigli")
	if err != nil {
		t.Fatal(err)
	}
	calls, err := notify.NewCalls(w.gateway.URL())
	if err != nil {
		t.Fatal(err)
	}
	w.Notifier = &notify.Notifier{
		Store: w, Queue: w, Docs: w, Identity: fixedCode{}, Links: links{}, Keys: w, Mail: mail, Sms: sms, Calls: calls,
		From: "noreply@sign.example", Domain: "sign.example", Now: func() time.Time { return noon },
		Log:     slog.New(slog.NewJSONHandler(w.log, nil)),
		Options: notify.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	}
	return w
}

// facts are a started process with two people, one of whom has signed.
func facts() innsigli.Facts {
	p := innsigli.Process{
		Key: processKey, Company: "00aa11bb22cc", Flow: "33dd44ee55ff", State: innsigli.Started,
		FileName: "Þjónustusamningur.pdf", User: "anna@nordurljos.example", Meta: map[string]string{"caseId": "42"},
		CreatedAt: noon.Add(-time.Hour), ExpiresAt: noon.Add(29 * 24 * time.Hour),
		Signees: []innsigli.Signee{
			{
				Key: sigrun, Process: processKey, Name: "Sigrún Helgadóttir", Email: "sigrun@example.is", Ssn: "0101302989",
				Delivery: innsigli.DeliverEmail, SignedAt: noon.Add(-30 * time.Minute),
			},
			{
				Key: bjorn, Process: processKey, Name: "Björn Egilsson", Email: "bjorn@example.is", Phone: "+3546661234",
				Delivery: innsigli.DeliverSms,
			},
		},
	}
	return innsigli.Facts{
		Now: noon, Process: p,
		Company:   innsigli.Company{Key: p.Company, Name: "Norðurljós ehf.", Email: "skrifstofa@nordurljos.example"},
		Flow:      innsigli.Flow{Key: p.Flow, Company: p.Company, Name: "Samningar", Active: true},
		Challenge: innsigli.Challenge{Token: token, Process: processKey, Signee: bjorn, ExpiresAt: noon.Add(9*time.Minute + 30*time.Second)},
	}
}

// together are the facts of a sequence: Björn signs three documents and has signed the last, Sigrún signs the first, which
// she has, and the last.
func together(f innsigli.Facts) innsigli.Facts {
	const bjornAll, sigrunAll = innsigli.SequenceSigneeKey("gs101112131415161718191a1b1c1d1e1f"), innsigli.SequenceSigneeKey("gs000102030405060708090a0b0c0d0e0f")
	f.Sequence = innsigli.Sequence{Key: "pg00112233445566778899aabbccddeeff", Company: f.Company.Key, User: f.Process.User, CreatedAt: f.Process.CreatedAt}
	f.Process.Group = innsigli.GroupKey(f.Sequence.Key)
	f.Process.Signees[0].Person, f.Process.Signees[1].Person = sigrunAll, bjornAll
	second, third := f.Process, f.Process
	second.Key, second.FileName, second.Signees = "sp10112233445566778899aabbccddeeff", "Verklýsing.pdf", slices.Clone(f.Process.Signees[1:])
	third.Key, third.FileName, third.Signees = "sp20112233445566778899aabbccddeeff", "Trúnaðaryfirlýsing.pdf", slices.Clone(f.Process.Signees)
	third.Signees[0].SignedAt, third.Signees[1].SignedAt = time.Time{}, noon.Add(-20*time.Minute)
	for i, p := range []*innsigli.Process{&second, &third} {
		for k := range p.Signees {
			s := &p.Signees[k]
			s.Key, s.Process = innsigli.SigneeKey(fmt.Sprintf("%s%d", s.Key[:33], i)), p.Key
		}
	}
	f.Members = []innsigli.Member{{Process: f.Process, Flow: f.Flow}, {Process: second, Flow: f.Flow}, {Process: third, Flow: f.Flow}}
	return f
}

// remove takes whoever has an address off all documents.
func (w *world) remove(address string) {
	remove := func(p *innsigli.Process) {
		for _, s := range p.Signees {
			if s.Email == address {
				p.Removed = append(p.Removed, s)
			}
		}
		p.Signees = slices.DeleteFunc(slices.Clone(p.Signees), func(s innsigli.Signee) bool { return s.Email == address })
	}
	remove(&w.facts.Process)
	for i := range w.facts.Members {
		remove(&w.facts.Members[i].Process)
	}
}

// ended ends the process, and all others of the sequence.
func (w *world) ended(st innsigli.State, by string) {
	w.end(&w.facts.Process, st, by)
	for i := range w.facts.Members {
		w.end(&w.facts.Members[i].Process, st, by)
	}
}

func (w *world) end(p *innsigli.Process, st innsigli.State, by string) {
	p.State, p.EndedAt, p.EndedBy = st, noon.Add(-time.Minute), by
	w.facts.Held = st.Ended()
	if st == innsigli.Declined && p.Key == processKey {
		p.Signees[1].DeclinedAt, p.Signees[1].DeclineReason = p.EndedAt, "Upphæðin í 3. gr. er ekki rétt."
	}
	if st == innsigli.Completed {
		for i := range p.Signees {
			if s := &p.Signees[i]; !s.Signed() {
				s.SignedAt = noon.Add(-5 * time.Minute)
			}
		}
	}
	if st == innsigli.Expired {
		p.ExpiresAt = noon.Add(-time.Minute)
	}
}

func job(k innsigli.JobKind, who innsigli.SigneeKey, to string, l innsigli.Language) innsigli.Job {
	j := innsigli.Job{
		ID: 1, UID: uid, Kind: k, Process: processKey, Signee: who, Address: to, Language: l, Attempt: 1, At: noon,
	}
	if strings.HasSuffix(string(k), ".code") {
		j.Ref = string(token)
	}
	if k == innsigli.JobSmsRemind {
		j.Ref = "auto"
	}
	return j
}

// run carries a job out and judges its decision against the facts; the change is its whole consequence.
func (w *world) run(t *testing.T, j innsigli.Job) (change string, wanted bool, err error) {
	t.Helper()
	h, ok := w.Handlers()[j.Kind]
	if !ok {
		t.Fatalf("no handler for %s", j.Kind)
	}
	d, err := h(t.Context(), j)
	if d == nil {
		return "", false, err
	}
	c, derr := d(w.facts)
	if derr != nil {
		t.Fatal(derr)
	}
	return c.String(), true, err
}

// Store

func (w *world) Facts(_ context.Context, t innsigli.Target) (innsigli.Facts, error) {
	if t.Process != w.facts.Process.Key {
		return innsigli.Facts{}, &innsigli.Error{Kind: innsigli.NotFound, Text: "none"}
	}
	f := w.facts
	if t.Token != f.Challenge.Token {
		f.Challenge = innsigli.Challenge{}
	}
	return f, nil
}

func (w *world) Webhook(_ context.Context, id int64) (innsigli.Webhook, error) {
	if id != w.hook.ID {
		return innsigli.Webhook{}, &innsigli.Error{Kind: innsigli.NotFound, Text: "none"}
	}
	return w.hook, nil
}

func (w *world) TemplateFor(_ context.Context, p innsigli.TemplatePlace) (innsigli.Template, error) {
	if w.templateErr != nil {
		return innsigli.Template{}, w.templateErr
	}
	if p.Type != w.template.Type || p.Flow != w.facts.Flow.Key || p.Company != w.facts.Company.Key {
		return innsigli.Template{}, &innsigli.Error{Kind: innsigli.NotFound, Text: "none"}
	}
	return w.template, nil
}

func (w *world) TakeText(_ context.Context, t innsigli.Text) (bool, error) {
	w.texts = append(w.texts, t)
	return !w.pumped, nil
}

func (w *world) WebhookKeys(context.Context, innsigli.CompanyKey) (innsigli.WebhookKeys, error) {
	k := innsigli.WrappedKey{KeyID: "k", Bytes: []byte("webhook:" + string(w.facts.Company.Key))}
	if w.former == "" {
		return innsigli.WebhookKeys{Current: k}, nil
	}
	old := k
	old.KeyID = "former"
	return innsigli.WebhookKeys{Current: k, Former: old, Until: w.until}, nil
}

func (w *world) Logo(_ context.Context, sum string) ([]byte, error) {
	if w.logo == nil || sum != w.facts.Company.Logo {
		return nil, &innsigli.Error{Kind: innsigli.NotFound, Text: "none"}
	}
	return w.logo, nil
}

// Keys: what is wrapped is its own label.

func (w *world) Wrap([]byte, string) (innsigli.WrappedKey, error) {
	return innsigli.WrappedKey{}, errors.ErrUnsupported
}

func (w *world) Unwrap(k innsigli.WrappedKey, about string) ([]byte, error) {
	if string(k.Bytes) != about {
		return nil, errors.New("wrong label")
	}
	if k.KeyID == "former" {
		return []byte(w.former), nil
	}
	return []byte(hookKey), nil
}

// Queue

func (w *world) Wanted(context.Context, innsigli.Job) (bool, error) {
	w.asked++
	if w.onAsk != nil {
		w.onAsk()
	}
	return !w.unwanted, nil
}

// Documents

func (w *world) SealedDocument(_ context.Context, p innsigli.ProcessKey) (innsigli.Attachment, error) {
	return w.attachment(p)
}

func (w *world) HeldDocument(_ context.Context, p innsigli.ProcessKey) (innsigli.Attachment, error) {
	return w.attachment(p)
}

func (w *world) OwnerCopy(_ context.Context, p innsigli.ProcessKey) (innsigli.Attachment, error) {
	return w.attachment(p)
}

func (w *world) attachment(p innsigli.ProcessKey) (innsigli.Attachment, error) {
	if w.missing != nil {
		return innsigli.Attachment{}, w.missing
	}
	w.made++
	a := innsigli.Attachment{
		Name: w.facts.Of(p).Process.FileName, Type: "application/pdf", Size: int64(len(w.doc)), SHA256: hashOf(w.doc),
		WriteTo: func(out io.Writer) (int64, error) { return io.Copy(out, bytes.NewReader(w.doc)) },
		Close:   func() error { w.closed++; return nil },
	}
	if w.big > 0 {
		a.Size = w.big
		a.WriteTo = func(out io.Writer) (int64, error) { return io.CopyN(out, &pattern{}, w.big) }
	}
	if w.beside != nil {
		a.Beside = []innsigli.Attachment{{
			Name: "x.evidence.pdf", Type: "application/pdf", Size: int64(len(w.beside)), SHA256: hashOf(w.beside),
			WriteTo: func(out io.Writer) (int64, error) { return io.Copy(out, bytes.NewReader(w.beside)) },
			Close:   func() error { return nil },
		}}
	}
	return a, nil
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// pattern reads as bytes that base64 cannot shorten: 0, 1, 2 … 250, 0, 1 …
type pattern struct{ n byte }

func (p *pattern) Read(b []byte) (int, error) {
	const prime = 251
	for i := range min(len(b), prime) {
		b[i] = p.n
		p.n = (p.n + 1) % prime
	}
	for done := prime; done < len(b); done *= 2 {
		copy(b[done:], b[:done])
	}
	if len(b) > prime {
		p.n = (b[len(b)-1] + 1) % prime
	}
	return len(b), nil
}

type fixedCode struct{}

func (fixedCode) Code(innsigli.Token) string { return "024680" }

func (fixedCode) Admission(string) []byte { return make([]byte, 32) }

type links struct{}

func (links) Unsubscribe(p innsigli.ProcessKey, _ innsigli.SigneeKey) string {
	return "https://sign.example:8443/unsubscribe/" + string(p) + "/00112233445566778899aabbccddeeff"
}

func (links) Signing(p innsigli.ProcessKey, s innsigli.SigneeKey) string {
	return "https://sign.example:8443/s/" + string(p) + "/" + string(s)
}

func (links) SigningAll(q innsigli.SequenceKey, s innsigli.SequenceSigneeKey) string {
	return "https://sign.example:8443/s/" + string(q) + "/" + string(s)
}

func (links) Attachment(p innsigli.ProcessKey, a innsigli.AttachmentKey, name string) string {
	return "https://sign.example:8443/attachment/" + string(p) + "/" + string(a) + "/" + name
}

func (links) Download(p innsigli.ProcessKey, s innsigli.SigneeKey) string {
	if s == "" {
		return "https://sign.example:8443/pdf/sp/" + string(p) + ".pdf"
	}
	return "https://sign.example:8443/pdf/" + string(p) + "/" + string(s) + ".pdf"
}

func (links) Logo(sum string) string { return "https://sign.example:8443" + innsigli.LogoPath(sum) }
