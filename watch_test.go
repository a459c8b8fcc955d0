package innsigli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// watching is a watched document whose questions are counted and whose key can be taken away.
type watching struct {
	*watched
	asked int
	gone  error
	now   time.Time
	blob  *fakeBlob
}

func watch(t *testing.T, doc []byte) *watching {
	t.Helper()
	w := &watching{now: testNow, blob: blobOf(doc)}
	f := factsOf(Canceled)
	st := holding(&f)
	st.key = func(context.Context, ProcessKey) (WrappedKey, error) {
		w.asked++
		return WrappedKey{}, w.gone
	}
	s, _, _ := service(t, st)
	s.Now = func() time.Time { return w.now }
	w.watched = s.watch(t.Context(), testProcess, w.blob).(*watched)
	return w
}

// cancel takes the key away.
func (w *watching) cancel() { w.gone = refuse(NotFound, "NotFound", "no key") }

func wantGone(t *testing.T, n int, err error) {
	t.Helper()
	if e, ok := errors.AsType[*Error](err); n != 0 || !ok || e.Kind != Gone || e.Code != "ProcessCanceled" {
		t.Errorf("read %d bytes, %v; want none and ProcessCanceled", n, err)
	}
}

func TestWatchAsksBeforeTheFirstByte(t *testing.T) {
	w := watch(t, []byte("secret"))
	w.cancel()
	buf := make([]byte, 6)
	n, err := w.Read(buf)
	wantGone(t, n, err)
	if !bytes.Equal(buf, make([]byte, 6)) {
		t.Errorf("bytes came all the same: %q", buf)
	}
}

func TestWatchAsksAgainEverySecond(t *testing.T) {
	w := watch(t, make([]byte, 1000))
	buf := make([]byte, 10)
	for _, step := range []struct {
		wait  time.Duration
		asked int
	}{{0, 1}, {0, 1}, {askEvery - time.Microsecond, 1}, {time.Microsecond, 2}, {0, 2}, {time.Hour, 3}} {
		w.now = w.now.Add(step.wait)
		if _, err := w.Read(buf); err != nil {
			t.Fatal(err)
		}
		if w.asked != step.asked {
			t.Fatalf("after %v asked %d times, want %d", w.now.Sub(testNow), w.asked, step.asked)
		}
	}
	w.cancel()
	if _, err := w.Read(buf); err != nil {
		t.Fatalf("within the second: %v", err)
	}
	w.now = w.now.Add(askEvery)
	n, err := w.Read(buf)
	wantGone(t, n, err)
}

func TestWatchAsksAgainEveryMiBHoweverItIsRead(t *testing.T) {
	for name, size := range map[string]int{"small": 4096, "odd": 700_001, "just under": askBytes - 1, "large": 8 * askBytes} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, make([]byte, 5*askBytes))
			buf := make([]byte, size)
			since, asked := 0, 0
			for {
				n, err := w.Read(buf)
				if w.asked != asked {
					since, asked = 0, w.asked
				}
				if since += n; since > askBytes {
					t.Fatalf("%d bytes since the last question", since)
				}
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if w.asked < 5 {
				t.Errorf("asked %d times for 5 MiB", w.asked)
			}
		})
	}
}

func TestWatchBreaksOffWithinAMiBOfTheCancel(t *testing.T) {
	w := watch(t, make([]byte, 10*askBytes))
	if _, err := io.CopyN(io.Discard, w, 3*askBytes/2); err != nil {
		t.Fatal(err)
	}
	w.cancel()
	n, err := io.Copy(io.Discard, w)
	if KindOf(err) != Gone || n > askBytes {
		t.Errorf("%d more bytes, %v", n, err)
	}
	again, err := w.Read(make([]byte, 10))
	wantGone(t, again, err)
}

// TestWatchAsksWhenTheClockIsSetBack: the clock has no monotonic part, and an hour back must not be an hour of grace.
func TestWatchAsksWhenTheClockIsSetBack(t *testing.T) {
	w := watch(t, make([]byte, 1000))
	buf := make([]byte, 10)
	if _, err := w.Read(buf); err != nil {
		t.Fatal(err)
	}
	w.cancel()
	w.now = w.now.Add(-time.Hour)
	n, err := w.Read(buf)
	wantGone(t, n, err)
}

func TestWatchGivesNothingWhenItCannotAsk(t *testing.T) {
	w := watch(t, []byte("secret"))
	w.gone = errors.New("database is away")
	if n, err := w.Read(make([]byte, 6)); n != 0 || !errors.Is(err, w.gone) {
		t.Errorf("read %d, %v", n, err)
	}
}

func TestWatchReadsWhatLiesThere(t *testing.T) {
	doc := bytes.Repeat([]byte("0123456789"), 300_000)
	w := watch(t, doc)
	got, err := io.ReadAll(w)
	if err != nil || !bytes.Equal(got, doc) {
		t.Fatalf("%d of %d bytes, %v", len(got), len(doc), err)
	}
	for _, tc := range []struct {
		off    int64
		whence int
		want   int64
	}{{5, io.SeekStart, 5}, {-2, io.SeekEnd, int64(len(doc)) - 2}, {-3, io.SeekCurrent, int64(len(doc)) - 5}} {
		if at, err := w.Seek(tc.off, tc.whence); err != nil || at != tc.want {
			t.Errorf("seek %d, %d: at %d, %v", tc.off, tc.whence, at, err)
		}
		b := make([]byte, 1)
		if _, err := io.ReadFull(w, b); err != nil || b[0] != doc[tc.want] {
			t.Errorf("at %d: %q, %v", tc.want, b, err)
		}
		if _, err := w.Seek(-1, io.SeekCurrent); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.Seek(-1, io.SeekStart); err == nil {
		t.Error("a seek before the beginning succeeds")
	}
	if _, err := w.Seek(1<<40, io.SeekStart); err != nil {
		t.Error(err)
	}
	if n, err := w.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %d, %v", n, err)
	}
}

// TestSeekBuysNoTime: moving about does not put the next question off.
func TestSeekBuysNoTime(t *testing.T) {
	w := watch(t, make([]byte, 2*askBytes))
	total := 0
	buf := make([]byte, askBytes/4)
	w.now = testNow
	for range 5 {
		n, err := w.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		total += n
		if _, err := w.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
	}
	if total <= askBytes || w.asked != 2 {
		t.Errorf("asked %d times for %d bytes", w.asked, total)
	}
}

func TestCloseClosesTheBlob(t *testing.T) {
	w := watch(t, nil)
	if err := w.Close(); err != nil || !w.blob.closed {
		t.Errorf("%v, closed %v", err, w.blob.closed)
	}
}
