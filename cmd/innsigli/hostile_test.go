package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// What hostile or broken clients send: texts, sizes, documents, connections, repetitions.

func TestHostile(t *testing.T) {
	t.Parallel()
	r := newRig(t, "sqlite")
	for _, x := range []struct {
		name string
		test func(*testing.T, *rig)
	}{
		{"names", hostileNames},
		{"a hundred signees and one more", hundredSignees},
		{"meta up to its limit and over", metaLimit},
		{"base64 with stray characters", strayBase64},
		{"documents that cannot be sealed", hostileDocuments},
		{"slow clients hold nobody up", slowClients},
		{"documents and bodies up to the limit and over", largeBodies},
		{"bodies that do not come whole", brokenBodies},
		{"bodies that say two things or are no object", strangeBodies},
	} {
		t.Run(x.name, func(t *testing.T) { x.test(t, r.with(t)) })
	}
}

func hostileNames(t *testing.T, r *rig) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "names")
	for i, name := range []string{
		`<img src=x onerror=alert(1)>`, `"><script>alert(1)</script>`, `{{.Name}} ${x} %s %n`, "Ann\u200f ben David\u200e", strings.Repeat("Þ", 200),
		"=cmd|'/c calc'!A1", "Ann; DROP TABLE process;--", "\\u0000", "👩‍👩‍👧 Zoë",
	} {
		to := fmt.Sprintf("name%d@hostile.example", i)
		body := r.bodyOf(pdf, byMail(name, to))
		body["activityDisplayName"], body["meta"] = name, map[string]string{name: name}
		a := r.ask("POST", "/management/signing", "own", body)
		var p process
		if a.json(t, &p); a.status != http.StatusOK || p.Signees[0].Name != name {
			t.Errorf("%q: %d %s", name, a.status, a.body)
			continue
		}
		mail := r.mailTo(to, func(innsiglitest.Mail) bool { return true })
		page := r.ask("GET", "/s/"+p.Key+"/"+p.Signees[0].Key, "", nil)
		for what, text := range map[string]string{"mail": mail.HTML, "page": string(page.body)} {
			if escaped := html.EscapeString(name); escaped != name && strings.ContainsAny(name, "<>") && strings.Contains(text, name) {
				t.Errorf("%q stands unescaped in the %s", name, what)
			}
		}
		if page.status != http.StatusOK {
			t.Errorf("%q: page %d", name, page.status)
		}
		if st := r.cancel(p.Key); st != http.StatusNoContent {
			t.Errorf("%q: cancel %d", name, st)
		}
	}
	for _, name := range []string{
		"Ann\r\nBcc: x@a.example", "Ann\nx", "Ann\x00", "Ann\x1b[31m", "Ann\u202eevil", "Ann\u2066x\u2069", "Ann\u2028x", "Ann\u0085x", strings.Repeat("x", 201),
	} {
		a := r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, byMail("Ok", "ok@hostile.example"), byMail(name, "x@hostile.example")))
		refusal(t, fmt.Sprintf("%.20q", name), a, 400, "", "createSignees[1].name")
	}
	for _, address := range []string{"x@hostile.example\r\nBcc: y@a.example", "x@hostile.example, y@a.example", "<x@hostile.example>", "Ann <x@hostile.example>", "x@hostile.example\x00", "þ@hostile.example", strings.Repeat("x", 250) + "@a.is"} {
		a := r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, byMail("Ann", address)))
		refusal(t, fmt.Sprintf("%.20q", address), a, 400, "Email", "createSignees[0].email")
	}
}

func hundredSignees(t *testing.T, r *rig) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "hundred")
	var people []who
	for i := range innsigli.MaxSignees {
		people = append(people, who{"name": fmt.Sprintf("Person %d", i), "email": fmt.Sprintf("p%d@hundred.example", i)})
	}
	p := r.create(pdf, people...)
	for i, s := range p.Signees {
		if s.Email != people[i]["email"] {
			t.Fatalf("signee %d is %s: the order of the request is lost", i, s.Email)
		}
	}
	m := r.moment()
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	var want []string
	for i := range p.Signees {
		want = append(want, fmt.Sprintf("mail p%d@hundred.example: canceled", i))
	}
	r.went(m, want...)
	refusal(t, "101", r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, append(people, people[0])...)), 400, "Length", "createSignees")
	for range 9 {
		people = append(people, people[:innsigli.MaxSignees]...)
	}
	refusal(t, "1000", r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, people...)), 400, "Length", "createSignees")
}

func metaLimit(t *testing.T, r *rig) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "meta")
	with := func(meta map[string]string) answer {
		body := r.bodyOf(pdf, who{"email": "ann@meta.example"})
		body["meta"] = meta
		return r.ask("POST", "/management/signing", "own", body)
	}
	const limit = innsigli.MaxMetaBytes
	for name, meta := range map[string]map[string]string{
		"one value": {"a": strings.Repeat("x", limit-1)}, "two values": {"a": strings.Repeat("x", limit/2-1), "b": strings.Repeat("y", limit/2-1)}, "empty": {},
	} {
		if a := with(meta); a.status != http.StatusOK {
			t.Errorf("%s: %d %.200s", name, a.status, a.body)
		}
	}
	// Six bytes on the wire for two in UTF-8, as many encoders write: the limit is on what is meant.
	raw, err := json.Marshal(r.bodyOf(pdf, who{"email": "ann@meta.example"}))
	if err != nil {
		t.Fatal(err)
	}
	if a := r.ask("POST", "/management/signing", "own", `{"meta":{"a":"`+strings.Repeat(`\u00f0`, limit/2-1)+`"},`+string(raw[1:])); a.status != http.StatusOK {
		t.Errorf("escaped: %d %.200s", a.status, a.body)
	}
	refusal(t, "one value too long", with(map[string]string{"a": strings.Repeat("x", limit)}), 400, "Length", "meta")
	refusal(t, "two values too long", with(map[string]string{"a": strings.Repeat("x", limit/2), "b": strings.Repeat("y", limit/2)}), 400, "Length", "meta")
	if a := with(map[string]string{"a": strings.Repeat("x", 1<<20)}); a.status != http.StatusBadRequest {
		t.Errorf("a megabyte: %d %.200s", a.status, a.body)
	}
	many := map[string]string{}
	for i := range 50_000 {
		many[fmt.Sprint(i)] = ""
	}
	if a := with(many); a.status != http.StatusBadRequest {
		t.Errorf("50,000 members: %d %.200s", a.status, a.body)
	}
}

func strayBase64(t *testing.T, r *rig) {
	t.Helper()
	for size, pdf := range map[string][]byte{"short": innsiglitest.PDF(t, 1, "base64"), "long": innsiglitest.BigPDF(t, 1<<20)} {
		for len(pdf)%3 == 0 { // so that there is a padding to go on after
			pdf = append(pdf, '\n')
		}
		good := base64.StdEncoding.EncodeToString(pdf)
		middle := len(good) / 8 * 4
		send := func(doc string) answer {
			t.Helper()
			body := r.bodyOf(nil, who{"email": "ann@base64.example"})
			body["pdfDocument"] = doc
			return r.ask("POST", "/management/signing", "own", body)
		}
		var lines strings.Builder // as MIME encoders break them
		for rest := good; rest != ""; {
			n := min(76, len(rest))
			lines.WriteString(rest[:n] + "\r\n")
			rest = rest[n:]
		}
		a := send(lines.String())
		var p process
		if a.json(t, &p); a.status != http.StatusOK {
			t.Fatalf("%s with line breaks: %d %.200s", size, a.status, a.body)
		}
		sameText(t, size+" with line breaks", pdf, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body)
		for name, doc := range map[string]string{
			"blank": good[:middle] + " " + good[middle:], "blank at the end": good + " ", "tab": good[:middle] + "\t" + good[middle:],
			"minus": good[:middle] + "-" + good[middle+1:], "underscore": good[:middle] + "_" + good[middle+1:], "percent": good[:middle] + "%" + good[middle+1:],
			"NUL": good[:middle] + "\x00" + good[middle+1:], "not ASCII": good[:middle] + "þ" + good[middle+1:], "emoji": good[:middle] + "😀" + good[middle+1:],
			"padding in the middle": good[:middle] + "====" + good[middle:], "goes on after its padding": good + "QUFB", "too much padding": good + "====",
			"one character short": strings.TrimRight(good, "=")[:middle+1], "data URL": "data:application/pdf;base64," + good,
			"not base64 at all": strings.Repeat("%PDF-1.7 ", 1+len(good)/9),
		} {
			a := send(doc)
			code, fields := a.errorCode()
			if a.status != http.StatusBadRequest || code == "" || !slices.Equal(fields, []string{"pdfDocument"}) {
				t.Errorf("%s, %s: %d %.300s", size, name, a.status, a.body)
			}
		}
	}
}

// qpdf makes a document of another with a real program.
func qpdf(t *testing.T, pdf []byte, args ...string) []byte {
	t.Helper()
	innsiglitest.NeedTool(t, "qpdf", "qpdf")
	dir := t.TempDir()
	file, out := filepath.Join(dir, "in.pdf"), filepath.Join(dir, "out.pdf")
	writeFile(t, file, pdf)
	cmd := exec.CommandContext(t.Context(), "qpdf", append(append([]string{file}, args...), out)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("qpdf %q: %v: %s", args, err, text)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hostileDocuments(t *testing.T, r *rig) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 3, "documents")
	p := r.create(pdf, byMail("Ann", "ann@documents.example"))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	sealed := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
	r.cancel(p.Key)
	before := r.blobCount()
	m := r.moment()
	for _, x := range []struct {
		name, code string
		pdf        []byte
	}{
		{"one byte", "NotPDF", []byte("x")},
		{"a text", "NotPDF", []byte("Dear Sir or Madam")},
		{"a page of HTML", "NotPDF", []byte("<!DOCTYPE html><html><body>%PDF</body></html>")},
		{"an image", "NotPDF", []byte("\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 1000))},
		{"a zip", "NotPDF", []byte("PK\x03\x04" + strings.Repeat("\x00", 1000))},
		{"a header alone", "Broken", []byte("%PDF-1.7\n")},
		{"half of one", "Broken", pdf[:len(pdf)/2]},
		{"without its beginning", "", pdf[len(pdf)/2:]},
		{"with zeros in it", "Broken", slices.Concat(pdf[:200], make([]byte, len(pdf)-400), pdf[len(pdf)-200:])},
		{"a password to open", "Encrypted", qpdf(t, pdf, "--encrypt", "user", "owner", "256", "--")},
		{"old encryption", "Encrypted", qpdf(t, pdf, "--allow-weak-crypto", "--encrypt", "user", "owner", "40", "--")},
	} {
		a := r.ask("POST", "/management/signing", "own", r.bodyOf(x.pdf, byMail("Ann", "ann@documents.example")))
		refusal(t, x.name, a, 400, x.code, "pdfDocument")
	}
	r.went(m)
	if got := r.blobCount(); got != before {
		t.Errorf("refused documents left %d files", got-before)
	}
	for name, doc := range map[string][]byte{
		"object streams": qpdf(t, pdf, "--object-streams=generate"), "linearized": qpdf(t, pdf, "--linearize"),
		"signed already":      sealed,
		"restrictions alone":  qpdf(t, pdf, "--encrypt", "", "owner", "256", "--print=none", "--"),
		"bytes after the end": slices.Concat(pdf, []byte("\n\n\x00\x00")), "a blank line before": slices.Concat([]byte("\n"), pdf),
	} {
		q := r.create(doc, byMail("Ann", "ann@documents.example"))
		if a := r.sign(q, 0); a.status != http.StatusOK {
			t.Errorf("%s: sign %d %s", name, a.status, a.body)
		}
		r.settled()
		if st := r.shown(q); st != "Completed" {
			t.Errorf("%s: shown as %s", name, st)
		}
	}
}

// blobCount is how many files lie where documents lie.
func (r *rig) blobCount() int {
	r.tb.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(r.data, "blobs"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		r.tb.Fatal(err)
	}
	return n
}

// begin opens a connection, sends the head of a create of which length bytes are announced, and the first of its body.
func (r *rig) begin(length int, first string) net.Conn {
	r.tb.Helper()
	return r.half("/management/signing", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", length, first))
}

// half opens a connection and sends a request of JSON as far as it is given: its last headers, and what there is of its body.
func (r *rig) half(path, rest string) net.Conn {
	r.tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(r.tb.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		r.tb.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Type: application/json\r\n%s",
		path, strings.TrimPrefix(r.url, "http://"), basic(string(r.creds.CompanyKey), r.creds.APIKey), rest)
	if err != nil {
		r.tb.Fatal(err)
	}
	return conn
}

// brokenBodies are the client's fault on every route that takes a body: 400, and nothing for whoever runs the server to see to.
func brokenBodies(t *testing.T, r *rig) {
	t.Helper()
	for _, path := range []string{
		"/management/signing", "/management/signing/sequential", "/management/sealing", "/management/sealing/xml", "/management/flow", "/management/webhook",
		"/signing/sign/sp00/signee/si00",
	} {
		for name, rest := range map[string]string{
			"shorter than it says": "Content-Length: 100\r\n\r\n{", "chunks without an end": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
			"no chunks": "Transfer-Encoding: chunked\r\n\r\nzz\r\n{",
		} {
			c := r.half(path, rest)
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s, %s: got %d, want 400", path, name, resp.StatusCode)
			}
			if err := errors.Join(resp.Body.Close(), c.Close()); err != nil {
				t.Error(err)
			}
		}
	}
}

// strangeBodies are told what is wrong in words that a person can do something with.
func strangeBodies(t *testing.T, r *rig) {
	t.Helper()
	for _, c := range []struct {
		name, body, code, field, says string
	}{
		{"twice", `{"flowKey":"a","flowKey":"b"}`, "Duplicate", "flowKey", "flowKey is there twice."},
		{"twice in two letter cases", `{"flowKey":"a","FLOWKEY":"b"}`, "Duplicate", "FLOWKEY", "FLOWKEY is there twice."},
		{"twice inside", `{"meta":{"a":"1","a":"2"}}`, "Duplicate", "meta.a", "meta.a is there twice."},
		{"array", `[]`, "Type", "", "The body has the wrong type."},
		{"text", `"x"`, "Type", "", "The body has the wrong type."},
		{"goes on after its end", `{}{}`, "Json", "", "The body is not valid JSON at byte 2."},
	} {
		a := r.ask("POST", "/management/signing", "own", c.body)
		refusal(t, c.name, a, http.StatusBadRequest, c.code, c.field)
		if !strings.Contains(string(a.body), `"message":"`+c.says+`"`) {
			t.Errorf("%s: %s, want %q", c.name, a.body, c.says)
		}
	}
	a := r.createWith(r.bodyOf(innsiglitest.PDF(t, 1, "gzip"), byMail("Ann", "ann@gzip.example")), http.Header{"Content-Encoding": {"gzip"}})
	refusal(t, "gzip", a, http.StatusUnsupportedMediaType, "ContentEncoding")
	if got := a.header.Get("Accept-Encoding"); got != "identity" {
		t.Errorf("gzip: Accept-Encoding %q", got)
	}
}

func slowClients(t *testing.T, r *rig) {
	t.Helper()
	body, err := json.Marshal(r.bodyOf(innsiglitest.PDF(t, 1, "slow"), byMail("Slow", "slow@slow.example")))
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 60 {
		conns = append(conns, r.begin(len(body), string(body[:20])))
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	sent := 20
	wg.Go(func() { // a byte each, again and again
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for ; ; sent++ {
			select {
			case <-stop:
				return
			case <-tick.C:
				for _, c := range conns {
					_, _ = c.Write(body[sent : sent+1])
				}
			}
		}
	})
	begin := time.Now()
	p := r.create(innsiglitest.PDF(t, 1, "quick"), byMail("Quick", "quick@slow.example"))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Errorf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("beside 60 slow clients a whole life took %v", took)
	}
	close(stop)
	wg.Wait()
	// A slow client gets its answer in the end.
	if _, err := conns[0].Write(body[sent:]); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conns[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the slow client got %d", resp.StatusCode)
	}
	for _, c := range conns {
		_ = c.Close()
	}
}

// exactPDF makes a document of exactly size bytes.
func exactPDF(t *testing.T, size int) []byte {
	t.Helper()
	want := size
	for range 5 {
		pdf := innsiglitest.BigPDF(t, want)
		if len(pdf) == size {
			return pdf
		}
		want += size - len(pdf)
	}
	t.Fatalf("no document of %d bytes", size)
	return nil
}

func largeBodies(t *testing.T, r *rig) {
	t.Helper()
	raw, err := json.Marshal(r.bodyOf(nil, who{"email": "ann@large.example"}))
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(string(raw), `"pdfDocument":""`)
	send := func(pdf []byte) answer {
		t.Helper()
		body := make([]byte, 0, base64.StdEncoding.EncodedLen(len(pdf))+len(raw)+100)
		body = append(body, before+`"pdfDocument":"`...)
		body = base64.StdEncoding.AppendEncode(body, pdf)
		return r.ask("POST", "/management/signing", "own", append(body, `"`+after...))
	}
	pdf := exactPDF(t, innsigli.MaxDocumentBytes)
	a := send(pdf)
	var p process
	if a.json(t, &p); a.status != http.StatusOK {
		t.Fatalf("50 MB: %d %s", a.status, a.body)
	}
	if got := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil); len(got.body) < len(pdf)-1000 || len(got.body) > len(pdf)+1000 {
		t.Errorf("50 MB come back as %d and %d bytes", got.status, len(got.body))
	}
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Errorf("cancel: %d", st)
	}
	r.settledCopy(p.Key)
	blobs := r.blobCount()
	refusal(t, "50 MB and a byte", send(append(pdf, '\n')), 413, "TooLarge", "pdfDocument")
	refusal(t, "60 MB", send(make([]byte, 60<<20)), 413, "TooLarge", "pdfDocument")
	for name, body := range map[string][]byte{
		"80 MB of blanks":  bytes.Repeat([]byte(" "), 80<<20),
		"4 MB of numbers":  []byte(`{"x":[` + strings.Repeat("1,", 2<<20) + `1]}`),
		"4 MB of text":     []byte(`{"x":"` + strings.Repeat("A", 4<<20) + `"}`),
		"a million people": []byte(`{"createSignees":[` + strings.Repeat("{},", 1<<20) + `{}]}`),
	} {
		a := r.ask("POST", "/management/signing", "own", body)
		wire(t, name, a)
		if a.status != 413 && (a.status != 400 || name != "4 MB of text") {
			t.Errorf("%s: %d %.200s, want 413", name, a.status, a.body)
		}
	}
	if got := r.blobCount(); got != blobs {
		t.Errorf("refused documents left %d files", got-blobs)
	}
}

// TestHostileTexts runs on both databases: they differ in what bytes they take.
func TestHostileTexts(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r := newRig(t, db)
		pdf := innsiglitest.PDF(t, 1, "texts")
		p := r.create(pdf, byMail("Ann", "ann@texts.example"))
		const dates = "StartDate=2020-01-01&EndDate=2100-01-01"
		for _, bad := range []string{"\x00", "a\x00b", "\xff", "\xed\xa0\x80", "'", "\\", "%", strings.Repeat("x", 20_000)} {
			q := url.QueryEscape(bad)
			for _, path := range []string{
				"/signing/activity?" + dates + "&User=" + q, "/signing/activity?" + dates + "&Query=" + q, "/signing/activity?" + dates + "&ProcessKey=" + q,
				"/signing/activity?" + dates + "&FlowKey=" + q, "/signing/simple/otp?Token=" + q + "&OTP=1", "/signing/simple/otp?Token=00&OTP=" + q,
				"/signing/activity/" + url.PathEscape(bad) + "?" + dates, "/pdf/sp/" + url.PathEscape(bad) + ".pdf",
				"/signing/" + url.PathEscape(bad) + "/signee/" + url.PathEscape(bad), "/signing/" + p.Key + "/signee/" + url.PathEscape(bad),
			} {
				if a := r.ask("GET", path, "own", nil); a.status >= 500 {
					t.Errorf("%.120s: %d %s", path, a.status, a.body)
				}
			}
			if a := r.ask("DELETE", "/management/signing?ProcessKey="+q, "own", nil); a.status != 404 && a.status != 400 {
				t.Errorf("cancel %.20q: %d %s", bad, a.status, a.body)
			}
			if a := r.ask("GET", "/management/flow", basic(bad, "x"), nil); a.status != 401 {
				t.Errorf("company %.20q: %d %s", bad, a.status, a.body)
			}
			if a := r.createWith(r.bodyOf(pdf, who{"email": "ann@texts.example"}), http.Header{"Idempotency-Key": {strings.ReplaceAll(bad, "\x00", "")}}); a.status >= 500 {
				t.Errorf("Idempotency-Key %.20q: %d %s", bad, a.status, a.body)
			}
		}
		for _, bad := range []string{"\x00", "a\x00b"} {
			for _, member := range []string{"flowKey", "pdfFileName", "activityDisplayName", "user"} {
				body := r.bodyOf(pdf, who{"email": "ann@texts.example"})
				body[member] = bad
				if a := r.ask("POST", "/management/signing", "own", body); a.status != 400 {
					t.Errorf("%s %q: %d %s", member, bad, a.status, a.body)
				}
			}
			for _, member := range []string{"name", "ssn", "phoneNumber", "email", "address", "postalCode", "city", "reason", "user", "customSmsText"} {
				a := r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, who{"email": "ann@texts.example", member: bad}))
				if _, fields := a.errorCode(); a.status != 400 || !slices.Contains(fields, "createSignees[0]."+member) {
					t.Errorf("%s %q: %d %s", member, bad, a.status, a.body)
				}
			}
			for _, meta := range []map[string]string{{"a": bad}, {bad: "a"}} {
				body := r.bodyOf(pdf, who{"email": "ann@texts.example"})
				body["meta"] = meta
				if a := r.ask("POST", "/management/signing", "own", body); a.status >= 500 {
					t.Errorf("meta %q: %d %s", meta, a.status, a.body)
				}
			}
			if a := r.ask("POST", "/management/webhook", "own", map[string]any{"flowKey": bad, "url": "https://a.example/"}); a.status != 400 {
				t.Errorf("webhook of flow %q: %d %s", bad, a.status, a.body)
			}
		}
		if strings.Contains(r.log(), "request failed") {
			t.Errorf("the server failed at something: %s", r.log())
		}
	})
}

// until waits for a condition.
func (r *rig) until(what string, ok func() bool) {
	r.tb.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			r.tb.Fatalf("%s\n%s", what, r.log())
		}
	}
}
