package innsigli

import (
	"bytes"
	"testing"
)

func TestHoldEndsWithWhoeverIsSettledLast(t *testing.T) {
	nobody, half := factsOf(Expired, anna()), factsOf(Expired, signed(anna()), bjorn())
	nobody.Held, half.Held = true, true
	with := func(f Facts, hooks int, copied bool) Facts {
		f.Hooks, f.Copied = hooks, copied
		return f
	}
	gone := nobody
	gone.Held = false
	for name, tc := range map[string]struct {
		f     Facts
		owner bool // it is the owner's copy that was settled, and not an event
		want  KeyMove
	}{
		"the only event, nobody had signed":     {with(nobody, 0, false), false, HoldDestroyed},
		"another event waits":                   {with(nobody, 1, false), false, KeyStays},
		"the last event, the copy is still due": {with(half, 0, false), false, KeyStays},
		"the last event after the copy":         {with(half, 0, true), false, HoldDestroyed},
		"an event after the copy, one waits":    {with(half, 1, true), false, KeyStays},
		"the copy, no event waits":              {with(half, 0, false), true, HoldDestroyed},
		"the copy, events wait":                 {with(half, 2, false), true, HoldCopied},
		"nothing is held any more":              {gone, false, KeyStays},
	} {
		var c Change
		if tc.owner {
			c.CopyTaken(tc.f)
		} else {
			c.EventSettled(tc.f)
		}
		if c.Key != tc.want || (len(jobsOf(c, JobPurge)) == 1) != (tc.want == HoldDestroyed) {
			t.Errorf("%s:\n%s", name, c)
		}
	}
}

// TestAHoldForEventsAloneLosesNoCopy: the log must not say that a copy was destroyed that nobody was owed.
func TestAHoldForEventsAloneLosesNoCopy(t *testing.T) {
	for name, tc := range map[string]struct {
		f    Facts
		lost int
	}{
		"nobody had signed":  {factsOf(Expired, anna()), 0},
		"the copy is due":    {factsOf(Expired, signed(anna())), 1},
		"the owner has it":   {Facts{Copied: true, Process: factsOf(Expired, signed(anna())).Process}, 0},
		"canceled with copy": {factsOf(Canceled, signed(anna())), 1},
	} {
		tc.f.Held = true
		c, err := decideHoldExpired(tc.f)
		if err != nil || c.Key != HoldDestroyed || countLog(c, LogOwnerCopyLost) != tc.lost {
			t.Errorf("%s: %v\n%s", name, err, c)
		}
	}
}

func TestHeldDocumentIsTheDocumentAsItStood(t *testing.T) {
	f := factsOf(Expired, signed(anna()), bjorn())
	f.Held = true
	s, _, st, opened := sealing(t, &f)
	doc, err := s.HeldDocument(t.Context(), testProcess)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := doc.WriteTo(&got); err != nil || !bytes.Equal(got.Bytes(), onePage()) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
	if err := doc.Close(); err != nil || !(*opened)[0].closed {
		t.Errorf("close: %v", err)
	}
	for _, call := range st.calls {
		if call == "Key" {
			t.Error("the ordinary key was asked for")
		}
	}
	f.Held = false
	if _, err := s.HeldDocument(t.Context(), testProcess); KindOf(err) != NotFound {
		t.Errorf("after the hold: %v", err)
	}
	// A cancel tells of itself without the document.
	f.Held, f.Process.State = true, Canceled
	if _, err := s.HeldDocument(t.Context(), testProcess); err == nil {
		t.Error("a canceled document was opened")
	}
}
