package page

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
)

// TestTheDocumentIsShownAfterItsCodeAlone: every page of the link leads to the one that asks, which names neither the
// document nor anybody else; images and words are refused.
func TestTheDocumentIsShownAfterItsCodeAlone(t *testing.T) {
	f := newFake(t)
	v := process("sp01", innsigli.Started)
	v.Process.RequiresAuth = true
	link := f.put(v)
	h := served(t, f, nil)
	for _, path := range []string{"", "?read", "/code", "/signature", "/decline", "/reassign", "/done"} {
		w := ask(t, h, http.MethodGet, link+path, "")
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, link+"/enter") {
			t.Errorf("%q: status %d to %q", path, w.Code, to)
		}
	}
	for _, path := range []string{"/page/1.png", "/text/1"} {
		if w := ask(t, h, http.MethodGet, link+path, "", "Accept", "application/json"); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%q: status %d %v", path, w.Code, w.Header())
		}
	}
	offer := ask(t, h, http.MethodGet, link+"/enter", "").Body.String()
	if strings.Contains(offer, v.Process.FileName) || strings.Contains(offer, v.Process.Signees[0].Name) || !strings.Contains(offer, "Send the code") {
		t.Errorf("before the code: %s", offer)
	}
	sent := ask(t, h, http.MethodPost, link+"/enter?lng=is", "")
	at, err := url.Parse(sent.Header().Get("Location"))
	if err != nil || at.Path != link+"/enter" || at.Query().Get("lng") != "is" {
		t.Fatalf("sent: status %d to %v, %v", sent.Code, at, err)
	}
	if page := ask(t, h, http.MethodGet, at.String(), "").Body.String(); !strings.Contains(page, "Sýna skjalið") {
		t.Errorf("asks for the code with %s", page)
	}
	for code, to := range map[string]string{"12": "said=short", "000000": "said=wrong", rightCode: link} {
		form := url.Values{"token": {at.Query().Get("token")}, "before": {"0"}, "code": {code}}.Encode()
		w := ask(t, h, http.MethodPost, link+"/enter/code", form)
		if w.Code != http.StatusSeeOther || !strings.Contains(w.Header().Get("Location"), to) {
			t.Errorf("%q: status %d to %q", code, w.Code, w.Header().Get("Location"))
		}
		cookie := w.Header().Get("Set-Cookie")
		if (cookie != "") != (code == rightCode) {
			t.Errorf("%q: cookie %q", code, cookie)
		}
		for _, attribute := range []string{"=a-token", "HttpOnly", "Secure", "SameSite=None", "Partitioned", "Path=/;"} {
			if cookie != "" && !strings.Contains(cookie, attribute) {
				t.Errorf("cookie %q lacks %s", cookie, attribute)
			}
		}
	}
}
