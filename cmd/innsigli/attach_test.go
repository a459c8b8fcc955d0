package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// attachedProcess is what these tests read of a process.
type attachedProcess struct {
	process
	AttachmentReferences []reference `json:"attachmentReferences"`
}

type reference struct {
	ID, FileName, ContentType, URL, Description, ProcessKey, AttachmentType, SigneeKey string

	ContentLength int64
}

// form is a form with files, each a name and a content, and texts.
func form(t *testing.T, texts map[string]string, files ...[2]string) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range files {
		part, err := w.CreateFormFile("file", f[0])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(f[1]))
	}
	for k, v := range texts {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

// attach uploads a form for the n-th signee.
func (r *rig) attach(p process, n int, body []byte, contentType string) answer {
	r.tb.Helper()
	req, err := http.NewRequest(http.MethodPost, r.url+"/api/Signing/"+p.Key+"/signee/"+p.Signees[n].Key+"/attachment", bytes.NewReader(body))
	if err != nil {
		r.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	return r.do(req)
}

// path is the part of an address behind the server.
func (r *rig) path(t *testing.T, url string) string {
	t.Helper()
	p, ok := strings.CutPrefix(url, r.url)
	if !ok {
		t.Fatalf("%s is no address of %s", url, r.url)
	}
	return p
}

func TestAttachments(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, s := newLocal(t, db, seams{})
		r.hook()
		long := strings.Repeat("The terms are long. ", 40<<10) // spilled out of the JSON, unlike the short one
		body := r.bodyOf(innsiglitest.PDF(t, 1, "with files"), byMail("Ann", "ann@example.com"), byMail("Bo", "bo@example.com"))
		body["attachments"] = []any{
			map[string]any{"fileName": "Skilmálar.txt", "FileContent": base64.StdEncoding.EncodeToString([]byte(long))},
			map[string]any{"FileName": "page.html", "fileContent": base64.StdEncoding.EncodeToString([]byte("<script>alert(1)</script>"))},
		}
		p := r.createAttached(t, body)
		if len(p.AttachmentReferences) != 2 {
			t.Fatalf("created with %+v", p.AttachmentReferences)
		}
		terms, page := p.AttachmentReferences[0], p.AttachmentReferences[1]
		r.sendersFiles(t, p, long)
		r.passport(t, p)
		r.attachRefusals(t, p.process)
		refusal(t, "take away the sender's", r.ask("DELETE", "/signing/"+p.Key+"/attachment/"+page.ID+"/fileName/page.html", "", nil), 401, "Unauthorized")
		if a := r.ask("DELETE", "/signing/"+p.Key+"/attachment/"+page.ID+"/fileName/page.html", "own", nil); a.status != 204 || len(a.body) != 0 {
			t.Errorf("detach: %d %s", a.status, a.body)
		}
		refusal(t, "taken away", r.ask("GET", r.path(t, page.URL), "own", nil), 404, "NotFound")
		r.copiedFile(t, p.Key, terms)
		r.signedWithFiles(t, s, p.process)
		late, kind := form(t, nil, [2]string{"late.txt", "late"})
		refusal(t, "attach to what is completed", r.attach(p.process, 0, late, kind), 406, "ProcessNotActive", "ProcessKey")
		r.hooksNameFiles(t, p.Key)
		if log := r.statuses(p.Key); count(log, "AttachmentAdded") != 1 || count(log, "AttachmentRemoved") != 1 {
			t.Errorf("log: %q", log)
		}
	})
}

// sendersFiles: both are named and handed out, and never as a page.
func (r *rig) sendersFiles(t *testing.T, p attachedProcess, long string) {
	t.Helper()
	terms, page := p.AttachmentReferences[0], p.AttachmentReferences[1]
	if terms.FileName != "Skilmálar.txt" || terms.ContentLength != int64(len(long)) || terms.AttachmentType != "Unspecified" ||
		len(terms.ID) != 34 || !strings.HasPrefix(terms.ID, "at") || terms.ProcessKey != p.Key || terms.SigneeKey != "" {
		t.Errorf("reference: %+v", terms)
	}
	a := r.ask("GET", r.path(t, terms.URL), "", nil)
	if a.status != 200 || string(a.body) != long || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("fetched: %d %s %d bytes", a.status, a.header.Get("Content-Type"), len(a.body))
	}
	a = r.ask("GET", "/signing/"+p.Key+"/attachment/"+page.ID+"/fileName/PAGE.html", "", nil)
	if a.status != 200 || a.header.Get("Content-Type") != "application/octet-stream" || a.header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("a page in place of a file: %d %v", a.status, a.header)
	}
	for _, wrong := range []string{
		"/signing/" + p.Key + "/attachment/" + page.ID + "/fileName/other.html", "/attachment/" + p.Key + "/at00/page.html",
		"/attachment/sp00/" + page.ID + "/page.html",
	} {
		refusal(t, wrong, r.ask("GET", wrong, "", nil), 404, "NotFound")
	}
}

// passport: what a signee attaches is for the sender and that signee alone.
func (r *rig) passport(t *testing.T, p attachedProcess) {
	t.Helper()
	file, kind := form(t, map[string]string{"Description": "Vegabréf", "AttachmentType": "60"}, [2]string{"passport.png", "PNG of Ann"})
	a := r.attach(p.process, 0, file, kind)
	var mine reference
	if a.json(t, &mine); a.status != 200 || mine.SigneeKey != p.Signees[0].Key || mine.AttachmentType != "VerificationMedia" ||
		mine.Description != "Vegabréf" || mine.ContentType != "image/png" || mine.ContentLength != 10 {
		t.Fatalf("attached: %d %s", a.status, a.body)
	}
	seen := func(n int) int {
		var v attachedProcess
		r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[n].Key, "", nil).json(t, &v)
		return len(v.AttachmentReferences)
	}
	if seen(0) != 3 || seen(1) != 2 {
		t.Errorf("Ann sees %d, Bo %d; her passport is hers", seen(0), seen(1))
	}
}

// copiedFile copies a file of one process into another, which takes nothing along when it is cancelled.
func (r *rig) copiedFile(t *testing.T, from string, terms reference) {
	t.Helper()
	copied := r.bodyOf(innsiglitest.PDF(t, 1, "copy"), byMail("Ann", "ann@copy.example"))
	copied["attachmentReferences"] = []any{terms, map[string]any{"id": "at0", "processKey": from}}
	refusal(t, "copy of none", r.ask("POST", "/management/signing", "own", copied), 400, "NotFound", "attachmentReferences[1]")
	copied["attachmentReferences"] = []any{terms}
	second := r.createAttached(t, copied)
	if len(second.AttachmentReferences) != 1 || second.AttachmentReferences[0].ID == terms.ID || second.AttachmentReferences[0].FileName != terms.FileName {
		t.Fatalf("copied: %+v", second.AttachmentReferences)
	}
	if st := r.cancel(second.Key); st != 204 {
		t.Fatal(st)
	}
	for _, x := range second.AttachmentReferences {
		refusal(t, "after the cancel", r.ask("GET", r.path(t, x.URL), "own", nil), 410, "ProcessCanceled")
	}
	if a := r.ask("GET", r.path(t, terms.URL), "", nil); a.status != 200 {
		t.Errorf("the one that was copied went with the copy: %d", a.status)
	}
}

// signedWithFiles: everybody's mail has the files that are theirs to see.
func (r *rig) signedWithFiles(t *testing.T, s *server, p process) {
	t.Helper()
	for n := range p.Signees {
		token := r.tokenFor(p, n)
		if a := r.otp(token, codeFor(s, token)); a.status != 200 {
			t.Fatalf("sign: %d %s", a.status, a.body)
		}
	}
	r.settled()
	for to, want := range map[string][]string{
		"ann@example.com": {"samningur.pdf", "Skilmálar.txt", "passport.png"}, "bo@example.com": {"samningur.pdf", "Skilmálar.txt"},
		"owner@nordurljos.example": {"samningur.pdf", "Skilmálar.txt", "passport.png"},
	} {
		m := r.mailTo(to, func(m innsiglitest.Mail) bool { return len(m.Files) > 0 && m.Files[0].Name == "samningur.pdf" })
		var names []string
		for _, f := range m.Files {
			names = append(names, f.Name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("mail to %s has %q, want %q", to, names, want)
		}
	}
}

func (r *rig) createAttached(t *testing.T, body map[string]any) attachedProcess {
	t.Helper()
	a := r.ask("POST", "/management/signing", "own", body)
	var p attachedProcess
	if a.json(t, &p); a.status != 200 {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	return p
}

// attachRefusals sends forms that are wrong.
func (r *rig) attachRefusals(t *testing.T, p process) {
	t.Helper()
	none, kind := form(t, map[string]string{"Description": "x"})
	refusal(t, "no file", r.attach(p, 0, none, kind), 400, "NotEmpty", "File")
	two, kind := form(t, nil, [2]string{"a.txt", "a"}, [2]string{"b.txt", "b"})
	refusal(t, "two files", r.attach(p, 0, two, kind), 400, "Length", "File")
	bad, kind := form(t, map[string]string{"AttachmentType": "Sticker"}, [2]string{"a.txt", "a"})
	refusal(t, "unknown type", r.attach(p, 0, bad, kind), 400, "Enum", "AttachmentType")
	own, kind := form(t, map[string]string{"AttachmentType": "EvidencePage"}, [2]string{"a.txt", "a"})
	refusal(t, "evidence", r.attach(p, 0, own, kind), 400, "Reserved", "AttachmentType")
	refusal(t, "no form", r.attach(p, 0, []byte("{}"), "application/json"), 400, "Malformed", "File")
	refusal(t, "half a form", r.attach(p, 0, own[:len(own)/2], kind), 400, "Malformed", "File")
	large, kind := form(t, nil, [2]string{"a.txt", strings.Repeat("x", innsigli.MaxAttachmentBytes+1)})
	refusal(t, "too large", r.attach(p, 0, large, kind), 413, "TooLarge", "File")
	stranger := process{Key: p.Key}
	stranger.Signees = append(stranger.Signees, p.Signees[0])
	stranger.Signees[0].Key = "si00"
	refusal(t, "stranger", r.attach(stranger, 0, two, kind), 404, "NotFound")
}

// hooksNameFiles: the webhook about the creation names both files of the sender, the last one also the signee's and not
// what was taken away.
func (r *rig) hooksNameFiles(t *testing.T, key string) {
	t.Helper()
	for _, req := range r.hooks.Requests() {
		var e struct {
			EventData struct {
				ProcessKey           string
				EventType            int
				AttachmentReferences []struct {
					FileName, Url, SigneeKey string //nolint:staticcheck // the wire's name
					AttachmentType           int
				}
			}
		}
		if err := json.Unmarshal(req.Body, &e); err != nil {
			t.Fatal(err)
		}
		refs := e.EventData.AttachmentReferences
		if e.EventData.ProcessKey != key || innsigli.EventType(e.EventData.EventType) != innsigli.EventAllSigned {
			continue
		}
		if len(refs) != 2 || refs[0].FileName != "Skilmálar.txt" || refs[1].FileName != "passport.png" || refs[1].AttachmentType != 60 || refs[1].SigneeKey == "" {
			t.Errorf("AllSigned names %+v", refs)
		}
		if a := r.ask("GET", r.path(t, refs[1].Url), "own", nil); a.status != 200 || string(a.body) != "PNG of Ann" {
			t.Errorf("its address: %d %s", a.status, a.body)
		}
		return
	}
	t.Error("no webhook AllSigned")
}

// filesAfterTheEnd: their addresses say how the process ended, also when its files have been forgotten.
func filesAfterTheEnd(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	for _, x := range []struct {
		name, code string
		end        func(process)
	}{
		{"canceled", "ProcessCanceled", func(p process) { r.cancel(p.Key) }},
		{"declined", "ProcessCanceled", func(p process) { r.decline(p, 0, "") }},
		{"expired", "ProcessExpired", func(process) { c.add(30 * 24 * time.Hour); s.worker.Kick() }},
	} {
		body := r.bodyOf(innsiglitest.PDF(t, 1, x.name), byMail("Ann", "ann@over.example"))
		body["attachments"] = []any{map[string]any{"fileName": "terms.txt", "fileContent": "dGVybXM="}}
		p := r.createAttached(t, body)
		r.settled()
		x.end(p.process)
		r.shown(p.process) // writes an end that is due
		ref := p.AttachmentReferences[0]
		at := "/signing/" + p.Key + "/attachment/" + ref.ID + "/filename/terms.txt"
		asked := func(when string) {
			t.Helper()
			for _, auth := range []string{"", "own"} {
				refusal(t, x.name+" "+when, r.ask("GET", r.path(t, ref.URL), auth, nil), 410, x.code)
				refusal(t, x.name+" "+when, r.ask("GET", at, auth, nil), 410, x.code)
				refusal(t, x.name+", take away "+when, r.ask("DELETE", at, auth, nil), 410, x.code)
			}
		}
		asked("at once")
		r.settledCopy(p.Key)
		asked("when the file is forgotten")
	}
}

// TestRacesCancelAgainstAttach: whoever is told that the file was kept was first, and then it is gone with the document.
func TestRacesCancelAgainstAttach(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, s := newLocal(t, db, seams{})
		pdf := innsiglitest.PDF(t, 1, "race")
		won := map[string]int{}
		for i := range rounds(t) {
			ann := fmt.Sprintf("ann%d@example.com", i)
			p := r.create(pdf, byMail("Ann", ann))
			body, kind := form(t, nil, [2]string{"a.txt", "race"})
			var canceled int
			var attached answer
			delay := time.Duration(i%5) * time.Millisecond
			atOnce(
				func() { time.Sleep(delay); canceled = r.cancel(p.Key) },
				func() { attached = r.attach(p, 0, body, kind) },
			)
			// A cancel between the look and the reading of the key is seen as a document that is gone.
			if canceled != 204 || attached.status != 200 && attached.status != 406 && attached.status != 410 {
				t.Fatalf("round %d: cancel %d and attach %d %s", i, canceled, attached.status, attached.body)
			}
			won[fmt.Sprint(attached.status)]++
			r.settled()
			r.mustBeCanceled(t, p, ann)
			log := r.statuses(p.Key)
			added, ended := slices.Index(log, "AttachmentAdded"), slices.Index(log, "Canceled")
			if (added >= 0) != (attached.status == 200) || added > ended {
				t.Fatalf("round %d: attach answered %d, log %q", i, attached.status, log)
			}
			if left, err := s.db.Blobs(t.Context(), innsigli.ProcessKey(p.Key)); err != nil || len(left) != 0 {
				t.Fatalf("round %d: left behind %v, %v", i, left, err)
			}
		}
		t.Logf("attach answered: %v", won)
	})
}
