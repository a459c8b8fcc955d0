package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/innsigli/innsigli/innsiglitest"
)

// examples is the folder of the receivers that the documentation shows.
const examples = "../../docs/examples/webhooks/"

// receivers start each example; what it prints comes a line an event.
var receivers = map[string]func(t *testing.T) *exec.Cmd{
	"Go": func(t *testing.T) *exec.Cmd {
		t.Helper()
		exe := filepath.Join(t.TempDir(), "receiver")
		output(t, exec.Command("go", "build", "-o", exe, "./"+examples+"go"))
		return exec.Command(exe)
	},
	"TypeScript": func(t *testing.T) *exec.Cmd {
		t.Helper()
		innsiglitest.NeedTool(t, "node", "nodejs")
		source, err := os.ReadFile(examples + "receiver.ts")
		if err != nil {
			t.Fatal(err)
		}
		js := api.Transform(string(source), api.TransformOptions{Loader: api.LoaderTS, Format: api.FormatESModule})
		if len(js.Errors) > 0 {
			t.Fatalf("%+v", js.Errors)
		}
		file := filepath.Join(t.TempDir(), "receiver.mjs")
		writeFile(t, file, js.Code)
		return exec.Command("node", file)
	},
	"Python": func(t *testing.T) *exec.Cmd {
		t.Helper()
		innsiglitest.NeedTool(t, "python3", "python3")
		return exec.Command("python3", examples+"receiver.py")
	},
}

// runningReceiver is an example at work.
type runningReceiver struct {
	url   string
	lines chan string
}

func startReceiver(t *testing.T, cmd *exec.Cmd, keys string) runningReceiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(at)
	cmd.Env = append(os.Environ(), "PORT="+port, "WEBHOOK_KEY="+keys)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // "signal: killed"
	})
	r := runningReceiver{url: "http://" + at + "/hook", lines: make(chan string, 100)}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			r.lines <- s.Text()
		}
	}()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial("tcp", at)
		if err == nil {
			_ = c.Close()
			return r
		}
		if time.Now().After(end) {
			t.Fatalf("the receiver does not listen: %v: %s", err, errs.String())
		}
	}
}

// next is what the receiver printed of the next event that it took.
func (r runningReceiver) next(t *testing.T) string {
	t.Helper()
	select {
	case l := <-r.lines:
		return l
	case <-time.After(patience):
		t.Fatal("the receiver took no event")
		return ""
	}
}

// again sends a receiver what another one got, and gives the status.
func (r runningReceiver) again(t *testing.T, got innsiglitest.Request, body []byte) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Content-Type"} {
		req.Header.Set(h, got.Header.Get(h))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestReceiversOfTheDocumentationTakeOurEvents runs the examples against a server, and shows them what was changed on its
// way.
func TestReceiversOfTheDocumentationTakeOurEvents(t *testing.T) {
	r, s := newLocal(t, "sqlite", seams{})
	r.hook()
	running := map[string]runningReceiver{}
	for name, command := range receivers {
		e := startReceiver(t, command(t), "AAAA "+r.creds.WebhookKey)
		running[name] = e
		a := r.ask("POST", "/management/webhook", "own", map[string]any{"flowKey": r.creds.FlowKey, "url": e.url})
		if a.status != 200 {
			t.Fatalf("webhook: %d %s", a.status, a.body)
		}
	}
	p := r.create(innsiglitest.PDF(t, 1, "received"), byMail("Ann", "ann@received.example"))
	token := r.tokenFor(p, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	own := r.hooks.Wait(t, 2)
	sealed := len(r.event(own[1]).EventData.SignedDocument)
	for name, e := range running {
		for _, want := range []string{"11 " + p.Key + " 0", fmt.Sprintf("2 %s %d", p.Key, sealed)} {
			if got := e.next(t); !strings.HasSuffix(got, " "+want) {
				t.Errorf("%s took %q, want %q", name, got, want)
			}
		}
		body := own[0].Body
		changed := bytes.Replace(body, []byte(`"EventType":11`), []byte(`"EventType":10`), 1)
		if bytes.Equal(body, changed) {
			t.Fatal("nothing was changed")
		}
		if status := e.again(t, own[0], changed); status != http.StatusUnauthorized {
			t.Errorf("%s answers %d to a changed body", name, status)
		}
		if status := e.again(t, own[0], body); status != http.StatusOK {
			t.Errorf("%s answers %d to the body as it was", name, status)
		}
	}
}

// TestThePublishedLibraryTakesOurEvents checks with the library of Standard Webhooks itself.
func TestThePublishedLibraryTakesOurEvents(t *testing.T) {
	r := newRig(t, "sqlite")
	r.hook()
	r.create(innsiglitest.PDF(t, 1, "library"), byMail("Ann", "ann@library.example"))
	got := r.hooks.Wait(t, 1)[0]
	lib, err := standardwebhooks.NewWebhook(r.creds.WebhookKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := lib.Verify(got.Body, got.Header); err != nil {
		t.Errorf("the library refuses the event: %v", err)
	}
	if err := lib.Verify(append([]byte(" "), got.Body...), got.Header); err == nil {
		t.Error("the library takes a body that was changed")
	}
	// A rotation that lasts: whoever has the former key takes it too.
	r.cli("webhook", "rotate", "--company", string(r.creds.CompanyKey))
	r.create(innsiglitest.PDF(t, 1, "library"), byMail("Ann", "ann@library.example"))
	got = r.hooks.Wait(t, 2)[1]
	if err := lib.Verify(got.Body, got.Header); err != nil {
		t.Errorf("the library refuses the event during a rotation: %v", err)
	}
}

// TestTheReceiverInCSharpReadsWhatWeSend compares the members that it names with those of a real event, since .NET is not
// part of the tests' machine.
func TestTheReceiverInCSharpReadsWhatWeSend(t *testing.T) {
	source, err := os.ReadFile(examples + "Receiver.cs")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, "sqlite")
	r.hook()
	r.create(innsiglitest.PDF(t, 1, "C#"), byMail("Ann", "ann@cs.example"))
	var e map[string]any
	if err := json.Unmarshal(r.hooks.Wait(t, 1)[0].Body, &e); err != nil {
		t.Fatal(err)
	}
	data, _ := e["EventData"].(map[string]any)
	data["SignedDocument"] = "" // this event has none
	signature, _ := e["EventSignature"].(map[string]any)
	members := map[string]map[string]any{"InnsigliEvent": e, "EventData": data, "EventSignature": signature}
	records := regexp.MustCompile(`(?m)^record (\w+)\(([^)]*)\);`).FindAllSubmatch(source, -1)
	if len(records) != len(members) {
		t.Fatalf("%d records", len(records))
	}
	for _, rec := range records {
		for member := range strings.SplitSeq(string(rec[2]), ", ") {
			_, name, _ := strings.Cut(member, " ")
			if _, ok := members[string(rec[1])][name]; !ok {
				t.Errorf("%s.%s is not in an event", rec[1], name)
			}
		}
	}
}
