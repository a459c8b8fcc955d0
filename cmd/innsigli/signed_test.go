package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pki"
)

// Documents that bear signatures when they come, through a whole server.

// stranger signs documents before they come to us.
type stranger struct {
	m    pki.Material
	seal pki.Seal
}

func newStranger(t *testing.T) stranger {
	t.Helper()
	m, err := pki.New(time.Now().Add(-time.Hour), "Elsewhere", "http://elsewhere.example")
	if err != nil {
		t.Fatal(err)
	}
	a, err := pki.Load(m)
	if err != nil {
		t.Fatal(err)
	}
	return stranger{m, a.Seal()}
}

// signed is a page with the stranger's signature; certify is what it allows, 0 for an approval.
func (s stranger) signed(t *testing.T, certify int) []byte {
	t.Helper()
	page := innsiglitest.PDF(t, 1, fmt.Sprintf("signed elsewhere %d", certify))
	doc, err := pades.Open(bytes.NewReader(page), int64(len(page)))
	if err != nil {
		t.Fatal(err)
	}
	what := pades.Seal{Time: time.Now().Add(-time.Minute), Certify: certify}
	rev, err := pades.Sign(t.Context(), doc, what, pades.Signer{Key: s.seal.Key, Chain: s.seal.Chain})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := rev.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hexOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// TestDocumentsThatCameSigned keep their bytes. They get an approval seal, or none where their author left no field for
// one, and their evidence is a sealed file of its own that names the final one. EU DSS and pyHanko judge both.
func TestDocumentsThatCameSigned(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		from := newStranger(t)
		r := newRig(t, db)
		r.hook()
		var files, evidences [][]byte
		for _, c := range []struct {
			certify int
			sealed  bool
		}{{0, true}, {2, false}, {3, false}} {
			in := from.signed(t, c.certify)
			final, evidence := r.throughSigned(t, in)
			if !bytes.HasPrefix(final, in) || c.sealed == bytes.Equal(final, in) {
				t.Errorf("certified %d: %d bytes became %d, want a seal %v", c.certify, len(in), len(final), c.sealed)
			}
			e := evidenceIn(t, evidence)
			if d := e.Document; !d.AlreadySigned || d.SHA256 != hexOf(in) || d.Final == nil || d.Final.SHA256 != hexOf(final) {
				t.Errorf("certified %d: the evidence names %+v, want %s", c.certify, d, hexOf(final))
			}
			if files = append(files, evidence); c.sealed {
				judgeSeal(t, r, final)
				files = append(files, final)
			}
			judgeSeal(t, r, evidence)
			evidences = append(evidences, evidence)
		}
		innsiglitest.VeraPDF(t, evidences...)
		judgeLTA(t, append(r.ask("GET", "/pki/root.pem", "", nil).body, from.m.RootCert...), files...)

		a := r.ask("POST", "/management/signing", "own", r.bodyOf(from.signed(t, 1), byMail("Anna", "anna@example.is")))
		if _, fields := a.errorCode(); a.status != http.StatusBadRequest || len(fields) == 0 {
			t.Errorf("one that allows no change: %d %s", a.status, a.body)
		}
		r.canceledSigned(t, from.signed(t, 0))
	})
}

// throughSigned lets one person sign the document, and gives what the company can then fetch.
func (r *rig) throughSigned(t *testing.T, in []byte) (final, evidence []byte) {
	t.Helper()
	p := r.create(in, byMail("Anna", "anna@example.is"))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.until("completed", func() bool { return r.shown(p) == innsigli.Completed.String() })
	r.settled()
	final = r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
	var shown struct {
		AttachmentReferences []struct{ ID, URL, AttachmentType string }
	}
	r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil).json(t, &shown)
	if len(shown.AttachmentReferences) != 1 || shown.AttachmentReferences[0].AttachmentType != "EvidencePage" {
		t.Fatalf("the API names %+v", shown.AttachmentReferences)
	}
	evidence = r.ask("GET", r.path(t, shown.AttachmentReferences[0].URL), "", nil).body
	link := regexp.MustCompile(`href="(/pdf/[^"]+/at[0-9a-f]+\.pdf)" download="samningur\.evidence\.pdf"`)
	onPage := link.FindSubmatch(r.ask("GET", "/s/"+p.Key+"/"+p.Signees[0].Key, "", nil).body)
	if onPage == nil || !bytes.Equal(r.ask("GET", string(onPage[1]), "", nil).body, evidence) {
		t.Errorf("the page offers %q as evidence", onPage)
	}
	found := false
	for _, h := range r.hooks.Requests() {
		var e struct {
			EventData struct {
				ProcessKey           string
				EventType            innsigli.EventType
				AttachmentReferences []struct {
					Url            string //nolint:staticcheck // the wire's name
					AttachmentType int
				}
			}
		}
		if err := json.Unmarshal(h.Body, &e); err != nil {
			t.Fatal(err)
		}
		if e.EventData.ProcessKey != p.Key || e.EventData.EventType != innsigli.EventAllSigned {
			continue
		}
		refs := e.EventData.AttachmentReferences
		if found = true; len(refs) != 1 || refs[0].AttachmentType != 10 || !bytes.Equal(r.ask("GET", r.path(t, refs[0].Url), "own", nil).body, evidence) {
			t.Errorf("the webhook names %+v", refs)
		}
	}
	if !found {
		t.Error("no webhook AllSigned")
	}
	return final, evidence
}

// canceledSigned: the owner's copy of a half signed process is the document and its evidence.
func (r *rig) canceledSigned(t *testing.T, in []byte) {
	t.Helper()
	p := r.create(in, byMail("Anna", "anna@example.is"), byMail("Björn", "bjorn@example.is"))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	if status := r.cancel(p.Key); status != http.StatusNoContent {
		t.Fatalf("cancel: %d", status)
	}
	r.settledCopy(p.Key)
	m := r.lastTo("owner@nordurljos.example")
	if len(m.Files) != 2 || !bytes.HasPrefix(m.Files[0].Bytes, in) {
		t.Fatalf("the owner's copy has %d files", len(m.Files))
	}
	if e := evidenceIn(t, m.Files[1].Bytes); e.Outcome != "canceled" || e.Document.Final == nil || e.Document.Final.SHA256 != hexOf(m.Files[0].Bytes) {
		t.Errorf("evidence of the copy: %+v", e.Document)
	}
}
