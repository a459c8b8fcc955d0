package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
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

// The rows of design/decisions.md 1, each sentence of the Cancel Signing Process page, black box: over HTTP, with a real
// SMTP server, an SMS gateway and a webhook receiver outside of the process.

func TestCancelRows(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r := newRig(t, db)
		for _, row := range []struct {
			name string
			test func(*testing.T, *rig)
		}{
			{"row 1: at both paths, in any letter case", cancelRow1},
			{"row 2: 204 and empty, and again", cancelRow2},
			{"row 3: 400 and what is wrong", cancelRow3},
			{"row 4: 404, the same for unknown, malformed and foreign keys", cancelRow4},
			{"row 5: 401 before the body is read", cancelRow5},
			{"row 7: the document cannot be viewed by anyone", cancelRow7},
			{"row 7: a download under way breaks off", cancelRow7InFlight},
			{"row 8: every signee is told, once, and last", cancelRow8},
			{"row 9: a copy to the owner when somebody has signed", cancelRow9},
			{"row 10: part of a sequence, the entire sequence", cancelRow10},
			{"row 11: nothing brings it back", cancelRow11},
			{"row 12: the log says who", cancelRow12},
		} {
			t.Run(row.name, func(t *testing.T) {
				row.test(t, r.with(t))
			})
		}
	})
}

func cancelRow1(t *testing.T, r *rig) {
	t.Helper()
	for _, path := range []string{"/management/signing", "/api/management/signing", "/API/Management/Signing/", "/management/SIGNING"} {
		p := r.create(innsiglitest.PDF(t, 1, "row one"), byMail("Ann", "ann@example.com"))
		a := r.ask("DELETE", path+"?PROCESSKEY="+strings.ToUpper(p.Key)+"&uSeR=a@b.example", "own", nil)
		if a.status != http.StatusNoContent {
			t.Errorf("%s: got %d %s, want 204", path, a.status, a.body)
		}
	}
}

func cancelRow2(t *testing.T, r *rig) {
	t.Helper()
	r.hook()
	p := r.create(innsiglitest.PDF(t, 1, "row two"), byMail("Ann", "row2-ann@example.com"), byMail("Bo", "row2-bo@example.com"))
	r.settled()
	hooks := len(r.hooks.Requests())
	var wg sync.WaitGroup
	answers := make([]answer, 10)
	for i := range answers {
		wg.Go(func() {
			answers[i], _ = r.try("DELETE", "/management/signing?ProcessKey="+p.Key+"&User=boss@nordurljos.example", "own", nil)
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a.status != http.StatusNoContent || len(a.body) != 0 || a.header.Get("Content-Type") != "" {
			t.Errorf("got %d %q %q, want 204, no body, no Content-Type", a.status, a.body, a.header.Get("Content-Type"))
		}
	}
	r.settled()
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Errorf("once more: got %d, want 204", st)
	}
	r.settled()
	if n := count(r.statuses(p.Key), "Canceled"); n != 1 {
		t.Errorf("got %d log lines, want 1", n)
	}
	for _, to := range []string{"row2-ann@example.com", "row2-bo@example.com"} {
		if n := r.mailsTo(to); n != 2 {
			t.Errorf("%s got %d mails, want an invitation and a cancellation", to, n)
		}
	}
	if n := len(r.hooks.Requests()) - hooks; n != 1 {
		t.Errorf("got %d webhooks, want 1", n)
	}
}

func cancelRow3(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "row three"), byMail("Ann", "row3-ann@example.com"))
	other := r.create(innsiglitest.PDF(t, 1, "row three"), byMail("Bo", "row3-bo@example.com"))
	for _, c := range []struct{ name, query, field string }{
		{"no key", "", "ProcessKey"},
		{"empty key", "?ProcessKey=", "ProcessKey"},
		{"blank key", "?ProcessKey=%20%09", "ProcessKey"},
		{"user is no address", "?ProcessKey=" + p.Key + "&User=boss", "User"},
		{"user with a line break", "?ProcessKey=" + p.Key + "&User=a@b.example%0d%0aBcc:c@d.example", "User"},
		{"user with NUL", "?ProcessKey=" + p.Key + "&User=a%00@b.example", "User"},
		{"two keys", "?ProcessKey=" + p.Key + "&ProcessKey=" + other.Key, "ProcessKey"},
		{"two keys in two letter cases", "?ProcessKey=" + p.Key + "&processkey=" + other.Key, "ProcessKey"},
		{"two users", "?ProcessKey=" + p.Key + "&User=a@b.example&user=c@d.example", "User"},
		{"key that cannot be decoded", "?ProcessKey=" + p.Key + "%zz", "ProcessKey"},
		{"user that cannot be decoded", "?ProcessKey=" + p.Key + "&User=100%@b.example", "User"},
		{"user after a semicolon", "?ProcessKey=" + p.Key + ";User=a@b.example", "ProcessKey"},
		{"user with a semicolon", "?ProcessKey=" + p.Key + "&User=a;b@c.example", "User"},
		{"wrong user is told before an unknown key", "?ProcessKey=sp00&User=boss", "User"},
	} {
		a := r.ask("DELETE", "/management/signing"+c.query, "own", nil)
		if _, fields := a.errorCode(); a.status != http.StatusBadRequest || !slices.Contains(fields, c.field) {
			t.Errorf("%s: got %d %s, want 400 naming %s", c.name, a.status, a.body, c.field)
		}
	}
	if st := r.shown(other); st != "Started" && st != "Created" {
		t.Errorf("what was refused has made the process %s", st)
	}
	if st := r.sign(p, 0); st.status != http.StatusOK {
		t.Fatalf("sign: %d %s", st.status, st.body)
	}
	a := r.ask("DELETE", "/management/signing?ProcessKey="+p.Key, "own", nil)
	if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "ProcessNotActive" {
		t.Errorf("all have signed: got %d %s, want 400 ProcessNotActive", a.status, a.body)
	}
	r.settled()
	a = r.ask("DELETE", "/management/signing?ProcessKey="+p.Key, "own", nil)
	if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "ProcessNotActive" || !strings.Contains(string(a.body), "completed") {
		t.Errorf("completed: got %d %s, want 400 ProcessNotActive and the state", a.status, a.body)
	}
}

func cancelRow4(t *testing.T, r *rig) {
	t.Helper()
	other := r.company("Other hf.")
	p := r.create(innsiglitest.PDF(t, 1, "row four"), byMail("Ann", "row4-ann@example.com"))
	var bodies []string
	for name, a := range map[string]answer{
		"unknown":   r.ask("DELETE", "/management/signing?ProcessKey=sp231f52f87d6f", "own", nil),
		"malformed": r.ask("DELETE", "/management/signing?ProcessKey=%00%27%3Bdrop", "own", nil),
		"long":      r.ask("DELETE", "/management/signing?ProcessKey=sp"+strings.Repeat("a", 5000), "own", nil),
		"foreign":   r.ask("DELETE", "/management/signing?ProcessKey="+p.Key, other, nil),
	} {
		if a.status != http.StatusNotFound {
			t.Errorf("%s: got %d %s, want 404", name, a.status, a.body)
		}
		bodies = append(bodies, string(a.body))
	}
	if len(slices.Compact(bodies)) != 1 {
		t.Errorf("bodies tell keys apart: %q", bodies)
	}
	if st := r.ask("GET", "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", "", nil).status; st != http.StatusOK {
		t.Errorf("after another company's cancel the document answers %d", st)
	}
}

func cancelRow5(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "row five"), byMail("Ann", "row5-ann@example.com"))
	for name, auth := range map[string]string{"none": "", "wrong": "Basic YTpi", "no basic": "Bearer x"} {
		a := r.ask("DELETE", "/management/signing?ProcessKey="+p.Key, auth, nil)
		if a.status != http.StatusUnauthorized || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic") {
			t.Errorf("%s: got %d %q, want 401 and Basic", name, a.status, a.header.Get("WWW-Authenticate"))
		}
	}
	// The body would be a document of 10 MB; the answer comes without it.
	a, err := r.try("POST", "/management/signing", "Basic YTpi", bytes.Repeat([]byte(" "), 10<<20))
	if err == nil && a.status != http.StatusUnauthorized {
		t.Errorf("create with wrong credentials: got %d, want 401", a.status)
	}
}

func cancelRow7(t *testing.T, r *rig) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 2, "row seven")
	p := r.create(pdf, byMail("Ann", "row7-ann@example.com"))
	link := "/s/" + p.Key + "/" + p.Signees[0].Key
	routes := []string{
		"/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf", "/pdf/sp/" + p.Key + ".pdf", link + "/page/1.png?w=800", link + "/text/1",
	}
	for _, path := range routes {
		if a := r.ask("GET", path, "own", nil); a.status != http.StatusOK {
			t.Fatalf("%s before: %d %s", path, a.status, a.body)
		}
	}
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	gone := func(when string) {
		for _, path := range routes {
			for _, method := range []string{"GET", "HEAD"} {
				if a := r.ask(method, path, "own", nil); a.status != http.StatusGone {
					t.Errorf("%s %s %s: got %d %.80s, want 410", method, path, when, a.status, a.body)
				}
			}
		}
	}
	gone("at once")
	r.settledCopy(p.Key)
	gone("after the bytes were deleted")
	if code, _ := r.ask("GET", routes[0], "", nil).errorCode(); code != "ProcessCanceled" {
		t.Errorf("got errorCode %q, want ProcessCanceled", code)
	}
	a := r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil)
	var after process
	if a.json(t, &after); a.status != http.StatusOK || after.Status != "Canceled" {
		t.Errorf("signee after: got %d %s, want 200 and Canceled", a.status, a.body)
	}
	if a := r.ask("GET", link, "", nil); !bytes.Contains(a.body, []byte("cancel")) || bytes.Contains(a.body, []byte("page/1.png")) {
		t.Errorf("the page after: %d %.300s", a.status, a.body)
	}
}

func cancelRow7InFlight(t *testing.T, r *rig) {
	t.Helper()
	const size = 40 << 20 // far more than what the sockets' buffers hold
	p := r.create(innsiglitest.BigPDF(t, size), byMail("Ann", "row7b-ann@example.com"))
	resp, err := client.Get(r.url + "/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // broken off on purpose
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil || n > size/2 {
		t.Errorf("after the cancel %d more bytes came, and then %v; want a broken connection", n, err)
	}
}

func cancelRow8(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "row eight"),
		byMail("Ann", "row8-ann@example.com"),
		who{"name": "Björn", "email": "ROW8-bjorn@example.com", "signatureType": "Simple", "language": "Is"}, // never invited
		who{"name": "Ann again", "email": "row8-Ann@example.com", "signatureType": "Simple"},
		who{"name": "Phone", "phoneNumber": "+354 555-1234", "signatureType": "Simple"},
		byMail("Signed", "row8-signed@example.com"))
	if a := r.sign(p, 4); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	before := map[string]int{}
	for _, to := range []string{"row8-ann@example.com", "row8-bjorn@example.com", "row8-signed@example.com"} {
		before[to] = r.mailsTo(to)
	}
	texts := len(r.sms.Texts())
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	r.settled()
	for to, n := range before {
		if got := r.mailsTo(to) - n; got != 1 {
			t.Errorf("%s got %d mails by the cancel, want 1", to, got)
		}
		if last := r.lastTo(to); !isCancelSubject(last.Subject) {
			t.Errorf("%s: the last they hear is %q", to, last.Subject)
		}
		if f := r.lastTo(to).Files; len(f) != 0 {
			t.Errorf("%s got the document with the cancellation", to)
		}
	}
	if got := r.sms.Texts()[texts:]; len(got) != 1 || !strings.Contains(got[0].To, "5551234") {
		t.Errorf("by SMS: got %+v, want one to the phone", got)
	}
	if bjorn := r.lastTo("row8-bjorn@example.com"); bjorn.Subject == r.lastTo("row8-ann@example.com").Subject {
		t.Errorf("Icelandic mail has the subject %q of the English one", bjorn.Subject)
	}
}

func cancelRow9(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "row nine"), byMail("Ann", "row9-ann@example.com"), byMail("Bo", "row9-bo@example.com"))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	r.smtp.Down(true)
	before := len(r.smtp.Mails())
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel while mail is down: %d", st)
	}
	if st := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).status; st != http.StatusGone {
		t.Errorf("while the copy waits the document answers %d, want 410", st)
	}
	if len(r.smtp.Mails()) != before {
		t.Error("mails went out while mail was down")
	}
	r.smtp.Down(false)
	copyMail := r.mailTo("owner@nordurljos.example", func(m innsiglitest.Mail) bool {
		return len(m.Files) == 1 && strings.HasPrefix(m.Subject, "Canceled before") && strings.Contains(pdfText(t, m.Files[0].Bytes), "row nine")
	})
	r.settledCopy(p.Key)
	if got := r.statuses(p.Key); count(got, "OwnerCopySent") != 1 || count(got, "DocumentDeleted") != 1 {
		t.Errorf("log: %q, want the copy and the deletion", got)
	}
	judgeSeal(t, r, copyMail.Files[0].Bytes)
	text := pdfText(t, copyMail.Files[0].Bytes)
	for _, want := range []string{"row nine", "Ann", "anceled"} {
		if !strings.Contains(text, want) {
			t.Errorf("the owner's copy does not say %q: %s", want, text)
		}
	}
}

func cancelRow11(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "row eleven"), byMail("Ann", "row11-ann@example.com"))
	token, code := r.askCode(p, 0)
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	for name, a := range map[string]answer{
		"sign":           r.ask("GET", "/signing/simple/otp?Token="+token+"&OTP="+code, "", nil),
		"ask for a code": r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil),
	} {
		if c, _ := a.errorCode(); a.status != http.StatusBadRequest || c != "ProcessNotActive" {
			t.Errorf("%s: got %d %s, want 400 ProcessNotActive", name, a.status, a.body)
		}
	}
}

func cancelRow12(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "row twelve"), byMail("Ann", "row12-ann@example.com"))
	q := r.create(innsiglitest.PDF(t, 1, "row twelve"), byMail("Ann", "row12-ann@example.com"))
	r.cancel(p.Key)
	r.ask("DELETE", "/management/signing?ProcessKey="+q.Key, "own", nil)
	for key, by := range map[string]string{p.Key: "boss@nordurljos.example", q.Key: "API key 1"} {
		lines := r.activity(key)
		i := slices.IndexFunc(lines, func(l logLine) bool { return l.Status == "Canceled" })
		if i < 0 {
			t.Fatalf("no line in %+v", lines)
		}
		if l := lines[i]; l.CreatedBy != by || l.Description != "Signing canceled. ProcessKey: "+key+"." {
			t.Errorf("got %+v, want by %s", l, by)
		}
	}
}

// with is the rig for a subtest.
func (r *rig) with(t *testing.T) *rig {
	t.Helper()
	r.tb = t
	return r
}

// company makes another company and gives its credentials as a header.
func (r *rig) company(name string) string {
	r.tb.Helper()
	out := r.cli("company", "create", "--name", name, "--email", "office@other.example", "--json")
	var c innsigli.Credentials
	if err := json.Unmarshal(out, &c); err != nil {
		r.tb.Fatal(err)
	}
	req, _ := http.NewRequest(http.MethodGet, "/", nil)
	req.SetBasicAuth(string(c.CompanyKey), c.APIKey)
	return req.Header.Get("Authorization")
}

func (r *rig) mailsTo(to string) int {
	n := 0
	for _, m := range r.smtp.Mails() {
		if strings.EqualFold(m.To, to) {
			n++
		}
	}
	return n
}

func (r *rig) lastTo(to string) innsiglitest.Mail {
	r.tb.Helper()
	for _, m := range slices.Backward(r.smtp.Mails()) {
		if strings.EqualFold(m.To, to) {
			return m
		}
	}
	r.tb.Fatalf("no mail to %s", to)
	return innsiglitest.Mail{}
}

// mailed tells whether a mail with that id went to an address.
func (r *rig) mailed(to, id string) bool {
	return slices.ContainsFunc(r.smtp.Mails(), func(m innsiglitest.Mail) bool {
		return strings.EqualFold(m.To, to) && strings.HasPrefix(m.Header.Get("Message-Id"), "<"+id+"@")
	})
}

// settledCopy waits until the log of a process says that its bytes are gone.
func (r *rig) settledCopy(key string) {
	r.tb.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if count(r.statuses(key), "DocumentDeleted") > 0 {
			return
		}
	}
	r.tb.Fatalf("the bytes were never deleted: %q\n%s", r.statuses(key), r.log())
}

// pdfText reads a document's text with poppler.
func pdfText(tb testing.TB, pdf []byte) string {
	tb.Helper()
	innsiglitest.NeedTool(tb, "pdftotext", "poppler-utils")
	file := filepath.Join(tb.TempDir(), "doc.pdf")
	writeFile(tb, file, pdf)
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil {
		tb.Fatalf("pdftotext: %v", err)
	}
	return string(out)
}

// sameText holds what people are shown against the file that came: it was written anew, but says the same.
func sameText(tb testing.TB, what string, came, shown []byte) {
	tb.Helper()
	if !bytes.HasPrefix(shown, []byte("%PDF-")) {
		tb.Errorf("%s: no PDF but %.100s", what, shown)
		return
	}
	if got, want := pdfText(tb, shown), pdfText(tb, came); got != want {
		tb.Errorf("%s: the text has become %.300q, want %.300q", what, got, want)
	}
}

// judgeSeal has strangers judge a sealed document: pdfsig with the server's own root, and qpdf.
func judgeSeal(tb testing.TB, r *rig, pdf []byte) {
	tb.Helper()
	innsiglitest.NeedTool(tb, "pdfsig", "poppler-utils")
	innsiglitest.NeedTool(tb, "certutil", "libnss3-tools")
	innsiglitest.NeedTool(tb, "qpdf", "qpdf")
	dir := tb.TempDir()
	file, root := filepath.Join(dir, "sealed.pdf"), filepath.Join(dir, "root.pem")
	writeFile(tb, file, pdf)
	writeFile(tb, root, r.ask("GET", "/pki/root.pem", "", nil).body)
	nss := "sql:" + filepath.Join(dir, "nss")
	for _, args := range [][]string{
		{"mkdir", "-p", filepath.Join(dir, "nss")},
		{"certutil", "-N", "-d", nss, "--empty-password"},
		{"certutil", "-A", "-n", "root", "-t", "CT,C,C", "-i", root, "-d", nss},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			tb.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	out, err := exec.Command("pdfsig", "-no-ocsp", "-nssdir", nss, file).CombinedOutput()
	for _, want := range []string{"Signature is Valid.", "Certificate is Trusted.", "ETSI.CAdES.detached", "Total document signed"} {
		if !strings.Contains(string(out), want) {
			tb.Errorf("pdfsig does not say %q (%v): %s", want, err, out)
		}
	}
	if out, err := exec.Command("sh", "-c", "ulimit -v 4000000; exec timeout 60 qpdf --check "+file).CombinedOutput(); err != nil {
		tb.Errorf("qpdf --check: %v: %s", err, out)
	}
}
