package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/keyring"
)

// Starting and stopping, and what is shown to whom.

// TestRefusesToStart starts the real program on an installation that it must not touch.
func TestRefusesToStart(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r := newRig(t, db)
		p := r.create(innsiglitest.PDF(t, 1, "start"), byMail("Ann", "ann@start.example"))
		serve := func(extra ...string) (int, string) {
			t.Helper()
			return exe(t, nil, append(append(r.base("serve"), "--listen", "127.0.0.1:0", "--smtp", r.smtp.URL()), extra...)...)
		}
		if code, out := serve(); code != exitFailed || !strings.Contains(out, "another server works on the data folder") {
			t.Errorf("a second server on the folder: %d %s", code, out)
		}
		r.settled()
		r.stop()
		key := filepath.Join(r.data, "key")
		good, err := os.ReadFile(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(key); err != nil {
			t.Fatal(err)
		}
		if code, out := serve(); code != exitFailed || !strings.Contains(out, "is missing") {
			t.Errorf("without its key: %d %s", code, out)
		}
		if _, err := os.Stat(key); err == nil {
			t.Error("a new key was made in place of the missing one")
		}
		other := filepath.Join(t.TempDir(), "key")
		if err := keyring.Create(other); err != nil {
			t.Fatal(err)
		}
		if code, out := serve("--key", other); code != exitFailed || !strings.Contains(out, "does not open this database") {
			t.Errorf("with another key: %d %s", code, out)
		}
		writeFile(t, key, []byte("nonsense"))
		code, out := serve()
		if code != exitFailed || strings.Contains(out, "nonsense") {
			t.Errorf("with a broken key: %d %s", code, out)
		}
		writeFile(t, key, good)
		busy, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer busy.Close() //nolint:errcheck // of the test
		if code, out := serve("--listen", busy.Addr().String()); code != exitFailed || !strings.Contains(out, "in use") {
			t.Errorf("on a taken address: %d %s", code, out)
		}
		r.start()
		if a := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil); a.status != http.StatusOK {
			t.Errorf("with its key again: %d %s", a.status, a.body)
		}
	})
}

// TestOnlyThisMachine asks for what is meant for the operator at the machine itself.
func TestOnlyThisMachine(t *testing.T) {
	t.Parallel()
	r, s := newLocal(t, "sqlite", seams{}, func(s *settings) { s.SMTP, s.SMS = "", "" })
	r.create(innsiglitest.PDF(t, 1, "outbox"), byMail("Ann", "ann@outbox.example"))
	r.settled()
	h, err := s.handler()
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(r.url, "http://")
	ask := func(path, peer, host, header, value string) *httptest.ResponseRecorder {
		t.Helper()
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		req.RemoteAddr, req.Host = peer, host
		if header != "" {
			req.Header.Set(header, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w
	}
	list := ask("/dev/outbox", "127.0.0.1:1", host, "", "")
	letter := regexp.MustCompile(`/dev/outbox/[^"/?]+`).FindString(list.Body.String())
	if list.Code != http.StatusOK || letter == "" || !strings.Contains(list.Body.String(), "ann@outbox.example") {
		t.Fatalf("the outbox at home: %d %s", list.Code, list.Body)
	}
	hidden := map[string]func(*httptest.ResponseRecorder) bool{
		"/readyz": func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusOK && w.Body.String() == `{"ready":true,"running":0,"ownerCopiesHeld":0,"sealing":0}`+"\n"
		},
	}
	for _, path := range []string{"/metrics", "/dev/outbox", "/DEV/Outbox/", "/api/dev/outbox", letter, letter + "/html", letter + "/file/0"} {
		hidden[path] = func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusNotFound && !strings.Contains(w.Body.String(), "outbox.example")
		}
	}
	for path, isHidden := range hidden {
		for _, peer := range []string{"127.0.0.1:1", "127.8.8.8:1", "[::1]:1"} {
			for _, name := range []string{host, "localhost", "LOCALHOST:80", "[::1]:8080", "127.0.0.1"} {
				if w := ask(path, peer, name, "", ""); w.Code != http.StatusOK && !strings.HasSuffix(path, "/file/0") {
					t.Errorf("%s for %s at %s: %d", path, peer, name, w.Code)
				}
			}
		}
		for _, x := range [][4]string{
			{"192.0.2.7:1", host},
			{"[2001:db8::1]:1", host},
			{"@", host},
			{"127.0.0.1:1", "evil.example"},
			{"127.0.0.1:1", "localhost.evil.example"},
			{"127.0.0.1:1", "127.0.0.1.evil.example:80"},
			{"127.0.0.1:1", ""},
			{"127.0.0.1:1", host, "Forwarded", "for=192.0.2.7"},
			{"127.0.0.1:1", host, "X-Forwarded-For", "127.0.0.1"},
			{"127.0.0.1:1", host, "X-Forwarded-Host", "localhost"},
			{"127.0.0.1:1", host, "X-Forwarded-Proto", "https"},
			{"127.0.0.1:1", host, "X-Real-IP", "127.0.0.1"},
			{"127.0.0.1:1", host, "Via", "1.1 proxy"},
		} {
			if w := ask(path, x[0], x[1], x[2], x[3]); path != "/readyz" && !isHidden(w) || path == "/readyz" && strings.Contains(w.Body.String(), "waiting") {
				t.Errorf("%s for %q: %d %.200s", path, x, w.Code, w.Body)
			}
		}
	}
	if w := ask("/readyz", "127.0.0.1:1", host, "", ""); !strings.Contains(w.Body.String(), "waiting") {
		t.Errorf("readyz at home has no detail: %s", w.Body)
	}
	if w := ask("/metrics", "127.0.0.1:1", host, "", ""); !strings.Contains(w.Body.String(), "innsigli_http_requests_total") || strings.Contains(w.Body.String(), letter) {
		t.Errorf("metrics: %d %.300s", w.Code, w.Body)
	}
}

func TestWelcomeSaysWhatIsKeptHere(t *testing.T) {
	t.Parallel()
	_, s := newLocal(t, "sqlite", seams{}, func(s *settings) { s.SMS = "" })
	var out bytes.Buffer
	s.welcome(t.Context(), console{&out, &out}, &net.TCPAddr{})
	if !strings.Contains(out.String(), "\nSMS are kept in the built-in outbox") {
		t.Errorf("with a mail server and without a gateway: %s", &out)
	}
}

// TestNotReadyWithoutADisk: a folder that takes nothing is no server that can be sent work, whatever can still be read.
func TestNotReadyWithoutADisk(t *testing.T) {
	t.Parallel()
	r, _ := newLocal(t, "sqlite", seams{})
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := r.ask("HEAD", path, "", nil); a.status != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, a.status)
		}
	}
	if left, err := filepath.Glob(filepath.Join(r.data, "probe*")); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %q %v", left, err)
	}
	if err := os.Rename(r.data, r.data+"-away"); err != nil {
		t.Fatal(err)
	}
	a := r.ask("GET", "/readyz", "", nil)
	if err := os.Rename(r.data+"-away", r.data); err != nil {
		t.Fatal(err)
	}
	if a.status != http.StatusServiceUnavailable || !strings.Contains(string(a.body), `"ready":false`) || !strings.Contains(string(a.body), `"cause":"data folder"`) {
		t.Errorf("without a folder: %d %s", a.status, a.body)
	}
	if a := r.ask("GET", "/readyz", "", nil); a.status != http.StatusOK {
		t.Errorf("when it is back: %d %s", a.status, a.body)
	}
}

// TestAdminListener has metrics and detail on an address of their own, and the outbox only where mail does not go out.
func TestAdminListener(t *testing.T) {
	t.Parallel()
	admin := freeAddress(t)
	r := newRig(t, "sqlite", "--admin-listen", admin)
	for path, status := range map[string]int{"/metrics": 404, "/dev/outbox": 404, "/readyz": 200, "/healthz": 200} {
		if a := r.ask("GET", path, "", nil); a.status != status || strings.Contains(string(a.body), "waiting") {
			t.Errorf("main %s: %d %s", path, a.status, a.body)
		}
	}
	r.create(innsiglitest.PDF(t, 1, "admin"), who{"email": "ann@admin.example"})
	r.url = "http://" + admin
	for path, says := range map[string]string{"/metrics": `innsigli_jobs{kind="expire",state="ready"} 1`, "/readyz": `"waiting":{"expire":1}`, "/healthz": "ok"} {
		if a := r.ask("GET", path, "", nil); a.status != http.StatusOK || !strings.Contains(string(a.body), says) {
			t.Errorf("admin %s: %d %.300s, want %s", path, a.status, a.body, says)
		}
	}
	if a := r.ask("GET", "/management/flow", "own", nil); a.status != http.StatusNotFound {
		t.Errorf("the API on the admin address: %d", a.status)
	}
}

// slowDownload opens a large document and reads its beginning.
func (r *rig) slowDownload(p process) (*http.Response, []byte) {
	r.tb.Helper()
	// A client of its own: connections that others keep alive must not be what the stop waits for.
	c := &http.Client{Transport: &http.Transport{DisableCompression: true, ReadBufferSize: 4096}}
	req, err := http.NewRequestWithContext(r.tb.Context(), http.MethodGet, r.url+"/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", nil)
	if err != nil {
		r.tb.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		r.tb.Fatal(err)
	}
	first := make([]byte, 64<<10)
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		r.tb.Fatal(err)
	}
	return resp, first
}

func TestStopsWithADownloadInFlight(t *testing.T) {
	t.Parallel()
	pdf := innsiglitest.BigPDF(t, 30<<20)
	for _, c := range []struct {
		name  string
		reads bool // the client reads on; otherwise it hangs
	}{{"that goes on", true}, {"that hangs", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "sqlite")
			p := r.create(pdf, byMail("Ann", "ann@stop.example"))
			r.settled()
			sum := sha256.Sum256(r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body)
			resp, first := r.slowDownload(p)
			defer resp.Body.Close() //nolint:errcheck // read as far as it goes
			begin := time.Now()
			cmd := r.cmd
			r.cmd = nil
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			r.until("it does not stop listening", func() bool {
				conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
				if err == nil {
					_ = conn.Close()
				}
				return err != nil
			})
			if c.reads {
				rest, err := io.ReadAll(resp.Body)
				got := sha256.Sum256(slices.Concat(first, rest))
				if err != nil || got != sum {
					t.Errorf("the download broke off: %d bytes, %v, %s", len(first)+len(rest), err, hex.EncodeToString(got[:4]))
				}
			}
			select {
			case err := <-ended:
				took := time.Since(begin)
				if err != nil || c.reads && took > 10*time.Second || !c.reads && took < stopWithin/2 {
					t.Errorf("ended after %v with %v: %s", took, err, r.log())
				}
			case <-time.After(stopWithin + 5*time.Second):
				_ = cmd.Process.Kill()
				t.Errorf("it does not end: %s", r.log())
			}
		})
	}
}
