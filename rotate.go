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
)

// WebhookKeys are a company's wrapped webhook signature keys.
type WebhookKeys struct {
	Current WrappedKey
	// Former is the one before, in use until Until; zero when there is none or its time is over.
	Former WrappedKey
	Until  time.Time
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
