package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
