package main

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
)

// edKey is the key of RFC 8032 7.1, test 1, which RFC 8463 A.1 signs mails with.
const edKey = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`

func TestDKIMRecordsArePrintedAsLinesOfAZone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	ed, none := write("ed.pem", edKey), write("none.pem", "s3cret")
	var out, errOut bytes.Buffer
	code := run(t.Context(), []string{"dkim", "--data", dir, "--mail-from", "sign@post.example.is", "--dkim-domain", "example.is", "--dkim", "s2:" + ed}, &out, &errOut)
	want := `s2._domainkey.example.is. IN TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="` + "\n"
	if code != exitDone || out.String() != want {
		t.Errorf("exit %d, %s%s, want %s", code, out.String(), errOut.String(), want)
	}
	for _, c := range []struct {
		wrong string
		args  []string
	}{
		{"--dkim: no key", nil},
		{"--dkim: SELECTOR:FILE", []string{"--dkim", ed}},
		{"--dkim: SELECTOR:FILE", []string{"--dkim", "s1:" + ed + ".not"}},
		{"--dkim: " + none + ": no PEM", []string{"--dkim", "s1:" + none}},
		{"--dkim: dkim: two keys", []string{"--dkim", "s1:" + ed + ",s1:" + ed}},
		{"--dkim-domain: mails come from post.example.is", []string{"--dkim", "s1:" + ed, "--dkim-domain", "ample.is"}},
	} {
		out.Reset()
		errOut.Reset()
		code := run(t.Context(), append([]string{"dkim", "--data", dir, "--mail-from", "sign@post.example.is"}, c.args...), &out, &errOut)
		if code != exitUsage || !strings.Contains(errOut.String(), c.wrong) || strings.Contains(errOut.String(), "s3cret") {
			t.Errorf("%v: exit %d, %s", c.args, code, errOut.String())
		}
	}
}

// TestMailsOfTheServerAreSigned looks whether the setting arrives; whether strangers take the signatures is seen in notify.
func TestMailsOfTheServerAreSigned(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ed.pem")
	if err := os.WriteFile(file, []byte(edKey), 0o600); err != nil {
		t.Fatal(err)
	}
	r, _ := newLocal(t, "sqlite", seams{}, func(s *settings) { s.DKIM = []string{"s2:" + file} })
	r.create(innsiglitest.PDF(t, 1, "to be signed"), byMail("Ann", "ann@example.com"))
	m := r.smtp.Wait(t, 1)[0]
	if got := m.Header.Get("DKIM-Signature"); !regexp.MustCompile(`a=ed25519-sha256;.* d=innsigli\.example;`).MatchString(strings.Join(strings.Fields(got), " ")) {
		t.Errorf("signature is %q", got)
	}
}

// TestAStolenKeyCannotSpam: who may write to five addresses an hour writes to five, and whoever was written to hears of
// the end all the same.
func TestAStolenKeyCannotSpam(t *testing.T) {
	t.Parallel()
	var c clock
	r, _ := newLocal(t, "sqlite", seams{now: c.now}, func(s *settings) { s.MailsAnHour = 5 })
	pdf := innsiglitest.PDF(t, 1, "to be signed")
	p := r.create(pdf, byMail("Ann", "ann@example.com"), byMail("Bo", "bo@example.com"),
		who{"name": "Cy", "email": "cy@example.com", "communicationDeliveryType": "None"})
	refused := func(what string, a answer) {
		t.Helper()
		wait, err := strconv.Atoi(a.header.Get("Retry-After"))
		if a.status != http.StatusTooManyRequests || !strings.Contains(string(a.body), "TooManyMails") || err != nil || wait < 3500 || wait > 3600 {
			t.Errorf("%s: %d %s, Retry-After %q", what, a.status, a.body, a.header.Get("Retry-After"))
		}
	}
	create := func(people ...who) answer {
		return r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, people...))
	}
	refused("a create", create(byMail("D", "d@example.com"), byMail("E", "e@example.com"), byMail("F", "f@example.com")))
	if a := create(byMail("D", "d@example.com"), byMail("E", "e@example.com")); a.status != http.StatusOK {
		t.Errorf("up to the limit: %d %s", a.status, a.body)
	}
	refused("one more", create(byMail("F", "f@example.com")))
	refused("a reminder", r.ask("POST", "/management/signing/"+p.Key+"/signee/"+p.Signees[0].Key+"/remind", "own", map[string]any{"communicationDeliveryType": "Email"}))
	r.settled() // an invitation that has not gone yet would never go
	if status := r.cancel(p.Key); status != http.StatusNoContent {
		t.Errorf("cancel: %d", status)
	}
	r.settled()
	told := map[string]int{}
	for _, m := range r.smtp.Mails() {
		told[m.To]++
	}
	if want := map[string]int{"ann@example.com": 2, "bo@example.com": 2, "cy@example.com": 1, "d@example.com": 1, "e@example.com": 1}; !maps.Equal(told, want) {
		t.Errorf("mails went to %v, want %v", told, want)
	}
	if m := string(r.ask("GET", "/metrics", "", nil).body); !strings.Contains(m, "innsigli_mail_limit_refusals_total 3") {
		t.Error("the refusals are not counted")
	}
	if strings.Count(r.log(), "more addresses than it may") != 3 {
		t.Errorf("the refusals are not in the log: %s", r.log())
	}
	c.add(61 * time.Minute)
	if a := create(byMail("F", "f@example.com")); a.status != http.StatusOK {
		t.Errorf("an hour later: %d %s", a.status, a.body)
	}
}
