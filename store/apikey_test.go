package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/innsigli/innsigli"
)

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) { w.apiKeys(w.t) })
}

func (w *world) apiKeys(t *testing.T) {
	t.Helper()
	c := w.company.Key
	may := []innsigli.Permission{{Resource: "Signing", Verbs: []string{"GET"}}}
	hash := innsigli.HashAPIKey("api-second")
	k := innsigli.APIKey{ID: 7, Company: c, Name: "second", Permissions: may, CreatedAt: w.clock.now()}
	if err := w.AddAPIKey(t.Context(), k, hash); err != nil {
		t.Fatal(err)
	}
	caller, err := w.Authenticate(t.Context(), c, hash)
	if err != nil || caller.Key.ID != 7 || caller.Key.May("Signing", "POST") || !caller.Key.May("Signing", "GET") {
		t.Errorf("the new key: %+v, %v", caller.Key, err)
	}
	all, err := w.APIKeys(t.Context(), c)
	if err != nil || len(all) != 2 {
		t.Fatalf("keys: %+v, %v", all, err)
	}
	refused := errors.New("refused")
	if err := w.RemoveAPIKey(t.Context(), c, 7, func([]innsigli.APIKey) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("refused: %v", err)
	}
	// Of two that each would remove the other, one sees that it is the last.
	var wg sync.WaitGroup
	removed := make(chan int64, 2)
	for _, id := range []int64{all[0].ID, all[1].ID} {
		wg.Go(func() {
			err := w.RemoveAPIKey(t.Context(), c, id, func(all []innsigli.APIKey) error {
				if len(all) == 1 {
					return refused
				}
				return nil
			})
			if err == nil {
				removed <- id
			}
		})
	}
	wg.Wait()
	if left, err := w.APIKeys(t.Context(), c); err != nil || len(left) != 1 || len(removed) != 1 {
		t.Errorf("left: %+v, removed %d, %v", left, len(removed), err)
	}
}

func TestAPIKeysHaveALimit(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) { w.apiKeyLimit(w.t) })
}

func (w *world) apiKeyLimit(t *testing.T) {
	t.Helper()
	for i := 1; ; i++ {
		err := w.AddAPIKey(t.Context(), innsigli.APIKey{ID: int64(i + 1), Company: w.company.Key, Name: fmt.Sprint("key ", i)}, innsigli.HashAPIKey(fmt.Sprint("api-", i)))
		if want := i >= innsigli.MaxAPIKeys; (innsigli.KindOf(err) == innsigli.Invalid) != want || !want && err != nil {
			t.Fatalf("key %d: %v", i+1, err)
		}
		if err != nil {
			return
		}
	}
}
