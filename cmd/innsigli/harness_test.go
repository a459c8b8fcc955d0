package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/render"
)

// built is the program as it is shipped, made once for all tests: static and without the race detector. The tests run it
// as a process of its own, which they can kill, and in-process servers use it for their renderer's children.
var built struct {
	once       sync.Once
	dir        string
	exe, cache string
	err        error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// program builds the program, with the flags of the Makefile so that its packages come from the build cache, and
// compiles PDFium once.
func program(tb testing.TB) (exe, cache string) {
	tb.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "innsigli-test-"); built.err != nil { //nolint:usetesting // outlives the test that makes it
			return
		}
		built.exe, built.cache = filepath.Join(built.dir, "innsigli"), filepath.Join(built.dir, "pdfium")
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", built.exe, ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build: %w: %s", err, out)
			return
		}
		r, err := render.New(render.Config{Command: []string{built.exe, "render-child"}, CacheDir: built.cache})
		if err != nil {
			built.err = err
			return
		}
		defer r.Close()
		built.err = r.Prime(context.Background())
	})
	if built.err != nil {
		tb.Fatal(built.err)
	}
	return built.exe, built.cache
}

// newData makes a data folder with PDFium compiled already.
func newData(tb testing.TB) string {
	tb.Helper()
	_, cache := program(tb)
	data := filepath.Join(tb.TempDir(), "data")
	if err := os.MkdirAll(filepath.Join(data, "cache"), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(data, "cache", "pdfium"), os.DirFS(cache)); err != nil {
		tb.Fatal(err)
	}
	return data
}

// rig is a server in a process of its own, with a mail server, an SMS gateway and a webhook receiver around it.
type rig struct {
	tb    testing.TB
	exe   string
	data  string
	db    string // empty: SQLite
	url   string
	extra []string

	smtp  *innsiglitest.SMTP
	sms   *innsiglitest.Gateway
	hooks *innsiglitest.Receiver
	creds innsigli.Credentials

	// reboot ends the server of [newLocal] in order, and starts another over its data.
	reboot func() *server

	cmd    *exec.Cmd
	mu     sync.Mutex
	output bytes.Buffer
}

// patience is how long a test waits for what has to come. A machine with more to do than it can takes long, and a test that
// passes never waits for the end of it.
const patience = 2 * time.Minute

// databases are what every test of the whole server runs on.
var databases = []string{"sqlite", "postgres"}

// scenario is one story over HTTP.
type scenario struct {
	name string
	test func(*testing.T, *rig)
}

// scenarios plays them on both databases, all on one server with a company and a webhook each.
func scenarios(t *testing.T, all []scenario) {
	t.Helper()
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r := newRig(t, db)
		r.hook()
		for _, s := range all {
			t.Run(s.name, func(t *testing.T) { s.test(t, r.with(t)) })
		}
	})
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, f func(t *testing.T, db string)) {
	t.Helper()
	for _, db := range databases {
		t.Run(db, func(t *testing.T) { f(t, db) })
	}
}

// newRig starts a server on the database with one company.
func newRig(tb testing.TB, db string, extra ...string) *rig {
	tb.Helper()
	r := prepareRig(tb, db, extra...)
	r.start()
	tb.Cleanup(func() { r.stop() })
	out := r.cli("company", "create", "--name", "Norðurljós ehf.", "--email", "office@nordurljos.example", "--json")
	if err := json.Unmarshal(out, &r.creds); err != nil {
		tb.Fatalf("company create: %v: %s", err, out)
	}
	return r
}

// prepareRig makes everything around a server that is still to be started.
func prepareRig(tb testing.TB, db string, extra ...string) *rig {
	tb.Helper()
	exe, _ := program(tb)
	r := &rig{
		tb: tb, exe: exe, data: newData(tb), extra: extra,
		smtp: innsiglitest.NewSMTP(tb, innsiglitest.SMTPOptions{}), sms: innsiglitest.NewGateway(tb), hooks: innsiglitest.NewReceiver(tb),
	}
	switch db {
	case "postgres":
		r.db = innsiglitest.PostgresURL(tb)
	case "durable postgres":
		r.db = innsiglitest.DurablePostgresURL(tb)
	}
	r.url = "http://" + freeAddress(tb)
	judge.keeps(tb, r.url)
	return r
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return addr
}

func (r *rig) base(args ...string) []string {
	args = append(args, "--data", r.data)
	if r.db != "" {
		args = append(args, "--database", r.db)
	}
	return args
}

func (r *rig) command(args ...string) *exec.Cmd {
	return exec.Command(r.exe, args...)
}

// cli runs a command beside the server.
func (r *rig) cli(args ...string) []byte {
	r.tb.Helper()
	cmd := r.command(r.base(args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		r.tb.Fatalf("innsigli %s: %v: %s", strings.Join(args, " "), err, errs.String())
	}
	return out
}

// start starts the server and waits until it answers.
func (r *rig) start() {
	r.tb.Helper()
	args := append(r.base("serve"), "--listen", strings.TrimPrefix(r.url, "http://"), "--smtp", r.smtp.URL(), "--sms", r.sms.URL(),
		"--webhook-allow", "127.0.0.0/8", "--pki-allow", "127.0.0.0/8", "--mail-from", "sign@innsigli.example")
	r.cmd = r.command(append(args, r.extra...)...)
	r.cmd.Stdout, r.cmd.Stderr = lockedWriter{r}, lockedWriter{r}
	if err := r.cmd.Start(); err != nil {
		r.tb.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		resp, err := client.Get(r.url + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	r.tb.Fatalf("the server does not answer: %s", r.log())
}

type lockedWriter struct{ r *rig }

func (w lockedWriter) Write(p []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.output.Write(p)
}

func (r *rig) log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.String()
}

// kill is kill -9.
func (r *rig) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.cmd = nil
}

// stop is an orderly stop; it must end in time and well.
func (r *rig) stop() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func(c *exec.Cmd) { done <- c.Wait() }(r.cmd)
	r.cmd = nil
	select {
	case err := <-done:
		if err != nil {
			r.tb.Errorf("stop: %v: %s", err, r.log())
		}
	case <-time.After(stopWithin + 10*time.Second):
		r.tb.Errorf("the server does not stop: %s", r.log())
	}
}

// answer is what the server said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(tb testing.TB, v any) {
	tb.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		tb.Fatalf("%v: %s", err, a.body)
	}
}

// errorCode reads the ErrorResponse.
func (a answer) errorCode() (code string, fields []string) {
	var e struct {
		ResponseStatus struct {
			ErrorCode string `json:"errorCode"`
			Errors    []struct {
				FieldName string `json:"fieldName"`
			} `json:"errors"`
		} `json:"responseStatus"`
	}
	_ = json.Unmarshal(a.body, &e)
	for _, f := range e.ResponseStatus.Errors {
		fields = append(fields, f.FieldName)
	}
	return e.ResponseStatus.ErrorCode, fields
}

// ask sends a request; auth "" sends no credentials, "own" the company's.
func (r *rig) ask(method, path, auth string, body any) answer {
	r.tb.Helper()
	a, err := r.try(method, path, auth, body)
	if err != nil {
		r.tb.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (r *rig) try(method, path, auth string, body any) (answer, error) {
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		in = bytes.NewReader(b)
	case string:
		in = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, r.url+path, in)
	if err != nil {
		return answer{}, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch auth {
	case "":
	case "own":
		req.SetBasicAuth(string(r.creds.CompanyKey), r.creds.APIKey)
	default:
		req.Header.Set("Authorization", auth)
	}
	return send(req)
}

func send(req *http.Request) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	return answer{resp.StatusCode, resp.Header, b}, err
}

// do sends a request that was made by hand.
func (r *rig) do(req *http.Request) answer {
	r.tb.Helper()
	a, err := send(req)
	if err != nil {
		r.tb.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	return a
}

var client = &http.Client{
	Timeout:       time.Minute,
	Transport:     judge,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// process is a created process as the API shows it.
type process struct {
	Key     string `json:"key"`
	Status  string `json:"status"`
	Signees []struct {
		Key    string `json:"key"`
		Name   string `json:"name"`
		Email  string `json:"email"`
		URL    string `json:"url"`
		Signed bool   `json:"signed"`
	} `json:"signees"`
}

// who is a signee to create.
type who map[string]any

func byMail(name, email string) who {
	return who{"name": name, "email": email, "communicationDeliveryType": "Email", "signatureType": "Simple"}
}

// bodyOf is the request for a process.
func (r *rig) bodyOf(pdf []byte, people ...who) map[string]any {
	return map[string]any{
		"flowKey": r.creds.FlowKey, "pdfFileName": "samningur.pdf", "pdfDocument": base64.StdEncoding.EncodeToString(pdf),
		"createSignees": people, "user": "owner@nordurljos.example",
	}
}

// create starts a process.
func (r *rig) create(pdf []byte, people ...who) process {
	r.tb.Helper()
	a := r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, people...))
	if a.status != http.StatusOK {
		r.tb.Fatalf("create: %d %s", a.status, a.body)
	}
	var p process
	a.json(r.tb, &p)
	return p
}

// cancel cancels and gives the status.
func (r *rig) cancel(key string) int {
	r.tb.Helper()
	return r.ask("DELETE", "/management/signing?ProcessKey="+key+"&User=boss@nordurljos.example", "own", nil).status
}

var sixDigits = regexp.MustCompile(`(?m)\b(\d{6})\b`)

// askCode asks for a code and reads it from the mail that brings it.
func (r *rig) askCode(p process, n int) (token, code string) {
	r.tb.Helper()
	a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[n].Key, "", map[string]string{"OtpType": "sms"})
	if a.status != http.StatusOK {
		r.tb.Fatalf("request to sign: %d %s", a.status, a.body)
	}
	var got struct {
		Token string `json:"token"`
	}
	a.json(r.tb, &got)
	m := r.mailTo(p.Signees[n].Email, func(m innsiglitest.Mail) bool { return codeOf(m) != "" && !r.used(codeOf(m)) })
	return got.Token, codeOf(m)
}

func codeOf(m innsiglitest.Mail) string {
	if len(m.Files) > 0 {
		return ""
	}
	if f := sixDigits.FindString(strings.ReplaceAll(m.Text, "\u00a0", "")); f != "" {
		return f
	}
	return ""
}

var usedCodes sync.Map

func (r *rig) used(code string) bool {
	_, ok := usedCodes.Load(r.url + code)
	return ok
}

// sign lets the n-th signee sign.
func (r *rig) sign(p process, n int) answer {
	r.tb.Helper()
	token, code := r.askCode(p, n)
	usedCodes.Store(r.url+code, true)
	return r.ask("GET", "/signing/simple/otp?Token="+token+"&OTP="+code, "", nil)
}

// mailTo waits for a mail to an address that fits.
func (r *rig) mailTo(address string, fits func(innsiglitest.Mail) bool) innsiglitest.Mail {
	r.tb.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, m := range r.smtp.Mails() {
			if strings.EqualFold(m.To, address) && fits(m) {
				return m
			}
		}
	}
	r.tb.Fatalf("no such mail to %s; there are: %s\n%s", address, r.mails(), r.log())
	return innsiglitest.Mail{}
}

// mails lists what was sent, a line each, for messages of failed tests.
func (r *rig) mails() string {
	var b strings.Builder
	for _, m := range r.smtp.Mails() {
		fmt.Fprintf(&b, "\n%s: %s (%d files)", m.To, m.Subject, len(m.Files))
	}
	return b.String()
}

// settled waits until no job of the server waits or runs, but for those whose time is far away.
func (r *rig) settled() {
	r.tb.Helper()
	var b readiness
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		b = readiness{}
		r.ask("GET", "/readyz", "", nil).json(r.tb, &b)
		if b.Oldest == nil { // what is due has to go
			delete(b.Waiting, innsigli.JobExpire)
			delete(b.Waiting, innsigli.JobHoldExpire)
			delete(b.Waiting, innsigli.JobRemind)
		}
		if b.Ready && b.Running == 0 && b.Sealing == 0 && len(b.Waiting) == 0 {
			return
		}
	}
	r.tb.Fatalf("jobs do not settle: %+v\n%s", b, r.log())
}

// statuses is the log of a process: the statuses in order.
func (r *rig) statuses(key string) []string {
	r.tb.Helper()
	var out []string
	for _, l := range r.activity(key) {
		out = append(out, l.Status)
	}
	return out
}

type logLine struct {
	Status, Description, CreatedBy, CreatedAt, SigneeKey string
}

func (r *rig) activity(key string) []logLine {
	r.tb.Helper()
	q := url.Values{"StartDate": {"2020-01-01"}, "EndDate": {"2100-01-01"}, "ProcessKey": {key}}
	a := r.ask("GET", "/signing/activity?"+q.Encode(), "own", nil)
	var got []struct{ ActivityLog []logLine }
	a.json(r.tb, &got)
	if len(got) != 1 {
		r.tb.Fatalf("activity of %s: %s", key, a.body)
	}
	return got[0].ActivityLog
}

// hook registers the receiver for all events.
func (r *rig) hook() {
	r.tb.Helper()
	a := r.ask("POST", "/management/webhook/", "own", map[string]any{"flowKey": r.creds.FlowKey, "url": r.hooks.URL()})
	if a.status != http.StatusOK {
		r.tb.Fatalf("webhook: %d %s", a.status, a.body)
	}
}

func count(list []string, s string) int {
	n := 0
	for _, l := range list {
		if l == s {
			n++
		}
	}
	return n
}

func writeFile(tb testing.TB, name string, b []byte) {
	tb.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// createWith sends a create of the company's with headers of its own.
func (r *rig) createWith(body any, header http.Header) answer {
	r.tb.Helper()
	return r.postWith("/management/signing", body, header)
}

// postWith sends a request of the company's with headers of its own.
func (r *rig) postWith(path string, body any, header http.Header) answer {
	r.tb.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.tb.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, r.url+path, bytes.NewReader(raw))
	if err != nil {
		r.tb.Fatal(err)
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(string(r.creds.CompanyKey), r.creds.APIKey)
	resp, err := client.Do(req)
	if err != nil {
		r.tb.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		r.tb.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, b}
}

// isCancelSubject knows the subject of a cancellation in both languages.
func isCancelSubject(s string) bool {
	return strings.Contains(strings.ToLower(s), "cancel") || strings.HasPrefix(s, "Hætt við")
}
