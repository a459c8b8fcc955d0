package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pki"
)

// checkVerified has the server judge what it sealed, as it is and with a byte changed.
func checkVerified(t *testing.T, r *rig, pdf []byte) {
	t.Helper()
	good := verifiedBy(t, r, pdf)
	if len(good.Signatures) == 0 {
		t.Fatal("verify: no signature found")
	}
	s := good.Signatures[0]
	if !s.Own || !s.Trusted || s.Indication == pades.TotalFailed || s.Changes == pades.Rewritten || s.Allows != pades.DefaultCertify {
		t.Errorf("verify: %s, %s, %v", s.Text, s.Changes, s.Findings)
	}
	bad := bytes.Clone(pdf)
	bad[bytes.Index(bad, []byte("/MediaBox"))+11] ^= 1
	if got := verifiedBy(t, r, bad); got.Indication != pades.TotalFailed || got.Signatures[0].Summary != "changed" {
		t.Errorf("verify, changed: %s", got.Text)
	}
}

// verifiedBy asks a server what it thinks of a document.
func verifiedBy(t *testing.T, r *rig, b []byte) (out pades.Report) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.url+"/verify", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/pdf")
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("verify: %d, %v", resp.StatusCode, err)
	}
	return out
}

// TestAPendingSealHoldsForWhoMadeIt: at B-B a document holds no proof that the certificate was good. The server knows of
// its own; others can ask it.
func TestAPendingSealHoldsForWhoMadeIt(t *testing.T) {
	var c clock
	r, _, _, p := pendingProcess(t, "sqlite", down, &c)
	doc := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
	got := verifiedBy(t, r, doc)
	if !got.Passed() || len(got.Signatures) != 1 || !got.Signatures[0].Own || got.Signatures[0].Level != levelB {
		t.Errorf("by the server: %s %+v", got.Text, got.Signatures)
	}
	dir := t.TempDir()
	file, root := filepath.Join(dir, "sealed.pdf"), filepath.Join(dir, "root.pem")
	writeFile(t, file, doc)
	writeFile(t, root, r.ask("GET", pki.RootPEMPath, "", nil).body)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"verify", "--trust", root, "--online", "--pki-allow", "127.0.0.0/8", file}, exitDone, "TOTAL-PASSED"},
		{[]string{"verify", "--trust", root, "--online", file}, exitFailed, "TRY_LATER"}, // a private network is not asked
		{[]string{"verify", "--trust", root, file}, exitFailed, "nobody was asked"},
		{[]string{"verify", "--online", file}, exitFailed, "not known"},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%v: exit %d, want %d: %s", c.args, code, c.code, out.String())
		}
	}
}

func TestVerifyOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	unsigned, text := filepath.Join(dir, "unsigned.pdf"), filepath.Join(dir, "text")
	writeFile(t, unsigned, innsiglitest.PDF(t, 1, "nobody signed"))
	writeFile(t, text, []byte("no PDF\x1b[2J"))
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"verify"}, exitUsage, "expected"},
		{[]string{"verify", "--trust", text, unsigned}, exitUsage, "no certificate"},
		{[]string{"verify", "--trust", filepath.Join(dir, "nothing"), unsigned}, exitUsage, "nothing"},
		{[]string{"verify", unsigned}, exitFailed, "There is no signature"},
		{[]string{"verify", text}, exitFailed, "not a PDF"},
		{[]string{"verify", filepath.Join(dir, "nothing")}, exitFailed, "no such file"},
		{[]string{"verify", "--json", unsigned, text}, exitFailed, `"indication": "INDETERMINATE"`},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.says) || strings.Contains(out.String(), "\x1b") {
			t.Errorf("%v: exit %d, want %d: %s", c.args, code, c.code, out.String())
		}
	}
}
