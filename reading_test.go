package innsigli

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// shownAnna was shown a document of ten pages a while before testNow.
func shownAnna(ago time.Duration) Facts {
	you := anna()
	you.FirstSeenAt = testNow.Add(-ago)
	f := factsOf(Started, you)
	f.Process.Document.Pages = 10
	return f
}

func told(seconds int, pages ...int) ReadRequest {
	return ReadRequest{Process: testProcess, Signee: keyAnna, Pages: pages, Seconds: seconds}
}

// reads is the reading after a report, as it was when nothing is noted.
func reads(t *testing.T, f Facts, r ReadRequest) Reading {
	t.Helper()
	c, err := decideRead(f, r)
	if err != nil {
		t.Fatal(err)
	}
	if c.Read == nil {
		return f.Process.Signees[0].Reading
	}
	return c.Read.Reading
}

func TestReadingIsAddedUpWithinWhatTheClockAllows(t *testing.T) {
	f := shownAnna(time.Minute)
	c, err := decideRead(f, told(15, 3, 1, 2, 7))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "read", c)
	if got := reads(t, f, told(3600, 1)); got != (Reading{testNow, 60, "1", 0}) {
		t.Errorf("more than have passed: %+v", got)
	}
	if got := reads(t, f, told(-5, 0, -1, 11, 10, 10)); got != (Reading{testNow, 0, "10", 0}) {
		t.Errorf("pages that are none: %+v", got)
	}
	f.Process.Signees[0].Reading = Reading{testNow.Add(-10 * time.Second), 40, "1-3,7", 1}
	if got := reads(t, f, told(15, 4, 5, 7)); got != (Reading{testNow, 50, "1-5,7", 1}) {
		t.Errorf("once more: %+v", got)
	}
	f.Process.Signees[0].Reading.Seconds = 60
	if c, err := decideRead(f, told(10, 1, 2)); err != nil || !c.Empty() {
		t.Errorf("nothing new: %v\n%s", err, c)
	}
}

func TestReadingIsNotedOfWhoIsShownTheDocumentAlone(t *testing.T) {
	hidden, done := shownAnna(time.Minute), shownAnna(time.Minute)
	hidden.Process.Signees[0].FirstSeenAt = time.Time{}
	done.Process.Signees[0].SignedAt = testNow
	for name, f := range map[string]Facts{"never shown": hidden, "signed": done} {
		if c, err := decideRead(f, told(5, 1)); err != nil || !c.Empty() {
			t.Errorf("%s: %v\n%s", name, err, c)
		}
	}
	if c, err := decideDownloaded(done, keyAnna); err != nil || !c.Empty() {
		t.Errorf("downloaded after the signature: %v\n%s", err, c)
	}
	if _, err := decideRead(shownAnna(time.Minute), ReadRequest{Signee: keyBjorn}); KindOf(err) != NotFound {
		t.Errorf("somebody else: %v", err)
	}
	for _, st := range everyState() {
		f := shownAnna(time.Minute)
		f.Process.State = st
		if _, err := decideRead(f, told(5, 1)); (KindOf(err) == NotActive) == st.Active() {
			t.Errorf("%s: %v", st, err)
		}
		if c, err := decideDownloaded(f, keyAnna); err != nil || c.Empty() == st.Active() {
			t.Errorf("downloaded when %s: %v\n%s", st, err, c)
		}
	}
}

func TestADocumentThatIsOpenedAgainIsNotedByTheMinute(t *testing.T) {
	for ago, want := range map[time.Duration]bool{time.Second: false, time.Minute: true} {
		f := shownAnna(ago)
		c, err := decideSaw(f, keyAnna, Client{})
		if err != nil || (c.Read != nil && c.Read.LastAt.Equal(testNow)) != want || len(c.Log) > 0 || c.Seen != "" {
			t.Errorf("%v ago: %v\n%s", ago, err, c)
		}
	}
}

// readPages: what a page could only tell by lying is refused.
func readPages(t *testing.T) {
	t.Helper()
	f := shownAnna(time.Minute)
	st := holding(&f)
	s, _, _ := service(t, st)
	if err := s.Read(t.Context(), told(1, slices.Repeat([]int{1}, MaxReadPages)...)); err != nil || !slices.Contains(st.calls, "Decide") {
		t.Errorf("at the limit: %v, %v", err, st.calls)
	}
	e, ok := errors.AsType[*Error](s.Read(t.Context(), told(1, slices.Repeat([]int{1}, MaxReadPages+1)...)))
	if !ok || e.Kind != Invalid || e.Fields[0].Field != "pages" {
		t.Errorf("one over: %+v", e)
	}
}

func readSeconds(t *testing.T) {
	t.Helper()
	f := shownAnna(48 * time.Hour)
	for _, has := range []int{MaxReadSeconds - 5, MaxReadSeconds} {
		f.Process.Signees[0].Reading.Seconds = has
		if got := reads(t, f, told(6, 1)); got.Seconds != MaxReadSeconds {
			t.Errorf("%d and 6 seconds are %d", has, got.Seconds)
		}
	}
}

func downloads(t *testing.T) {
	t.Helper()
	f := shownAnna(time.Minute)
	for has, more := range map[int]bool{MaxDownloads - 1: true, MaxDownloads: false} {
		f.Process.Signees[0].Reading.Downloads = has
		if c, err := decideDownloaded(f, keyAnna); err != nil || c.Empty() == more || more && c.Read.Downloads != MaxDownloads {
			t.Errorf("%d downloads: %v\n%s", has, err, c)
		}
	}
}
