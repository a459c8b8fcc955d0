package page

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

func TestPassingOnEndsAtTheLinkThatSaysSo(t *testing.T) {
	f := newFake(t)
	v := process("sp01", innsigli.Started)
	v.Process.AllowReassign = true
	link := f.put(v)
	h := served(t, f, nil)
	if w := ask(t, h, http.MethodGet, link, ""); !strings.Contains(w.Body.String(), link+"/reassign") {
		t.Error("the page of the document does not lead to the form")
	}
	form := url.Values{"name": {"  Edda\u202e\r\nÖrn "}, "email": {" x"}, "phone": {""}, "language": {"xx"}}
	w := ask(t, h, http.MethodPost, link+"/reassign", form.Encode())
	for _, must := range []string{`value="Edda Örn"`, `value="x"`, "Please enter a valid e-mail address", "Please enter a phone number"} {
		if body := w.Body.String(); w.Code != http.StatusBadRequest || !strings.Contains(body, must) {
			t.Errorf("what is wrong: status %d, lacks %q", w.Code, must)
		}
	}
	if w := ask(t, h, http.MethodPost, link+"/reassign", "name="+strings.Repeat("x", maxReassignForm)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a form that is too large: status %d", w.Code)
	}
	form = url.Values{"name": {"Edda"}, "email": {"edda@example.is"}, "phone": {"+354 555 0199"}, "language": {"is"}}
	w = ask(t, h, http.MethodPost, link+"/reassign?lng=is", form.Encode())
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != link+"?lng=is" {
		t.Fatalf("status %d to %q", w.Code, w.Header().Get("Location"))
	}
	got := f.passed
	got.From = innsigli.Client{}
	if d := cmp.Diff(innsigli.ReassignRequest{
		Process: "sp01", Signee: "si01", Name: "Edda", Email: "edda@example.is", Phone: "+354 555 0199", Language: innsigli.LangIs,
	}, got); d != "" {
		t.Error(d)
	}
	w = ask(t, h, http.MethodGet, link, "")
	if body := w.Body.String(); w.Code != http.StatusGone || !strings.Contains(body, "Someone else signs in your place") || strings.Contains(body, "Service agreement") {
		t.Errorf("afterwards: status %d", w.Code)
	}
}

func TestOnlyWhoMaySignMayPassOn(t *testing.T) {
	with := func(k innsigli.ProcessKey, alter func(*innsigli.View)) innsigli.View {
		v := process(k, innsigli.Started)
		v.Process.AllowReassign = true
		alter(&v)
		v.You = v.Process.Signees[1]
		return v
	}
	for name, v := range map[string]innsigli.View{
		"not allowed":    process("sp01", innsigli.Started),
		"signed":         with("sp02", func(v *innsigli.View) { v.Process.Signees[1].SignedAt = noon }),
		"too often":      with("sp03", func(v *innsigli.View) { v.Process.Signees[1].Passes = innsigli.MaxReassigns }),
		"sealing":        with("sp04", func(v *innsigli.View) { v.Process.State = innsigli.Sealing }),
		"not their turn": with("sp05", func(v *innsigli.View) { v.Process.InOrder, v.Process.Signees[0].SignedAt = true, v.Process.EndedAt }),
	} {
		f := newFake(t)
		link := f.put(v)
		h := served(t, f, nil)
		if body := ask(t, h, http.MethodGet, link, "").Body.String(); strings.Contains(body, "/reassign") {
			t.Errorf("%s: the form is offered", name)
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			w := ask(t, h, method, link+"/reassign", "name=A&email=a@b.is&phone=%2B3545550000")
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != link {
				t.Errorf("%s, %s: status %d to %q", name, method, w.Code, w.Header().Get("Location"))
			}
		}
		if f.passed.Email != "" {
			t.Errorf("%s: passed on", name)
		}
	}
}
