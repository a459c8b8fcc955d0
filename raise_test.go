package innsigli

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pki"
)

const sealedBlob, raisedBlob = "sealed", "raised"

// sealedAt is a sealed document of a level; what is below the one wanted is pending.
func sealedAt(l Level) Document {
	return Document{Blob: sealedBlob, Size: 4321, SHA256: shownSHA256, Pages: 2, Level: l, Pending: l < wantLevel}
}

// wasSealed is the document that was to be raised.
func wasSealed(blob string) seals { return seals{document: Document{Blob: blob}} }

func raisedTo(l Level) Document {
	d := sealedAt(l)
	d.Blob = raisedBlob
	return d
}

func TestGoldenPending(t *testing.T) {
	c, err := decideCompleted(withHooks(factsOf(Sealing, signed(anna()), signed(bjorn())), EventAllSigned), sealedAt(cms.BB), nil)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "complete_pending", c)
	whole, err := decideCompleted(factsOf(Sealing, signed(anna())), sealedAt(cms.BLTA), nil)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "complete_whole", whole)
}

func TestGoldenRaise(t *testing.T) {
	for name, c := range map[string]struct{ from, to Level }{
		"raise_whole":  {cms.BB, cms.BLTA},
		"raise_partly": {cms.BB, cms.BT},
	} {
		f := factsOf(Completed, signed(anna()))
		f.Process.Sealed = sealedAt(c.from)
		now := raisedTo(c.to)
		change, err := decideRaised(f, wasSealed(sealedBlob), seals{document: now})
		if err != nil {
			t.Fatal(err)
		}
		keepsSecrets(t, change)
		golden(t, name, change)
	}
}

// TestMailsOfASequenceWaitForItsLastSeal: a mail brings all documents of a person.
func TestMailsOfASequenceWaitForItsLastSeal(t *testing.T) {
	sequence := func(other Document) Facts {
		f := factsOf(Sealing, signed(anna()))
		f.Process.Sealed = Document{}
		done := f.Process
		done.Key, done.State, done.Sealed, done.Signees = "sp2", Completed, other, nil
		f.Sequence.Key = "sequence"
		f.Members = []Member{{Process: f.Process}, {Process: done}}
		return f
	}
	due := func(c Change) (at []time.Time) {
		for _, j := range c.Jobs {
			if j.Kind == JobMailCompleted || j.Kind == JobMailOwnerDone {
				at = append(at, j.Due)
			}
		}
		for _, m := range c.Members {
			at = append(at, due0(m.Jobs)...)
		}
		return at
	}
	for name, c := range map[string]struct {
		own, other Level
		waits      bool
	}{
		"both whole":  {cms.BLTA, cms.BLTA, false},
		"own pending": {cms.BB, cms.BLTA, true},
		"the other's": {cms.BLTA, cms.BT, true},
	} {
		change, err := decideCompleted(sequence(sealedAt(c.other)), sealedAt(c.own), nil)
		if err != nil {
			t.Fatal(err)
		}
		mails := due(change)
		if len(mails) == 0 {
			t.Errorf("%s: no mails\n%s", name, change)
		}
		for _, at := range mails {
			if at.Equal(testNow.Add(RaiseWait)) != c.waits || at.IsZero() == c.waits {
				t.Errorf("%s: a mail is due %v", name, at)
			}
		}
	}
	f := sequence(sealedAt(cms.BB))
	f.Process.State, f.Process.Sealed = Completed, sealedAt(cms.BB)
	f.Members[0].Process = f.Process
	if c, err := decideRaised(f, wasSealed(sealedBlob), seals{document: raisedTo(cms.BLTA)}); err != nil || len(c.Hasten) > 0 {
		t.Errorf("the mails go while another seal is pending: %v\n%s", err, c)
	}
	f.Members[1].Process.Sealed.Pending = false
	if c, err := decideRaised(f, wasSealed(sealedBlob), seals{document: raisedTo(cms.BLTA)}); err != nil || len(c.Hasten) != len(heldBack) {
		t.Errorf("the mails wait although all seals are whole: %v\n%s", err, c)
	}
}

func due0(jobs []Job) (at []time.Time) {
	for _, j := range jobs {
		if j.Kind == JobMailCompleted || j.Kind == JobMailOwnerDone {
			at = append(at, j.Due)
		}
	}
	return at
}

func TestOnlyWhatWasRaisedIsReplaced(t *testing.T) {
	for _, st := range everyState() {
		f := factsOf(st, signed(anna()))
		f.Process.Sealed = sealedAt(cms.BB)
		for _, was := range []string{sealedBlob, "another"} {
			c, err := decideRaised(f, wasSealed(was), seals{document: raisedTo(cms.BLTA)})
			if want := st == Completed && was == sealedBlob; err != nil || c.Empty() == want {
				t.Errorf("%s, %s: %v\n%s", st, was, err, c)
			}
		}
	}
}

func TestLevelsHaveNames(t *testing.T) {
	for l := cms.BB; l <= cms.BLTA; l++ {
		if got := ParseLevel(LevelName(l)); got != l {
			t.Errorf("%v: got %v", l, got)
		}
	}
	if got := ParseLevel(""); got != 0 {
		t.Errorf("nothing: got %v", got)
	}
}

var errAway = errors.New("away")

// localTrust is the local authority with services that can be away.
type localTrust struct {
	a              *pki.Authority
	stamps, proofs int  // how many calls succeed; further ones fail
	slow           bool // hangs instead of failing
}

func newLocalTrust(t *testing.T) *localTrust {
	t.Helper()
	m, err := pki.New(testNow.Add(-time.Hour), "Acme", "https://sign.example.is")
	if err != nil {
		t.Fatal(err)
	}
	a, err := pki.Load(m)
	if err != nil {
		t.Fatal(err)
	}
	return &localTrust{a: a, stamps: 100, proofs: 100}
}

func (l *localTrust) Seal(context.Context) (crypto.Signer, []*x509.Certificate, error) {
	s := l.a.Seal()
	return s.Key, s.Chain, nil
}

func (l *localTrust) Services() cms.Services { return cms.Services{Timestamps: l, Revocations: l} }

func (l *localTrust) fail(ctx context.Context) error {
	if l.slow {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return errAway
}

func (l *localTrust) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*cms.Token, error) {
	if l.stamps--; l.stamps < 0 {
		return nil, l.fail(ctx)
	}
	q := cms.TimestampRequest{Hash: h, Digest: digest, Certs: true}
	request, err := q.Marshal()
	if err != nil {
		return nil, err
	}
	answer, err := l.a.Timestamp(ctx, request, testNow)
	if err != nil {
		return nil, err
	}
	token, err := cms.ParseTimestampResponse(answer)
	if err != nil {
		return nil, err
	}
	return cms.ParseToken(token)
}

func (l *localTrust) Collect(ctx context.Context, certs []*x509.Certificate, _ time.Time) (cms.Material, error) {
	if l.proofs--; l.proofs < 0 {
		return cms.Material{}, l.fail(ctx)
	}
	var m cms.Material
	chain := l.a.Seal().Chain
	m.AddCert(certs...)
	m.AddCert(chain...)
	for _, c := range []*x509.Certificate{chain[0], l.a.Stamp().Chain[0]} {
		request, err := ocsp.CreateRequest(c, chain[1], nil)
		if err != nil {
			return m, err
		}
		answer, err := l.a.OCSP(request, testNow)
		if err != nil {
			return m, err
		}
		m.AddOCSP(answer)
	}
	// The issuing authority's own list is the root's.
	server := &pki.Server{Authority: func() *pki.Authority { return l.a }, Now: func() time.Time { return testNow }}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, chain[1].CRLDistributionPoints[0], nil)
	if err != nil {
		return m, err
	}
	resp, err := server.Transport(nil).RoundTrip(r)
	if err != nil {
		return m, err
	}
	defer resp.Body.Close() //nolint:errcheck // in memory
	list, err := io.ReadAll(resp.Body)
	m.AddCRL(list)
	return m, err
}

// pendingProcess seals a document while services are away, and gives the service with what it sealed in its blobs.
func pendingProcess(t *testing.T, doc []byte, away func(*localTrust)) (*Service, *Facts, *localTrust) {
	t.Helper()
	f := factsOf(Sealing, signed(anna()))
	f.Process.Document.Size = int64(len(doc))
	s, _, _, _ := sealing(t, &f)
	s.Blobs = &memoryBlobs{blobs: map[string][]byte{testBlobName: doc}}
	trust := newLocalTrust(t)
	away(trust)
	s.Sealer = trust
	d, err := s.SealJob(t.Context(), Job{Process: testProcess})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d(f)
	if err != nil || c.State != Completed {
		t.Fatalf("a service that is away keeps the process from being completed: %v\n%s", err, c)
	}
	f.Process.State, f.Process.EndedAt = Completed, testNow
	follow(&f, c)
	trust.stamps, trust.proofs = 100, 100
	return s, &f, trust
}

// follow makes the files of a change those of the process.
func follow(f *Facts, c Change) {
	if c.Sealed != nil {
		f.Process.Sealed = *c.Sealed
	}
	if c.Evidence != nil {
		f.Process.Evidence = *c.Evidence
	}
}

// bytesOf is a blob that the service keeps.
func bytesOf(s *Service, id string) []byte {
	m, _ := s.Blobs.(*memoryBlobs)
	return m.blobs[id]
}

func TestRaiseJobBringsWhatWasMissing(t *testing.T) {
	for name, c := range map[string]struct {
		away    func(*localTrust)
		reached Level
	}{
		"no time stamps":        {func(l *localTrust) { l.stamps = 0 }, cms.BB},
		"no revocation data":    {func(l *localTrust) { l.proofs = 0 }, cms.BT},
		"no archive time stamp": {func(l *localTrust) { l.stamps = 1 }, cms.BLT},
		"nothing is away":       {func(*localTrust) {}, cms.BLTA},
	} {
		t.Run(name, func(t *testing.T) {
			s, f, _ := pendingProcess(t, onePage(), c.away)
			was := f.Process.Sealed
			if got := f.Process.Sealed; got.Level != c.reached || got.Pending != (c.reached < cms.BLTA) {
				t.Fatalf("sealed at %v, pending %v; want %v", got.Level, got.Pending, c.reached)
			}
			d, err := s.RaiseJob(t.Context(), Job{Process: testProcess})
			if err != nil || (d == nil) != (c.reached == cms.BLTA) {
				t.Fatalf("raise: %v", err)
			}
			if d == nil {
				return
			}
			change, err := d(*f)
			if err != nil || change.Sealed == nil || change.Sealed.Level != cms.BLTA || change.Sealed.Pending || change.Sealed.Pages != f.Process.Sealed.Pages {
				t.Fatalf("%v\n%s", err, change)
			}
			before, after := bytesOf(s, was.Blob), bytesOf(s, change.Sealed.Blob)
			if anew := c.reached == cms.BB; len(after) == 0 || bytes.HasPrefix(after, before) == anew {
				t.Errorf("%d bytes, sealed anew %v, want %v", len(after), !anew, anew)
			}
		})
	}
}

func TestRaiseJobKeepsAStepAndComesBackForTheNext(t *testing.T) {
	s, f, trust := pendingProcess(t, onePage(), func(l *localTrust) { l.stamps = 0 })
	trust.stamps = 0
	if d, err := s.RaiseJob(t.Context(), Job{Process: testProcess}); d != nil || !errors.Is(err, errAway) || IsPermanent(err) {
		t.Fatalf("still away: %v, %v", d != nil, err)
	}
	trust.stamps, trust.proofs = 100, 0
	d, err := s.RaiseJob(t.Context(), Job{Process: testProcess})
	if d == nil || !errors.Is(err, errAway) {
		t.Fatalf("half of it: %v, %v", d != nil, err)
	}
	c, err := d(*f)
	if err != nil || c.Sealed.Level != cms.BT || !c.Sealed.Pending || len(c.Hasten) > 0 {
		t.Fatalf("%v\n%s", err, c)
	}
	follow(f, c)
	trust.proofs = 100
	if d, err = s.RaiseJob(t.Context(), Job{Process: testProcess}); err != nil {
		t.Fatal(err)
	}
	if c, err = d(*f); err != nil || c.Sealed.Level != cms.BLTA || c.Sealed.Pending || len(c.Hasten) == 0 {
		t.Errorf("%v\n%s", err, c)
	}
}

// TestEvidenceApartNamesTheFinalFile after every raise, whichever of the two seals was pending.
func TestEvidenceApartNamesTheFinalFile(t *testing.T) {
	open := signedPage(t, 0)
	closed := signedPage(t, 2) // takes no seal of ours
	for name, c := range map[string]struct {
		doc           []byte
		away          func(*localTrust)
		document      Level
		evidence      Level
		anew, renewed bool
	}{
		"both at B-B":         {open, func(l *localTrust) { l.stamps = 0 }, cms.BB, cms.BB, true, true},
		"both at B-T":         {open, func(l *localTrust) { l.proofs = 0 }, cms.BT, cms.BT, false, true},
		"only the evidence":   {open, func(l *localTrust) { l.stamps = 2 }, cms.BLTA, cms.BB, false, true},
		"evidence at B-LT":    {open, func(l *localTrust) { l.stamps = 3 }, cms.BLTA, cms.BLT, false, false},
		"no seal, B-B":        {closed, func(l *localTrust) { l.stamps = 0 }, 0, cms.BB, false, true},
		"no seal, B-LT":       {closed, func(l *localTrust) { l.stamps = 1 }, 0, cms.BLT, false, false},
		"nothing was missing": {open, func(*localTrust) {}, cms.BLTA, cms.BLTA, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, f, _ := pendingProcess(t, c.doc, c.away)
			was := f.Process.seals()
			if was.document.Level != c.document || was.evidence.Level != c.evidence || f.Process.Pending() != (c.evidence < cms.BLTA) {
				t.Fatalf("sealed at %v and %v, pending %v", was.document.Level, was.evidence.Level, f.Process.Pending())
			}
			if d, err := s.RaiseJob(t.Context(), Job{Process: testProcess}); err != nil {
				t.Fatal(err)
			} else if d != nil {
				change, err := d(*f)
				if err != nil || change.Evidence == nil || change.Renews != was.evidence.Blob || len(change.Hasten) == 0 {
					t.Fatalf("%v\n%s", err, change)
				}
				follow(f, change)
			}
			now := f.Process.seals()
			if f.Process.Pending() || now.evidence.Level != cms.BLTA || now.evidence.Key != was.evidence.Key || c.document > 0 && now.document.Level != cms.BLTA {
				t.Errorf("afterwards %+v", now)
			}
			final, paper := bytesOf(s, now.document.Blob), bytesOf(s, now.evidence.Blob)
			if !bytes.HasPrefix(final, c.doc) || bytes.HasPrefix(final, bytesOf(s, was.document.Blob)) == c.anew {
				t.Errorf("the document is not what it should be: sealed anew %v", !c.anew)
			}
			if bytes.HasPrefix(paper, bytesOf(s, was.evidence.Blob)) == c.renewed {
				t.Errorf("the evidence was made anew: %v", !c.renewed)
			}
			drawn, _ := s.Paper.(*paperOf)
			if d := drawn.evidence.Document; d.Final == nil || d.Final.SHA256 != hexSum(final) || d.Revisions[len(d.Revisions)-1] != *d.Final ||
				!slices.Contains(d.Revisions, EvidenceFile{hexSum(c.doc), int64(len(c.doc))}) {
				t.Errorf("the evidence names %+v of %+v, want %s", d.Final, d.Revisions, hexSum(final))
			}
		})
	}
}

// TestResealedEvidenceSaysTheSame as at the end of the process, whatever came after it.
func TestResealedEvidenceSaysTheSame(t *testing.T) {
	s, f, _ := pendingProcess(t, onePage(), func(l *localTrust) { l.stamps = 0 })
	drawn, _ := s.Paper.(*paperOf)
	first := drawn.evidence
	st, _ := s.Store.(*fakeStore)
	st.activity = func(ActivityQuery) ([]Activity, error) {
		return []Activity{{Lines: []LogEntry{
			{Kind: LogCreated, At: testNow, Actor: testUser}, {Kind: LogCompleted, At: testNow}, {Kind: LogViewed, At: testNow.Add(time.Hour), Signee: keyAnna},
		}}}, nil
	}
	clock := testNow.Add(2 * time.Hour)
	s.Now, f.Now = func() time.Time { return clock }, clock
	if _, err := s.RaiseJob(t.Context(), Job{Process: testProcess}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, drawn.evidence); diff != "" {
		t.Errorf("evidence of the document that was sealed anew (-first +anew):\n%s", diff)
	}
}

func TestRaiseJobDoesNothingUnlessPending(t *testing.T) {
	for _, st := range everyState() {
		f := factsOf(st, signed(anna()))
		f.Process.Sealed = sealedAt(cms.BB)
		f.Process.Sealed.Pending = st != Completed
		s, _, store, _ := sealing(t, &f)
		if d, err := s.RaiseJob(t.Context(), Job{Process: testProcess}); d != nil || err != nil || len(store.calls) != 1 {
			t.Errorf("%s: decision %v, %v, calls %v", st, d != nil, err, store.calls)
		}
	}
}

// TestSealWaitsForNobodyForEver: a service that hangs is one that is away.
func TestSealWaitsForNobodyForEver(t *testing.T) {
	trust := newLocalTrust(t)
	trust.stamps, trust.slow = 0, true
	services, done := trust.Services().Patient(20 * time.Millisecond)
	defer done()
	begin := time.Now() //nolint:forbidigo // how long it really takes
	if _, err := services.Timestamps.Timestamp(t.Context(), crypto.SHA256, make([]byte, 32)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	trust.proofs = 0
	if _, err := services.Revocations.Collect(t.Context(), nil, testNow); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestOwnerCopyNeverWaits: it is sealed at the level that can be had at once.
func TestOwnerCopyNeverWaits(t *testing.T) {
	f := factsOf(Canceled, signed(anna()), bjorn())
	f.Held = true
	s, _, _, _ := sealing(t, &f)
	trust := newLocalTrust(t)
	trust.stamps = 0
	s.Sealer = trust
	a, err := s.OwnerCopy(t.Context(), testProcess)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestDiscardJob(t *testing.T) {
	f := factsOf(Completed, signed(anna()))
	s, _, st, _ := sealing(t, &f)
	b := &fakeBlobs{}
	s.Blobs = b
	st.blobs = func(ProcessKey) ([]string, error) { return []string{testBlobName, raisedBlob}, nil }
	for ref, deleted := range map[string]int{raisedBlob: 0, sealedBlob: 1} {
		b.deleted = nil
		if d, err := s.DiscardJob(t.Context(), Job{Process: testProcess, Ref: ref}); d != nil || err != nil || len(b.deleted) != deleted {
			t.Errorf("%s: deleted %q, %v", ref, b.deleted, err)
		}
	}
	b.fail = errAway
	if _, err := s.DiscardJob(t.Context(), Job{Process: testProcess, Ref: sealedBlob}); !errors.Is(err, errAway) || IsPermanent(err) {
		t.Errorf("a failing store: %v", err)
	}
}
