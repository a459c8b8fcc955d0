package notify_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

func wanted(context.Context) (bool, error) { return true, nil }

func aMessage() *notify.Message {
	return &notify.Message{
		UID: uid, Domain: "sign.example", Date: noon, From: mail.Address{Address: "noreply@sign.example"},
		To: mail.Address{Address: "bjorn@example.is"}, Subject: "Hæ", Text: "Góðan dag\n.\n.endar ekki\n", HTML: "<p>Góðan dag</p>\n.\n", Language: "is",
	}
}

func transport(t *testing.T, s *innsiglitest.SMTP, url string) *notify.SMTP {
	t.Helper()
	tr, err := notify.NewSMTP(url, notify.SMTPOptions{TLS: s.ClientTLS(), Hello: "sign.example", Command: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestSMTPProtectsTheConnectionAndLogsIn(t *testing.T) {
	for name, o := range map[string]innsiglitest.SMTPOptions{
		"plain on loopback": {},
		"starttls":          {StartTLS: true},
		"smtps":             {TLS: true},
		"starttls, plain":   {StartTLS: true, User: "us er", Password: "p@ss:/w"},
		"smtps, login":      {TLS: true, User: "user", Password: "p@ss:/w", Mechanism: "LOGIN"},
	} {
		t.Run(name, func(t *testing.T) {
			s := innsiglitest.NewSMTP(t, o)
			if err := transport(t, s, s.URL()).SendMail(t.Context(), aMessage(), wanted); err != nil {
				t.Fatal(err)
			}
			m := s.Wait(t, 1)[0]
			if m.TLS != (o.TLS || o.StartTLS) || m.User != o.User {
				t.Errorf("encrypted %v, logged in as %q", m.TLS, m.User)
			}
			if m.Text != aMessage().Text || m.HTML != aMessage().HTML || m.Subject != "Hæ" || m.From != "noreply@sign.example" {
				t.Errorf("came as %+v", m)
			}
		})
	}
}

func TestSMTPDoesNotFallBackToAnOpenConnection(t *testing.T) {
	plain := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{})
	if err := transport(t, plain, plain.URL()+"?tls=starttls").SendMail(t.Context(), aMessage(), wanted); err == nil {
		t.Error("sent without STARTTLS although it was asked for")
	}
	foreign := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{StartTLS: true})
	tr, err := notify.NewSMTP(foreign.URL(), notify.SMTPOptions{}) // trusts the system's roots only
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.SendMail(t.Context(), aMessage(), wanted); err == nil || innsigli.IsPermanent(err) {
		t.Errorf("sent to a server whose certificate nobody vouches for: %v", err)
	}
	if n := len(plain.Mails()) + len(foreign.Mails()); n != 0 {
		t.Errorf("%d mails went out", n)
	}
}

func TestAWrongPasswordIsNotTheMessagesFault(t *testing.T) {
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{User: "user", Password: "right"})
	err := transport(t, s, strings.Replace(s.URL(), "right", "wrong", 1)).SendMail(t.Context(), aMessage(), wanted)
	if _, refused := errors.AsType[*notify.RefusedError](err); err == nil || refused || strings.Contains(err.Error(), "wrong") {
		t.Errorf("error is %v", err)
	}
}

func TestSMTPAddressesAreReadStrictly(t *testing.T) {
	for _, raw := range []string{"", "mail.example:25", "http://mail.example", "smtp://", "smtp://h?tls=maybe", "smtp://u:s3cret@h:x"} {
		if _, err := notify.NewSMTP(raw, notify.SMTPOptions{}); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: error %v", raw, err)
		}
	}
	for _, raw := range []string{"smtp://mail.example", "smtps://u:p@mail.example:465", "smtp://[::1]:2525?tls=none"} {
		if _, err := notify.NewSMTP(raw, notify.SMTPOptions{}); err != nil {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestAServerThatSaysNothingIsLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
		}
	}()
	for _, mode := range []string{"none", "starttls"} {
		tr, err := notify.NewSMTP("smtp://"+l.Addr().String()+"?tls="+mode, notify.SMTPOptions{Command: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.SendMail(t.Context(), aMessage(), wanted); err == nil {
			t.Errorf("%s: sent to a server that says nothing", mode)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	tr, err := notify.NewSMTP("smtp://"+l.Addr().String(), notify.SMTPOptions{Command: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.SendMail(ctx, aMessage(), wanted); err == nil {
		t.Error("sent to a server that says nothing")
	}
}

func TestHalfADocumentIsNotSentAsAWholeOne(t *testing.T) {
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{})
	for name, write := range map[string]func(io.Writer) (int64, error){
		"fault": func(w io.Writer) (int64, error) {
			n, _ := io.CopyN(w, &pattern{}, 200_000)
			return n, errors.New("canceled meanwhile")
		},
		"short": func(w io.Writer) (int64, error) { return io.CopyN(w, &pattern{}, 200_000) },
	} {
		m := aMessage()
		m.Files = []innsigli.Attachment{{Name: "a.pdf", Type: "application/pdf", Size: 300_000, WriteTo: write}}
		if err := transport(t, s, s.URL()).SendMail(t.Context(), m, wanted); err == nil {
			t.Errorf("%s: sent", name)
		}
	}
	// The server has to see the broken connections as such; a mail after them shows that it did not wait for a dot.
	if err := transport(t, s, s.URL()).SendMail(t.Context(), aMessage(), wanted); err != nil {
		t.Fatal(err)
	}
	if got := s.Wait(t, 1); len(got) != 1 || len(got[0].Files) != 0 {
		t.Errorf("the server took %d mails", len(got))
	}
}

func TestProbeLearnsTheLimit(t *testing.T) {
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{Size: 35_882_577})
	tr := transport(t, s, s.URL())
	if err := tr.Probe(t.Context()); err != nil || tr.Limit() != 35_882_577 {
		t.Errorf("limit %d, error %v", tr.Limit(), err)
	}
}

func TestSizeIsWhatIsWritten(t *testing.T) {
	for _, n := range []int64{0, 1, 2, 3, 56, 57, 58, 113, 114, 115, 10_000, 100_001} {
		m := aMessage()
		for range 2 {
			m.Files = append(m.Files, innsigli.Attachment{
				Name: "Þing “skjal”.pdf", Type: "application/pdf", Size: n,
				WriteTo: func(w io.Writer) (int64, error) { return io.CopyN(w, &pattern{}, n) },
			})
		}
		var b strings.Builder
		written, err := m.WriteTo(&b)
		if err != nil || written != int64(b.Len()) || m.Size() != written {
			t.Errorf("%d bytes: wrote %d, returned %d, Size is %d, error %v", n, b.Len(), written, m.Size(), err)
		}
		for l := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\r\n"), "\r\n") {
			if len(l) > 998 || strings.ContainsAny(l, "\r\n") {
				t.Fatalf("line %q", l)
			}
		}
	}
}

// TestReportsAreAskedForByOurID where the server offers them (RFC 3461): headers only, and deliveries only for who reads them.
func TestReportsAreAskedForByOurID(t *testing.T) {
	for _, tc := range []struct {
		offered, receipts bool
		back, want, from  string
	}{
		{false, true, "", "", "noreply@sign.example"},
		{true, false, "", uid + " HDRS FAILURE DELAY", "noreply@sign.example"},
		{true, true, "bounces@sign.example", uid + " HDRS FAILURE DELAY SUCCESS", "bounces@sign.example"},
		{true, true, "bounces+{id}@sign.example", uid + " HDRS FAILURE DELAY SUCCESS", "bounces+" + uid + "@sign.example"},
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{DSN: tc.offered})
		mail, err := notify.NewSMTP(w.smtp.URL(), notify.SMTPOptions{Receipts: tc.receipts})
		if err != nil {
			t.Fatal(err)
		}
		w.Mail, w.Return = mail, tc.back
		if _, _, err := w.run(t, job(innsigli.JobMailInvite, bjorn, "bjorn@example.is", innsigli.LangEn)); err != nil {
			t.Fatal(err)
		}
		if m := w.smtp.Wait(t, 1)[0]; m.Reports != tc.want || m.From != tc.from || m.Header.Get("From") == tc.from && tc.back != "" {
			t.Errorf("%+v: from %s, reports %q", tc, m.From, m.Reports)
		}
	}
}
