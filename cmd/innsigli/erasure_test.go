package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/keyring"
)

// TestErasure searches every byte of the data folder after everything that ends a process before all have signed: the
// database, its log, documents, the outbox, caches. There must be neither a marker of the document's text, nor of the signed
// copy, nor an unwrapped key.
func TestErasure(t *testing.T) {
	outbox := func(s *settings) { s.SMTP, s.SMS = "", "" }
	for _, c := range []struct {
		name, db string
		end      ending
		tweak    func(*settings)
	}{
		{"canceled, sqlite", "sqlite", cancels, func(*settings) {}},
		{"canceled, sqlite and the built-in outbox", "sqlite", cancels, outbox},
		{"canceled, postgres", "postgres", cancels, func(*settings) {}},
		{"declined, sqlite and the built-in outbox", "sqlite", declines, outbox},
		{"declined, postgres", "postgres", declines, func(*settings) {}},
		{"expired, sqlite", "sqlite", expires, func(*settings) {}},
		{"expired, postgres", "postgres", expires, func(*settings) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var clock clock
			r, s := newLocal(t, c.db, seams{now: clock.now}, c.tweak)
			r.hook() // of which the event of an expiry carries the document
			before, wrapped := erasure(t, r, s, func(p process) { c.end(t, r, &clock, p) })
			if c.name == "canceled, "+c.db {
				rotatedAway(t, r, s, before, wrapped)
			}
		})
	}
}

// ending ends a process that the second of two people has not signed.
type ending func(*testing.T, *rig, *clock, process)

func cancels(t *testing.T, r *rig, _ *clock, p process) {
	t.Helper()
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
}

func declines(t *testing.T, r *rig, _ *clock, p process) {
	t.Helper()
	if a := r.decline(p, 1, "too dear"); a.status != http.StatusOK {
		t.Fatalf("decline: %d %s", a.status, a.body)
	}
}

func expires(t *testing.T, r *rig, c *clock, p process) {
	t.Helper()
	r.settled() // else the jump takes leases away
	c.add(30 * 24 * time.Hour)
	if st := r.shown(p); st != "Expired" {
		t.Fatalf("after 30 days: %s", st)
	}
}

// erasure gives a copy of the folder from before the end, and the key as it lay there.
func erasure(t *testing.T, r *rig, s *server, end func(process)) (before string, wrapped innsigli.WrappedKey) {
	t.Helper()
	const marker = "The-fee-is-4711-kronur"
	const fileMarker = "The-annex-names-8212-kronur"
	body := r.bodyOf(innsiglitest.PDF(t, 2, marker), byMail("Ann", "ann@example.com"), byMail("Bo", "bo@example.com"))
	body["attachments"] = []any{map[string]any{"fileName": "annex.txt", "fileContent": base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fileMarker+" ", 99)))}}
	p := r.createAttached(t, body).process
	upload, kind := form(t, nil, [2]string{"passport.txt", fileMarker})
	if a := r.attach(p, 1, upload, kind); a.status != http.StatusOK {
		t.Fatalf("attach: %d %s", a.status, a.body)
	}
	for n := range p.Signees {
		if a := r.drawFor(p, n, strokes(t, 60, 30)); a.status != http.StatusNoContent {
			t.Fatalf("draw: %d %s", a.status, a.body)
		}
	}
	drawing := drawingOf(t, s, p, 0)
	token := r.tokenFor(p, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	link := "/s/" + p.Key + "/" + p.Signees[1].Key
	for _, path := range []string{link, link + "/page/1.png?w=800", link + "/text/1", "/pdf/sp/" + p.Key + ".pdf"} {
		if a := r.ask("GET", path, "own", nil); a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil); !bytes.Contains(a.body, []byte(marker)) {
		t.Fatal("the marker cannot be seen in the document: the search below would prove nothing")
	}
	key := dataKeyOf(t, s, p.Key)
	wrapped, err := s.db.Key(t.Context(), innsigli.ProcessKey(p.Key))
	if err != nil {
		t.Fatal(err)
	}
	before = copyFolder(t, r.data)

	end(p)
	r.settledCopy(p.Key)
	r.settled()
	if err := s.db.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := s.db.Blobs(t.Context(), innsigli.ProcessKey(p.Key)); err != nil || len(left) != 0 {
		t.Errorf("still listed: %v, %v", left, err)
	}
	secrets := map[string][]byte{
		"text of the document":      []byte(marker),
		"text of an attachment":     []byte(fileMarker),
		"drawn signature":           drawing[len(drawing)-60:],
		"data key":                  key,
		"data key in hex":           []byte(hex.EncodeToString(key)),
		"data key in base64":        []byte(base64.StdEncoding.EncodeToString(key)),
		"outcome in the owner copy": []byte(`"outcome": "`),
	}
	if s.plan.sqlite() {
		secrets["wrapped data key"] = wrapped.Bytes // PostgreSQL's heap is not in the folder; see the rotation below
	}
	if s.plan.SMTP != "" {
		file := r.mailTo("owner@nordurljos.example", func(m innsiglitest.Mail) bool { return len(m.Files) == 1 }).Files[0].Bytes
		for i, at := range []int{len(file) / 3, len(file) / 2, len(file) - 3000} {
			secrets["part of the owner copy "+string(rune('a'+i))] = file[at : at+48]
		}
	}
	search(t, r.data, secrets)
	return before, wrapped
}

// keyText is a line of a key file.
var keyText = regexp.MustCompile(`(?m)^innsigli-key-1 \S+ (\S+)$`)

// dataKeyOf unwraps a process's key, as only the test may.
func dataKeyOf(t *testing.T, s *server, process string) []byte {
	t.Helper()
	w, err := s.db.Key(t.Context(), innsigli.ProcessKey(process))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ring{s.ring}.Unwrap(w, "process:"+process)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(key)
}

// search looks for secrets in every file of a folder.
func search(t *testing.T, dir string, secrets map[string][]byte) {
	t.Helper()
	for _, what := range inFolder(t, dir, secrets) {
		t.Error(what)
	}
}

// inFolder tells which secrets are in which files of a folder.
func inFolder(tb testing.TB, dir string, secrets map[string][]byte) []string {
	tb.Helper()
	var found []string
	seen := 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		seen++
		for what, secret := range secrets {
			if bytes.Contains(b, secret) {
				found = append(found, what+" is in "+strings.TrimPrefix(name, dir))
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	if seen < 3 {
		tb.Errorf("only %d files were searched", seen)
	}
	return found
}

// rotatedAway shows that a copy taken before the cancel cannot be read any more once the key was rotated.
func rotatedAway(t *testing.T, r *rig, s *server, before string, wrapped innsigli.WrappedKey) {
	t.Helper()
	oldKey, err := os.ReadFile(filepath.Join(r.data, "key"))
	if err != nil {
		t.Fatal(err)
	}
	secret := keyText.FindStringSubmatch(string(oldKey))[1]
	if out := r.cli("keys", "rotate"); !bytes.Contains(out, []byte("rotated")) {
		t.Fatalf("keys rotate: %s", out)
	}
	raw, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	search(t, r.data, map[string][]byte{"old key": []byte(secret), "old key's bytes": raw})
	if err := s.ring.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := (ring{s.ring}).Unwrap(wrapped, "process:x"); err == nil {
		t.Error("the key of before the cancel still unwraps")
	}
	// The server itself goes on working after the rotation, with no restart.
	p := r.create(innsiglitest.PDF(t, 1, "after the rotation"), byMail("Ann", "ann@example.com"))
	if a := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil); a.status != http.StatusOK {
		t.Errorf("after the rotation a document answers %d %s", a.status, a.body)
	}
	now, err := os.ReadFile(filepath.Join(r.data, "key"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(before, "key"), now)
	if !s.plan.sqlite() {
		return // the copied folder holds no rows there
	}
	p2, err := settings{base: base{Data: before}, Listen: "127.0.0.1:1", ExpireAfter: time.Hour}.check()
	if err != nil {
		t.Fatal(err)
	}
	if in, err := openInstallation(t.Context(), p2, s.log); err == nil {
		_ = in.close()
		t.Error("the copy of before opens with the new key")
	}
	if _, err := keyring.Load(filepath.Join(before, "key")); err != nil {
		t.Error(err)
	}
}

// copyFolder copies everything but the key, as a backup does.
func copyFolder(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "backup")
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || rel == "key" || rel == "lock" {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}
