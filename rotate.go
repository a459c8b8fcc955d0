package innsigli

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How long the former webhook key of a company stays in use beside the new one.
const (
	KeyOverlap    = 24 * time.Hour      // when nothing else is asked for
	MaxKeyOverlap = 30 * 24 * time.Hour // what lasts longer is no rotation
	// KeyAfterglow is how long after the overlap the former key is still there for the further attempts of events that came
	// within it, since their EventSignature must not change between attempts.
	KeyAfterglow = time.Hour
)

// WebhookKeys are a company's wrapped webhook signature keys.
type WebhookKeys struct {
	Current WrappedKey
	// Former is the one before, in use until Until and for further attempts KeyAfterglow longer; zero when there is none or
	// that time is over.
	Former WrappedKey
	Until  time.Time
}

// At gives the keys that sign an event: first the one of its EventSignature, which depends on the time of the event alone,
// so that it is the same on every attempt; then those of the Standard Webhooks header of an attempt at now.
func (k WebhookKeys) At(event, now time.Time) (documented WrappedKey, standard []WrappedKey) {
	documented, standard = k.Current, []WrappedKey{k.Current}
	if k.Former.KeyID == "" {
		return documented, standard
	}
	if event.Before(k.Until) {
		documented = k.Former
	}
	if now.Before(k.Until) {
		standard = append(standard, k.Former)
	}
	return documented, standard
}

// RotateWebhookKey exchanges the key that a company's events are signed with, and returns the new one. For the time of the
// overlap the Standard Webhooks header carries a signature by each, and EventSignature, which has room for one, stays with
// the former: so nothing breaks for a receiver that is brought up to date meanwhile to accept either.
func (s *Service) RotateWebhookKey(ctx context.Context, c CompanyKey, overlap time.Duration) (key string, until time.Time, err error) {
	if overlap < 0 || overlap > MaxKeyOverlap {
		return "", time.Time{}, InvalidField("overlapHours", "InclusiveBetween",
			fmt.Sprintf("overlapHours must be between 0 and %d.", int(MaxKeyOverlap.Hours())))
	}
	key, until = newWebhookKey(), s.Now().Add(overlap)
	for try := 0; ; try++ {
		w, err := s.Keys.Wrap([]byte(key), AboutWebhookKey(c))
		if err != nil {
			return "", time.Time{}, err
		}
		err = s.Store.RotateWebhookKey(ctx, c, w, until)
		if err == nil {
			return key, until, nil
		}
		if !errors.Is(err, ErrRewrap) || try == 3 { // a rotation of the key-encryption key came in between: wrap again
			return "", time.Time{}, err
		}
	}
}
