package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/blob"
)

// stores makes every kind of store there is: the whole suite below runs on each.
var stores = map[string]func(t *testing.T) blob.Store{
	"folder": func(t *testing.T) blob.Store { t.Helper(); return newFolder(t, t.TempDir()) },
	"memory": func(t *testing.T) blob.Store { t.Helper(); return blob.Memory(clock) },
}

func newFolder(t *testing.T, dir string) *blob.FolderStore {
	t.Helper()
	f, err := blob.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	closes(t, f)
	return f
}

// clock stands still: what is made in memory is made on this day.
func clock() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// closes what a test has opened, at its end.
func closes(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func put(t *testing.T, s blob.Store, data []byte) blob.ID {
	t.Helper()
	w, err := s.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.ID()
}

func get(t *testing.T, s blob.Store, id blob.ID) []byte {
	t.Helper()
	o, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	closes(t, o)
	b, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func listed(t *testing.T, s blob.Store) map[blob.ID]int64 {
	t.Helper()
	got := map[blob.ID]int64{}
	err := s.List(t.Context(), func(id blob.ID, modified time.Time, size int64) error {
		if modified.IsZero() {
			t.Errorf("%s was modified on %v, want a time", id, modified)
		}
		if _, twice := got[id]; twice {
			t.Errorf("%s was listed twice", id)
		}
		got[id] = size
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestStoreKeepsWhatWasCommitted(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			empty, hello := put(t, s, nil), put(t, s, []byte("hello"))
			if got := get(t, s, hello); string(got) != "hello" {
				t.Errorf("got %q, want hello", got)
			}
			if got := get(t, s, empty); len(got) != 0 {
				t.Errorf("got %d bytes, want none", len(got))
			}
			if diff := cmp.Diff(listed(t, s), map[blob.ID]int64{empty: 0, hello: 5}); diff != "" {
				t.Errorf("list (-got +want):\n%s", diff)
			}
		})
	}
}

func TestStoreShowsNothingBeforeCommit(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			w, err := s.Create(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte("half")); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Open(t.Context(), w.ID()); !errors.Is(err, blob.ErrNotExist) {
				t.Errorf("open: got %v, want ErrNotExist", err)
			}
			if diff := cmp.Diff(listed(t, s), map[blob.ID]int64{w.ID(): 4}); diff != "" {
				t.Errorf("a sweep must see it (-got +want):\n%s", diff)
			}
			w.Abort()
			w.Abort()
			if got := listed(t, s); len(got) != 0 {
				t.Errorf("after abort: got %v, want nothing", got)
			}
			if _, err := w.Write([]byte("more")); err == nil {
				t.Error("write after abort: got no error")
			}
			if err := w.Commit(t.Context()); err == nil {
				t.Error("commit after abort: got no error")
			}
		})
	}
}

func TestStoreAbortAfterCommitDoesNothing(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			w, err := s.Create(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.Abort()
			if err := w.Commit(t.Context()); err == nil {
				t.Error("second commit: got no error")
			}
			if _, err := w.Write([]byte("x")); err == nil {
				t.Error("write after commit: got no error")
			}
			get(t, s, w.ID())
		})
	}
}

func TestStoreDelete(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			gone, stays := put(t, s, []byte("gone")), put(t, s, []byte("stays"))
			for range 2 { // the second time nothing is there
				if err := s.Delete(t.Context(), gone); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Open(t.Context(), gone); !errors.Is(err, blob.ErrNotExist) {
				t.Errorf("open: got %v, want ErrNotExist", err)
			}
			if diff := cmp.Diff(listed(t, s), map[blob.ID]int64{stays: 5}); diff != "" {
				t.Errorf("list (-got +want):\n%s", diff)
			}
		})
	}
}

func TestStoreDeleteTakesAwayWhatIsBeingWritten(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			w, err := s.Create(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Delete(t.Context(), w.ID()); err != nil {
				t.Fatal(err)
			}
			if err := w.Commit(t.Context()); err == nil {
				t.Error("commit of a swept blob: got no error, and the bytes are gone")
			}
			if got := listed(t, s); len(got) != 0 {
				t.Errorf("got %v, want nothing", got)
			}
		})
	}
}

func TestStoreRefusesForeignIDs(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for _, id := range []blob.ID{"", "ab", "../../../../../../etc/passwd", "ABCDEF0123456789ABCDEF0123456789", blob.NewID() + "0"} {
				if _, err := s.Open(t.Context(), id); !errors.Is(err, blob.ErrNotExist) {
					t.Errorf("open %q: got %v, want ErrNotExist", id, err)
				}
				if err := s.Delete(t.Context(), id); err != nil {
					t.Errorf("delete %q: %v", id, err)
				}
				if _, err := blob.ParseID(string(id)); err == nil {
					t.Errorf("parse %q: got no error", id)
				}
			}
			if id := blob.NewID(); id == blob.NewID() {
				t.Error("two ids are the same")
			}
		})
	}
}

func TestStoreStopsWithItsContext(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			id := put(t, s, []byte("x"))
			w, err := s.Create(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, create := s.Create(ctx)
			_, open := s.Open(ctx, id)
			list := s.List(ctx, func(blob.ID, time.Time, int64) error { return nil })
			for verb, err := range map[string]error{
				"create": create, "open": open, "list": list, "delete": s.Delete(ctx, id), "commit": w.Commit(ctx),
			} {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s: got %v, want context.Canceled", verb, err)
				}
			}
			if diff := cmp.Diff(listed(t, s), map[blob.ID]int64{id: 1}); diff != "" {
				t.Errorf("list (-got +want):\n%s", diff)
			}
		})
	}
}

func TestStoreListStopsAtAnError(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			put(t, s, nil)
			put(t, s, nil)
			stop, calls := errors.New("stop"), 0
			err := s.List(t.Context(), func(blob.ID, time.Time, int64) error { calls++; return stop })
			if !errors.Is(err, stop) || calls != 1 {
				t.Errorf("got %v after %d calls, want stop after 1", err, calls)
			}
		})
	}
}

func TestStoreSweepsWhileListing(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for range 50 {
				put(t, s, []byte("orphan"))
			}
			err := s.List(t.Context(), func(id blob.ID, _ time.Time, _ int64) error { return s.Delete(t.Context(), id) })
			if err != nil {
				t.Fatal(err)
			}
			if got := listed(t, s); len(got) != 0 {
				t.Errorf("%d blobs are left", len(got))
			}
		})
	}
}

func TestStoreReadersOutliveDelete(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			id := put(t, s, []byte("being read"))
			o, err := s.Open(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			closes(t, o)
			if err := s.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, o.Size())
			if _, err := o.ReadAt(buf, 0); err != nil && !errors.Is(err, io.EOF) || string(buf) != "being read" {
				t.Errorf("got %q, %v", buf, err)
			}
		})
	}
}

func TestStoreServesManyAtOnce(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					data := bytes.Repeat([]byte{byte(i)}, 1000+i)
					w, err := s.Create(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					_, werr := w.Write(data)
					if err := errors.Join(werr, w.Commit(t.Context())); err != nil {
						t.Error(err)
						return
					}
					o, err := s.Open(t.Context(), w.ID())
					if err != nil {
						t.Error(err)
						return
					}
					closes(t, o)
					got, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
					if err != nil || !bytes.Equal(got, data) {
						t.Errorf("read back %d bytes, %v", len(got), err)
					}
					if i%2 == 0 {
						if err := s.Delete(t.Context(), w.ID()); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if got := len(listed(t, s)); got != 8 {
				t.Errorf("%d blobs are left, want 8", got)
			}
		})
	}
}

func TestFolderIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "blobs")
	s := newFolder(t, dir)
	put(t, s, []byte("x"))
	if _, err := s.Create(t.Context()); err != nil { // left half written, as by a crash
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("%s has mode %v: others may look", path, mode)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFolderListsWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	left := newFolder(t, dir)
	w, err := left.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"lost+found", "ab/notes.txt", "zz/" + string(blob.NewID())} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(foreign)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, foreign), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newFolder(t, dir) // the next start
	hourAgo := clock().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, string(w.ID()[:2]), string(w.ID())+".tmp"), hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}
	err = s.List(t.Context(), func(_ blob.ID, modified time.Time, _ int64) error {
		if !modified.Equal(hourAgo) {
			t.Errorf("modified %v, want %v: a sweep goes by it", modified, hourAgo)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(listed(t, s), map[blob.ID]int64{w.ID(): 4}); diff != "" {
		t.Fatalf("list (-got +want):\n%s", diff)
	}
	if err := s.Delete(t.Context(), w.ID()); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, s); len(got) != 0 {
		t.Errorf("after the sweep: got %v", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "ab", "notes.txt")); err != nil {
		t.Errorf("a foreign file was touched: %v", err)
	}
}

func TestFolderDoesNotFollowLinksOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	id := blob.NewID()
	if err := os.WriteFile(filepath.Join(outside, string(id)), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, string(id[:2]))); err != nil {
		t.Fatal(err)
	}
	if _, err := newFolder(t, dir).Open(t.Context(), id); err == nil {
		t.Error("a link led out of the folder")
	}
}
