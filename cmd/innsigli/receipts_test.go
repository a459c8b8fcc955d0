package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

const testSecret = "secret-of-the-inbound-routes"

// bounceOf is a report (RFC 3464) about a mail as it was received.
func bounceOf(m innsiglitest.Mail, action, status string) string {
	return strings.ReplaceAll(`From: MAILER-DAEMON@mx.example
To: `+m.From+`
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; `+m.To+`
Action: `+action+`
Status: `+status+`

--b
Content-Type: text/rfc822-headers

Message-ID: `+m.MessageID+`
To: <`+m.To+`>

--b--
`, "\n", "\r\n")
}

// inbound posts to one of the inbound routes, with the secret.
func (r *rig) inbound(path, kind, body string) answer {
	r.tb.Helper()
	req, err := http.NewRequest(http.MethodPost, r.url+"/inbound/"+path, strings.NewReader(body))
	if err != nil {
		r.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+testSecret)
	return r.do(req)
}

func withSecret(s *settings) { s.InboundSecret = testSecret }

// TestWhatBecameOfAMailIsToldToLogAndOwner: a bounce, told twice and by the command of a mail server's pipe, a delivery, a
// complaint, and a bounce after the end.
func TestWhatBecameOfAMailIsToldToLogAndOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{}, withSecret)
		r.hook()
		p := r.create(innsiglitest.PDF(t, 1, "receipts"), byMail("Ann", "ann@bounce.example"), byMail("Bo", "bo@bounce.example"))
		r.settled()
		invitation := func(to string) innsiglitest.Mail {
			return r.mailTo(to, func(innsiglitest.Mail) bool { return true })
		}
		ann, bo := invitation("ann@bounce.example"), invitation("bo@bounce.example")
		bounce := bounceOf(ann, "failed", "5.1.1")
		for range 2 {
			if a := r.inbound("mail", "message/rfc822", bounce); a.status != http.StatusOK || string(a.body) != `{"receipts":1,"known":1}` {
				t.Fatalf("bounce: %d %s", a.status, a.body)
			}
		}
		if err := (bounceCmd{PublicURL: r.url + "/", InboundSecret: testSecret}).hand(t.Context(), strings.NewReader("From x@y.example Mon\n"+bounce)); err != nil {
			t.Errorf("the command: %v", err)
		}
		strange := strings.ReplaceAll(bounce, ann.MessageID, "<0123456789abcdef0123456789abcdef@sign.example>")
		if a := r.inbound("mail", "message/rfc822", strange); a.status != http.StatusOK || string(a.body) != `{"receipts":1,"known":0}` {
			t.Errorf("an unknown message to a known address: %d %s", a.status, a.body)
		}
		for _, event := range []string{"delivered", "complained", "complained"} {
			if a := r.inbound("mail", "application/json", `{"messageId":"`+bo.MessageID+`","event":"`+event+`"}`); a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", event, a.status, a.body)
			}
		}
		r.settled()
		told := r.mailTo("owner@nordurljos.example", func(innsiglitest.Mail) bool { return true })
		if told.Subject != "Not delivered: samningur.pdf" || !strings.Contains(told.Text, "ann@bounce.example") || r.mailsTo("owner@nordurljos.example") != 1 {
			t.Errorf("the owner got %s", r.mails())
		}
		var lines []string
		for _, l := range r.activity(p.Key) {
			if strings.Contains(l.Status, ":") || l.Status == "UndeliveredSent" || l.Status == "RemindersStopped" {
				lines = append(lines, l.Status)
			}
			if l.Status == "Signup:failed" && (l.SigneeKey != p.Signees[0].Key || !strings.Contains(l.Description, "Severity: permanent. Reason:5.1.1")) {
				t.Errorf("log: %+v", l)
			}
		}
		slices.Sort(lines)
		if want := []string{"RemindersStopped", "Signup:complained", "Signup:delivered", "Signup:failed", "UndeliveredSent"}; !slices.Equal(lines, want) {
			t.Errorf("log: %q, want %q", lines, want)
		}
		bounceAfterTheEnd(t, r, p)
	})
}

// bounceAfterTheEnd cancels, and has every mail so far come back.
func bounceAfterTheEnd(t *testing.T, r *rig, p process) {
	t.Helper()
	if r.cancel(p.Key) != http.StatusNoContent {
		t.Fatal("cancel")
	}
	r.settled()
	mails, hooks := len(r.smtp.Mails()), len(r.hooks.Requests())
	for _, m := range r.smtp.Mails() {
		if a := r.inbound("mail", "message/rfc822", bounceOf(m, "failed", "5.2.2")); a.status != http.StatusOK {
			t.Errorf("after the end: %d %s", a.status, a.body)
		}
	}
	r.settled()
	if len(r.smtp.Mails()) != mails || len(r.hooks.Requests()) != hooks {
		t.Errorf("bounces after the end have consequences: %s", r.mails())
	}
	if all := r.statuses(p.Key); count(all, "Canceled:failed") != 2 || count(all, "Signup:failed") != 2 || count(all, "Undelivered:failed") != 1 {
		t.Errorf("log: %q", all)
	}
}

func TestTheInboundRoutesAreClosedWithoutASecret(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{})
	for _, path := range []string{"mail", "sms", "ses", "mailgun", "twilio/0123456789abcdef0123456789abcdef"} {
		if a := r.inbound(path, "application/json", "{}"); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	var later laterError
	err := bounceCmd{PublicURL: "http://127.0.0.1:1", InboundSecret: testSecret}.hand(t.Context(), strings.NewReader("x"))
	if !asLater(err, &later) {
		t.Errorf("a server that is away: %v", err)
	}
	if err := (bounceCmd{PublicURL: r.url, InboundSecret: testSecret}).hand(t.Context(), strings.NewReader("x")); err == nil || asLater(err, &later) {
		t.Errorf("a wrong secret: %v", err)
	}
	var out, errs bytes.Buffer
	for _, args := range [][]string{{"bounce", "--public-url", r.url}, {"bounce", "--public-url", r.url, "--inbound-secret", testSecret}, {"config", "--mailgun-key=x"}} {
		if code := run(t.Context(), args, &out, &errs); code != exitUsage {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
}

func asLater(err error, later *laterError) bool {
	l, ok := err.(laterError) //nolint:errorlint // as it is returned
	*later = l
	return ok
}

// twilio is the Messages API on loopback: it keeps forms and answers as it is told.
type twilio struct {
	*httptest.Server
	mu     sync.Mutex
	forms  []url.Values
	status int
	body   string
}

func newTwilio(t *testing.T) *twilio {
	t.Helper()
	w := &twilio{status: http.StatusCreated, body: `{"sid":"SM1","status":"queued"}`}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		form, _ := url.ParseQuery(string(b))
		user, pass, _ := req.BasicAuth()
		if req.URL.Path != "/2010-04-01/Accounts/AC1/Messages.json" || user != "AC1" || pass != "token" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.forms = append(w.forms, form)
		rw.WriteHeader(w.status)
		_, _ = io.WriteString(rw, w.body)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *twilio) sent() []url.Values {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.forms)
}

// callback has Twilio report on a message.
func (w *twilio) callback(t *testing.T, r *rig, to, status string) answer {
	t.Helper()
	form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {status}}
	mac := hmac.New(sha1.New, []byte("token"))
	_, _ = io.WriteString(mac, to)
	for _, k := range slices.Sorted(maps.Keys(form)) {
		_, _ = io.WriteString(mac, k+form.Get(k))
	}
	req, err := http.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r.do(req)
}

// TestWhatBecameOfAnSmsIsInTheLog: by the generic gateway and by Twilio.
func TestWhatBecameOfAnSmsIsInTheLog(t *testing.T) {
	ann := byMail("Ann", "ann@sms.example")
	ann["phoneNumber"] = "+3546661234"
	var started struct{ Token string }
	askCode := func(t *testing.T, r *rig) process {
		t.Helper()
		p := r.create(innsiglitest.PDF(t, 1, "sms"), ann)
		a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil)
		if a.status != http.StatusOK {
			t.Fatalf("code: %d %s", a.status, a.body)
		}
		a.json(t, &started)
		r.settled()
		return p
	}
	t.Run("gateway", func(t *testing.T) {
		r, _ := newLocal(t, "sqlite", seams{}, withSecret)
		p := askCode(t, r)
		key := r.sms.Wait(t, 1)[0].Key
		for range 2 {
			if a := r.inbound("sms", "application/json", `{"messageId":"`+key+`","event":"delivered"}`); a.status != http.StatusOK || !bytes.Contains(a.body, []byte(`"known":1`)) {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if a := r.inbound("mail", "application/json", `{"messageId":"`+key+`","event":"bounced"}`); !bytes.Contains(a.body, []byte(`"known":0`)) {
			t.Errorf("as if it were a mail: %s", a.body)
		}
		if n := count(r.statuses(p.Key), "SMS:DELIVERED"); n != 1 {
			t.Errorf("log: %q", r.statuses(p.Key))
		}
		got := r.sms.Wait(t, 1)[0]
		if a := r.ask("GET", "/signing/simple/otp?Token="+started.Token+"&OTP="+codeOf(innsiglitest.Mail{Text: got.Text}), "", nil); a.status != http.StatusOK {
			t.Fatalf("sign: %d %s", a.status, a.body)
		}
		r.settled()
		e := evidenceIn(t, r.lastTo("ann@sms.example").Files[0].Bytes).Signees[0]
		if len(e.Codes) != 1 || len(e.Codes[0].Receipts) != 1 || e.Codes[0].Receipts[0].Event != innsigli.ReceiptDelivered || e.Codes[0].ID != key {
			t.Errorf("evidence: %+v", e.Codes)
		}
	})
	t.Run("twilio", func(t *testing.T) {
		w := newTwilio(t)
		r, _ := newLocal(t, "sqlite", seams{}, func(s *settings) {
			s.SMS = "twilio://AC1:token@" + strings.TrimPrefix(w.URL, "http://") + "?from=+15005550006"
		})
		p := askCode(t, r)
		got := w.sent()[0]
		back := got.Get("StatusCallback")
		if got.Get("To") != "+3546661234" || got.Get("From") != "+15005550006" || !strings.HasPrefix(back, r.url+"/inbound/twilio/") || codeOf(innsiglitest.Mail{Text: got.Get("Body")}) == "" {
			t.Errorf("Twilio got %v", got)
		}
		for _, status := range []string{"sent", "undelivered", "undelivered"} {
			if a := w.callback(t, r, back, status); a.status != http.StatusOK {
				t.Errorf("%s: %d %s", status, a.status, a.body)
			}
		}
		if n := count(r.statuses(p.Key), "SMS:UNDELIVERED"); n != 1 {
			t.Errorf("log: %q", r.statuses(p.Key))
		}
	})
}

// TestSmsAreNotPumped: a country that is not allowed, an hour that is full, and a cancel that is told all the same.
func TestSmsAreNotPumped(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{}, func(s *settings) { s.SMSAllow, s.SMSHour = []string{"+354"}, 1 })
		far := byMail("Far", "far@pump.example")
		far["phoneNumber"] = "+14155550100"
		a := r.ask("POST", "/management/signing", "own", r.bodyOf(innsiglitest.PDF(t, 1, "pump"), far, who{"name": "Cy", "phoneNumber": "+14155550101"}))
		refusal(t, "another country alone", a, http.StatusBadRequest, "NotReachable", "createSignees[1].phoneNumber")
		p := r.create(innsiglitest.PDF(t, 1, "pump"), far, who{"name": "Cy", "phoneNumber": "+3546661234"})
		code := func(n int) {
			t.Helper()
			if a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[n].Key, "", nil); a.status != http.StatusOK {
				t.Fatalf("code: %d %s", a.status, a.body)
			}
		}
		code(0)
		r.mailTo("far@pump.example", func(m innsiglitest.Mail) bool { return codeOf(m) != "" }) // not to the other country
		code(1)
		r.sms.Wait(t, 1)
		r.settled()
		a = r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[1].Key, "", nil)
		refusal(t, "a code beyond the hour's SMS", a, http.StatusTooManyRequests, "TooManyCodes")
		if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 3500 || wait > 3600 {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}
		if m := string(r.ask("GET", "/metrics", "", nil).body); !strings.Contains(m, "innsigli_text_limit_refusals_total 1") {
			t.Error("the refusal is not counted")
		}
		r.settled() // nothing waits
		if n := len(r.sms.Texts()); n != 1 {
			t.Errorf("%d SMS within the hour, want 1", n)
		}
		if r.cancel(p.Key) != http.StatusNoContent {
			t.Fatal("cancel")
		}
		if all := r.sms.Wait(t, 2); !strings.Contains(all[1].Text, "canceled") || all[1].To != "+3546661234" {
			t.Errorf("got %+v", all)
		}
	})
}
