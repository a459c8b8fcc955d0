package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// big is a document as large as the API takes.
const big = 50 << 20

// memory is what a process has in RAM, in bytes.
type memory struct {
	resident  int64 // everything: VmRSS of proc_pid_status(5)
	peak      int64 // the most it ever was: VmHWM
	anonymous int64 // without the pages of the program itself and of files, which the kernel can take back: RssAnon
}

// memory asks the kernel about the server's process. PDFium's children are processes of their own and not in it.
func (r *rig) memory() memory {
	r.tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		r.tb.Skipf("NOT TESTED: the memory of a process is read from /proc, which only Linux has: %v", err)
	}
	var m memory
	fields := map[string]*int64{"VmRSS": &m.resident, "VmHWM": &m.peak, "RssAnon": &m.anonymous}
	for line := range strings.SplitSeq(string(text), "\n") {
		name, value, _ := strings.Cut(line, ":")
		to, ok := fields[name]
		if !ok {
			continue
		}
		kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
		if err != nil {
			r.tb.Fatalf("/proc: %s", line)
		}
		*to = kb << 10
		delete(fields, name)
	}
	if len(fields) > 0 {
		r.tb.Fatalf("/proc: not all there: %s", text)
	}
	return m
}

// growth is how much more memory the server had at its worst while do ran than before, in bytes. The kernel's own mark
// is used, so that no peak is missed between two looks: writing 5 to clear_refs sets it back (proc_pid_clear_refs(5)).
func (r *rig) growth(do func()) int64 {
	r.tb.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", r.cmd.Process.Pid), []byte("5"), 0o600); err != nil {
		r.tb.Skipf("NOT TESTED: the peak of memory cannot be set back: %v", err)
	}
	before := r.memory().resident
	do()
	return r.memory().peak - before
}

// request is the body of a create with one signee, who is not invited.
func (r *rig) request(pdf []byte) []byte {
	r.tb.Helper()
	b, err := json.Marshal(r.bodyOf(pdf, who{"name": "Ann", "email": "ann@example.com", "communicationDeliveryType": "None"}))
	if err != nil {
		r.tb.Fatal(err)
	}
	return b
}

// upload creates a process from a body. It may be called at once from several goroutines.
func (r *rig) upload(body []byte) (p process) {
	a, err := r.try("POST", "/management/signing", "own", body)
	if err != nil || a.status != http.StatusOK {
		r.tb.Errorf("create: %v %d %s", err, a.status, a.body)
		return p
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		r.tb.Error(err)
	}
	return p
}

// download reads a document without keeping it.
func (r *rig) download(p process) {
	r.tb.Helper()
	resp, err := client.Get(r.url + "/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf")
	if err != nil {
		r.tb.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // a reader
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK || n != resp.ContentLength {
		r.tb.Fatalf("download: %d, %d bytes, %v", resp.StatusCode, n, err)
	}
}

// The aim is 32 MB (design/decisions.md 4: a document is never whole in memory) and BenchmarkCreate50MB prints what it
// is. The bound is looser, for machines where the garbage collector gets its turn late; a server that held the document
// once would still break it, since the body alone has 67 MB.
func TestUploadOf50MBDoesNotGrowTheServer(t *testing.T) {
	const bound = 48 << 20
	r := newRig(t, "sqlite")
	body := r.request(innsiglitest.BigPDF(t, big))
	var p process
	if got := r.growth(func() { p = r.upload(body) }); got > bound {
		t.Errorf("upload: the server grew by %d MB, more than %d", got>>20, bound>>20)
	}
	if t.Failed() {
		return
	}
	if got := r.growth(func() { r.download(p) }); got > bound {
		t.Errorf("download: the server grew by %d MB, more than %d", got>>20, bound>>20)
	}
}

// A sequence brings several large documents in one body: they are written away as they come, one at a time, so that the
// server grows by what one of them costs. Any two of these held at once would break the bound.
func TestSequenceOfLargeDocumentsDoesNotGrowTheServer(t *testing.T) {
	const documents, each, bound = 5, 25 << 20, 48 << 20
	r := newRig(t, "sqlite")
	one := r.request(innsiglitest.BigPDF(t, each))
	parts := []io.Reader{strings.NewReader(`{"user":"owner@nordurljos.example","createSigningProcesses":[`)}
	size := int64(len(`{"user":"owner@nordurljos.example","createSigningProcesses":[`))
	for i := range documents {
		comma := strings.Repeat(",", min(i, 1))
		parts = append(parts, strings.NewReader(comma), bytes.NewReader(one))
		size += int64(len(comma) + len(one))
	}
	req, err := http.NewRequest(http.MethodPost, r.url+"/management/signing/sequential", io.MultiReader(append(parts, strings.NewReader("]}"))...))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size + 2
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(string(r.creds.CompanyKey), r.creds.APIKey)
	var q sequence
	got := r.growth(func() { r.do(req).json(t, &q) })
	if len(q.SigningProcesses) != documents {
		t.Fatalf("created %+v", q)
	}
	t.Logf("the server grew by %d MB", got>>20)
	if got > bound {
		t.Errorf("the server grew by %d MB, more than %d", got>>20, bound>>20)
	}
}
