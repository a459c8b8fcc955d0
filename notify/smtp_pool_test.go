package notify_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

// send hands a message to an address over.
func send(t *testing.T, tr *notify.SMTP, to string, wanted notify.Wanted) error {
	t.Helper()
	m := aMessage()
	m.To.Address = to
	return tr.SendMail(t.Context(), m, wanted)
}

func TestAConnectionCarriesOneMessageAfterTheOther(t *testing.T) {
	for _, o := range []innsiglitest.SMTPOptions{{}, {StartTLS: true, User: "user", Password: "secret"}, {TLS: true}} {
		s := innsiglitest.NewSMTP(t, o)
		s.Refuse("nobody@example.is", 550)
		s.Refuse("later@example.is", 451)
		tr := transport(t, s, s.URL())
		if err := tr.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			to     string
			wanted bool
			good   func(error) bool
		}{
			{"a@example.is", true, func(err error) bool { return err == nil }},
			{"nobody@example.is", true, isRefused},
			{"b@example.is", true, func(err error) bool { return err == nil }},
			{"c@example.is", false, func(err error) bool { return errors.Is(err, notify.ErrUnwanted) }},
			{"later@example.is", true, func(err error) bool { return err != nil && !isRefused(err) }},
			{"d@example.is", true, func(err error) bool { return err == nil }},
		} {
			err := send(t, tr, step.to, func(context.Context) (bool, error) { return step.wanted, nil })
			if !step.good(err) {
				t.Errorf("%+v: to %s: %v", o, step.to, err)
			}
		}
		var to []string
		for _, m := range s.Wait(t, 3) {
			to = append(to, m.To)
		}
		if got := strings.Join(to, " "); got != "a@example.is b@example.is d@example.is" {
			t.Errorf("mails went to %s", got)
		}
		if n, _ := s.Connections(); n != 1 {
			t.Errorf("%+v: %d connections for six mails, one after the other", o, n)
		}
	}
}

func isRefused(err error) bool {
	_, ok := errors.AsType[*notify.RefusedError](err)
	return ok
}

// A connection that was kept may be dead. A message that the server cannot have is sent over another one at once, one
// that it may have taken is not.
func TestADeadConnectionIsReplacedUnlessTheMessageMayHaveBeenTaken(t *testing.T) {
	for stage, sent := range map[string]bool{"idle": true, "mail": true, "rcpt": true, "data": true, "dot": false} {
		t.Run(stage, func(t *testing.T) {
			s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{})
			tr := transport(t, s, s.URL())
			if err := send(t, tr, "a@example.is", wanted); err != nil {
				t.Fatal(err)
			}
			if stage == "idle" {
				s.HangUp()
			}
			s.Cut(stage)
			asked := 0
			m := aMessage()
			m.To.Address = "b@example.is"
			m.Files = []innsigli.Attachment{{Name: "a.pdf", Type: "application/pdf", Size: 3_000_000, WriteTo: func(w io.Writer) (int64, error) {
				return io.CopyN(w, &pattern{}, 3_000_000)
			}}}
			err := tr.SendMail(t.Context(), m, func(context.Context) (bool, error) { asked++; return true, nil })
			if (err == nil) != sent || isRefused(err) {
				t.Fatalf("error is %v", err)
			}
			if got := len(s.Wait(t, 2)); got != 2 {
				t.Errorf("the server has %d mails, want 2", got)
			}
			if want := map[bool]int{true: 2, false: 1}[stage == "data"]; asked != want {
				t.Errorf("asked %d times whether it is wanted, want %d", asked, want)
			}
			want := 2
			if !sent {
				want = 1
			}
			if n, _ := s.Connections(); n != want {
				t.Errorf("%d connections, want %d", n, want)
			}
		})
	}
}

// A server that cuts every connection is not asked for ever.
func TestOneNewConnectionIsTriedAndNoMore(t *testing.T) {
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{})
	tr := transport(t, s, s.URL())
	if err := send(t, tr, "a@example.is", wanted); err != nil {
		t.Fatal(err)
	}
	s.Refuse("b@example.is", 421)
	if err := send(t, tr, "b@example.is", wanted); err == nil || isRefused(err) {
		t.Errorf("error is %v", err)
	}
	if n, _ := s.Connections(); n != 2 {
		t.Errorf("%d connections", n)
	}
}

func TestConnectionsAreBoundedAndEnd(t *testing.T) {
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{})
	tr, err := notify.NewSMTP(s.URL(), notify.SMTPOptions{Connections: 3, Idle: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	release := s.Hang("slow@example.is")
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := send(t, tr, "slow@example.is", wanted); err != nil {
				t.Error(err)
			}
		})
	}
	for range 3 {
		<-s.Reached()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := tr.SendMail(ctx, aMessage(), wanted); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a fourth mail at once: %v", err)
	}
	release()
	all.Wait()
	if n, _ := s.Connections(); n != 3 {
		t.Errorf("%d connections for three at once", n)
	}
	awaitClosed(t, s)

	if err := send(t, tr, "a@example.is", wanted); err != nil {
		t.Fatal(err)
	}
	tr.Close()
	awaitClosed(t, s)
	if err := send(t, tr, "a@example.is", wanted); err != nil {
		t.Error(err)
	}
	awaitClosed(t, s)
}

// awaitClosed waits until the server has no connection any more.
func awaitClosed(t *testing.T, s *innsiglitest.SMTP) {
	t.Helper()
	for range 500 {
		if _, open := s.Connections(); open == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("connections stay open")
}

// A connection whose message was broken off by the end of its context is not used for the next.
func TestABrokenOffConnectionIsNotKept(t *testing.T) {
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{})
	tr := transport(t, s, s.URL())
	defer s.Hang("slow@example.is")()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-s.Reached()
		cancel()
	}()
	m := aMessage()
	m.To.Address = "slow@example.is"
	if err := tr.SendMail(ctx, m, wanted); err == nil {
		t.Error("sent")
	}
	if err := send(t, tr, "a@example.is", wanted); err != nil {
		t.Error(err)
	}
}

func TestAConnectionIsNotUsedForEver(t *testing.T) {
	s := innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{})
	tr := transport(t, s, s.URL())
	for range 101 {
		if err := send(t, tr, "a@example.is", wanted); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := s.Connections(); n != 2 {
		t.Errorf("%d connections for 101 mails", n)
	}
}
