package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
	"github.com/innsigli/innsigli/web"
)

// Verify tells about a document what it says of itself.
func (f *fake) Verify(_ context.Context, r io.ReaderAt, size int64) (*innsigli.Report, error) {
	b := make([]byte, size)
	if _, err := r.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	_, word, _ := strings.Cut(string(b), " ")
	at := noon.Add(-time.Hour)
	seal := innsigli.SignatureReport{
		Field: "Seal1", Kind: "signature", Indication: innsigli.TotalPassed, Summary: "valid-extended", Level: "PAdES-BASELINE-LTA",
		Trusted: true, Own: true, Anchor: "Innsigli Root", Time: &at, ClaimedTime: &at, Revision: 2, Changes: "extended",
	}
	seal.Signer = &innsigli.Party{Name: "Norðurljós ehf.", Issuer: "Innsigli Issuing CA", SHA256: strings.Repeat("0a", 32)}
	seal.Findings = []innsigli.Finding{{Rule: "extended", Severity: "info", Clause: "EN 319 142-1, 5.4"}}
	stamp := seal
	stamp.Field, stamp.Kind, stamp.Summary, stamp.Level, stamp.Changes = "Stamp1", "timestamp", "valid-stamp", "", "unchanged"
	stamp.Findings = []innsigli.Finding{{Rule: "whole-file", Severity: "info", Clause: "ISO 32000-2, 12.8.1"}}
	out := &innsigli.Report{Time: noon, Size: size, Revisions: 4, Signatures: []innsigli.SignatureReport{seal, stamp}, Indication: innsigli.TotalPassed, Summary: "all-valid"}
	switch word {
	case "valid":
	case "altered":
		out.Indication, out.Summary = innsigli.TotalFailed, "some-invalid"
		bad := seal
		bad.Indication, bad.SubIndication, bad.Summary, bad.Changes, bad.Own, bad.Level = innsigli.TotalFailed, "FORMAT_FAILURE", "altered", "rewritten", false, "PAdES-BASELINE-T"
		bad.Signer = &innsigli.Party{Name: "<script>alert(1)</script> \u202eevil", Issuer: "Someone", SHA256: strings.Repeat("1b", 32)}
		bad.Findings = []innsigli.Finding{
			{Rule: "rewritten", Severity: "error", Clause: "ISO 32000-2, 7.5.6", Detail: "object 5, page 1 /MediaBox"},
			{Rule: "revocation-none", Severity: "warning", Clause: "EN 319 102-1, 5.2.5", Detail: "Someone"},
		}
		out.Signatures = []innsigli.SignatureReport{bad}
	case "unknown":
		out.Indication, out.Summary = innsigli.Indeterminate, "some-unknown"
		seal.Indication, seal.SubIndication, seal.Summary, seal.Own, seal.Trusted, seal.Time = innsigli.Indeterminate, "NO_CERTIFICATE_CHAIN_FOUND", "untrusted", false, false, nil
		seal.Findings = []innsigli.Finding{{Rule: "chain", Severity: "error", Clause: "EN 319 102-1, 5.2.6", Detail: "Norðurljós ehf."}}
		out.Signatures = []innsigli.SignatureReport{seal}
	case "none":
		out.Indication, out.Summary, out.Signatures = innsigli.Indeterminate, "none", nil
	default:
		return nil, innsigli.InvalidField("file", "Broken", "The document is damaged.")
	}
	return out, nil
}

func TestReportsHaveWordsInEveryLanguage(t *testing.T) {
	rules, summaries := innsigli.VerificationWords()
	var keys []string
	for _, r := range rules {
		keys = append(keys, "page.verify.rule."+r)
	}
	for _, s := range summaries {
		keys = append(keys, "page.verify.sum."+s)
	}
	for _, e := range []string{"unchanged", "extended", "filled", "annotated", "rewritten"} {
		keys = append(keys, "page.verify.changes."+e)
	}
	for _, w := range []string{"missing", "notpdf", "encrypted", "toolarge", "unreadable"} {
		keys = append(keys, "page.verify.wrong."+w)
	}
	for _, tag := range lang.Tags() {
		for _, k := range keys {
			if text := lang.For(tag).T(k); strings.Contains(text, k) || text == "" {
				t.Errorf("%s: %s is missing", tag, k)
			}
		}
	}
}

// form is a multipart body with one file.
func form(t *testing.T, field, name, body string) (string, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte(body))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestADocumentIsCheckedHoweverItComes(t *testing.T) {
	h := served(t, newFake(t), nil)
	body, typ := form(t, "file", "a.pdf", "%PDF valid")
	other, otherTyp := form(t, "other", "a.pdf", "%PDF valid")
	for _, c := range []struct {
		name, body, typ, accept string
		status                  int
		want                    string
	}{
		{"form, page", body, typ, "text/html", 200, "All signatures are valid."},
		{"form, JSON", body, typ, "application/json", 200, `"indication":"TOTAL-PASSED"`},
		{"body, JSON", "%PDF altered", "application/pdf", "*/*", 200, `"indication":"TOTAL-FAILED"`},
		{"broken, JSON", "%PDF what", "application/pdf", "application/json", 400, `"fieldName":"file"`},
		{"broken, page", "%PDF what", "application/pdf", "text/html", 400, `role="alert"`},
		{"another field", other, otherTyp, "application/json", 400, `"errorCode":"Missing"`},
		{"another type", "{}", "application/json", "application/json", 400, `"errorCode":"ContentType"`},
		{"no body", "", "application/pdf", "application/json", 400, `"errorCode":"Missing"`},
		{"half a form", body[:len(body)-60], typ, "application/json", 400, `"errorCode":"Malformed"`},
	} {
		w := ask(t, h, http.MethodPost, VerifyPath, c.body, "Content-Type", c.typ, "Accept", c.accept)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: status %d: %s", c.name, w.Code, w.Body)
		}
		if c.accept != "text/html" && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: no JSON", c.name)
		}
	}
}

func TestADocumentAtTheLimitIsTakenAndOneBeyondIsNot(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	h := served(t, newFake(t), nil)
	for _, c := range []struct{ size, status int }{{innsigli.MaxSealedBytes, 200}, {innsigli.MaxSealedBytes + 1, 413}, {innsigli.MaxSealedBytes + 1<<20, 413}} {
		b := "%PDF valid "
		r := httptest.NewRequest(http.MethodPost, VerifyPath, io.MultiReader(strings.NewReader(b), io.LimitReader(zeros{}, int64(c.size-len(b)))))
		r.Header.Set("Content-Type", "application/pdf")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		// The fake does not know the word with zeros behind it, and says so.
		if got := w.Code; got != c.status && (c.status == 413 || got != 400 || !strings.Contains(w.Body.String(), "Broken")) {
			t.Errorf("%d bytes: status %d, want %d: %s", c.size, got, c.status, w.Body)
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// slowly is a service that looks at a document until it is let go.
type slowly struct {
	*fake
	leave chan struct{}
}

func (s slowly) Verify(context.Context, io.ReaderAt, int64) (*innsigli.Report, error) {
	<-s.leave
	return &innsigli.Report{}, nil
}

// TestAFewDocumentsAreCheckedAtOnceAndWhoWaitsTooLongIsTold: the third waits, and is taken when there is a place in time.
func TestAFewDocumentsAreCheckedAtOnceAndWhoWaitsTooLongIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		place  time.Duration // when the first ends
		status int
	}{"no place in time": {verifyPatient + time.Second, http.StatusTooManyRequests}, "a place in time": {verifyPatient - time.Second, http.StatusOK}} {
		synctest.Test(t, func(t *testing.T) {
			s := slowly{newFake(t), make(chan struct{})}
			h := served(t, s, nil)
			answers := make(chan int, verifyAtOnce+1)
			check := func(n int) {
				r := httptest.NewRequest(http.MethodPost, VerifyPath, strings.NewReader("%PDF valid"))
				r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1", n)
				r.Header.Set("Content-Type", "application/pdf")
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				answers <- w.Code
			}
			for n := range verifyAtOnce {
				go check(n)
			}
			synctest.Wait()
			go check(verifyAtOnce)
			time.Sleep(tc.place)
			synctest.Wait()
			close(s.leave)
			synctest.Wait()
			got := map[int]int{}
			for range verifyAtOnce + 1 {
				got[<-answers]++
			}
			want := map[int]int{http.StatusOK: verifyAtOnce}
			want[tc.status]++
			if !maps.Equal(got, want) {
				t.Errorf("%s: answers %v, want %v", name, got, want)
			}
		})
	}
}

func TestOneClientIsHeldBack(t *testing.T) {
	now := noon
	l := web.NewLimiter(verifyEvery, verifyBurst, func() time.Time { return now })
	at := func(address string) error { return l.Allow(innsigli.Client{Address: address}) }
	for range verifyBurst {
		if err := at("192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := at("192.0.2.1"); innsigli.KindOf(err) != innsigli.TooMany {
		t.Errorf("one too many: %v", err)
	}
	if err := at("192.0.2.2"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	for range verifyBurst {
		_ = at("2001:db8::1")
	}
	if at("2001:db8::2") == nil || at("2001:db8:0:1::1") != nil {
		t.Error("households are not told apart by 64 bits")
	}
	if now = now.Add(verifyEvery); at("192.0.2.1") != nil {
		t.Error("not let in again")
	}
}

func TestADocumentIsCheckedInABrowser(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	url := start(t, f) + VerifyPath
	path := filepath.Join(t.TempDir(), "samningur.pdf")
	if err := os.WriteFile(path, []byte("%PDF valid"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.window(1280, 800, "light")
	b.do(chromedp.Navigate(url), chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{path}))
	b.do(chromedp.Click(chromedp.CSS("#drop .btn")))
	b.until(`document.querySelector("h1")?.textContent === "All signatures are valid." && document.querySelectorAll(".proofs > li").length === 2`)
	// Dropping is what a script can do too, with a file made in the page.
	b.do(chromedp.Navigate(url))
	b.do(chromedp.Evaluate[struct{}](`(() => {
		const t = new DataTransfer();
		t.items.add(new File(["%PDF altered"], "b.pdf", { type: "application/pdf" }));
		document.dispatchEvent(new DragEvent("drop", { dataTransfer: t, bubbles: true, cancelable: true }));
	})()`))
	b.until(`document.querySelector(".tag.stop") !== null && document.querySelector("h1").textContent.startsWith("Not everything")`)
}

// TestWhoseSignatureItIsStandsAsTheLanguageWritesIt: French has a space before the colon.
func TestWhoseSignatureItIsStandsAsTheLanguageWritesIt(t *testing.T) {
	f := newFake(t)
	h := served(t, f, someLetters())
	valid := story{method: http.MethodPost, path: VerifyPath, form: "%PDF valid"}
	for tag, want := range map[string]string{"en": "Signature: Norðurljós ehf.", "fr": "Signature\u00a0: Norðurljós ehf.", "de": "Zeitstempel: Norðurljós ehf."} {
		if html := visible(tell(t, f, h, valid, tag).Body.String()); !strings.Contains(html, want) {
			t.Errorf("%s does not say %q", tag, want)
		}
	}
}
