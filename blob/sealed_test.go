package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"filippo.io/age"

	"github.com/innsigli/innsigli/blob"
)

// text is n bytes that do not repeat, the same for the same n.
func text(n int) []byte {
	b := make([]byte, n)
	_, _ = mrand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

func seal(t *testing.T, s blob.Store, key blob.Key, data []byte) blob.Sealed {
	t.Helper()
	done, err := blob.Seal(t.Context(), s, key, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func readAll(d *blob.Doc) ([]byte, error) { return io.ReadAll(io.NewSectionReader(d, 0, d.Size())) }

func TestSealedRoundTrip(t *testing.T) {
	const chunk = 64 << 10
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 20*chunk + 7} {
				t.Run(fmt.Sprint(n), func(t *testing.T) {
					key, data := blob.NewKey(), text(n)
					done := seal(t, s, key, data)
					if done.Size != int64(n) || done.SHA256 != sha256.Sum256(data) {
						t.Errorf("size %d or hash is not that of the plaintext", done.Size)
					}
					d, err := blob.OpenSealed(t.Context(), s, done.ID, key)
					if err != nil {
						t.Fatal(err)
					}
					if d.Size() != int64(n) {
						t.Errorf("doc size %d, want %d", d.Size(), n)
					}
					if err := iotest.TestReader(io.NewSectionReader(d, 0, d.Size()), data); err != nil {
						t.Error(err)
					}
					if err := errors.Join(d.Close(), d.Close()); err != nil {
						t.Error(err)
					}
					if _, err := d.ReadAt(make([]byte, 1), 0); n > 0 && (err == nil || errors.Is(err, io.EOF)) {
						t.Errorf("read after close: got %v", err)
					}
				})
			}
		})
	}
}

func TestSealedHidesThePlaintext(t *testing.T) {
	s := blob.Memory(clock)
	key := blob.NewKey()
	marker := []byte("a sentence that nobody may find on the disk")
	first, second := seal(t, s, key, marker), seal(t, s, key, marker)
	a, b := get(t, s, first.ID), get(t, s, second.ID)
	if bytes.Contains(a, marker) || bytes.Contains(a, key[:]) {
		t.Error("the blob shows the text or the key")
	}
	if bytes.Equal(a[len(a)-len(marker):], b[len(b)-len(marker):]) {
		t.Error("the same text twice gives the same bytes")
	}
	if !bytes.HasPrefix(a, []byte("age-encryption.org/v1\n-> innsigli-data-key 1\n")) {
		t.Errorf("header is %q", a[:40])
	}
}

func TestSealedRefusesTheWrongKey(t *testing.T) {
	s := blob.Memory(clock)
	done := seal(t, s, blob.NewKey(), text(100))
	if _, err := blob.OpenSealed(t.Context(), s, done.ID, blob.NewKey()); !errors.Is(err, blob.ErrWrongKey) || errors.Is(err, blob.ErrDamaged) {
		t.Errorf("got %v, want ErrWrongKey", err)
	}
	if _, err := blob.OpenSealed(t.Context(), s, blob.NewID(), blob.NewKey()); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}

func TestSealedRefusesAnotherBlobOfTheSameProcess(t *testing.T) {
	s, key := blob.Memory(clock), blob.NewKey()
	done := seal(t, s, key, []byte("the signed copy"))
	swapped := put(t, s, get(t, s, done.ID))
	if _, err := blob.OpenSealed(t.Context(), s, swapped, key); !errors.Is(err, blob.ErrWrongKey) {
		t.Errorf("got %v, want ErrWrongKey", err)
	}
}

func TestSealedRefusesForeignAgeFiles(t *testing.T) {
	s := blob.Memory(clock)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var foreign bytes.Buffer
	w, err := age.Encrypt(&foreign, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"age file of somebody else": foreign.Bytes(),
		"empty":                     nil,
		"a pdf":                     []byte("%PDF-1.7\n"),
	} {
		if _, err := blob.OpenSealed(t.Context(), s, put(t, s, data), blob.NewKey()); !errors.Is(err, blob.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
	}
}

// fixed is a store of one blob whose bytes the test chooses.
type fixed struct {
	blob.Store
	data []byte
	fail error
}

func (f fixed) Open(context.Context, blob.ID) (blob.Object, error) { return f, nil }
func (f fixed) Size() int64                                        { return int64(len(f.data)) }
func (f fixed) Close() error                                       { return nil }
func (f fixed) ReadAt(p []byte, off int64) (int, error) {
	if f.fail != nil && off > 200 {
		return 0, f.fail
	}
	return bytes.NewReader(f.data).ReadAt(p, off)
}

// openAndRead is what a reader of the whole document sees.
func openAndRead(ctx context.Context, s blob.Store, id blob.ID, key blob.Key) ([]byte, error) {
	d, err := blob.OpenSealed(ctx, s, id, key)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return readAll(d)
}

func TestSealedShowsEveryChange(t *testing.T) {
	s, key, data := blob.Memory(clock), blob.NewKey(), text(3*64<<10+100)
	done := seal(t, s, key, data)
	whole := get(t, s, done.ID)
	header := len(whole) - len(data) - 4*16
	positions := make([]int, 0, header+200)
	for i := range header { // every byte of the header, then every 1009th, then the whole end
		positions = append(positions, i)
	}
	for i := header; i < len(whole); i += 1009 {
		positions = append(positions, i)
	}
	for i := len(whole) - 40; i < len(whole); i++ {
		positions = append(positions, i)
	}
	isRefused := func(t *testing.T, what string, at int, changed []byte) {
		t.Helper()
		got, err := openAndRead(t.Context(), fixed{data: changed}, done.ID, key)
		if !errors.Is(err, blob.ErrDamaged) && !errors.Is(err, blob.ErrWrongKey) {
			t.Errorf("%s at %d: got %v, want a refusal", what, at, err)
		}
		if !bytes.HasPrefix(data, got) {
			t.Errorf("%s at %d: bytes came out that were never sealed", what, at)
		}
	}
	for _, at := range positions {
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		isRefused(t, "a flipped bit", at, changed)
		isRefused(t, "a cut", at, whole[:at])
	}
	isRefused(t, "one byte more", len(whole), append(bytes.Clone(whole), 0))
	chunk := 64<<10 + 16
	swapped := bytes.Clone(whole)
	copy(swapped[header:], whole[header+chunk:header+2*chunk])
	copy(swapped[header+chunk:], whole[header:header+chunk])
	isRefused(t, "two chunks swapped", header, swapped)
	isRefused(t, "the last chunk left out", header, whole[:header+3*chunk])
}

func TestSealedTellsADiskErrorFromDamage(t *testing.T) {
	s, key := blob.Memory(clock), blob.NewKey()
	done := seal(t, s, key, text(200<<10))
	broken := errors.New("input/output error")
	_, err := openAndRead(t.Context(), fixed{data: get(t, s, done.ID), fail: broken}, done.ID, key)
	if !errors.Is(err, broken) || errors.Is(err, blob.ErrDamaged) {
		t.Errorf("got %v, want the disk's own error", err)
	}
}

func TestDocReadsAnywhere(t *testing.T) {
	s, key, data := blob.Memory(clock), blob.NewKey(), text(20*64<<10+5)
	d, err := blob.OpenSealed(t.Context(), s, seal(t, s, key, data).ID, key)
	if err != nil {
		t.Fatal(err)
	}
	closes(t, d)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			random := mrand.New(mrand.NewPCG(1, uint64(g)))
			for range 200 {
				off, n := random.IntN(len(data)), random.IntN(200_000)
				buf := make([]byte, n)
				got, err := d.ReadAt(buf, int64(off))
				want := data[off:min(len(data), off+n)]
				if !bytes.Equal(buf[:got], want) || (got < n) != errors.Is(err, io.EOF) {
					t.Errorf("read %d at %d: got %d bytes, %v", n, off, got, err)
				}
			}
		})
	}
	wg.Wait()
	for _, off := range []int64{d.Size(), d.Size() + 1, 1 << 60} {
		if n, err := d.ReadAt(make([]byte, 1), off); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("read at %d: got %d, %v, want EOF", off, n, err)
		}
	}
	if _, err := d.ReadAt(make([]byte, 1), -1); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("read at -1: got %v", err)
	}
}

func TestSealLeavesNothingAfterAnError(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			broken := errors.New("connection reset")
			r := io.MultiReader(bytes.NewReader(text(200<<10)), iotest.ErrReader(broken))
			if _, err := blob.Seal(t.Context(), s, blob.NewKey(), r); !errors.Is(err, broken) {
				t.Errorf("got %v, want the reader's own error", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			w, err := blob.NewSealer(ctx, s, blob.NewKey())
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			if _, err := w.Commit(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			if got := listed(t, s); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

func TestKeyIsNeverShown(t *testing.T) {
	key := blob.NewKey()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", key, "pointer", &key, "in", struct{ K blob.Key }{key})
	js, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	all := log.String() + string(js)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%08b", "%o"} {
		all += fmt.Sprintf(verb+verb+verb, key, &key, struct{ K blob.Key }{key})
	}
	for _, form := range []string{"%x", "%X", "%d", "%s", "%v"} {
		if strings.Contains(all, strings.Trim(fmt.Sprintf(form, key[:4]), "[]")) {
			t.Errorf("the key shows in form %s", form)
		}
	}
	copied, err := blob.KeyFrom(key[:])
	if err != nil || copied != key {
		t.Errorf("KeyFrom: %v", err)
	}
	if _, err := blob.KeyFrom(key[:31]); err == nil || strings.Contains(err.Error(), string(key[:4])) {
		t.Errorf("KeyFrom of 31 bytes: %v", err)
	}
	key.Wipe()
	if key != (blob.Key{}) {
		t.Error("Wipe left something")
	}
}
