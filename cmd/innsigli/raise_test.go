package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/blob"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/pki"
)

// trustService is somebody else's: time stamps, OCSP and revocation lists over real HTTP, which can be away.
type trustService struct {
	*httptest.Server

	mode  atomic.Value // how the time-stamping authority behaves
	asked atomic.Int64

	closing chan struct{}
	m       pki.Material
}

// How a time-stamping authority can behave.
const (
	up    = "up"
	down  = "down"  // 503
	slow  = "slow"  // hangs
	wrong = "wrong" // answers somebody else's question
	noise = "noise" // answers something else
)

func newTrustService(t *testing.T, now func() time.Time) *trustService {
	t.Helper()
	s := &trustService{closing: make(chan struct{})}
	s.mode.Store(up)
	mux := http.NewServeMux()
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() { close(s.closing); s.Close() })
	var err error
	if s.m, err = pki.New(now(), "Trust service", s.URL); err != nil {
		t.Fatal(err)
	}
	a, err := pki.Load(s.m)
	if err != nil {
		t.Fatal(err)
	}
	server := &pki.Server{Authority: func() *pki.Authority { return a }, Now: now}
	for _, route := range server.Routes() {
		pattern := strings.TrimSuffix(route.Pattern, "*")
		mux.HandleFunc(route.Method+" "+pattern, func(w http.ResponseWriter, r *http.Request) {
			if pattern == pki.StampPath {
				s.asked.Add(1)
				if !s.behave(w, r) {
					return
				}
			}
			if err := route.Handler(w, r); err != nil {
				t.Error(err)
			}
		})
	}
	return s
}

// behave says whether the request is to be answered as it should.
func (s *trustService) behave(w http.ResponseWriter, r *http.Request) bool {
	switch s.mode.Load() {
	case down:
		w.WriteHeader(http.StatusServiceUnavailable)
	case slow:
		_, _ = io.Copy(io.Discard, r.Body) // else nobody notices that the client goes
		select {
		case <-r.Context().Done():
		case <-s.closing:
		}
	case noise:
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write([]byte("0\x03\x02\x01\x00"))
	case wrong:
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		b := body.Bytes()
		if i := bytes.Index(b, []byte("\x04\x20")); i >= 0 {
			b[i+2] ^= 1 // the digest: the token is then over something else
		}
		r.Body = http.NoBody
		*r = *r.WithContext(r.Context())
		r.Body = readCloser{bytes.NewReader(b)}
		return true
	default:
		return true
	}
	return false
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func (s *trustService) tsa() string { return s.URL + pki.StampPath }

// withTSA lets the server ask the service for time stamps.
func (s *trustService) withTSA(set *settings) { set.TSA = []string{s.tsa()} }

// root is the service's own certificate, in PEM.
func (s *trustService) root() []byte {
	return s.m.RootCert
}

// judgeLTA lets EU DSS and pyHanko judge files whose newest signature is to be a seal of ours, at the highest level, for
// whoever trusts the roots.
func judgeLTA(t *testing.T, roots []byte, files ...[]byte) {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i, b := range files {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("%d.pdf", i)))
		writeFile(t, paths[i], b)
	}
	for i, v := range innsiglitest.DSS(t, roots, time.Time{}, paths...) {
		if s := lastSeal(v); s.Format != wantFormat || s.Indication != "TOTAL_PASSED" || len(s.Changes) > 0 {
			t.Errorf("file %d: %v", i, v)
		}
	}
	for i, v := range innsiglitest.PyHanko(t, roots, time.Time{}, paths...) {
		if s := lastSeal(v); s.Indication != "PASSED" || !s.Valid {
			t.Errorf("file %d: %v", i, v)
		}
	}
}

// lastSeal is the signature in the field that was made last: Seal2 after Seal1.
func lastSeal(v innsiglitest.Verdict) innsiglitest.JudgedSignature {
	var last innsiglitest.JudgedSignature
	for _, s := range v.Signatures {
		if s.Name >= last.Name {
			last = s
		}
	}
	return last
}

// shownSeal is what the API says of the seal.
func (r *rig) shownSeal(p process) (level string, pending bool) {
	r.tb.Helper()
	var got struct {
		SealLevel   string
		SealPending bool
	}
	r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil).json(r.tb, &got)
	return got.SealLevel, got.SealPending
}

// signAll lets everyone sign, in a server of the test's own process.
func (r *rig) signAll(s *server, p process) {
	r.tb.Helper()
	for n := range p.Signees {
		token := r.tokenFor(p, n)
		if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
			r.tb.Fatalf("sign: %d %s", a.status, a.body)
		}
	}
	r.until("completed", func() bool { return r.shown(p) == innsigli.Completed.String() })
}

const (
	levelB   = "PAdES-BASELINE-B"
	levelLTA = "PAdES-BASELINE-LTA"
)

// TestLocalTrustGivesLTA with nothing from outside, and strangers find nothing wrong with it.
func TestLocalTrustGivesLTA(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, s := newLocal(t, db, seams{})
		p := r.create(innsiglitest.PDF(t, 1, "lta"), byMail("Anna", "anna@example.is"))
		r.signAll(s, p)
		if level, pending := r.shownSeal(p); level != levelLTA || pending {
			t.Errorf("sealed at %s, pending %v\n%s", level, pending, r.log())
		}
		r.settled()
		doc := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
		judgeSeal(t, r, doc)
		for _, part := range []string{"/DSS", "ETSI.RFC3161"} {
			if !bytes.Contains(doc, []byte(part)) {
				t.Errorf("no %s in the file", part)
			}
		}
		if got := r.statuses(p.Key); count(got, "SealPending")+count(got, "SealRaised") != 0 {
			t.Errorf("log: %q", got)
		}
	})
}

// pendingProcess is a process that was completed while the time-stamping authority was away.
func pendingProcess(t *testing.T, db, mode string, c *clock) (*rig, *server, *trustService, process) {
	t.Helper()
	service := newTrustService(t, c.now)
	service.mode.Store(mode)
	r, s := newLocal(t, db, seams{now: c.now}, service.withTSA)
	r.hook()
	p := r.create(innsiglitest.PDF(t, 1, "pending"), byMail("Anna", "anna@example.is"), byMail("Björn", "bjorn@example.is"))
	r.signAll(s, p)
	if level, pending := r.shownSeal(p); level != levelB || !pending {
		t.Fatalf("sealed at %s, pending %v\n%s", level, pending, r.log())
	}
	return r, s, service, p
}

// withFile are the mails to somebody that carry a document, and those documents.
func (r *rig) withFile(to string) (docs [][]byte) {
	for _, m := range r.smtp.Mails() {
		if strings.EqualFold(m.To, to) {
			for _, f := range m.Files {
				docs = append(docs, f.Bytes)
			}
		}
	}
	return docs
}

func (r *rig) ready() readiness {
	r.tb.Helper()
	var b readiness
	r.ask("GET", "/readyz", "", nil).json(r.tb, &b)
	return b
}

var everybody = []string{"anna@example.is", "bjorn@example.is", "owner@nordurljos.example"}

// TestTimeStampsComeLater: the authority is away from the start. The process is completed and shown as pending; when the
// authority is back, seal, mails and metrics follow, and the bytes that were replaced go.
func TestTimeStampsComeLater(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		var c clock
		c.add(-time.Hour) // so that what is sealed later lies in the past of those who judge it
		r, s, service, p := pendingProcess(t, db, down, &c)
		if b := r.ready(); b.Pending != 1 || !b.Ready {
			t.Errorf("readyz: %+v", b)
		}
		if m := string(r.ask("GET", "/metrics", "", nil).body); !strings.Contains(m, "innsigli_seals_pending 1") {
			t.Error("the metrics do not count it")
		}
		low := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
		judgeSeal(t, r, low)
		for _, who := range everybody {
			if docs := r.withFile(who); len(docs) > 0 {
				t.Errorf("%s has the document already", who)
			}
		}
		hooks := len(r.hooks.Requests())
		for _, h := range r.hooks.Requests() {
			if e := r.event(h); len(e.EventData.SignedDocument) > 0 {
				t.Error("a webhook has the document already")
			}
		}
		service.mode.Store(up)
		c.add(10 * time.Minute) // the next try and the authority's breaker; the mails would still wait
		s.svc.Kick()
		r.until("raised", func() bool { level, pending := r.shownSeal(p); return level == levelLTA && !pending })
		high := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
		if bytes.HasPrefix(high, low) {
			t.Error("a seal without a time stamp was raised, which pyHanko takes for none, instead of made anew")
		}
		judgeSeal(t, r, high)
		judgeLTA(t, append(r.ask("GET", "/pki/root.pem", "", nil).body, service.root()...), high)
		r.until("webhook", func() bool { return len(r.hooks.Requests()) == hooks+1 })
		if e := r.event(r.hooks.Requests()[hooks]); e.EventData.EventType != 2 || !bytes.Equal(e.EventData.SignedDocument, high) {
			t.Errorf("webhook %d with %d bytes, and not the raised document", e.EventData.EventType, len(e.EventData.SignedDocument))
		}
		for _, who := range everybody {
			r.until("mail to "+who, func() bool { return len(r.withFile(who)) > 0 })
			if docs := r.withFile(who); len(docs) != 1 || !bytes.Equal(docs[0], high) {
				t.Errorf("%s got %d documents, and not the raised one", who, len(docs))
			}
		}
		if b := r.ready(); b.Pending != 0 {
			t.Errorf("readyz: %+v", b)
		}
		if got := r.statuses(p.Key); count(got, "SealPending") != 1 || count(got, "SealRaised") != 1 {
			t.Errorf("log: %q", got)
		}
		c.add(2 * time.Minute)
		s.svc.Kick()
		r.settled()
		if n := countBlobs(t, s); n != 2 {
			t.Errorf("%d blobs, want the intake and the raised document", n)
		}
	})
}

func countBlobs(t *testing.T, s *server) int {
	t.Helper()
	n := 0
	err := s.docs.List(t.Context(), func(blob.ID, time.Time, int64) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMailsDoNotWaitForEver: after a quarter of an hour they go with what there is, and not a second time.
func TestMailsDoNotWaitForEver(t *testing.T) {
	var c clock
	r, s, service, p := pendingProcess(t, "sqlite", down, &c)
	c.add(innsigli.RaiseWait - time.Minute)
	s.svc.Kick()
	time.Sleep(time.Second)
	if docs := r.withFile(everybody[0]); len(docs) > 0 {
		t.Error("a mail went after 14 minutes")
	}
	c.add(time.Minute + time.Second)
	s.svc.Kick()
	for _, who := range everybody {
		r.until("mail to "+who, func() bool { return len(r.withFile(who)) == 1 })
		if bytes.Contains(r.withFile(who)[0], []byte("ETSI.RFC3161")) {
			t.Errorf("%s: a time stamp out of nothing", who)
		}
	}
	// What was handed over has to be settled too, before the clock runs out its lease.
	r.until("settled", func() bool { return count(r.statuses(p.Key), string(innsigli.LogCompletedSent)) == len(everybody) })
	service.mode.Store(up)
	c.add(time.Hour)
	s.svc.Kick()
	r.until("raised", func() bool { level, _ := r.shownSeal(p); return level == levelLTA })
	c.add(2 * time.Minute)
	s.svc.Kick()
	r.settled()
	for _, who := range everybody {
		if n := len(r.withFile(who)); n != 1 {
			t.Errorf("%s got %d documents", who, n)
		}
	}
}

// TestWrongTimeStampsAreNone: a token over something else, or noise, never gets into a file.
func TestWrongTimeStampsAreNone(t *testing.T) {
	for _, mode := range []string{wrong, noise, slow} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			var c clock
			r, _, _, p := pendingProcess(t, "sqlite", mode, &c)
			doc := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
			if bytes.Contains(doc, []byte("ETSI.RFC3161")) || bytes.Contains(doc, []byte("/DSS")) {
				t.Error("something of it is in the file")
			}
			judgeSeal(t, r, doc)
			if !strings.Contains(r.log(), "sealed below the level wanted") {
				t.Errorf("not a word in the log: %s", r.log())
			}
		})
	}
}

// TestSecondAuthorityStepsIn: of two the first is away.
func TestSecondAuthorityStepsIn(t *testing.T) {
	var c clock
	first, second := newTrustService(t, c.now), newTrustService(t, c.now)
	first.mode.Store(down)
	r, s := newLocal(t, "sqlite", seams{now: c.now}, func(set *settings) { set.TSA = []string{first.tsa(), second.tsa()} })
	p := r.create(innsiglitest.PDF(t, 1, "two"), byMail("Anna", "anna@example.is"))
	r.signAll(s, p)
	if level, pending := r.shownSeal(p); level != levelLTA || pending || first.asked.Load() == 0 || second.asked.Load() == 0 {
		t.Errorf("sealed at %s, pending %v\n%s", level, pending, r.log())
	}
}

// TestOwnSealWithOwnAuthorityGivesLTA: PKCS #12 and time stamps of a trust service, RSA and ECDSA.
func TestOwnSealWithOwnAuthorityGivesLTA(t *testing.T) {
	var c clock
	service := newTrustService(t, c.now)
	a, err := pki.Load(service.m)
	if err != nil {
		t.Fatal(err)
	}
	seal := a.Seal()
	der, err := pkcs12.Modern.Encode(seal.Key, seal.Chain[0], seal.Chain[1:], "geheim")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "seal.p12")
	writeFile(t, file, der)
	r, s := newLocal(t, "sqlite", seams{now: c.now}, service.withTSA, func(set *settings) { set.Seal, set.SealPassword = file, "geheim" })
	p := r.create(innsiglitest.PDF(t, 1, "own"), byMail("Anna", "anna@example.is"))
	r.signAll(s, p)
	if level, pending := r.shownSeal(p); level != levelLTA || pending {
		t.Errorf("sealed at %s, pending %v\n%s", level, pending, r.log())
	}
}

// TestRaiseSurvivesFaults: a commit or a write that fails leaves the document as it was, and the next try raises it.
func TestRaiseSurvivesFaults(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		var c clock
		service := newTrustService(t, c.now)
		service.mode.Store(down)
		var fail atomic.Int64
		seam := seams{now: c.now, queue: func(q innsigli.Queue) innsigli.Queue { return failingSettle{q, &fail} }}
		r, s := newLocal(t, db, seam, service.withTSA)
		p := r.create(innsiglitest.PDF(t, 1, "faults"), byMail("Anna", "anna@example.is"))
		r.signAll(s, p)
		fail.Store(3)
		service.mode.Store(up)
		c.add(10 * time.Minute)
		s.svc.Kick()
		r.until("raised", func() bool { level, _ := r.shownSeal(p); return level == levelLTA })
		if left := fail.Load(); left > 0 {
			t.Errorf("%d faults were not met", left)
		}
		for _, who := range []string{everybody[0], everybody[2]} {
			r.until("mail to "+who, func() bool { return len(r.withFile(who)) > 0 })
		}
		judgeSeal(t, r, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body)
		if got := r.statuses(p.Key); count(got, "SealRaised") != 1 || count(got, "Completed") != 1 {
			t.Errorf("log: %q", got)
		}
	})
}

// failingSettle fails the settlement of raised documents so often.
type failingSettle struct {
	innsigli.Queue

	left *atomic.Int64
}

var errSettle = errors.New("the database is away")

func (q failingSettle) Settle(ctx context.Context, j innsigli.Job, o innsigli.Outcome, d innsigli.Decision) (innsigli.Change, error) {
	if j.Kind == innsigli.JobRaise && d != nil && q.left.Add(-1) >= 0 {
		return innsigli.Change{}, errSettle
	}
	return q.Queue.Settle(ctx, j, o, d)
}

// TestRaiseSurvivesKill: kill -9 while the seal is pending, and again while it is raised, loses nothing and mails nobody
// twice.
func TestRaiseSurvivesKill(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		service := newTrustService(t, time.Now)
		service.mode.Store(down)
		r := newRig(t, db, "--tsa", service.tsa())
		p := r.create(innsiglitest.PDF(t, 1, "killed"), byMail("Anna", "anna@example.is"))
		r.sign(p, 0)
		r.until("completed", func() bool { return r.shown(p) == innsigli.Completed.String() })
		r.kill()
		r.start()
		if level, pending := r.shownSeal(p); level != levelB || !pending {
			t.Fatalf("after the kill: %s, pending %v", level, pending)
		}
		service.mode.Store(slow)
		before := service.asked.Load()
		r.until("asked again", func() bool { return service.asked.Load() > before })
		r.kill() // in the middle of raising
		service.mode.Store(up)
		r.start()
		r.until("raised", func() bool { level, _ := r.shownSeal(p); return level == levelLTA })
		for _, who := range []string{"anna@example.is", "owner@nordurljos.example"} {
			r.until("mail to "+who, func() bool { return len(r.withFile(who)) > 0 })
			if n := len(r.withFile(who)); n != 1 {
				t.Errorf("%s got %d documents", who, n)
			}
		}
		judgeSeal(t, r, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body)
	})
}
