package keyring_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/keyring"
)

func TestRotation(t *testing.T) {
	file := newFile(t)
	server, cli := load(t, file), load(t, file) // two processes over one file
	oldID, wrapped := server.Wrap([]byte("data key"), "row")

	newID, err := cli.Add()
	if err != nil {
		t.Fatal(err)
	}
	if newID == oldID {
		t.Fatal("the new key has the id of the old one")
	}
	for name, r := range map[string]*keyring.Ring{"server": server, "cli": cli} {
		if got, err := r.Unwrap(oldID, wrapped, "row"); err != nil || string(got) != "data key" {
			t.Errorf("%s: what the old key wrapped: got %q, %v", name, got, err)
		}
		id, again := r.Wrap([]byte("data key"), "row")
		if id != newID {
			t.Errorf("%s wraps by %q, want the new key %q", name, id, newID)
		}
		if got, err := server.Unwrap(id, again, "row"); err != nil || string(got) != "data key" {
			t.Errorf("%s: what the new key wrapped: got %q, %v", name, got, err)
		}
	}
	if _, err := server.Add(); !errors.Is(err, keyring.ErrRotating) {
		t.Errorf("second add: got %v, want ErrRotating", err)
	}
	if err := cli.Retire(newID); err == nil {
		t.Error("the current key could be retired")
	}
	for range 2 { // again after a crash
		if err := cli.Retire(oldID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cli.Unwrap(oldID, wrapped, "row"); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("after retire: got %v, want ErrUnknownKey", err)
	}
	if diff := cmp.Diff(load(t, file).IDs(), []string{newID}); diff != "" {
		t.Errorf("ids in the file (-got +want):\n%s", diff)
	}
}

func TestUnwrapFindsAKeyThatAnotherProcessAdded(t *testing.T) {
	file := newFile(t)
	server, cli := load(t, file), load(t, file)
	if _, err := cli.Add(); err != nil {
		t.Fatal(err)
	}
	id, wrapped := cli.Wrap([]byte("x"), "row")
	if got, err := server.Unwrap(id, wrapped, "row"); err != nil || string(got) != "x" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRotationDestroysTheOldBytes(t *testing.T) {
	file := newFile(t)
	r := load(t, file)
	oldID, oldKey := r.Current(), bytes.Fields(bytes.Split(readFile(t, file), []byte("\n"))[1])[2]
	held := make([]*os.File, 0, 2) // the files that will lose their name
	hold := func() {
		t.Helper()
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		held = append(held, f)
	}
	hold()
	if _, err := r.Add(); err != nil {
		t.Fatal(err)
	}
	hold()
	if err := r.Retire(oldID); err != nil {
		t.Fatal(err)
	}
	for i, f := range held {
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		if len(bytes.Trim(b, "\x00")) != 0 {
			t.Errorf("old file %d still holds %d bytes that are not zero", i, len(bytes.Trim(b, "\x00")))
		}
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("%d files in the folder, want the key file alone", len(entries))
	}
	if b := readFile(t, file); bytes.Contains(b, oldKey) {
		t.Error("the old key is still in the file")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("after the rotation: %v, %v", info.Mode(), err)
	}
}

func TestRotationKeepsALink(t *testing.T) {
	file := newFile(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	r := load(t, link)
	id, err := r.Add()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info.Mode(), err)
	}
	if got := load(t, file).Current(); got != id {
		t.Errorf("current key behind the link is %q, want %q", got, id)
	}
}

func TestRotationAfterALeftover(t *testing.T) {
	file := newFile(t)
	if err := os.WriteFile(file+".new", []byte("half of a k"), 0o644); err != nil { // a crash before the rename
		t.Fatal(err)
	}
	if _, err := load(t, file).Add(); err != nil {
		t.Fatal(err)
	}
	if got := load(t, file); len(got.IDs()) != 2 || got.Warning() != "" {
		t.Errorf("got %d keys, warning %q", len(got.IDs()), got.Warning())
	}
}

func TestRotationOfTheEnvironmentIsRefused(t *testing.T) {
	t.Setenv("INNSIGLI_TEST_RING", "innsigli-key-1 one "+secret+",innsigli-key-1 two "+secret)
	r := load(t, "env:INNSIGLI_TEST_RING")
	if _, err := r.Add(); !errors.Is(err, keyring.ErrReadOnly) {
		t.Errorf("add: got %v, want ErrReadOnly", err)
	}
	if err := r.Retire("two"); !errors.Is(err, keyring.ErrReadOnly) {
		t.Errorf("retire: got %v, want ErrReadOnly", err)
	}
	if id, _ := r.Wrap(nil, ""); id != "one" || r.Warning() != "" {
		t.Errorf("wrapped by %q, warning %q", id, r.Warning())
	}
}

func TestADamagedFileLeavesTheRingAsItWas(t *testing.T) {
	file := newFile(t)
	r := load(t, file)
	id, wrapped := r.Wrap([]byte("x"), "row")
	if err := os.WriteFile(file, []byte("oops"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(); !errors.Is(err, keyring.ErrMalformed) {
		t.Errorf("reload: got %v, want ErrMalformed", err)
	}
	if _, err := r.Add(); !errors.Is(err, keyring.ErrMalformed) {
		t.Errorf("add: got %v, want ErrMalformed", err)
	}
	if _, err := r.Unwrap("other", wrapped, "row"); !errors.Is(err, keyring.ErrUnknownKey) || !errors.Is(err, keyring.ErrMalformed) {
		t.Errorf("unknown key: got %v, want both reasons", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if again, _ := r.Wrap(nil, ""); again != id {
		t.Errorf("wraps by %q, want %q", again, id)
	}
	if got, err := r.Unwrap(id, wrapped, "row"); err != nil || string(got) != "x" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRotationUnderLoad(t *testing.T) {
	file := newFile(t)
	server, cli := load(t, file), load(t, file)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				// The key may be retired between the two calls; then it is unknown, and never anything else.
				id, wrapped := server.Wrap([]byte("x"), "row")
				if _, err := server.Unwrap(id, wrapped, "row"); err != nil && !errors.Is(err, keyring.ErrUnknownKey) {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		old := cli.Current()
		if _, err := cli.Add(); err != nil {
			t.Fatal(err)
		}
		id, wrapped := server.Wrap([]byte("x"), "row")
		if id == old {
			t.Error("wrapped by the old key after Add had returned")
		}
		if err := cli.Retire(old); err != nil {
			t.Fatal(err)
		}
		if _, err := server.Unwrap(id, wrapped, "row"); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}
