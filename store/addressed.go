package store

import (
	"context"
	"time"

	"github.com/innsigli/innsigli"
)

// addressedSlots is how many transactions of a company in one minute write rows of their own.
const addressedSlots = 16

const (
	qAddressed = `insert into addressed (company, minute, slot, n) values ($1, $2, $3, $4)
		on conflict (company, minute, slot) do update set n = addressed.n + $4`
	qAddressedSince = `select minute, sum(n) from addressed where company = $1 and minute > $2 group by minute order by minute`
)

// keepAddressed counts e-mail addresses that a company wrote to.
func keepAddressed(b *batch, f *innsigli.Facts, n int) {
	if n == 0 {
		return
	}
	group := f.Process.Group
	slot := 0
	if group != "" {
		slot = int(group[len(group)-1]) % addressedSlots
	}
	b.must("addressed", qAddressed, string(f.Process.Company), micros(f.Now.Truncate(time.Minute)), int64(slot), int64(n))
}

// written counts the addresses that a change lets a company write to: of people who are added or get another address, and
// of people who are reminded because it asks for that.
func written(f *innsigli.Facts, c *innsigli.Change) int {
	n := 0
	count := func(of innsigli.Facts, c *innsigli.Change) {
		for i := range c.Add {
			n += hasMail(&c.Add[i])
		}
		for i := range c.Edit {
			if before, _ := of.Process.Signee(c.Edit[i].Key); before.Email != c.Edit[i].Email {
				n += hasMail(&c.Edit[i])
			}
		}
		for i := range c.Jobs {
			if c.Jobs[i].Kind == innsigli.JobMailRemind && len(c.Reminded) > 0 {
				n++
			}
		}
	}
	count(*f, c)
	for i := range c.Members {
		count(f.Of(c.Members[i].Process), &c.Members[i].Change)
	}
	return n
}

func hasMail(s *innsigli.Signee) int {
	if s.Email == "" {
		return 0
	}
	return 1
}

// Addressed counts the e-mail addresses that a company wrote to, by minute, oldest first.
func (d *DB) Addressed(ctx context.Context, c innsigli.CompanyKey, since time.Time) ([]innsigli.Addressed, error) {
	var all []innsigli.Addressed
	err := d.get(ctx, "addressed", qAddressedSince, func(r row) error {
		var minute, n int64
		err := r.Scan(&minute, &n)
		all = append(all, innsigli.Addressed{Minute: timeOf(minute), N: int(n)})
		return err
	}, string(c), micros(since))
	return all, err
}
