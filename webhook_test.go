package innsigli

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func webhooksOfAFlow(t *testing.T) {
	t.Helper()
	if err := RoomForWebhook(MaxWebhooks - 1); err != nil {
		t.Errorf("the last one that fits: %v", err)
	}
	if err := RoomForWebhook(MaxWebhooks); KindOf(err) != Invalid {
		t.Errorf("one more: %v", err)
	}
}

func webhookURL(t *testing.T) {
	t.Helper()
	const begin = "https://a.example/"
	for n, ok := range map[int]bool{MaxWebhookURL: true, MaxWebhookURL + 1: false} {
		var bad fieldErrors
		checkWebhook(&bad, WebhookRequest{URL: begin + strings.Repeat("x", n-len(begin))})
		if err := bad.err(); (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// hookStore is a store with one registration.
type hookStore struct {
	fakeStore
	hook    Webhook
	changed *Webhook
}

func (s *hookStore) Webhook(_ context.Context, id int64) (Webhook, error) {
	if id != s.hook.ID {
		return Webhook{}, refuse(NotFound, "NotFound", "none")
	}
	return s.hook, nil
}

func (s *hookStore) ChangeWebhook(_ context.Context, _ CompanyKey, w Webhook) error {
	s.changed = &w
	return nil
}

func TestAChangedWebhookStaysWithItsFlowUnlessItIsGivenAnother(t *testing.T) {
	was := Webhook{ID: 7, Flow: testFlow, URL: "https://a.example/"}
	other := Flow{Key: "0123456789ab", Active: true}
	for name, tc := range map[string]struct {
		id    int64
		flows []Flow
		r     WebhookRequest
		want  *Webhook
		kind  Kind
	}{
		"its own":            {7, []Flow{{Key: testFlow}}, WebhookRequest{URL: "https://b.example/", Type: "5"}, &Webhook{ID: 7, Flow: testFlow, URL: "https://b.example/", Type: EventCanceled}, 0},
		"another":            {7, []Flow{{Key: testFlow}, other}, WebhookRequest{Flow: other.Key, URL: "https://b.example/"}, &Webhook{ID: 7, Flow: other.Key, URL: "https://b.example/"}, 0},
		"one that is not":    {7, []Flow{{Key: testFlow}}, WebhookRequest{Flow: other.Key, URL: "https://b.example/"}, nil, Invalid},
		"without an address": {7, []Flow{{Key: testFlow}}, WebhookRequest{}, nil, Invalid},
		"unknown":            {8, []Flow{{Key: testFlow}}, WebhookRequest{URL: "https://b.example/"}, nil, NotFound},
		"another company's":  {7, []Flow{other}, WebhookRequest{URL: "https://b.example/"}, nil, NotFound},
	} {
		st := &hookStore{hook: was}
		st.flows = tc.flows
		s, _, _ := service(t, nil)
		s.Store = st
		_, err := s.ChangeWebhook(t.Context(), Caller{}, tc.id, tc.r)
		if d := cmp.Diff(tc.want, st.changed); d != "" || KindOf(err) != tc.kind {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

// TestJobsForOneReceiverShareATarget: by company and host, so that nobody delays another's events on a shared host.
func TestJobsForOneReceiverShareATarget(t *testing.T) {
	one := HookTarget("c1", "https://Hooks.example/a?key=s3cret")
	for name, tc := range map[string]struct {
		got  string
		same bool
	}{
		"another path":    {HookTarget("c1", "https://hooks.example/b"), true},
		"another company": {HookTarget("c2", "https://hooks.example/a"), false},
		"another host":    {HookTarget("c1", "https://hooks2.example/a"), false},
		"another port":    {HookTarget("c1", "https://hooks.example:8443/a"), false},
	} {
		if (tc.got == one) != tc.same {
			t.Errorf("%s: %q and %q", name, tc.got, one)
		}
	}
	if strings.Contains(one, "hooks") || strings.Contains(one, "s3cret") {
		t.Errorf("target %q shows the address", one)
	}
}

func deliveriesOfAPage(t *testing.T) {
	t.Helper()
	for given, want := range map[int]int{0: MaxDeliveries, 1: 1, MaxDeliveries: MaxDeliveries} {
		q := DeliveryQuery{Take: given}
		if err := q.check(); err != nil || q.Take != want {
			t.Errorf("%d: %v, takes %d", given, err, q.Take)
		}
	}
	for _, q := range []DeliveryQuery{{Take: -1}, {Take: MaxDeliveries + 1}, {Skip: -1}, {Status: "Lost"}} {
		if err := q.check(); KindOf(err) != Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// rotation is a store that keeps one webhook key.
type rotation struct {
	fakeStore
	fresh WrappedKey
	until time.Time
	busy  int // how often a rotation of the key-encryption key comes between
}

func (s *rotation) RotateWebhookKey(_ context.Context, _ CompanyKey, fresh WrappedKey, until time.Time) error {
	if s.busy--; s.busy >= 0 {
		return ErrRewrap
	}
	s.fresh, s.until = fresh, until
	return nil
}

func keyOverlap(t *testing.T) {
	t.Helper()
	for overlap, ok := range map[time.Duration]bool{-time.Hour: false, 0: true, MaxKeyOverlap: true, MaxKeyOverlap + time.Hour: false} {
		st := &rotation{busy: 1}
		s, _, _ := service(t, nil)
		s.Store = st
		key, until, err := s.RotateWebhookKey(t.Context(), "c1", overlap)
		if (err == nil) != ok || ok && (!until.Equal(testNow.Add(overlap)) || !st.until.Equal(until)) {
			t.Errorf("%s: %v until %s", overlap, err, until)
		}
		if raw, err := base64.StdEncoding.DecodeString(key); ok && (err != nil || len(raw) != 32) {
			t.Errorf("key of %d bytes, %v", len(raw), err)
		}
	}
}

func TestTheKeyOfAnEventDependsOnItsTimeAlone(t *testing.T) {
	current, former := WrappedKey{KeyID: "b"}, WrappedKey{KeyID: "a"}
	until := testNow.Add(time.Hour)
	for name, tc := range map[string]struct {
		keys       WebhookKeys
		event, now time.Time
		documented string
		standard   int
	}{
		"never rotated":              {WebhookKeys{Current: current}, testNow, testNow, "b", 1},
		"within the overlap":         {WebhookKeys{current, former, until}, testNow, testNow, "a", 2},
		"later attempt":              {WebhookKeys{current, former, until}, testNow, until, "a", 1},
		"came when the time is over": {WebhookKeys{current, former, until}, until, until, "b", 1},
		"replayed long after":        {WebhookKeys{Current: current}, testNow, until.Add(KeyAfterglow), "b", 1},
	} {
		documented, standard := tc.keys.At(tc.event, tc.now)
		if documented.KeyID != tc.documented || len(standard) != tc.standard || standard[0].KeyID != "b" {
			t.Errorf("%s: %s, %+v", name, documented.KeyID, standard)
		}
	}
}

func TestReplayRefusesWhatWaits(t *testing.T) {
	for name, tc := range map[string]struct {
		done, found bool
		want        Kind
	}{"done": {true, true, 0}, "waiting": {false, true, Invalid}, "unknown": {false, false, NotFound}} {
		st := &replayed{done: tc.done, found: tc.found}
		s, _, kicks := service(t, nil)
		s.Store = st
		err := s.ReplayAny(t.Context(), 0, "01234567-89AB-cdef-0123-456789abcdef")
		if KindOf(err) != tc.want || st.id != "0123456789abcdef0123456789abcdef" || (*kicks == 1) != (err == nil) {
			t.Errorf("%s: %v, asked for %q, %d kicks", name, err, st.id, *kicks)
		}
	}
}

type replayed struct {
	fakeStore
	done, found bool
	id          string
}

func (s *replayed) Replay(_ context.Context, _ int64, id string, _ FlowSet) (done, found bool, err error) {
	s.id = id
	return s.done, s.found, nil
}
