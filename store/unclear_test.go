package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/store"
)

// cutter stands between the store and PostgreSQL and cuts the line at a COMMIT.
type cutter struct {
	cut     atomic.Bool // at the next COMMIT
	deliver bool        // the server still gets it; only its answer is lost
}

// listen passes on connections to addr and returns its own address.
func (c *cutter) listen(tb testing.TB, addr string) string {
	tb.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			var d net.Dialer
			server, err := d.DialContext(context.Background(), "tcp", addr)
			if err != nil {
				_ = client.Close()
				continue
			}
			go c.pass(client, server)
		}
	}()
	return l.Addr().String()
}

func (c *cutter) pass(client, server net.Conn) {
	defer func() { _ = client.Close() }()
	defer func() { _ = server.Close() }()
	answers := make(chan struct{})
	var deaf atomic.Bool
	go func() {
		defer close(answers)
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || deaf.Load() { // an answer that came after the cut: the server has done it
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		// "commit" and its end, since a BEGIN says "read committed".
		if bytes.Contains(buf[:n], []byte("commit\x00")) && c.cut.CompareAndSwap(true, false) {
			deaf.Store(true)
			if c.deliver {
				_, _ = server.Write(buf[:n])
				<-answers
			}
			return
		}
		if _, err := io.Copy(server, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}

func TestCommitWithoutAnswerIsUnclearWhateverBecameOfIt(t *testing.T) {
	t.Parallel()
	for name, deliver := range map[string]bool{"kept": true, "not kept": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &cutter{deliver: deliver}
			w := newWorld(t, func(tb testing.TB, change ...func(*store.Options)) *store.DB {
				tb.Helper()
				return innsiglitest.Postgres(tb, append(change, func(o *store.Options) {
					u, err := url.Parse(o.URL)
					if err != nil {
						tb.Fatal(err)
					}
					u.Host = c.listen(tb, u.Host)
					o.URL = u.String()
				})...)
			})
			p := w.create(t, 1)
			c.cut.Store(true)
			_, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(innsigli.Change{State: innsigli.Canceled}))
			if !errors.Is(err, innsigli.ErrUnclear) || innsigli.KindOf(err) != 0 {
				t.Errorf("error is %v", err)
			}
			if got := w.facts(t, p.Key).Process.State == innsigli.Canceled; got != deliver {
				t.Errorf("canceled: %v", got)
			}
		})
	}
}
