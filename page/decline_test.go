package page

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
)

func TestADeclineEndsAtTheLinkThatSaysSo(t *testing.T) {
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	h := served(t, f, nil)
	if w := ask(t, h, http.MethodGet, link, ""); !strings.Contains(w.Body.String(), link+"/decline") {
		t.Error("the page of the document does not lead to the form")
	}
	long := url.Values{"reason": {strings.Repeat("þ", innsigli.MaxReasonRunes+1)}}.Encode()
	if w := ask(t, h, http.MethodPost, link+"/decline", long); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "þþþ</textarea>") {
		t.Errorf("a reason that is too long: status %d, and what was written must be there again", w.Code)
	}
	if w := ask(t, h, http.MethodPost, link+"/decline", "reason="+strings.Repeat("x", maxReasonForm)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a form that is too large: status %d", w.Code)
	}
	if st := f.views["sp01"].Process.State; st != innsigli.Started {
		t.Fatalf("the process is %s", st)
	}
	form := url.Values{"reason": {"Two\r\nlines \u202eand \xff"}}.Encode()
	w := ask(t, h, http.MethodPost, link+"/decline?lng=is", form)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != link+"?lng=is" {
		t.Fatalf("status %d to %q", w.Code, w.Header().Get("Location"))
	}
	if got := f.views["sp01"].You.DeclineReason; got != "Two lines and" {
		t.Errorf("reason %q", got)
	}
	if w := ask(t, h, http.MethodGet, link, ""); w.Code != http.StatusGone || !strings.Contains(w.Body.String(), "You declined to sign") {
		t.Errorf("afterwards: status %d", w.Code)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if w := ask(t, h, method, link+"/decline", ""); w.Code != http.StatusSeeOther {
			t.Errorf("%s of the form afterwards: status %d", method, w.Code)
		}
	}
}

func TestOnlyWhoMaySignMayDecline(t *testing.T) {
	signed := process("sp02", innsigli.Started)
	signed.Process.Signees[1].SignedAt, signed.You.SignedAt = noon, noon
	later := process("sp03", innsigli.Started)
	later.Process.InOrder, later.Process.Signees[0].SignedAt = true, later.Process.ExpiresAt.AddDate(-9, 0, 0)
	later.Process.Signees[0], later.Process.Signees[2] = later.Process.Signees[2], later.Process.Signees[0]
	for name, v := range map[string]innsigli.View{"signed": signed, "not their turn": later, "sealing": process("sp04", innsigli.Sealing)} {
		f := newFake(t)
		link := f.put(v)
		h := served(t, f, nil)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			w := ask(t, h, method, link+"/decline", "")
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != link {
				t.Errorf("%s, %s: status %d to %q", name, method, w.Code, w.Header().Get("Location"))
			}
		}
		if st := f.views[v.Process.Key].Process.State; st != v.Process.State {
			t.Errorf("%s: became %s", name, st)
		}
	}
}

func TestADeclineOfASequenceIsAboutTheNextToSign(t *testing.T) {
	f := newFake(t)
	link := f.putAll(bundle("pg01", innsigli.Started, func(s *innsigli.Signee) {
		if s.Process == "sp01f1" {
			s.SignedAt = noon
		}
	}))
	h := served(t, f, nil)
	if w := ask(t, h, http.MethodPost, link+"/decline", "reason=No"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != link {
		t.Fatalf("status %d to %q", w.Code, w.Header().Get("Location"))
	}
	if st := f.views["sp01f2"].Process.State; st != innsigli.Declined {
		t.Errorf("the second document is %s", st)
	}
}
