package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// BenchmarkDrain starts a server over 10,000 processes (INNSIGLI_DRAIN: another number, for `make bench-large`) that each
// have an invitation or a webhook waiting, and watches them go. Floor: the same mail or event handed to the same sink over
// as many kept connections, by nobody who reads or writes a database. first-tenth/s and last-tenth/s are the rates while
// the first and the last tenth went; MB are the server's memory when the first tenth had gone, and its peak.
func BenchmarkDrain(b *testing.B) {
	n := 10_000
	if s := os.Getenv("INNSIGLI_DRAIN"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("mails", func(b *testing.B) { benchDrain(b, n, drainMails) })
	b.Run("webhooks", func(b *testing.B) { benchDrain(b, n, drainHooks) })
}

// drain is one sort of message: a job in SQL, how many have come, and the floor's hand-over by one of several callers.
type drain struct {
	job     string
	come    func() int
	callers int
	hand    func(caller int)
}

func benchDrain(b *testing.B, n int, of func(*testing.B, *rig) drain) {
	b.Helper()
	for b.Loop() {
		b.StopTimer()
		r := newRig(b, "sqlite")
		d := of(b, r)
		p := r.create(innsiglitest.PDF(b, 1, "to be signed"), byMail("Bo", "bo@example.com"))
		r.settled()
		r.stop()
		r.fill(n, p.Key, d.job)
		floor := many(d.callers, n/10, eachAlone(d.hand, d.callers))
		before := d.come()
		b.StartTimer()
		r.start()
		begun := time.Now()
		var tenth [11]time.Duration // when so many tenths had gone
		var early memory
		for next := 1; next <= 10; time.Sleep(5 * time.Millisecond) {
			for gone := d.come() - before; next <= 10 && gone >= n*next/10; next++ {
				tenth[next] = time.Since(begun)
				if next == 1 {
					early = r.memory()
				}
			}
			if time.Since(begun) > time.Hour {
				b.Fatalf("only %d have gone\n%s", d.come()-before, r.log())
			}
		}
		b.StopTimer()
		late := r.memory()
		r.settled()
		if over := d.come() - before - n; over != 0 {
			b.Errorf("%d went twice", over)
		}
		r.stop()
		rate := func(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(rate(n, tenth[10]), "messages/s")
		b.ReportMetric(rate(n/10, tenth[1]), "first-tenth/s")
		b.ReportMetric(rate(n/10, tenth[10]-tenth[9]), "last-tenth/s")
		b.ReportMetric(rate(n/10, floor), "floor-messages/s")
		b.ReportMetric(rate(n/10, floor)/rate(n, tenth[10]), "x-floor")
		megabytes(b, early.resident, "first-tenth-MB")
		megabytes(b, late.resident, "end-MB")
		megabytes(b, late.peak, "peak-MB")
		b.StartTimer()
	}
}

// eachAlone gives each of several callers a number of its own.
func eachAlone(hand func(int), callers int) func(int) {
	free := make(chan int, callers)
	for i := range callers {
		free <- i
	}
	return func(int) {
		i := <-free
		hand(i)
		free <- i
	}
}

// drainMails are invitations to people at two hundred domains. The floor sends one of them again and again.
func drainMails(b *testing.B, r *rig) drain {
	b.Helper()
	r.create(innsiglitest.PDF(b, 1, "to be signed"), byMail("Ann", "ann@example.com"))
	mail := r.smtp.Wait(b, 1)[0]
	r.smtp.CountOnly()
	const callers = 12 // as many as a node sends at once
	var clients [callers]*smtp.Client
	for i := range clients {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.smtp.URL(), "smtp://"))
		if err != nil {
			b.Fatal(err)
		}
		clients[i] = smtp.NewClient(conn)
		b.Cleanup(func() { _ = conn.Close() })
	}
	return drain{
		job:  `'mail.invitation', 'message', '', 0, printf('p%d@d%d.example', i, i % 200), 2, '', ''`,
		come: r.smtp.Count, callers: callers,
		hand: func(i int) {
			if err := clients[i].SendMail(mail.From, []string{mail.To}, bytes.NewReader(mail.Raw)); err != nil {
				b.Error(err)
			}
		},
	}
}

// drainHooks are events for one receiver, who gets four at once. The floor posts the body of one again and again.
func drainHooks(b *testing.B, r *rig) drain {
	b.Helper()
	var come atomic.Int64
	var first atomic.Pointer[[]byte]
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			b.Error(err)
		}
		first.CompareAndSwap(nil, &body)
		come.Add(1)
	}))
	b.Cleanup(sink.Close)
	a := r.ask("POST", "/management/webhook/", "own", map[string]any{"flowKey": r.creds.FlowKey, "url": sink.URL})
	if a.status != http.StatusOK {
		b.Fatalf("webhook: %d %s", a.status, a.body)
	}
	p := r.create(innsiglitest.PDF(b, 1, "to be signed"), byMail("Ann", "ann@example.com"))
	r.cancel(p.Key)
	r.settled()
	const callers = 4
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	b.Cleanup(client.CloseIdleConnections)
	return drain{
		job: fmt.Sprintf(`'webhook', 'webhook', '1', %d, '', 0, 'hook', '%s'`, innsigli.EventCanceled,
			innsigli.HookTarget(r.creds.CompanyKey, sink.URL)),
		come: func() int { return int(come.Load()) }, callers: callers,
		hand: func(int) {
			resp, err := client.Post(sink.URL, "application/json", bytes.NewReader(*first.Load()))
			if err != nil {
				b.Error(err)
				return
			}
			_ = resp.Body.Close()
		},
	}
}

// fill copies a process and its person n times, and orders a job for each: kind, class, ref, event, address,
// language, lane and target, as SQL over i.
func (r *rig) fill(n int, process, job string) {
	r.tb.Helper()
	db := r.bare(1).db
	columns := func(table string, other map[string]string) (names, values string) {
		rows, err := db.QueryContext(r.tb.Context(), `select name from pragma_table_info($1)`, table)
		if err != nil {
			r.tb.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var all, as []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				r.tb.Fatal(err)
			}
			value := name
			if v, ok := other[name]; ok {
				value = v
			}
			all, as = append(all, name), append(as, value)
		}
		if rows.Err() != nil {
			r.tb.Fatal(rows.Err())
		}
		return strings.Join(all, ", "), strings.Join(as, ", ")
	}
	const key, person = `printf('sp%032x', i)`, `printf('si%032x', i)`
	numbers := fmt.Sprintf(`with recursive n (i) as (select 1 union all select i + 1 from n where i < %d) `, n)
	var all []string
	for _, t := range []struct {
		name  string
		where string
		other map[string]string
	}{
		{"grp", "key", map[string]string{"key": key}},
		{"process", "key", map[string]string{"key": key, "grp": key}},
		{"signee", "process", map[string]string{"key": person, "process": key, "email": `printf('p%d@d%d.example', i, i % 200)`}},
	} {
		names, values := columns(t.name, t.other)
		all = append(all, fmt.Sprintf(`insert into %s (%s) `+numbers+`select %s from n, %s where %s.%s = '%s'`,
			t.name, names, values, t.name, t.name, t.where, process))
	}
	all = append(all, `insert into job (uid, kind, class, ref, event, address, language, lane, target, grp, process, signee, due, at) `+numbers+
		fmt.Sprintf(`select printf('%%032x', i), %s, %s, %s, %s, %d, %[5]d from n`, job, key, key, person, time.Now().UnixMicro()), `analyze`)
	for _, s := range all {
		if _, err := db.ExecContext(r.tb.Context(), s); err != nil {
			r.tb.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		r.tb.Fatal(err)
	}
}
