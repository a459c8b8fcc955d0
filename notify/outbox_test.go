package notify_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

func outbox(t *testing.T, now func() time.Time) (o *notify.Outbox, dir string) {
	t.Helper()
	id, err := notify.NewOutboxIdentity()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "outbox")
	if o, err = notify.NewOutbox(dir, id, now); err != nil {
		t.Fatal(err)
	}
	return o, dir
}

func TestTheOutboxShowsWhatWasSentAndKeepsItEncrypted(t *testing.T) {
	now := noon
	o, dir := outbox(t, func() time.Time { return now })
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.Mail, w.Sms = o, o
	w.ended(innsigli.Canceled, "")
	w.doc = bytes.Repeat([]byte("%PDF MARKER "), 10_000)
	change, _, err := w.run(t, job(innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", innsigli.LangIs))
	if err != nil || change == "" {
		t.Fatalf("change %q, error %v", change, err)
	}
	now = now.Add(time.Minute)
	j := job(innsigli.JobSmsCanceled, bjorn, "+3546661234", innsigli.LangIs)
	j.UID = "ff" + uid[2:]
	if _, _, err := w.run(t, j); err != nil {
		t.Fatal(err)
	}
	list, err := o.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []innsigli.Letter{
		{ID: j.UID, At: now, Sms: true, To: "+3546661234"},
		{
			ID: uid, At: noon, From: "Norðurljós ehf. <noreply@sign.example>", To: "<anna@nordurljos.example>",
			Subject: "Hætt við áður en allir höfðu undirritað: Þjónustusamningur.pdf",
		},
	}
	if d := cmp.Diff(want, list); d != "" {
		t.Errorf("list (-want +got):\n%s", d)
	}
	l, err := o.Read(t.Context(), uid)
	if err != nil || len(l.Text) < 100 || len(l.HTML) < 1000 {
		t.Fatalf("letter %+v, error %v", l, err)
	}
	file := innsigli.LetterFile{Name: "Þjónustusamningur.pdf", Type: "application/pdf", Size: int64(len(w.doc))}
	if d := cmp.Diff([]innsigli.LetterFile{file}, l.Files); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	r, f, err := o.File(t.Context(), uid, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || r.Close() != nil || !bytes.Equal(got, w.doc) || f.Name != file.Name {
		t.Errorf("file %+v of %d bytes, error %v", f, len(got), err)
	}
	if s, err := o.Read(t.Context(), j.UID); err != nil || !s.Sms || !strings.HasPrefix(s.Text, "Norðurljós") {
		t.Errorf("SMS %+v, error %v", s, err)
	}
	encrypted(t, dir, 2)
}

// encrypted fails when the files of an outbox are not as many, or hold something in clear.
func encrypted(t *testing.T, dir string, files int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != files {
		t.Fatalf("%d files, error %v", len(entries), err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"PDF MARKER", "JVBERiBNQVJL", "anna@nordurljos", "Subject: ", "Norðurljós"} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s holds %q in clear", e.Name(), word)
			}
		}
		if i, err := e.Info(); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, error %v", e.Name(), i.Mode(), err)
		}
	}
}

func TestTheOutboxKeepsOneLetterForTwoAttempts(t *testing.T) {
	o, _ := outbox(t, func() time.Time { return noon })
	for range 2 {
		if err := o.SendMail(t.Context(), aMessage(), wanted); err != nil {
			t.Fatal(err)
		}
	}
	if l, err := o.List(t.Context()); err != nil || len(l) != 1 {
		t.Errorf("%d letters, error %v", len(l), err)
	}
}

func TestTheOutboxKeepsNothingThatWasNotWanted(t *testing.T) {
	o, dir := outbox(t, func() time.Time { return noon })
	no := func(context.Context) (bool, error) { return false, nil }
	if err := o.SendMail(t.Context(), aMessage(), no); err == nil {
		t.Error("an unwanted letter counts as delivered")
	}
	if e, err := os.ReadDir(dir); err != nil || len(e) != 0 {
		t.Errorf("%d files, error %v", len(e), err)
	}
}

func TestTheOutboxIsSweptAfterADay(t *testing.T) {
	now := noon
	o, dir := outbox(t, func() time.Time { return now })
	if err := o.SendMail(t.Context(), aMessage(), wanted); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(dir, "new-1.tmp")
	if err := os.WriteFile(crashed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(crashed, now, now); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		after time.Duration
		files int
	}{{23*time.Hour + 59*time.Minute, 2}, {24 * time.Hour, 0}} {
		now = noon.Add(tc.after)
		if err := o.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e, err := os.ReadDir(dir); err != nil || len(e) != tc.files {
			t.Errorf("after %v: %d files, error %v", tc.after, len(e), err)
		}
	}
	if _, err := o.Read(t.Context(), uid); innsigli.KindOf(err) != innsigli.NotFound {
		t.Errorf("a swept letter: %v", err)
	}
}

func TestOutboxIdsLeadNowhereElse(t *testing.T) {
	o, dir := outbox(t, func() time.Time { return noon })
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "a.letter"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "../a", "a/../../a", "A", "..", uid + uid + "0"} {
		if _, err := o.Read(t.Context(), id); innsigli.KindOf(err) != innsigli.NotFound {
			t.Errorf("%q: %v", id, err)
		}
		if _, _, err := o.File(t.Context(), id, 0); innsigli.KindOf(err) != innsigli.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := o.SendMail(t.Context(), aMessage(), wanted); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.File(t.Context(), uid, 0); innsigli.KindOf(err) != innsigli.NotFound {
		t.Errorf("an attachment that is not there: %v", err)
	}
}

func TestAnotherIdentityOpensNoLetter(t *testing.T) {
	o, dir := outbox(t, func() time.Time { return noon })
	if err := o.SendMail(t.Context(), aMessage(), wanted); err != nil {
		t.Fatal(err)
	}
	id, err := notify.NewOutboxIdentity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := notify.NewOutbox(dir, id, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Read(t.Context(), uid); err == nil {
		t.Error("read with another identity")
	}
	if _, err := notify.NewOutbox(dir, "AGE-SECRET-KEY-1S3CRET", nil); err == nil || bytes.Contains([]byte(err.Error()), []byte("S3CRET")) {
		t.Errorf("error is %v", err)
	}
}
