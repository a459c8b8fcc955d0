package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/store"
)

func TestKeyGoesWhereTheChangeSays(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		destroyed, held := w.create(t, 1), w.create(t, 1)
		w.change(t, destroyed.Key, innsigli.Change{State: innsigli.Canceled, Key: innsigli.KeyDestroyed})
		w.change(t, held.Key, innsigli.Change{State: innsigli.Canceled, Key: innsigli.KeyHeld})
		for _, p := range []innsigli.ProcessKey{destroyed.Key, held.Key} {
			_, err := w.Key(t.Context(), p)
			isNotFound(t, err)
		}
		_, err := w.HeldKey(t.Context(), destroyed.Key)
		isNotFound(t, err)
		key, err := w.HeldKey(t.Context(), held.Key)
		if d := cmp.Diff(wrapped(string(held.Key)), key); d != "" || err != nil {
			t.Error(d, err)
		}
		if f := w.facts(t, held.Key); !f.Held {
			t.Error("facts do not know of the hold")
		}
		if b, err := w.Backlog(t.Context()); err != nil || b.Held != 1 {
			t.Errorf("backlog is %+v %v", b, err)
		}
		w.change(t, held.Key, innsigli.Change{Key: innsigli.HoldDestroyed, Forget: true})
		_, err = w.HeldKey(t.Context(), held.Key)
		isNotFound(t, err)
		if blobs, err := w.Blobs(t.Context(), held.Key); len(blobs) != 0 || err != nil {
			t.Errorf("still lists %v %v", blobs, err)
		}
		// A key that is not there cannot be held: the whole change is refused.
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: held.Key}, always(innsigli.Change{Key: innsigli.KeyHeld})); err == nil {
			t.Error("nothing was held")
		}
	})
}

// TestRaisedDocumentTakesThePlaceOfTheSealedOne, and of no other; the mails that waited for it go at once.
func TestRaisedDocumentTakesThePlaceOfTheSealedOne(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.change(t, p.Key, innsigli.Change{State: innsigli.Sealing})
		later := w.clock.now().Add(innsigli.RaiseWait)
		low := innsigli.Document{Blob: "low", Size: 99, SHA256: "bb", Pages: 4, Level: cms.BB, Pending: true}
		w.change(t, p.Key, innsigli.Change{State: innsigli.Completed, Sealed: &low, Jobs: []innsigli.Job{
			{Kind: innsigli.JobMailCompleted, Due: later}, {Kind: innsigli.JobMailOwnerDone, Due: later}, {Kind: innsigli.JobWebhook, Due: later},
		}})
		if f := w.facts(t, p.Key); f.Process.Sealed != low {
			t.Errorf("sealed %+v", f.Process.Sealed)
		}
		if b, err := w.Backlog(t.Context()); err != nil || b.Pending != 1 {
			t.Errorf("backlog is %+v %v", b, err)
		}
		high := innsigli.Document{Blob: "high", Size: 199, SHA256: "cc", Pages: 4, Level: cms.BLTA}
		raise := innsigli.Change{Sealed: &high, Raises: "low", Hasten: []innsigli.JobKind{innsigli.JobMailCompleted, innsigli.JobMailOwnerDone}}
		stranger := raise
		stranger.Raises = "another"
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(stranger)); err == nil {
			t.Error("took the place of a document that is not there")
		}
		if jobs := w.claim(t, "n", 8); len(jobs) != 0 {
			t.Errorf("due before their time: %v", kindsOf(jobs))
		}
		w.change(t, p.Key, raise)
		if f := w.facts(t, p.Key); f.Process.Sealed != high {
			t.Errorf("raised to %+v", f.Process.Sealed)
		}
		if b, err := w.Backlog(t.Context()); err != nil || b.Pending != 0 {
			t.Errorf("backlog is %+v %v", b, err)
		}
		jobs := kindsOf(w.claim(t, "n", 8))
		slices.Sort(jobs)
		if d := cmp.Diff([]innsigli.JobKind{innsigli.JobMailCompleted, innsigli.JobMailOwnerDone}, jobs); d != "" {
			t.Errorf("due at once: %s", d)
		}
		if blobs, _ := w.Blobs(t.Context(), p.Key); !slices.Contains(blobs, "high") || slices.Contains(blobs, "low") {
			t.Errorf("lists %v", blobs)
		}
	})
}

// TestSecretIsReplacedOnce: of several that saw the same secret one replaces it, and a rewrapping in between is seen.
func TestSecretIsReplacedOnce(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		was, err := w.Secret(t.Context(), "pki", func() (innsigli.WrappedKey, error) { return wrapped("first"), nil })
		if err != nil {
			t.Fatal(err)
		}
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				ok, err := w.ReplaceSecret(context.Background(), "pki", was, wrapped(fmt.Sprint(i)))
				if err != nil {
					t.Error(err)
				}
				if ok {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if now, err := w.Secret(t.Context(), "pki", nil); err != nil || won.Load() != 1 || bytes.Equal(now.Bytes, was.Bytes) {
			t.Errorf("%d of 8 replaced the secret, %v", won.Load(), err)
		}
		if ok, err := w.ReplaceSecret(t.Context(), "unknown", was, wrapped("x")); ok || err != nil {
			t.Errorf("an unknown secret: %v, %v", ok, err)
		}
		if err := w.SetCurrentKey(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
		now, err := w.Secret(t.Context(), "pki", nil)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := w.ReplaceSecret(t.Context(), "pki", now, wrapped("late")); ok || !errors.Is(err, innsigli.ErrRewrap) {
			t.Errorf("under an old key: %v, %v", ok, err)
		}
	})
}

func TestSealedDocumentIsListedBesideTheIntake(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.change(t, p.Key, innsigli.Change{State: innsigli.Sealing, Jobs: []innsigli.Job{{Kind: innsigli.JobSeal}}})
		if b, err := w.Backlog(t.Context()); err != nil || b.Sealing != 1 {
			t.Errorf("backlog is %+v %v", b, err)
		}
		sealed := innsigli.Document{Blob: "sealed", Size: 99, SHA256: "bb", Pages: 4}
		w.change(t, p.Key, innsigli.Change{State: innsigli.Completed, Sealed: &sealed})
		f := w.facts(t, p.Key)
		if d := cmp.Diff(sealed, f.Process.Sealed); d != "" || !f.Process.EndedAt.Equal(start) {
			t.Error(d, f.Process.EndedAt)
		}
		if blobs, _ := w.Blobs(t.Context(), p.Key); len(blobs) != 2 {
			t.Errorf("lists %v", blobs)
		}
	})
}

func TestEvidenceApartIsListedBesideTheDocumentAndForgottenWithIt(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p, other := w.create(t, 1), w.create(t, 1)
		w.change(t, p.Key, innsigli.Change{State: innsigli.Sealing})
		apart := innsigli.Reference{
			Key: innsigli.NewAttachmentKey(), Type: innsigli.AttachmentEvidence, Name: "x.evidence.pdf",
			Document: innsigli.Document{Blob: "apart-" + string(p.Key), Size: 7, SHA256: "cc", Pages: 2},
		}
		w.change(t, p.Key, innsigli.Change{State: innsigli.Completed, Sealed: &innsigli.Document{Blob: "s"}, Evidence: &apart})
		if d := cmp.Diff(apart, w.facts(t, p.Key).Process.Evidence); d != "" {
			t.Error(d)
		}
		if e := w.facts(t, other.Key).Process.Evidence; e != (innsigli.Reference{}) {
			t.Errorf("another process has %+v", e)
		}
		if blobs, err := w.Blobs(t.Context(), p.Key); len(blobs) != 3 || !slices.Contains(blobs, apart.Blob) || err != nil {
			t.Errorf("lists %v, %v", blobs, err)
		}
		if listed, err := w.Listed(t.Context(), []string{apart.Blob, "orphan"}); !listed[apart.Blob] || listed["orphan"] || err != nil {
			t.Errorf("listed %v, %v", listed, err)
		}
		low := apart
		low.Level, low.Pending, low.Blob = cms.BB, true, "low-"+string(p.Key)
		w.change(t, p.Key, innsigli.Change{Evidence: &low, Renews: apart.Blob})
		if d := cmp.Diff(low, w.facts(t, p.Key).Process.Evidence); d != "" {
			t.Error(d)
		}
		if b, err := w.Backlog(t.Context()); err != nil || b.Pending != 1 {
			t.Errorf("backlog is %+v %v", b, err)
		}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(innsigli.Change{Evidence: &apart, Renews: apart.Blob})); err == nil {
			t.Error("took the place of evidence that is not there any more")
		}
		w.change(t, p.Key, innsigli.Change{Forget: true})
		if blobs, _ := w.Blobs(t.Context(), p.Key); len(blobs) != 0 || w.facts(t, p.Key).Process.Evidence.Key != "" {
			t.Errorf("forgotten, but lists %v", blobs)
		}
	})
}

func TestAttachmentsAreListedInOrderAndForgottenWithTheDocument(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.process(1)
		file := func(blob string, s innsigli.SigneeKey) innsigli.Reference {
			return innsigli.Reference{
				Key: innsigli.NewAttachmentKey(), Type: 20, Name: blob + ".txt", Signee: s, About: "Þetta", At: start,
				Document: innsigli.Document{Blob: blob + string(n.Process.Key), Size: 5, SHA256: "dd"},
			}
		}
		want := []innsigli.Reference{file("a", ""), file("b", "")}
		n.Process.Attachments = want
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		p, other := n.Process.Key, w.create(t, 1)
		w.clock.add(time.Second)
		more := file("c", n.Process.Signees[0].Key)
		more.At = w.clock.now()
		w.change(t, p, innsigli.Change{Attach: []innsigli.Reference{more}})
		if d := cmp.Diff(append(want, more), w.facts(t, p).Process.Attachments); d != "" {
			t.Error(d)
		}
		if got := w.facts(t, other.Key).Process.Attachments; got != nil {
			t.Errorf("another process has %v", got)
		}
		if blobs, err := w.Blobs(t.Context(), p); len(blobs) != 4 || err != nil {
			t.Errorf("lists %v, %v", blobs, err)
		}
		w.change(t, p, innsigli.Change{Detach: want[0].Key})
		if d := cmp.Diff([]innsigli.Reference{want[1], more}, w.facts(t, p).Process.Attachments); d != "" {
			t.Error(d)
		}
		if listed, err := w.Listed(t.Context(), []string{want[0].Blob, more.Blob}); listed[want[0].Blob] || !listed[more.Blob] || err != nil {
			t.Errorf("listed %v, %v", listed, err)
		}
		_, _, err := w.Decide(t.Context(), innsigli.Target{Process: other.Key}, func(innsigli.Facts) (innsigli.Change, error) {
			return innsigli.Change{Detach: more.Key}, nil
		})
		if err == nil {
			t.Error("a file was taken away through another process")
		}
		w.change(t, p, innsigli.Change{Forget: true})
		if blobs, _ := w.Blobs(t.Context(), p); len(blobs) != 0 || w.facts(t, p).Process.Attachments != nil {
			t.Errorf("forgotten, but lists %v", blobs)
		}
	})
}

func TestADrawingTakesThePlaceOfTheEarlierAndIsForgottenWithTheDocument(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 2)
		who := p.Signees[1].Key
		for _, blob := range []string{"first", "second"} {
			w.change(t, p.Key, innsigli.Change{Draw: []innsigli.Drawing{{Signee: who, Document: innsigli.Document{Blob: blob, Size: 7, SHA256: "ee"}}}})
		}
		f := w.facts(t, p.Key)
		if got := f.Process.Signees[1].Drawing; got.Blob != "second" || got.Size != 7 || got.SHA256 != "ee" || f.Process.Signees[0].Drawing.Blob != "" {
			t.Errorf("kept %+v", got)
		}
		if blobs, err := w.Blobs(t.Context(), p.Key); len(blobs) != 2 || !slices.Contains(blobs, "second") || err != nil {
			t.Errorf("lists %v, %v", blobs, err)
		}
		if listed, err := w.Listed(t.Context(), []string{"first", "second"}); listed["first"] || !listed["second"] || err != nil {
			t.Errorf("listed %v, %v", listed, err)
		}
		w.change(t, p.Key, innsigli.Change{Forget: true})
		if blobs, _ := w.Blobs(t.Context(), p.Key); len(blobs) != 0 {
			t.Errorf("forgotten, but lists %v", blobs)
		}
	})
}

func TestKeyUnderAnOldKeyEncryptionKeyIsRefused(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.process(1)
		if err := w.SetCurrentKey(t.Context(), "kek-2"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Create(t.Context(), n); !errors.Is(err, innsigli.ErrRewrap) {
			t.Errorf("error is %v", err)
		}
		_, err := w.Facts(t.Context(), innsigli.Target{Process: n.Process.Key})
		isNotFound(t, err)
		n.Key.KeyID = "kek-2"
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Error(err)
		}
	})
}

func TestFirstSecretWins(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		var made atomic.Int64
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				k, err := w.Secret(context.Background(), "otp", func() (innsigli.WrappedKey, error) {
					return wrapped(fmt.Sprint("secret", made.Add(1))), nil
				})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				seen[string(k.Bytes)]++
			})
		}
		wg.Wait()
		if len(seen) != 1 {
			t.Errorf("%d different secrets", len(seen))
		}
		_, err := w.Secret(t.Context(), "otp", func() (innsigli.WrappedKey, error) {
			return innsigli.WrappedKey{}, errors.New("asked again")
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// rewrapper says that it knows both keys, and remembers what it was told.
func rewrapper(newID string, about *sync.Map) func(innsigli.WrappedKey, string) (innsigli.WrappedKey, error) {
	return func(k innsigli.WrappedKey, a string) (innsigli.WrappedKey, error) {
		about.Store(a, string(k.Bytes))
		return innsigli.WrappedKey{KeyID: newID, Bytes: append([]byte(newID+" "), k.Bytes...)}, nil
	}
}

func TestRewrapReachesEveryTable(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		live, held := w.create(t, 1), w.create(t, 1)
		w.change(t, held.Key, innsigli.Change{Key: innsigli.KeyHeld})
		if _, err := w.Secret(t.Context(), "otp", func() (innsigli.WrappedKey, error) { return wrapped("otp"), nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Rewrap(t.Context(), "kek-2", rewrapper("kek-2", &sync.Map{})); err == nil {
			t.Error("rewrapped under a key that is not the current one")
		}
		if err := w.SetCurrentKey(t.Context(), "kek-2"); err != nil {
			t.Fatal(err)
		}
		var about sync.Map
		n, err := w.Rewrap(t.Context(), "kek-2", rewrapper("kek-2", &about))
		if n != 4 || err != nil {
			t.Errorf("rewrapped %d, %v", n, err)
		}
		for _, a := range []string{"process:" + string(live.Key), "process:" + string(held.Key), "secret:otp", "webhook:" + string(w.company.Key)} {
			if _, ok := about.Load(a); !ok {
				t.Errorf("nothing was rewrapped about %q", a)
			}
		}
		ids, err := w.KeyIDs(t.Context())
		if d := cmp.Diff(map[string]int{"kek-2": 4}, ids); d != "" || err != nil {
			t.Error(d, err)
		}
		key, err := w.Key(t.Context(), live.Key)
		if err != nil || !bytes.HasPrefix(key.Bytes, []byte("kek-2 ")) {
			t.Errorf("key is %q %v", key.Bytes, err)
		}
	})
}

func TestRewrapMissesNothingThatMovesMeanwhile(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		var all []innsigli.Process
		for range 250 {
			all = append(all, w.create(t, 0))
		}
		if err := w.SetCurrentKey(t.Context(), "kek-2"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for _, p := range all {
				if _, _, err := w.Decide(context.Background(), innsigli.Target{Process: p.Key}, always(innsigli.Change{Key: innsigli.KeyHeld})); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				n := w.process(0)
				n.Key.KeyID = "kek-2"
				if _, _, err := w.Create(context.Background(), n); err != nil {
					t.Error(err)
				}
			}
		})
		if _, err := w.Rewrap(t.Context(), "kek-2", rewrapper("kek-2", &sync.Map{})); err != nil {
			t.Error(err)
		}
		// Not even in the middle of the moves may anything be left under the old key.
		if ids, err := w.KeyIDs(t.Context()); err != nil || ids[keyID] != 0 {
			t.Errorf("left: %v %v", ids, err)
		}
		wg.Wait()
		if ids, err := w.KeyIDs(t.Context()); err != nil || ids[keyID] != 0 || ids["kek-2"] != 301 {
			t.Errorf("left: %v %v", ids, err)
		}
	})
}

// files reads everything that belongs to a SQLite database.
func files(tb testing.TB, dir string) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			tb.Fatal(err)
		}
		all[filepath.Base(n)] = b
	}
	return all
}

func openFile(tb testing.TB, path string) *world {
	tb.Helper()
	return newWorld(tb, func(tb testing.TB, change ...func(*store.Options)) *store.DB {
		tb.Helper()
		return innsiglitest.SQLite(tb, append(change, func(o *store.Options) { o.URL = "sqlite:" + path })...)
	})
}

func TestNothingOfADeletedKeyIsLeftInTheFilesOfSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := openFile(t, filepath.Join(dir, "innsigli.db"))
	secretOf := func(p innsigli.Process) []byte { return wrapped(string(p.Key)).Bytes[:32] }
	var all []innsigli.Process
	for range 200 {
		all = append(all, w.create(t, 1))
	}
	gone := map[innsigli.ProcessKey]bool{}
	for i, p := range all {
		switch i % 3 {
		case 0:
			w.change(t, p.Key, innsigli.Change{State: innsigli.Canceled, Key: innsigli.KeyDestroyed})
			gone[p.Key] = true
		case 1:
			w.change(t, p.Key, innsigli.Change{State: innsigli.Canceled, Key: innsigli.KeyHeld})
			w.change(t, p.Key, innsigli.Change{Key: innsigli.HoldDestroyed})
			gone[p.Key] = true
		}
	}
	begun := innsiglitest.Now()
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := innsiglitest.Now().Sub(begun); d > 10*time.Second {
		t.Errorf("erasing took %s", d)
	}
	found := files(t, dir)
	if len(found["innsigli.db-wal"]) != 0 {
		t.Errorf("the log still has %d bytes", len(found["innsigli.db-wal"]))
	}
	for _, p := range all {
		there := false
		for name, data := range found {
			if !bytes.Contains(data, secretOf(p)) {
				continue
			}
			there = true
			if gone[p.Key] {
				t.Errorf("the deleted key of process %s is in %s", p.Key, name)
			}
		}
		if !there && !gone[p.Key] {
			t.Error("a live key was not found: the search is broken")
		}
	}
}

func TestErasureWaitsForReadersAndIsMadeUpAfterACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := openFile(t, filepath.Join(dir, "innsigli.db"))
	p := w.create(t, 1)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 { // readers without a pause
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := w.Facts(context.Background(), innsigli.Target{Process: p.Key}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	w.change(t, p.Key, innsigli.Change{State: innsigli.Canceled, Key: innsigli.KeyDestroyed})
	// A crash before the erasure leaves these files.
	crashed := t.TempDir()
	for name, data := range files(t, dir) {
		if err := os.WriteFile(filepath.Join(crashed, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := w.Flush(ctx); err != nil {
		t.Errorf("erasing under readers: %v", err)
	}
	close(stop)
	wg.Wait()
	key := wrapped(string(p.Key)).Bytes
	for name, data := range files(t, dir) {
		if bytes.Contains(data, key) {
			t.Errorf("the key is in %s", name)
		}
	}
	again := openFile(t, filepath.Join(crashed, "innsigli.db"))
	if err := again.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, data := range files(t, crashed) {
		if bytes.Contains(data, key) {
			t.Errorf("after the crash the key is in %s", name)
		}
	}
}

func TestFilesOfSQLiteAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new folder ?#%")
	w := openFile(t, filepath.Join(dir, "innsigli.db"))
	w.create(t, 1)
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		info, err := n.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 || !strings.HasPrefix(n.Name(), "innsigli.db") {
			t.Errorf("%s has mode %s", n.Name(), info.Mode())
		}
	}
}
