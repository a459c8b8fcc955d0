package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestDocumentsLargerThanTheMailServerTakes: the create warns, and who has signed gets a link in place of the document.
func TestDocumentsLargerThanTheMailServerTakes(t *testing.T) {
	small := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{Size: 600 << 10})
	r, s := newLocal(t, "sqlite", seams{}, func(set *settings) { set.SMTP = small.URL() })
	r.smtp = small

	body := r.bodyOf(innsiglitest.PDF(t, 1, "small"), byMail("Ann", "ann@example.com"))
	if a := r.ask("POST", "/management/signing", "own", body); a.status != http.StatusOK || a.header.Get("Warning") != "" {
		t.Fatalf("a small document: %d, Warning %q", a.status, a.header.Get("Warning"))
	}
	r.settled() // the server has said its SIZE by now

	a := r.ask("POST", "/management/signing", "own", r.bodyOf(innsiglitest.BigPDF(t, 1<<20), byMail("Bo", "bo@example.com")))
	if w := a.header.Get("Warning"); a.status != http.StatusOK || !strings.Contains(w, "too large for the mail server") {
		t.Fatalf("a large document: %d, Warning %q", a.status, w)
	}
	var p process
	a.json(t, &p)
	token := r.tokenFor(p, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %.300s", a.status, a.body)
	}
	r.settled()
	m := r.mailTo("bo@example.com", func(m innsiglitest.Mail) bool { return strings.HasPrefix(m.Subject, "Signed by everyone") })
	if len(m.Files) != 0 || !strings.Contains(m.Text, "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf") {
		t.Errorf("%d files, text %s", len(m.Files), m.Text)
	}
	if a := r.ask("GET", "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", "", nil); a.status != http.StatusOK {
		t.Errorf("the link answers %d", a.status)
	}
}
