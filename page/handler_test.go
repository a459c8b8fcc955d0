package page

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

// ask sends a request with headers in pairs, as somebody at another machine's browser.
func ask(t *testing.T, h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Accept", "text/html")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryAnswerCarriesTheHeadersThatProtectIt(t *testing.T) {
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	gone := f.put(process("sp02", innsigli.Canceled))
	h := served(t, f, someLetters())
	for _, path := range []string{
		"/", link, link + "/page/1.png?w=800", link + "/text/1", link + "/state", link + "/code", gone, gone + "/page/1.png",
		"/s/sp01/siff", "/s/x/y", "/nowhere", "/dev/outbox", "/dev/outbox/a1", "/dev/outbox/zz",
	} {
		w := ask(t, h, http.MethodGet, path, "")
		got := map[string]string{}
		for _, k := range []string{"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "Cache-Control"} {
			got[k] = w.Header().Get(k)
		}
		want := map[string]string{
			"Content-Security-Policy": csp, "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
		if w.Header().Get("Permissions-Policy") == "" {
			t.Errorf("%s: no Permissions-Policy", path)
		}
	}
}

func TestOnlyAPersonWhoIsShownTheDocumentHasSeenIt(t *testing.T) {
	tests := []struct {
		name, method string
		headers      []string
		seen         bool
		want         int
	}{
		{name: "opened", method: http.MethodGet, want: 1},
		{name: "head", method: http.MethodHead},
		{name: "prefetched", method: http.MethodGet, headers: []string{"Sec-Purpose", "prefetch;prerender"}},
		{name: "previewed", method: http.MethodGet, headers: []string{"X-Purpose", "preview"}},
		{name: "prefetched by an old browser", method: http.MethodGet, headers: []string{"X-Moz", "prefetch"}},
		{name: "seen just now", method: http.MethodGet, seen: true},
	}
	for _, tt := range tests {
		f := newFake(t)
		v := process("sp01", innsigli.Started)
		if tt.seen {
			v.You.FirstSeenAt = noon
		}
		w := ask(t, served(t, f, nil), tt.method, f.put(v), "", tt.headers...)
		if w.Code != http.StatusOK || f.saw != tt.want {
			t.Errorf("%s: status %d, noted %d times, want %d", tt.name, w.Code, f.saw, tt.want)
		}
		if tt.method == http.MethodGet && w.Body.Len() == 0 {
			t.Errorf("%s: nothing was shown", tt.name)
		}
	}
}

// TestWhatWasSeenIsTakenOfWhoHasTheLink: within limits, and not after the end.
func TestWhatWasSeenIsTakenOfWhoHasTheLink(t *testing.T) {
	f := newFake(t)
	link, over := f.put(process("sp01", innsigli.Started)), f.put(process("sp02", innsigli.Canceled))
	h := served(t, f, nil)
	const body = `{"pages":[1,3],"seconds":12}`
	for _, c := range []struct {
		name, path, body string
		status           int
		headers          []string
	}{
		{"told", link, body, http.StatusNoContent, nil},
		{"of another link", link[:len(link)-1] + "9", body, http.StatusNotFound, nil},
		{"after the end", over, body, http.StatusBadRequest, nil},
		{"no JSON", link, "hello", http.StatusBadRequest, nil},
		{"too long", link, body + strings.Repeat(" ", maxSeen), http.StatusRequestEntityTooLarge, nil},
		{"of another site", link, body, http.StatusForbidden, []string{"Sec-Fetch-Site", "cross-site"}},
	} {
		if w := ask(t, h, http.MethodPost, c.path+"/seen", c.body, c.headers...); w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	if len(f.read) != 1 {
		t.Fatalf("%d reports were taken", len(f.read))
	}
	if r := <-f.read; r.Seconds != 12 || !slices.Equal(r.Pages, []int{1, 3}) {
		t.Errorf("taken: %+v", r)
	}
	for range seenBurst {
		ask(t, h, http.MethodPost, link+"/seen", body)
	}
	if w := ask(t, h, http.MethodPost, link+"/seen", body); w.Code != http.StatusTooManyRequests {
		t.Errorf("after many: %d", w.Code)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		status  int
	}{
		{"own page", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusSeeOther},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"another site, in an old browser", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"public URL behind a proxy", []string{"Origin", "https://sign.example.is"}, http.StatusSeeOther},
		{"sandbox of another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, http.StatusForbidden},
		{"own page in an old browser, without referrer", []string{"Origin", "null"}, http.StatusSeeOther},
		{"no browser", nil, http.StatusSeeOther},
	}
	for _, tt := range tests {
		f := newFake(t)
		link := f.put(process("sp01", innsigli.Started))
		w := ask(t, served(t, f, nil), http.MethodPost, link+"/code", "", tt.headers...)
		if w.Code != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, w.Code, tt.status)
		}
		if refused := tt.status == http.StatusForbidden; refused != (f.asked == 0) {
			t.Errorf("%s: %d codes were sent", tt.name, f.asked)
		}
	}
}

func TestACodeLeadsFromTheLinkToDone(t *testing.T) {
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	h := served(t, f, nil)
	sent := ask(t, h, http.MethodPost, link+"/code?lng=is", "")
	at, err := url.Parse(sent.Header().Get("Location"))
	if err != nil || sent.Code != http.StatusSeeOther || at.Path != link+"/code" || at.Query().Get("lng") != "is" {
		t.Fatalf("status %d, location %v (%v)", sent.Code, at, err)
	}
	token := at.Query().Get("token")
	if page := ask(t, h, http.MethodGet, at.String(), "").Body.String(); !strings.Contains(page, `value="`+token+`"`) ||
		!strings.Contains(page, `data-wait="24"`) || !strings.Contains(page, "Sláðu inn kóðann") {
		t.Error("the page does not ask for the code in the chosen language")
	}
	steps := []struct{ code, to string }{
		{"41830", "said=short"}, {"", "said=short"}, {"000000", "said=wrong"}, {"4183023", "said=short"}, {" 418-302 ", "/done"},
	}
	for _, s := range steps {
		form := url.Values{"token": {token}, "before": {"0"}, "code": {s.code}, "consent": {agreed("is").Version()}}.Encode()
		w := ask(t, h, http.MethodPost, link+"/sign?lng=is", form)
		if w.Code != http.StatusSeeOther || !strings.Contains(w.Header().Get("Location"), s.to) {
			t.Errorf("code %q: status %d to %q, want %q", s.code, w.Code, w.Header().Get("Location"), s.to)
		}
	}
	if f.tries != 2 {
		t.Errorf("%d tries were counted, want 2: one wrong, one right", f.tries)
	}
	if f.act.Consent != agreed("is") || f.act.From.Address != "192.0.2.1" {
		t.Errorf("signed as %+v", f.act)
	}
	if w := ask(t, h, http.MethodGet, link+"/done", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Thank you, <bdi>Björn</bdi>") {
		t.Errorf("done: status %d", w.Code)
	}
}

// TestTheCodeComesAnotherWayWhenAskedFor: on the ways that lead to the person only. The page says how it came.
func TestTheCodeComesAnotherWayWhenAskedFor(t *testing.T) {
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	v := process("sp02", innsigli.Started)
	v.You.Phone = ""
	v.Process.Signees[1] = v.You
	mailOnly := f.put(v)
	h := served(t, f, nil)
	for _, tt := range []struct {
		link, asked string
		by          innsigli.Channel
		says        string
		offers      []string
	}{
		{link, "", innsigli.BySms, "by SMS", []string{"Send it again", "Call me"}},
		{link, "call", innsigli.ByCall, "We call <strong><bdi>••••\u00a01886", []string{"Call me again", "Send it by SMS"}},
		{link, "email", innsigli.BySms, "by SMS", []string{"Send it again", "Call me"}},
		{link, "pigeon", innsigli.BySms, "by SMS", []string{"Send it again", "Call me"}},
		{mailOnly, "call", innsigli.ByMail, "by e-mail to <strong><bdi>b•••@example.is", []string{"Send it again"}},
	} {
		sent := ask(t, h, http.MethodPost, tt.link+"/code", url.Values{"by": {tt.asked}}.Encode())
		page := ask(t, h, http.MethodGet, sent.Header().Get("Location"), "").Body.String()
		var offers []string
		for _, m := range regexp.MustCompile(`class="link" name="by" value="[a-z]+">([^<]+)<`).FindAllStringSubmatch(page, -1) {
			offers = append(offers, m[1])
		}
		if got := f.by[len(f.by)-1]; got != tt.by || !strings.Contains(page, tt.says) || !slices.Equal(offers, tt.offers) {
			t.Errorf("%q: asked for %q, offers %q", tt.asked, got, offers)
		}
		form := url.Values{"token": {"x"}, "by": {tt.asked}, "code": {"1"}, "consent": {agreed("en").Version()}}.Encode()
		if to := ask(t, h, http.MethodPost, tt.link+"/sign", form).Header().Get("Location"); !strings.Contains(to, "by="+string(tt.by)) {
			t.Errorf("%q: a slip leads to %q", tt.asked, to)
		}
	}
}

// agreed is the sentence of a language that is signed under.
func agreed(tag string) innsigli.Consent {
	return innsigli.Consent{Text: lang.For(tag).T("page.code.consent"), Language: tag}
}

// TestNobodySignsUnderAnotherSentenceThanTheyRead: it may have changed with a new version of the server, or the language
// in another tab. Then the page comes again, and no try is counted.
func TestNobodySignsUnderAnotherSentenceThanTheyRead(t *testing.T) {
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	h := served(t, f, nil)
	token := strings.Repeat("a", 32)
	for _, version := range []string{"", "0123456789ab", agreed("is").Version()} {
		form := url.Values{"token": {token}, "code": {rightCode}, "consent": {version}}.Encode()
		w := ask(t, h, http.MethodPost, link+"/sign", form)
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.Contains(to, "/code?") || !strings.Contains(to, token) {
			t.Errorf("%q: status %d to %q", version, w.Code, to)
		}
	}
	if f.tries != 0 {
		t.Errorf("%d tries were counted", f.tries)
	}
}

func TestRefusedCodesSayWhatIsTrueNow(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		state  innsigli.State
		signed bool
		status int
		want   string // in the page, or in the address that follows
	}{
		{"late", &innsigli.Error{Kind: innsigli.Invalid, Code: lateCode}, innsigli.Started, false, 303, "/code?by=sms&said=late"},
		{"unknown", &innsigli.Error{Kind: innsigli.Invalid, Code: noCode}, innsigli.Started, false, 303, "/code?by=sms&said=late"},
		{"locked", &innsigli.Error{Kind: innsigli.TooMany, Code: "OtpLocked"}, innsigli.Started, false, 429, "Signing is locked"},
		{"canceled", &innsigli.Error{Kind: innsigli.NotActive, Code: "ProcessNotActive"}, innsigli.Canceled, false, 410, "You don’t have to sign"},
		{"expired", &innsigli.Error{Kind: innsigli.NotActive, Code: "ProcessNotActive"}, innsigli.Expired, false, 410, "The time to sign this is over"},
		{"signed in another tab", &innsigli.Error{Kind: innsigli.Invalid, Code: "AlreadySigned"}, innsigli.Started, true, 200, "You have signed this"},
		{"everyone has signed", &innsigli.Error{Kind: innsigli.NotActive, Code: "ProcessNotActive"}, innsigli.Sealing, true, 200, "being sealed"},
		{"failure", innsigli.ErrUnclear, innsigli.Started, false, 500, "not working on our side"},
	}
	for _, tt := range tests {
		f := newFake(t)
		v := process("sp01", tt.state)
		if tt.signed {
			v.Process.Signees[1].SignedAt, v.You.SignedAt = noon, noon
		}
		link := f.put(v)
		f.refus = tt.err
		form := url.Values{"token": {strings.Repeat("a", 32)}, "code": {rightCode}, "consent": {agreed("en").Version()}}.Encode()
		w := ask(t, served(t, f, nil), http.MethodPost, link+"/sign", form)
		if w.Code != tt.status || !strings.Contains(w.Body.String()+w.Header().Get("Location"), tt.want) {
			t.Errorf("%s: status %d, want %d with %q", tt.name, w.Code, tt.status, tt.want)
		}
	}
}

func TestAFormThatIsTooLargeIsRefused(t *testing.T) {
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	w := ask(t, served(t, f, nil), http.MethodPost, link+"/sign", "code="+strings.Repeat("1", maxForm))
	if w.Code != http.StatusRequestEntityTooLarge || f.tries != 0 {
		t.Errorf("status %d, %d tries", w.Code, f.tries)
	}
}

func TestNothingOfAnEndedProcessIsShown(t *testing.T) {
	for _, st := range []innsigli.State{innsigli.Canceled, innsigli.Expired, innsigli.Declined} {
		f := newFake(t)
		link := f.put(process("sp01", st))
		h := served(t, f, nil)
		for _, path := range []string{"", "?read", "/page/1.png", "/text/1", "/code", "/done"} {
			w := ask(t, h, http.MethodGet, link+path, "")
			if w.Code != http.StatusGone || strings.Contains(w.Body.String(), "aurora") || strings.Contains(w.Body.String(), "page/1.png") {
				t.Errorf("%s%s: status %d", st, path, w.Code)
			}
		}
		w := ask(t, h, http.MethodGet, link+"/state", "")
		var got stateAnswer
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.State != st.String() {
			t.Errorf("state %q (%v), want %s", w.Body, err, st)
		}
	}
}

func TestImagesAreDrawnInFewWidthsOnly(t *testing.T) {
	for asked, want := range map[string]int{
		"": 800, "x": 800, "-1": 800, "1": 240, "241": 480, "481": 800, "1200": 1200, "1600": 1600, "1601": 2400, "99999999": 2400,
	} {
		if got := widthFor(asked); got != want {
			t.Errorf("w=%s: %d, want %d", asked, got, want)
		}
	}
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	h := served(t, f, nil)
	for path, status := range map[string]int{
		"/page/1.png?w=480": 200, "/page/0.png": 404, "/page/4.png": 404, "/page/-1.png": 404, "/page/x.png": 404, "/text/4": 404,
	} {
		if w := ask(t, h, http.MethodGet, link+path, ""); w.Code != status {
			t.Errorf("%s: status %d, want %d", path, w.Code, status)
		}
	}
}

func TestTextComesAsSpansOrAsWords(t *testing.T) {
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	h := served(t, f, nil)
	w := ask(t, h, http.MethodGet, link+"/text/1", "", "Accept", "application/json")
	var got spans
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Spans) != len(contract(1)) || got.Spans[0].Text != "Service agreement" {
		t.Errorf("spans: %v, %d", err, len(got.Spans))
	}
	html := ask(t, h, http.MethodGet, link+"/text/1", "").Body.String()
	if !strings.Contains(html, `<p dir="auto">2. The client pays 184.000 kr. a month`) {
		t.Error("the page's words are not there as paragraphs")
	}
	empty := ask(t, h, http.MethodGet, link+"/text/3", "", "Accept", "application/json").Body.String()
	if empty != `{"spans":[]}` {
		t.Errorf("page without text: %s", empty)
	}
}

func TestLanguageIsThePersonsUntilTheyChoose(t *testing.T) {
	f := newFake(t)
	v := process("sp01", innsigli.Started)
	v.You.Language = innsigli.LangIs
	is := f.put(v)
	none := f.put(process("sp02", innsigli.Started))
	h := served(t, f, nil)
	tests := []struct{ path, accept, want string }{
		{is, "en", "is"},
		{is + "?lng=en-us", "is", "en"},
		{is + "?LNG=EN-US", "is", "en"},
		{none, "is-IS,is;q=0.9", "is"},
		{none, "xx", "en"},
		{none + "?lng=is", "en", "is"},
		{none + "?lng=xx", "is", "is"},
	}
	for _, tt := range tests {
		w := ask(t, h, http.MethodGet, tt.path, "", "Accept-Language", tt.accept)
		if !strings.Contains(w.Body.String(), `<html lang="`+tt.want+`">`) {
			t.Errorf("%s with %q is not in %s", tt.path, tt.accept, tt.want)
		}
	}
}

func TestAssetsAreKeptForEverByTheirHash(t *testing.T) {
	f := newFake(t)
	h := served(t, f, nil)
	a, err := readAssets()
	if err != nil {
		t.Fatal(err)
	}
	for name, u := range a.url {
		if w := ask(t, h, http.MethodGet, u, ""); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %q", u, w.Code, w.Header().Get("Cache-Control"))
		}
		base, ext, _ := strings.Cut(name, ".")
		old := "/assets/" + base + ".000000000000." + ext
		if w := ask(t, h, http.MethodGet, old, ""); w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, %q", old, w.Code, w.Header().Get("Cache-Control"))
		}
	}
	for _, path := range []string{"/assets/nothing.css", "/assets/..%2fdoc.go", "/assets/"} {
		if w := ask(t, h, http.MethodGet, path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

func TestMethodsThatArePagesDoNotHaveAreRefused(t *testing.T) {
	f := newFake(t)
	link := f.put(process("sp01", innsigli.Started))
	h := served(t, f, nil)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{http.MethodHead, link, 200},
		{http.MethodPut, link, 405},
		{http.MethodPost, link, 405},
		{http.MethodDelete, link + "/sign", 405},
		{http.MethodGet, link + "/sign", 303},
		{http.MethodHead, "/", 200},
		{http.MethodPost, "/assets/page.css", 405},
	} {
		if w := ask(t, h, tt.method, tt.path, ""); w.Code != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.path, w.Code, tt.status)
		}
	}
}

func TestALetterCanDoNothingAndItsFilesAreSaved(t *testing.T) {
	f := newFake(t)
	h := served(t, f, someLetters())
	w := ask(t, h, http.MethodGet, "/dev/outbox/a1/html", "")
	if got := w.Header().Get("Content-Security-Policy"); got != cspLetter {
		t.Errorf("policy %q", got)
	}
	if !strings.Contains(w.Body.String(), `<head><base target="_blank">`) {
		t.Error("links of the mail would open inside its frame")
	}
	for n, want := range []string{"application/pdf", "application/octet-stream"} {
		w := ask(t, h, http.MethodGet, "/dev/outbox/a1/file/"+string(rune('0'+n)), "")
		if w.Header().Get("Content-Type") != want || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment; filename=") || w.Body.String() != "%PDF" {
			t.Errorf("file %d: %v", n, w.Header())
		}
	}
	for _, path := range []string{"/dev/outbox/b2/html", "/dev/outbox/a1/file/9", "/dev/outbox/a1/file/x", "/dev/outbox/zz"} {
		if w := ask(t, h, http.MethodGet, path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	if w := ask(t, served(t, f, nil), http.MethodGet, "/dev/outbox", ""); w.Code != http.StatusNotFound {
		t.Errorf("outbox of a server without one: status %d", w.Code)
	}
}

func TestLinksInAPlainTextEndBeforeTheFullStop(t *testing.T) {
	got := linked("Open https://x.example/s/1. Or (http://y/z)!")
	want := []textPart{
		{Text: "Open "},
		{Text: "https://x.example/s/1", Link: true},
		{Text: ". Or ("},
		{Text: "http://y/z", Link: true},
		{Text: ")!"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAddressesAreMasked(t *testing.T) {
	for in, want := range map[string]string{"+3545551886": "••••\u00a01886", "112": "112"} {
		if got := maskPhone(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	for in, want := range map[string]string{"þóra@example.is": "þ•••@example.is", "@x": "@x", "none": "none"} {
		if got := maskEmail(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestParagraphsEndWhereTheDocumentsDo(t *testing.T) {
	got := paragraphs([]innsigli.TextSpan{
		{Text: "Service agreement", Y: 70, H: 22},
		{Text: "The parties", Y: 100, H: 12},
		{Text: "agree.", Y: 116, H: 12},
		{Text: "1. Term", Y: 136, H: 15},
		{Text: "One", Y: 158, H: 12},
		{Text: "year", X: 90, Y: 157, H: 15},
		{Text: "and", Y: 174, H: 12.5},
		{Text: "no more.", Y: 190, H: 12},
		{Text: "End", Y: 230, H: 12},
		{Text: "Top of the next column", Y: 70, H: 12},
	})
	want := []string{"Service agreement", "The parties agree.", "1. Term", "One year", "and no more.", "End", "Top of the next column"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParagraphsKeepEveryWord(f *testing.F) {
	f.Add("a", "b", 1.0, 12.0, 30.0)
	f.Add("", "\x00", -1.0, 0.0, 1e308)
	f.Fuzz(func(t *testing.T, a, b string, y1, h, y2 float64) {
		got := strings.Join(paragraphs([]innsigli.TextSpan{{Text: a, Y: y1, H: h}, {Text: b, Y: y2, H: h}}), " ")
		if !strings.HasPrefix(got, a) || !strings.HasSuffix(got, b) {
			t.Errorf("%q and %q became %q", a, b, got)
		}
	})
}
