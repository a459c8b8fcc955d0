package innsigli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits on what may be told of somebody's reading.
const (
	MaxReadPages   = 500          // that one report names
	MaxReadSeconds = 24 * 60 * 60 // in all; what is beyond says no more
	MaxDownloads   = 1000         // that are counted
)

// openedAgain is how long after the last report a document that is opened once more is noted as shown again.
const openedAgain = time.Minute

// Reading is what was in front of a signee before they signed (TS 119 431-2, 8.1-11 and 8.1-12). Pages and seconds are as
// the page in the browser told them, as far as the server's clock allows: they tell of the usual case and prove nothing.
// Downloads are counted by the server.
type Reading struct {
	LastAt    time.Time // when the document was last shown, or told to be
	Seconds   int       // for how long in all
	Pages     string    // which pages, as "1-3,7"
	Downloads int       // through the signee's link
}

// Read is the reading of one signee as it is from now on.
type Read struct {
	Signee SigneeKey
	Reading
}

// ReadRequest tells that pages were in front of a signee.
type ReadRequest struct {
	Process ProcessKey
	Signee  SigneeKey
	Pages   []int // from 1 on; at most [MaxReadPages], those that the document has not are passed over
	Seconds int   // since the last report; more than have passed since then are not counted
}

// Read notes what a page tells. It notes nothing before the server has shown the document, and nothing after the person
// has signed. Errors: Invalid for too many pages, Unadmitted, NotActive after the end, NotFound.
func (s *Service) Read(ctx context.Context, r ReadRequest) error {
	if len(r.Pages) > MaxReadPages {
		return InvalidField("pages", "Length", fmt.Sprintf("pages must be at most %d.", MaxReadPages))
	}
	v, err := s.Look(ctx, r.Process, r.Signee, nil)
	if err != nil {
		return err
	}
	if v.Locked() {
		return ErrUnadmitted()
	}
	return s.noteReading(ctx, v, func(f Facts) (Change, error) { return decideRead(f, r) })
}

// Downloaded notes that the document goes out through a signee's link.
func (s *Service) Downloaded(ctx context.Context, v View) error {
	return s.noteReading(ctx, v, func(f Facts) (Change, error) { return decideDownloaded(f, v.You.Key) })
}

// noteReading locks the group only when there is something to note.
func (s *Service) noteReading(ctx context.Context, v View, decide Decision) error {
	if c, err := decide(v.Facts); err != nil || c.Empty() {
		return err
	}
	_, _, err := s.decide(ctx, Target{Process: v.Process.Key}, decide)
	return err
}

func decideRead(f Facts, r ReadRequest) (Change, error) {
	you, ok := f.Process.Signee(r.Signee)
	switch {
	case !ok:
		return Change{}, errNoSignee
	case !f.Process.State.Active():
		return Change{}, notActive(f.Process.State, "ProcessKey")
	case you.Signed() || you.FirstSeenAt.IsZero():
		return Change{}, nil
	}
	now := you.Reading
	last := you.FirstSeenAt
	if now.LastAt.After(last) {
		last = now.LastAt
	}
	now.Seconds += min(max(r.Seconds, 0), secondsUp(f.Now.Sub(last)))
	now.Seconds = max(you.Reading.Seconds, min(now.Seconds, secondsUp(f.Now.Sub(you.FirstSeenAt)), MaxReadSeconds))
	now.Pages = withPages(now.Pages, r.Pages, f.Process.Document.Pages)
	if now == you.Reading {
		return Change{}, nil
	}
	now.LastAt = f.Now
	return Change{Read: &Read{you.Key, now}}, nil
}

func decideDownloaded(f Facts, k SigneeKey) (Change, error) {
	you, ok := f.Process.Signee(k)
	if !ok || !f.Process.State.Active() || you.Signed() || you.Reading.Downloads >= MaxDownloads {
		return Change{}, nil
	}
	now := you.Reading
	now.Downloads++
	return Change{Read: &Read{you.Key, now}}, nil
}

// Unnoted says whether it is to be noted that the signee is shown the document now: the first time, and when it was not in
// front of them for a while.
func (v View) Unnoted() bool {
	if !v.Process.State.Active() || v.You.Signed() {
		return false
	}
	last := v.You.FirstSeenAt
	if v.You.Reading.LastAt.After(last) {
		last = v.You.Reading.LastAt
	}
	return last.IsZero() || v.Now.Sub(last) >= openedAgain
}

// secondsUp is how many seconds have begun: a page and the server do not tell the time at the same moment.
func secondsUp(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// withPages adds pages from 1 to last to a list like "1-3,7".
func withPages(list string, more []int, last int) string {
	all := pageNumbers(list)
	for _, n := range more {
		if n >= 1 && n <= last {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	var out []string
	for i := 0; i < len(all); {
		from := i
		for i++; i < len(all) && all[i] == all[i-1]+1; i++ {
		}
		text := strconv.Itoa(all[from])
		if i-1 > from {
			text += "-" + strconv.Itoa(all[i-1])
		}
		out = append(out, text)
	}
	return strings.Join(out, ",")
}

// pageNumbers reads what withPages wrote.
func pageNumbers(list string) []int {
	var all []int
	for part := range strings.SplitSeq(list, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil {
			continue // only the empty list
		}
		for n := first; n <= last; n++ {
			all = append(all, n)
		}
	}
	return all
}
