package innsigli

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// rotating is a store whose key-encryption key is exchanged under the first tries.
type rotating struct {
	Store
	left  int
	keyID string
}

func (s *rotating) CreateCompany(_ context.Context, n NewCompany) error {
	if s.left--; s.left >= 0 {
		return fmt.Errorf("create company: %w", ErrRewrap)
	}
	s.keyID = n.WebhookKey.KeyID
	return nil
}

// counting wraps under a new key each time.
type counting struct{ n int }

func (k *counting) Wrap(plain []byte, _ string) (WrappedKey, error) {
	k.n++
	return WrappedKey{KeyID: fmt.Sprint("key", k.n), Bytes: plain}, nil
}

func (k *counting) Unwrap(w WrappedKey, _ string) ([]byte, error) { return w.Bytes, nil }

func TestCreateCompanyWrapsAgainWhenTheKeyWasRotated(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	store := &rotating{left: 2}
	s := &Service{Store: store, Keys: &counting{}, Now: func() time.Time { return now }}
	cr, err := s.CreateCompany(t.Context(), "Norðurljós ehf.", "office@nordurljos.example")
	if err != nil || store.keyID != "key3" || cr.APIKey == "" {
		t.Errorf("got %+v, %v, wrapped under %s", cr, err, store.keyID)
	}
	store.left = 100
	if _, err := s.CreateCompany(t.Context(), "Norðurljós ehf.", "office@nordurljos.example"); err == nil {
		t.Error("a key that never stays is no error")
	}
}

func TestCreateCompanyNamesWhatIsWrong(t *testing.T) {
	s := &Service{}
	for _, c := range []struct{ name, email, field string }{
		{" ", "a@b.example", "name"},
		{"A\nB", "a@b.example", "name"},
		{"A", "nobody", "email"},
		{"A", "a@b.example\r\nBcc: c@d.example", "email"},
	} {
		_, err := s.CreateCompany(t.Context(), c.name, c.email)
		if KindOf(err) != Invalid {
			t.Errorf("%q %q: %v, want the refusal of %s", c.name, c.email, err, c.field)
		}
	}
}
