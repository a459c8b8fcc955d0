package page

import (
	"net/http"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
)

func TestOnlyAPostStopsReminders(t *testing.T) {
	f := newFake(t)
	f.put(process("sp01", innsigli.Started))
	h := served(t, f, nil)
	const link = "/unsubscribe/sp01/" + rightTag
	off := func() bool {
		_, off, err := f.Subscription(t.Context(), "sp01", rightTag)
		return off && err == nil
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if w := ask(t, h, method, link, ""); w.Code != http.StatusOK || off() {
			t.Errorf("%s: status %d, off %v", method, w.Code, off())
		}
	}
	w := ask(t, h, http.MethodGet, link+"?lng=is", "")
	if !strings.Contains(w.Body.String(), `action="`+link+`?lng=is"`) || strings.Contains(w.Body.String(), "si") && strings.Contains(w.Body.String(), "/s/sp01/") {
		t.Errorf("the form: %s", w.Body)
	}
	for range 2 {
		w := ask(t, h, http.MethodPost, link, "List-Unsubscribe=One-Click")
		if w.Code != http.StatusOK || !off() || strings.Contains(w.Body.String(), "<form") || !strings.Contains(w.Body.String(), link+"?lng=is") {
			t.Errorf("POST: status %d, off %v: %s", w.Code, off(), w.Body)
		}
	}
	if w := ask(t, h, http.MethodPost, "/unsubscribe/sp01/00", ""); w.Code != http.StatusNotFound {
		t.Errorf("another tag: status %d", w.Code)
	}
}
