package keyring_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/keyring"
)

// secret is the base64 of a key that is easy to find again wherever it should not be.
var secret = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k3y!"), 8))

func newFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := keyring.Create(file); err != nil {
		t.Fatal(err)
	}
	return file
}

func load(t *testing.T, spec string) *keyring.Ring {
	t.Helper()
	r, err := keyring.Load(spec)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// writeText makes a key file with a text of the test's own.
func writeText(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWrapRoundTrip(t *testing.T) {
	r := load(t, newFile(t))
	for _, plain := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("data key "), 1000)} {
		id, wrapped := r.Wrap(plain, "document_key sp1")
		if id != r.Current() {
			t.Errorf("wrapped by %q, want the current key %q", id, r.Current())
		}
		if len(plain) > 1 && bytes.Contains(wrapped, plain[:8]) {
			t.Error("the wrapped bytes show the plain ones")
		}
		got, err := r.Unwrap(id, wrapped, "document_key sp1")
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("got %q, %v", got, err)
		}
	}
	_, a := r.Wrap([]byte("same"), "")
	_, b := r.Wrap([]byte("same"), "")
	if bytes.Equal(a, b) {
		t.Error("the same bytes wrapped twice look the same")
	}
}

func TestUnwrapRefuses(t *testing.T) {
	r, other := load(t, newFile(t)), load(t, newFile(t))
	id, wrapped := r.Wrap([]byte("0123456789abcdef"), "row 1")
	for at := range wrapped {
		changed := bytes.Clone(wrapped)
		changed[at] ^= 1
		if _, err := r.Unwrap(id, changed, "row 1"); !errors.Is(err, keyring.ErrUnwrap) {
			t.Errorf("byte %d changed: got %v, want ErrUnwrap", at, err)
		}
		if _, err := r.Unwrap(id, wrapped[:at], "row 1"); !errors.Is(err, keyring.ErrUnwrap) {
			t.Errorf("cut at %d: got %v, want ErrUnwrap", at, err)
		}
	}
	if _, err := r.Unwrap(id, wrapped, "row 2"); !errors.Is(err, keyring.ErrUnwrap) {
		t.Errorf("another row: got %v, want ErrUnwrap", err)
	}
	if _, err := other.Unwrap(id, wrapped, "row 1"); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("another ring: got %v, want ErrUnknownKey", err)
	}
	same := load(t, writeText(t, "innsigli-key-1 "+id+" "+secret))
	if _, err := same.Unwrap(id, wrapped, "row 1"); !errors.Is(err, keyring.ErrUnwrap) {
		t.Errorf("another key under the same id: got %v, want ErrUnwrap", err)
	}
}

func TestLoadText(t *testing.T) {
	one, two := "innsigli-key-1 one "+secret, "innsigli-key-1 two "+secret
	tests := map[string]struct {
		text string
		want []string // nil: malformed
	}{
		"one key":            {one, []string{"one"}},
		"two keys":           {one + "\n" + two + "\n", []string{"one", "two"}},
		"comments and space": {"# a comment, with a comma\r\n\r\n\t" + one + "  \r\n", []string{"one"}},
		"commas":             {one + "," + two + ",", []string{"one", "two"}},
		"id of all kinds":    {"innsigli-key-1 2026-W48_a.B " + secret, []string{"2026-W48_a.B"}},
		"empty":              {"", nil},
		"only a comment":     {"# nothing\n", nil},
		"three keys":         {one + "\n" + two + "\ninnsigli-key-1 three " + secret, nil},
		"the same id twice":  {one + "\n" + one, nil},
		"a later version":    {"innsigli-key-2 one " + secret, nil},
		"no id":              {"innsigli-key-1 " + secret, nil},
		"a fourth word":      {one + " x", nil},
		"key too short":      {"innsigli-key-1 one " + base64.StdEncoding.EncodeToString(make([]byte, 31)), nil},
		"key too long":       {"innsigli-key-1 one " + base64.StdEncoding.EncodeToString(make([]byte, 33)), nil},
		"no padding":         {"innsigli-key-1 one " + strings.TrimRight(secret, "="), nil},
		"bad id":             {"innsigli-key-1 o/ne " + secret, nil},
		"long id":            {"innsigli-key-1 " + strings.Repeat("x", 65) + " " + secret, nil},
		"only the key":       {secret, nil},
		"zeros":              {string(make([]byte, 100)), nil},
		"too long":           {one + strings.Repeat("\n", 20_000), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			specs := []string{writeText(t, test.text)}
			if !strings.Contains(test.text, "\x00") { // the environment cannot hold it
				t.Setenv("INNSIGLI_TEST_RING", test.text)
				specs = append(specs, "env:INNSIGLI_TEST_RING")
			}
			for _, spec := range specs {
				r, err := keyring.Load(spec)
				if test.want == nil {
					if !errors.Is(err, keyring.ErrMalformed) {
						t.Fatalf("got %v, want ErrMalformed", err)
					}
					if strings.Contains(err.Error(), secret[:12]) {
						t.Errorf("the error shows the key: %v", err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(r.IDs(), test.want); diff != "" || r.Current() != test.want[0] {
					t.Errorf("ids (-got +want):\n%s", diff)
				}
			}
		})
	}
}

func TestLoadOfNothing(t *testing.T) {
	for _, spec := range []string{filepath.Join(t.TempDir(), "none"), "env:INNSIGLI_TEST_NOT_SET"} {
		if _, err := keyring.Load(spec); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want fs.ErrNotExist", spec, err)
		}
	}
	for _, spec := range []string{"", "env:", t.TempDir()} {
		if _, err := keyring.Load(spec); err == nil {
			t.Errorf("%q: got no error", spec)
		}
	}
}

func TestCreateMakesAPrivateFileOnce(t *testing.T) {
	file := newFile(t)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %v, want 0600", got)
	}
	if w := load(t, file).Warning(); w != "" {
		t.Errorf("warning %q, want none", w)
	}
	before := readFile(t, file)
	if err := keyring.Create(file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second create: got %v, want fs.ErrExist", err)
	}
	if !bytes.Equal(readFile(t, file), before) {
		t.Error("the second create changed the file")
	}
}

func TestCreateByManyAtOnceMakesOneKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	var wg sync.WaitGroup
	made := make(chan bool, 8)
	for range 8 {
		wg.Go(func() {
			err := keyring.Create(file)
			if err != nil && !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
			made <- err == nil
		})
	}
	wg.Wait()
	close(made)
	won := 0
	for m := range made {
		if m {
			won++
		}
	}
	if won != 1 || len(load(t, file).IDs()) != 1 {
		t.Errorf("%d of 8 made a key, want 1", won)
	}
}

func TestWarningAboutAFileThatOthersMayRead(t *testing.T) {
	file := newFile(t)
	for mode, want := range map[fs.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o666: true} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		w := load(t, file).Warning()
		if (w != "") != want || want && !strings.Contains(w, fmt.Sprintf("%04o", mode)) {
			t.Errorf("mode %v: warning %q", mode, w)
		}
	}
}

func TestKeysAreNeverShown(t *testing.T) {
	file := writeText(t, "innsigli-key-1 one "+secret)
	r := load(t, file)
	id, wrapped := r.Wrap([]byte("plain text"), "a")
	_, unwrapErr := r.Unwrap(id, wrapped, "b")
	_, unknownErr := r.Unwrap("two", wrapped, "a")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "ring", r)
	js, err := json.Marshal(map[string]any{"ring": r})
	if err != nil {
		t.Fatal(err)
	}
	all := log.String() + string(js) + unwrapErr.Error() + unknownErr.Error() + r.Warning()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		all += fmt.Sprintf(verb, r)
	}
	for _, hidden := range []string{secret[:10], "k3y!", fmt.Sprintf("%x", "k3y!"), "107 51 121 33", "plain"} {
		if strings.Contains(all, hidden) {
			t.Errorf("%q shows in %s", hidden, all)
		}
	}
	if !strings.Contains(r.String(), file) || !strings.Contains(r.String(), "one") {
		t.Errorf("String is %q: want place and ids", r.String())
	}
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("innsigli-key-1 one " + secret))
	f.Add([]byte("# c\ninnsigli-key-1 one " + secret + ",innsigli-key-1 two " + secret))
	f.Add([]byte("innsigli-key-1"))
	f.Add([]byte(",,\n,"))
	file := filepath.Join(f.TempDir(), "key")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := keyring.Load(file)
		if err != nil {
			if !errors.Is(err, keyring.ErrMalformed) {
				t.Errorf("got %v, want ErrMalformed", err)
			}
			return
		}
		id, wrapped := r.Wrap([]byte("x"), "a")
		if got, err := r.Unwrap(id, wrapped, "a"); err != nil || string(got) != "x" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
