package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
)

func TestTextsAreCountedForAnHour(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := 0
		take := func(x innsigli.Text) bool {
			if x.UID == "" {
				n++
				x.UID = fmt.Sprintf("%032x", n)
			}
			ok, err := w.TakeText(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		waits := func(what string, x innsigli.Text, want time.Duration) {
			t.Helper()
			if got, err := w.TextWait(t.Context(), x); err != nil || got != want {
				t.Errorf("%s waits %v, %v, want %v", what, got, err, want)
			}
		}
		text := innsigli.Text{Company: "c1", Process: "sp1", Number: "n1", Limit: 1000}
		for i := range innsigli.MaxTextsOfNumber {
			waits("the number's", text, 0)
			if !take(text) {
				t.Fatalf("the number's %d. is held back", i+1)
			}
		}
		first := text
		first.UID = fmt.Sprintf("%032x", 1)
		if take(text) || !take(first) {
			t.Error("one too many is taken, or a second attempt counts")
		}
		waits("one too many", text, time.Hour)
		w.clock.add(time.Minute)
		waits("a minute later it", text, 59*time.Minute)
		w.clock.add(-time.Minute)
		other := text
		other.Company, other.Process = "c2", "sp2"
		if take(other) {
			t.Error("another company pumps the same number")
		}
		other.Number, other.Limit = "n2", 2
		for i := range 3 {
			if got := take(other); got != (i < 2) {
				t.Errorf("the company's %d. of 2: taken %v", i+1, got)
			}
		}
		waits("the company's third", other, time.Hour)
		for i := innsigli.MaxTextsOfNumber; i < innsigli.MaxTextsOfProcess; i++ {
			if text.Number = fmt.Sprint(i); !take(text) {
				t.Fatalf("the process's %d. is held back", i+1)
			}
		}
		if text.Number = "last"; take(text) {
			t.Error("one too many for the process is taken")
		}
		waits("one too many for the process", text, time.Hour)
		w.clock.add(time.Hour + time.Second)
		if !take(text) || !take(other) {
			t.Error("what was an hour ago still counts")
		}
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := w.strings(t, `select uid from text_sent`); len(left) != 2 {
			t.Errorf("%d rows are left", len(left))
		}
	})
}
