package main

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestSequenceWithFilesAndDrawings: files come before the document in the body and belong to their process, one drawn
// signature is for all documents, and what is wrong is named with its place.
func TestSequenceWithFilesAndDrawings(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{})
	bodyWith := func(name string) map[string]any {
		body := r.sequenceOf(part{"lease", []who{byMail("Ann", "ann@files.example")}}, part{"annex", []who{byMail("Ann", "ann@files.example")}})
		all, _ := body["createSigningProcesses"].([]map[string]any)
		all[1]["attachments"] = []any{
			map[string]any{"fileName": "short.txt", "fileContent": base64.StdEncoding.EncodeToString([]byte("short"))},
			map[string]any{"fileName": name, "fileContent": base64.StdEncoding.EncodeToString([]byte(strings.Repeat("long ", 9<<10)))},
		}
		return body
	}
	refusal(t, "a folder", r.ask("POST", "/management/signing/sequential", "own", bodyWith("../long.txt")), 400, "FileName",
		"createSigningProcesses[1].attachments[1].fileName")
	a := r.ask("POST", "/management/signing/sequential", "own", bodyWith("long.txt"))
	var q sequence
	var files struct {
		SigningProcesses []attachedProcess
	}
	if a.json(t, &q); a.status != 200 {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	a.json(t, &files)
	refs := files.SigningProcesses[1].AttachmentReferences
	if len(files.SigningProcesses[0].AttachmentReferences) != 0 || len(refs) != 2 || refs[1].FileName != "long.txt" || refs[1].ContentLength != 5*9<<10 {
		t.Fatalf("files of the lease and the annex: %+v", files.SigningProcesses)
	}

	image := map[string]any{"sequenceKey": q.Key, "SequenceSigneeKey": q.person(0), "image": "data:image/png;base64," + base64.StdEncoding.EncodeToString(strokes(t, 60, 30))}
	if a := r.ask("POST", "/signing/simple/bulk/imageData", "", image); a.status != 204 {
		t.Fatalf("draw: %d %s", a.status, a.body)
	}
	if a := r.signWhole(q, q.person(0), "ann@files.example"); a.status != 200 {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	for _, p := range q.SigningProcesses {
		if sealed := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body; !bytes.Contains(sealed, []byte("/Width 60")) {
			t.Errorf("the drawing is not in %s", p.PdfFileName)
		}
	}
	m := r.mailTo("ann@files.example", func(m innsiglitest.Mail) bool { return len(m.Files) > 0 })
	var names []string
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	if want := []string{"lease.pdf", "annex.pdf", "short.txt", "long.txt"}; !slices.Equal(names, want) {
		t.Errorf("the mail has %q, want %q", names, want)
	}
	const none = "/Signing/HasCertificate/Key/%66/Phone/+3545550001/Ssn/0101302989"
	if a := r.ask("GET", none, "", nil); a.status != 200 || !strings.Contains(string(a.body), `"error_code":"NoProvider"`) {
		t.Errorf("has certificate: %d %s", a.status, a.body)
	}
}
