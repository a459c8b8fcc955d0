package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pdf"
)

var p256 = elliptic.P256()

// TestEachLevelIsReached looks at what each level must bring, and asks strangers.
func TestEachLevelIsReached(t *testing.T) {
	for _, c := range []struct {
		want      cms.Level
		revisions int
		asked     int
	}{{cms.BB, 1, 0}, {cms.BT, 1, 1}, {cms.BLT, 2, 2}, {cms.BLTA, 3, 3}} {
		t.Run(c.want.String(), func(t *testing.T) {
			a := newAuthority(t, ecKey(t, p256))
			in := written(t, 2)
			r, got, err := pades.SignTo(t.Context(), open(t, in), fullSeal(t), a.house().signer, a.services(), c.want)
			if err != nil || got != c.want {
				t.Fatalf("%v: %v", got, err)
			}
			out := bytesOf(t, r)
			if sum := sha256.Sum256(out); !bytes.Equal(sum[:], r.SHA256()) {
				t.Error("SHA256 is not that of the file")
			}
			if !bytes.HasPrefix(out, in) || revisionsOf(out)-revisionsOf(in) != c.revisions || a.calls != c.asked {
				t.Errorf("%d revisions, %d calls", revisionsOf(out)-revisionsOf(in), a.calls)
			}
			keepAs(t, c.want.String(), out)
			judgeLevel(t, out, a, c.want)
			// What is there needs nothing more.
			again, got, err := pades.Raise(t.Context(), open(t, out), cms.Services{}, c.want)
			if c.want < cms.BLTA && (err != nil || got != c.want || again.Appended() != 0) {
				t.Errorf("raised again: %v, %v", got, err)
			}
		})
	}
}

func keepAs(t *testing.T, name string, b []byte) {
	t.Helper()
	if dir := os.Getenv("INNSIGLI_KEEP"); dir != "" {
		keep(t, filepath.Join(dir, name+".pdf"), b)
	}
}

// judgeLevel asks strangers about a file whose newest signature has a level.
func judgeLevel(t *testing.T, b []byte, a *authority, want cms.Level) {
	t.Helper()
	h := a.house()
	if want <= cms.BT {
		judge(t, b, h)
	} else {
		judgeGrown(t, b, h)
	}
	signatures := signaturesOf(t, b)
	newest := signatures[len(signatures)-1]
	s, err := cms.Parse(newest.contents)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(newest.content); s.Check(sum[:]) != nil {
		t.Error("signature does not match")
	}
	if (s.Token != nil) != (want >= cms.BT) {
		t.Errorf("signature time-stamp: %v", s.Token != nil)
	}
	if s.Token != nil {
		judgeToken(t, a, s.Token, s.Value)
	}
	stamps := stampsOf(t, b)
	if (len(stamps) > 0) != (want >= cms.BLTA) {
		t.Errorf("%d document time-stamps", len(stamps))
	}
	for _, s := range stamps {
		judgeToken(t, a, derOf(t, s.contents), s.content)
	}
}

// judgeToken asks openssl about a time-stamp.
func judgeToken(t *testing.T, a *authority, token, over []byte) {
	t.Helper()
	need(t, "openssl", "openssl")
	out, err := exec.CommandContext(t.Context(), "openssl", "ts", "-verify", "-token_in", "-in", file(t, "token", token),
		"-data", file(t, "data", over), "-CAfile", file(t, "root.pem", a.house().root), "-untrusted", file(t, "ca.pem", pemOf(a.issuing.cert))).CombinedOutput()
	if err != nil {
		t.Errorf("openssl ts: %v\n%s", err, out)
	}
}

// TestAFailingServiceGivesWhatWasReached fails each call in turn, once and for
// good, and then raises what is pending.
func TestAFailingServiceGivesWhatWasReached(t *testing.T) {
	in := written(t, 1)
	for n, c := range []struct{ reached, fields int }{{int(cms.BB), 1}, {int(cms.BT), 1}, {int(cms.BLT), 1}} {
		for _, down := range []bool{false, true} {
			a := newAuthority(t, ecKey(t, p256))
			a.failAt, a.down = n+1, down
			r, got, err := pades.SignTo(t.Context(), open(t, in), pades.Seal{Time: signingTime}, a.house().signer, a.services(), cms.BLTA)
			var pending *cms.Pending
			if !errors.As(err, &pending) || !errors.Is(err, errDown) || got != cms.Level(c.reached) ||
				pending.Reached != got || pending.Want != cms.BLTA {
				t.Fatalf("call %d: %v, %v", n+1, got, err)
			}
			if a.calls != n+1 {
				t.Errorf("call %d: %d calls were made: a service that is down is asked again", n+1, a.calls)
			}
			lower := bytesOf(t, r)
			judgeLevel(t, lower, a, got)
			// Later, the services are up again; the file comes from disk.
			a.failAt = 0
			r, got, err = pades.Raise(t.Context(), open(t, lower), a.services(), cms.BLTA)
			if err != nil || got != cms.BLTA {
				t.Fatalf("call %d: raised to %v, %v", n+1, got, err)
			}
			whole := bytesOf(t, r)
			if !bytes.HasPrefix(whole, lower) {
				t.Error("raising changed what was there")
			}
			want := 1
			if n == 0 {
				want = 2 // one to prove the time, one over the store
			}
			if got := stampsOf(t, whole); len(got) != want {
				t.Errorf("call %d: %d document time-stamps", n+1, len(got))
			}
			judgeGrown(t, whole, a.house())
		}
	}
}

// TestRaisingFailsAtEachStep raises a bare signature and fails each call in turn.
func TestRaisingFailsAtEachStep(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	bare := raised(t, written(t, 1), pades.Seal{Time: signingTime}, a, cms.BB)
	for n, want := range []cms.Level{cms.BB, cms.BT, cms.BLT} {
		a.calls, a.failAt = 0, n+1
		r, got, err := pades.Raise(t.Context(), open(t, bare), a.services(), cms.BLTA)
		var pending *cms.Pending
		if !errors.As(err, &pending) || got != want || r == nil {
			t.Fatalf("call %d: %v, %v", n+1, got, err)
		}
		if n == 0 && r.Appended() != 0 {
			t.Error("something was appended for nothing")
		}
		// What was reached is kept: the next attempt goes on from there.
		a.calls, a.failAt = 0, 0
		r, got, err = pades.Raise(t.Context(), open(t, bytesOf(t, r)), a.services(), cms.BLTA)
		if err != nil || got != cms.BLTA || a.calls != 3-n {
			t.Errorf("call %d: %v after %d calls, %v", n+1, got, a.calls, err)
		}
		judgeGrown(t, bytesOf(t, r), a.house())
	}
}

// TestRenewing adds time-stamps to a document that has all already.
func TestRenewing(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	out := raised(t, written(t, 1), pades.Seal{Time: signingTime}, a, cms.BLTA)
	for year := 1; year <= 3; year++ {
		a.now = a.now.AddDate(1, 0, 0)
		before := len(proofsOf(t, out).OCSPs)
		a.asked = nil
		r, got, err := pades.Raise(t.Context(), open(t, out), a.services(), cms.BLTA)
		if err != nil || got != cms.BLTA {
			t.Fatal(got, err)
		}
		out = bytesOf(t, r)
		if n := len(stampsOf(t, out)); n != year+1 {
			t.Errorf("%d time-stamps in year %d", n, year)
		}
		if after := len(proofsOf(t, out).OCSPs); after <= before {
			t.Error("no fresh proof of the time-stamp before")
		}
		if len(a.asked) != 1 || !a.asked[0].After(signingTime.AddDate(year-1, 0, -1)) {
			t.Errorf("asked for proofs after %v", a.asked)
		}
	}
	judgeGrown(t, out, a.house())
	// Certificates are stored once.
	if n := len(proofsOf(t, out).Certs); n != 5 {
		t.Errorf("%d certificates in the store", n)
	}
	// A renewal that fails half way leaves a document that is as good as before.
	a.calls, a.failAt = 0, 2
	r, got, err := pades.Raise(t.Context(), open(t, out), a.services(), cms.BLTA)
	var pending *cms.Pending
	if !errors.As(err, &pending) || got != cms.BLTA {
		t.Fatal(got, err)
	}
	if _, got, _ = pades.Raise(t.Context(), open(t, bytesOf(t, r)), cms.Services{}, cms.BLT); got != cms.BLTA {
		t.Errorf("half renewed is %v", got)
	}
}

// TestACollectorThatLeavesSomethingOutIsNotBelieved keeps a level from being a lie.
func TestACollectorThatLeavesSomethingOutIsNotBelieved(t *testing.T) {
	for _, name := range []string{"Prófun innsigli ehf.", "Test Issuing CA", "Test Time-Stamping Unit"} {
		a := newAuthority(t, ecKey(t, p256))
		a.leaveOut = name
		r, got, err := pades.SignTo(t.Context(), open(t, written(t, 1)), pades.Seal{Time: signingTime}, a.house().signer, a.services(), cms.BLTA)
		var pending *cms.Pending
		if !errors.As(err, &pending) || got != cms.BT {
			t.Errorf("%s left out: %v, %v", name, got, err)
		}
		judgeLevel(t, bytesOf(t, r), a, cms.BT)
	}
}

func TestEveryKeyReachesTheTop(t *testing.T) {
	rsa, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"P-384": ecKey(t, elliptic.P384()), "P-521": ecKey(t, elliptic.P521()), "RSA": rsa} {
		a := newAuthority(t, key)
		a.lists = true
		out := raised(t, written(t, 1), fullSeal(t), a, cms.BLTA)
		judgeGrown(t, out, a.house())
		keepAs(t, "BLTA-"+name, out)
		if p := proofsOf(t, out); len(p.OCSPs) != 0 || len(p.CRLs) != 2 {
			t.Errorf("%s: %d answers, %d lists", name, len(p.OCSPs), len(p.CRLs))
		}
	}
}

// TestMemoryDoesNotGrowWithTheDocument counts what sealing allocates, in bytes.
func TestMemoryDoesNotGrowWithTheDocument(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	const bound = 8 << 20
	in := sized(48 << 20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, got, err := pades.SignTo(t.Context(), open(t, in), pades.Seal{Time: signingTime}, a.house().signer, a.services(), cms.BLTA)
	if err != nil || got != cms.BLTA {
		t.Fatal(got, err)
	}
	n, err := r.WriteTo(io.Discard)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > bound || err != nil || n != r.Size() {
		t.Errorf("%d bytes for a document of %d, %v", took, len(in), err)
	}
}

// counting counts the bytes that are read of a document.
type counting struct {
	io.ReaderAt
	read int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.read += int64(n)
	return n, err
}

// TestTheDocumentIsHashedOnce counts what is read for three revisions.
func TestTheDocumentIsHashedOnce(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	in := sized(4 << 20)
	from := &counting{ReaderAt: bytes.NewReader(in)}
	doc, err := pades.Open(from, int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := pades.SignTo(t.Context(), doc, pades.Seal{Time: signingTime}, a.house().signer, a.services(), cms.BLTA)
	if err != nil {
		t.Fatal(err)
	}
	if from.read > int64(len(in))*3/2 {
		t.Errorf("%d bytes read of a document of %d", from.read, len(in))
	}
	if sum := sha256.Sum256(bytesOf(t, r)); !bytes.Equal(sum[:], r.SHA256()) {
		t.Error("SHA256 is not that of the file")
	}
}

// TestAtTheLargestSize has ranges of eight digits, and no room for what comes after the signature.
func TestAtTheLargestSize(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	in := sized(pdf.MaxFileSize - 50<<10)
	r, got, err := pades.SignTo(t.Context(), open(t, in), pades.Seal{Time: signingTime}, a.house().signer, a.services(), cms.BLTA)
	var pending *cms.Pending
	if !errors.As(err, &pending) || got != cms.BLT || !isRefused(err, pdf.TooLarge) {
		t.Fatal(got, err)
	}
	out := bytesOf(t, r)
	s := signaturesOf(t, out)
	sum := sha256.Sum256(s[0].content)
	if _, err := cms.Verify(s[0].contents, sum[:]); err != nil || len(s) != 1 {
		t.Error(err)
	}
}

// TestRaisingStopsAtTheLargestSize lets a raised file just fit, and just not: then the step before is kept. Proofs are
// signed with ECDSA, so that their length is known but for some bytes.
func TestRaisingStopsAtTheLargestSize(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	const first, sway = pdf.MaxFileSize - 1<<20, 16
	atBT := func(n int) *pades.Document {
		return open(t, raised(t, sized(n), pades.Seal{Time: signingTime}, a, cms.BT))
	}
	r, got, err := pades.Raise(t.Context(), atBT(first), a.services(), cms.BLTA)
	if err != nil || got != cms.BLTA {
		t.Fatal(got, err)
	}
	fits := first + pdf.MaxFileSize - int(r.Size())
	if r, got, err = pades.Raise(t.Context(), atBT(fits-sway), a.services(), cms.BLTA); err != nil || got != cms.BLTA || r.Size() < pdf.MaxFileSize-2*sway {
		t.Errorf("%d bytes: %v, %v", r.Size(), got, err)
	}
	r, got, err = pades.Raise(t.Context(), atBT(fits+sway), a.services(), cms.BLTA)
	var pending *cms.Pending
	if !errors.As(err, &pending) || got != cms.BLT || !isRefused(err, pdf.TooLarge) {
		t.Fatal(got, err)
	}
	if doc, err := pades.Open(r, r.Size()); err != nil || doc.Size() > pdf.MaxFileSize {
		t.Error(err)
	}
}

// lying is a time-stamping service that answers with something else.
type lying struct{ answer *cms.Token }

func (l lying) Timestamp(context.Context, crypto.Hash, []byte) (*cms.Token, error) {
	return l.answer, nil
}

// TestALyingServiceMakesNoLie lets a service answer with what it was not asked for.
func TestALyingServiceMakesNoLie(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	other, err := a.Timestamp(t.Context(), crypto.SHA256, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]*cms.Token{"nothing": nil, "about something else": other} {
		services := cms.Services{Timestamps: lying{token}, Revocations: a}
		r, got, err := pades.SignTo(t.Context(), open(t, written(t, 1)), pades.Seal{Time: signingTime}, a.house().signer, services, cms.BLTA)
		var pending *cms.Pending
		if !errors.As(err, &pending) || got != cms.BB || r == nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		judgeLevel(t, bytesOf(t, r), a, cms.BB)
	}
	// A time-stamp from after the certificate's end would prove that the signature is too late.
	a.now = signingTime.AddDate(4, 0, 0)
	if _, got, err := pades.SignTo(t.Context(), open(t, written(t, 1)), pades.Seal{Time: signingTime}, a.house().signer, a.services(), cms.BLTA); got != cms.BB {
		t.Errorf("an expired certificate: %v, %v", got, err)
	}
}

// TestStepsAlone goes up one step at a time, with the names of signatures in the store.
func TestStepsAlone(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	h := a.house()
	r, err := pades.Sign(t.Context(), open(t, written(t, 1)), pades.Seal{Time: signingTime}, h.signer)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = pades.Archive(t.Context(), reopen(t, r), a); err != nil {
		t.Fatal(err)
	}
	m, err := a.Collect(t.Context(), []*x509.Certificate{a.seal.cert, a.tsa.cert}, a.now)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = pades.Extend(t.Context(), reopen(t, r), m, pades.ExtendOptions{VRI: true}); err != nil {
		t.Fatal(err)
	}
	out := bytesOf(t, r)
	for _, s := range append(signaturesOf(t, out), stampsOf(t, out)...) {
		if key := fmt.Sprintf("/%X <<", sha1.Sum(s.contents)); !bytes.Contains(out, []byte(key)) {
			t.Errorf("nothing under %s", key)
		}
	}
	// The same once more adds nothing; something new is merged.
	again, err := pades.Extend(t.Context(), open(t, out), m, pades.ExtendOptions{VRI: true})
	if err != nil || again.Size() != int64(len(out)) {
		t.Errorf("%d bytes became %d, %v", len(out), again.Size(), err)
	}
	a.now = a.now.Add(time.Hour)
	if r, err = pades.Extend(t.Context(), open(t, out), cms.Material{CRLs: [][]byte{a.list(a.root)}}, pades.ExtendOptions{}); err != nil {
		t.Fatal(err)
	}
	before, after := proofsOf(t, out), proofsOf(t, bytesOf(t, r))
	if len(after.CRLs) != len(before.CRLs)+1 || len(after.Certs) != len(before.Certs) || len(after.OCSPs) != len(before.OCSPs) {
		t.Errorf("%d, %d and %d proofs", len(after.Certs), len(after.OCSPs), len(after.CRLs))
	}
	judgeGrown(t, bytesOf(t, r), h)
	if _, _, err := pades.Raise(t.Context(), open(t, written(t, 1)), a.services(), cms.BLTA); err == nil {
		t.Error("raised a document without a signature")
	}
	for _, want := range []cms.Level{0, 5} {
		if _, _, err := pades.Raise(t.Context(), open(t, out), a.services(), want); err == nil {
			t.Errorf("raised to %v", want)
		}
	}
}

// TestHostileStores raises documents with stores that others made, badly.
func TestHostileStores(t *testing.T) {
	a := newAuthority(t, ecKey(t, p256))
	for name, dss := range map[string]string{
		"no dictionary":  "[1 2]",
		"no arrays":      "<< /Certs 1 /OCSPs << >> /CRLs (x) >>",
		"no streams":     "<< /Certs [1 (x) null 3 0 R 99 0 R] >>",
		"itself":         "<< /Certs [4 0 R] /VRI 4 0 R >>",
		"damaged stream": "<< /Certs [5 0 R] /OCSPs [5 0 R] /CRLs [5 0 R] /Own /Kept >>",
		"garbage in it":  "<< /Certs [6 0 R 6 0 R] /OCSPs [6 0 R] /CRLs [6 0 R] >>",
	} {
		in := handmade.PDF("<< /Type /Catalog /Pages 2 0 R /DSS 4 0 R >>", pages, page, dss,
			"<< /Filter /FlateDecode /Length 3 >>\nstream\nxyz\nendstream", "<< /Length 3 >>\nstream\n0\x80\x00\nendstream")
		r, got, err := pades.SignTo(t.Context(), open(t, in), pades.Seal{Time: signingTime}, a.house().signer, a.services(), cms.BLTA)
		if err != nil || got != cms.BLTA {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		out := bytesOf(t, r)
		if name == "damaged stream" && !bytes.Contains(out[len(in):], []byte("/Own /Kept")) {
			t.Errorf("%s: what was in the store is gone", name)
		}
		open(t, out)
	}
}
