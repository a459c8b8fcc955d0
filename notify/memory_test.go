package notify_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// growth runs f and gives how much memory the heap took from the system at the most meanwhile, in bytes.
func growth(f func()) int64 {
	runtime.GC()
	var before, m runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, done := make(chan struct{}), make(chan struct{})
	var most uint64
	go func() {
		defer close(done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(stop)
	<-done
	return int64(most) - int64(before.HeapAlloc)
}

func TestALargeDocumentIsNeverWholeInMemory(t *testing.T) {
	const large = 50 << 20
	const most = 16 << 20 // design: under 32 MB for a document of 50 MB; the fakes share the process
	newLarge := func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t, innsiglitest.SMTPOptions{HashOnly: true})
		w.receiver.HashOnly()
		w.big = large
		return w
	}
	check := func(t *testing.T, w *world, j innsigli.Job) {
		t.Helper()
		g := growth(func() {
			if _, _, err := w.run(t, j); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s grew the heap by %.1f MB", j.Kind, float64(g)/(1<<20))
		if g > most {
			t.Errorf("%s grew the heap by %d bytes", j.Kind, g)
		}
	}
	t.Run("mail", func(t *testing.T) {
		w := newLarge(t)
		w.ended(innsigli.Canceled, "")
		check(t, w, job(innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", innsigli.LangEn))
		if f := w.smtp.Wait(t, 1)[0].Files; len(f) != 1 || f[0].Size != large {
			t.Errorf("files are %+v", f)
		}
	})
	t.Run("webhook", func(t *testing.T) {
		w := newLarge(t)
		w.ended(innsigli.Completed, "")
		check(t, w, hookJob(innsigli.EventAllSigned))
		if r := w.receiver.Wait(t, 1); r[0].Size < large/3*4 {
			t.Errorf("body has %d bytes", r[0].Size)
		}
	})
	t.Run("outbox", func(t *testing.T) {
		w := newLarge(t)
		o, _ := outbox(t, func() time.Time { return noon })
		w.Mail = o
		w.ended(innsigli.Canceled, "")
		check(t, w, job(innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", innsigli.LangEn))
		g := growth(func() {
			r, _, err := o.File(t.Context(), uid, 0)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, r); n != large || err != nil || r.Close() != nil {
				t.Errorf("read %d bytes, error %v", n, err)
			}
		})
		if g > most {
			t.Errorf("reading grew the heap by %d bytes", g)
		}
	})
}

// early is a receiver that refuses without reading the body.
func early(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}))
	s.Config.ConnState = func(c net.Conn, st http.ConnState) {
		if tc, ok := c.(*net.TCPConn); ok && st == http.StateNew {
			_ = tc.SetReadBuffer(16 << 10)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}
