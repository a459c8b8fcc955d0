package innsigli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestReadableIsWhoMayReadWhen(t *testing.T) {
	for _, st := range everyState() {
		for name, tc := range map[string]struct {
			trusted bool
			ago     time.Duration
		}{
			"on the link":             {false, time.Hour},
			"on the link, just in":    {false, CompletedLink - time.Microsecond},
			"on the link, 30 days on": {false, CompletedLink},
			"with Basic":              {true, time.Hour},
			"with Basic, a year on":   {true, 365 * 24 * time.Hour},
		} {
			f := factsOf(st, signed(anna()))
			f.Process.EndedAt = testNow.Add(-tc.ago)
			want := false
			switch st {
			case Created, Started, Sealing:
				want = true
			case Completed:
				want = tc.trusted || tc.ago < CompletedLink
			case Canceled, Expired, Declined:
			}
			v := View{Facts: f, You: signed(anna()), Trusted: tc.trusted}
			if v.Readable() != want {
				t.Errorf("%s %s: got %v", st, name, !want)
			}
			s, _, _ := service(t, nil)
			if _, err := s.readable(v); (err == nil) != want {
				t.Errorf("%s %s: readable gives %v", st, name, err)
			}
		}
	}
}

func TestEndedProcessSaysHowItEnded(t *testing.T) {
	s, _, _ := service(t, nil)
	for st, code := range map[State]string{Canceled: "ProcessCanceled", Declined: "ProcessCanceled", Expired: "ProcessExpired"} {
		_, err := s.readable(View{Facts: factsOf(st), Trusted: true})
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Gone || e.Code != code {
			t.Errorf("%s: got %v, want 410 %s", st, err, code)
		}
	}
}

func TestIntakeBytesAreShownUntilCompletionThenTheSealedOnes(t *testing.T) {
	s, _, _ := service(t, nil)
	for _, st := range []State{Created, Started, Sealing, Completed} {
		f := factsOf(st, anna())
		f.Process.Sealed, f.Process.EndedAt = Document{Blob: "sealed"}, testNow
		doc, err := s.readable(View{Facts: f, You: anna()})
		want := testBlobName
		if st == Completed {
			want = "sealed"
		}
		if err != nil || doc.Blob != want {
			t.Errorf("%s: %q, %v", st, doc.Blob, err)
		}
	}
}

func TestWhoseTurnHasNotComeReadsNothing(t *testing.T) {
	s, _, _ := service(t, nil)
	f := factsOf(Started, anna(), bjorn())
	f.Process.InOrder = true
	after := f
	after.Process.Signees = []Signee{signed(anna()), bjorn()}
	for name, tc := range map[string]struct {
		view View
		may  bool
	}{
		"the first":                         {View{Facts: f, You: anna()}, true},
		"the second":                        {View{Facts: f, You: bjorn()}, false},
		"the second, asked for the company": {View{Facts: f, You: bjorn(), Trusted: true}, true},
		"the first, who has signed":         {View{Facts: after, You: signed(anna())}, true},
		"the second in turn":                {View{Facts: after, You: bjorn()}, true},
	} {
		_, err := s.readable(tc.view)
		if e, _ := errors.AsType[*Error](err); (err == nil) != tc.may || err != nil && (e.Kind != Forbidden || e.Code != "NotYourTurn") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLookNeedsASigneesKeyOfThisProcess(t *testing.T) {
	f := factsOf(Started, anna())
	s, _, _ := service(t, holding(&f))
	v, err := s.Look(t.Context(), testProcess, keyAnna, nil)
	if err != nil || v.You.Key != keyAnna || v.Trusted {
		t.Errorf("own link: %+v, %v", v.You, err)
	}
	for _, tc := range []struct {
		p ProcessKey
		k SigneeKey
	}{{testProcess, keyBjorn}, {testProcess, ""}, {"sp22", keyAnna}, {"nonsense", keyAnna}, {"", keyAnna}} {
		v, err := s.Look(t.Context(), tc.p, tc.k, nil)
		if !errors.Is(err, errNoSignee) || v.Process.Key != "" {
			t.Errorf("%q %q: %+v, %v", tc.p, tc.k, v, err)
		}
	}
}

func TestLookTrustsOnlyTheProcesssOwnCompany(t *testing.T) {
	f := factsOf(Started, anna())
	s, _, _ := service(t, holding(&f))
	own, foreign := testCaller(), Caller{Company: Company{Key: "beef00000002"}}
	for name, tc := range map[string]struct {
		caller *Caller
		want   bool
	}{"nobody": {nil, false}, "own": {&own, true}, "foreign": {&foreign, false}} {
		if v, err := s.Look(t.Context(), testProcess, keyAnna, tc.caller); err != nil || v.Trusted != tc.want {
			t.Errorf("%s: trusted %v, %v", name, v.Trusted, err)
		}
	}
	if v, err := s.LookWhole(t.Context(), testProcess, own); err != nil || !v.Trusted || v.You.Key != "" {
		t.Errorf("whole: %+v, %v", v, err)
	}
	if _, err := s.LookWhole(t.Context(), testProcess, foreign); KindOf(err) != NotFound {
		t.Errorf("another company's: %v", err)
	}
}

func TestLookWritesAnExpiryThatIsDue(t *testing.T) {
	for _, st := range everyState() {
		f := overdue(factsOf(st, anna()))
		store := holding(&f)
		s, _, _ := service(t, store)
		v, err := s.Look(t.Context(), testProcess, keyAnna, nil)
		want := st
		if st.Active() {
			want = Expired
		}
		if err != nil || v.Process.State != want || f.Process.State != want {
			t.Errorf("%s: shown %s, is %s, %v", st, v.Process.State, f.Process.State, err)
		}
	}
}

func TestSawIsNotedOnceAndOnlyWhileActive(t *testing.T) {
	f := factsOf(Started, anna())
	c, err := decideSaw(f, keyAnna, Client{Address: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "seen", c)
	if c.Log[0].Client.Address != "192.0.2.1" {
		t.Errorf("line %+v", c.Log[0])
	}
	seen := anna()
	seen.FirstSeenAt = testNow
	if c, err := decideSaw(factsOf(Started, seen), keyAnna, Client{}); err != nil || !c.Empty() {
		t.Errorf("second time: %v\n%s", err, c)
	}
	if _, err := decideSaw(f, keyBjorn, Client{}); KindOf(err) != NotFound {
		t.Errorf("somebody else: %v", err)
	}
	for _, st := range everyState() {
		if c, err := decideSaw(factsOf(st, anna()), keyAnna, Client{}); err != nil || c.Empty() == st.Active() {
			t.Errorf("%s: %v\n%s", st, err, c)
		}
	}
}

// imaged is a view of a running process whose page is a picture.
func imaged(t *testing.T) (*Service, *fakePages, *fakeStore, *Facts, View) {
	t.Helper()
	f := factsOf(Started, anna())
	st := holding(&f)
	s, pages, _ := service(t, st)
	pages.image = func() ([]byte, error) { return []byte("picture"), nil }
	return s, pages, st, &f, View{Facts: f, You: anna()}
}

func TestPageOfARunningProcessIsShown(t *testing.T) {
	s, pages, _, _, v := imaged(t)
	got, err := s.PageImage(t.Context(), v, 1, 800)
	if err != nil || string(got) != "picture" || len(pages.dropped) != 0 {
		t.Errorf("got %q, %v, dropped %v", got, err, pages.dropped)
	}
}

// TestPageIsNotShownAfterACancelElsewhere: the view is older than the cancel, and this node still holds the picture.
func TestPageIsNotShownAfterACancelElsewhere(t *testing.T) {
	s, pages, _, f, v := imaged(t)
	drawn := false
	pages.image = func() ([]byte, error) { drawn = true; return []byte("picture"), nil }
	f.Process.State = Canceled
	got, err := s.PageImage(t.Context(), v, 1, 800)
	if e, ok := errors.AsType[*Error](err); got != nil || !ok || e.Code != "ProcessCanceled" || drawn {
		t.Errorf("got %q, %v, drawn %v", got, err, drawn)
	}
	if len(pages.dropped) != 1 {
		t.Errorf("this node keeps its pictures: dropped %v", pages.dropped)
	}
}

func TestPageThatWasDrawnDuringACancelIsThrownAway(t *testing.T) {
	for name, drawErr := range map[string]error{"drawn": nil, "failed": errors.New("child was ended")} {
		s, pages, _, f, v := imaged(t)
		pages.image = func() ([]byte, error) {
			f.Process.State = Expired
			return []byte("picture"), drawErr
		}
		got, err := s.PageImage(t.Context(), v, 1, 800)
		if e, ok := errors.AsType[*Error](err); got != nil || !ok || e.Code != "ProcessExpired" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if len(pages.dropped) != 1 {
			t.Errorf("%s: dropped %v", name, pages.dropped)
		}
	}
}

func TestNothingIsDrawnForAnEndedView(t *testing.T) {
	s, pages, st, f, v := imaged(t)
	pages.image = func() ([]byte, error) { t.Error("drawn"); return nil, nil }
	f.Process.State, v.Process.State = Canceled, Canceled
	for name, err := range map[string]error{
		"image":    second(s.PageImage(t.Context(), v, 1, 1)),
		"text":     second(s.PageText(t.Context(), v, 1)),
		"sizes":    second(s.PageSizes(t.Context(), v)),
		"download": second(s.Download(t.Context(), v)),
	} {
		if KindOf(err) != Gone {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(st.calls) != 0 {
		t.Errorf("calls %v", st.calls)
	}
}

func TestPageIsHiddenWhenNobodyCanAsk(t *testing.T) {
	s, _, st, _, v := imaged(t)
	down := errors.New("database is away")
	st.key = failKey(down)
	if got, err := s.PageImage(t.Context(), v, 1, 800); got != nil || !errors.Is(err, down) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDownloadReadsUnderTheWatch(t *testing.T) {
	s, _, _, f, v := imaged(t)
	s.Blobs = &fakeBlobs{open: func(id string) (BlobReader, error) {
		if id != testBlobName {
			t.Errorf("opened %q", id)
		}
		return blobOf(bytes.Repeat([]byte("x"), 3*askBytes)), nil
	}}
	d, err := s.Download(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "lease.pdf" || d.SHA256 != shownSHA256 || d.Size != v.Process.Document.Size {
		t.Errorf("download %+v", d)
	}
	if _, err := io.CopyN(io.Discard, d, askBytes); err != nil {
		t.Fatal(err)
	}
	f.Process.State = Canceled
	if n, err := io.Copy(io.Discard, d); KindOf(err) != Gone || n > askBytes {
		t.Errorf("%d more bytes, %v", n, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestDataKeyOfAnotherLengthIsAFailure(t *testing.T) {
	s, _, st, _, v := imaged(t)
	st.key = func(context.Context, ProcessKey) (WrappedKey, error) { return WrappedKey{Bytes: []byte("short")}, nil }
	if _, err := s.Download(t.Context(), v); err == nil || KindOf(err) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestDataKeysNeverPrint(t *testing.T) {
	key := DataKey{1, 2, 3}
	for _, got := range []string{key.String(), key.GoString()} {
		if strings.ContainsAny(got, "123") {
			t.Errorf("%q", got)
		}
	}
}
