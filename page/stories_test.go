package page

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

// story is one page in one state: what is asked of the server, and what it stands on.
type story struct {
	name   string
	method string
	path   string
	form   string
	status int
	with   func(*fake)
	act    string // what happens then in the browser: JavaScript that gives a promise
}

// stories are all pages in all states. sp01 is open; the others stand as their names say.
func stories(f *fake) []story {
	open := f.put(process("sp01", innsigli.Started))
	waiting := process("sp02", innsigli.Started)
	waiting.Process.Signees[1].SignedAt, waiting.You.SignedAt = noon, noon
	mail := process("sp03", innsigli.Created)
	mail.You.Phone, mail.You.Reason = "", "Approval of the yearly accounts"
	mail.Process.Signees[1] = mail.You
	closed := process("sp04", innsigli.Completed)
	closed.Now = noon.Add(innsigli.CompletedLink + time.Hour)
	evidence := innsigli.Reference{Key: "at01", Type: innsigli.AttachmentEvidence, Name: "Service agreement.evidence.pdf"}
	apart := process("sp1f", innsigli.Completed)
	apart.Process.Evidence = evidence
	apartAll := bundle("pg09", innsigli.Completed, nil)
	for i := range apartAll.Members {
		apartAll.Members[i].Process.Evidence = evidence
	}
	quiet := process("sp1d", innsigli.Started)
	quiet.Process.Signees[1].RemindersOff, quiet.You.RemindersOff = noon, noon
	f.put(quiet)
	f.put(process("sp1e", innsigli.Completed))
	closedAll := bundle("pg0b", innsigli.Completed, nil)
	closedAll.Now = closed.Now
	hostile := process("sp05", innsigli.Started)
	hostile.Company.Name = `<img src=x onerror=alert(1)> & Söhne`
	hostile.Process.FileName = "\u202efdp.<script>alert(1)</script>.pdf"
	hostile.Process.Signees[0].Name = "مريم بنت \u202eأحمد"
	hostile.Process.Signees[2].Name = ""
	hostile.You.Reason = "\"><script>alert(1)</script>"
	wrong := process("sp06", innsigli.Started)
	wrong.You.WrongTries = 1
	sent := process("sp0c", innsigli.Started)
	sent.You.LastTokenAt = noon
	canceledSigned := process("sp07", innsigli.Canceled)
	canceledSigned.Process.Signees[1].SignedAt, canceledSigned.You.SignedAt = noon, noon
	token := "token=" + strings.Repeat("a", 32) + "&before=0"
	waits := f.put(waiting)
	done := f.put(process("sp08", innsigli.Completed))
	many := f.putAll(bundle("pg01", innsigli.Started, nil))
	mine := func(s *innsigli.Signee) {
		if s.Person == "gs01" {
			s.SignedAt = noon
		}
	}
	later := bundle("pg05", innsigli.Started, nil)
	for i := range later.Members { // Dagný comes first
		s := later.Members[i].Process.Signees
		if later.Members[i].Process.InOrder = true; len(s) == 2 {
			s[0], s[1] = s[1], s[0]
		}
	}
	later.Sequence.InOrder = true
	second := process("sp0d", innsigli.Started)
	second.Process.InOrder = true
	second.Process.Signees[0].SignedAt = time.Time{}
	refused := func(s *innsigli.Signee) {
		if s.Person == "gs01" {
			s.DeclinedAt = noon
		}
	}
	locked := process("sp10", innsigli.Started)
	locked.Process.RequiresAuth = true
	enter := f.put(locked) + "/enter"
	branded := process("sp22", innsigli.Started)
	branded.Company.Logo, branded.Company.Colour = logoSum, "#7a1f5c"
	f.logo = emblem(f.t)
	declined := process("sp0e", innsigli.Declined)
	declined.You.DeclinedAt = noon
	passable := process("sp20", innsigli.Started)
	passable.Process.AllowReassign = true
	passes := f.put(passable)
	manyPassable := bundle("pg0a", innsigli.Started, nil)
	for i := range manyPassable.Members {
		manyPassable.Members[i].Process.AllowReassign = true
	}
	allPass := f.putAll(manyPassable)
	byMail := process("sp21", innsigli.Started)
	byMail.You.Phone, byMail.Process.AllowReassign = "", true
	byMail.Process.Signees[1] = byMail.You
	return []story{
		{name: "home", path: "/", status: 200},
		{name: "sign", path: open, status: 200},
		{name: "sign-branded", path: f.put(branded), status: 200},
		{name: "sign-by-mail", path: f.put(mail), status: 200},
		{name: "sign-hostile", path: f.put(hostile), status: 200},
		{name: "sign-no-image", path: f.put(process(noImages, innsigli.Started)), status: 200},
		{name: "text", path: open + "/text/1", status: 200},
		{name: "text-picture", path: open + "/text/3", status: 200},
		{name: "signature", path: open + "/signature", status: 200},
		{name: "signature-draw-empty", method: "POST", path: open + "/signature", form: "kind=draw", status: 400},
		{name: "signature-letters", method: "POST", path: open + "/signature", form: "kind=type&typed=%E5%B1%B1", status: 400},
		{name: "all-signature", path: many + "/signature", status: 200},
		{name: "not-me", path: open + "/not-me", status: 200},
		{name: "code", path: open + "/code?" + token, status: 200},
		{name: "code-call", path: f.put(sent) + "/code?by=call&" + token, status: 200},
		{name: "code-sent", path: f.put(sent) + "/code?" + token, status: 200},
		{name: "code-wrong", path: f.put(wrong) + "/code?said=wrong&" + token, status: 200},
		{name: "code-short", path: open + "/code?said=short&" + token, status: 200},
		{name: "code-late", path: open + "/code?said=late", status: 200},
		{name: "code-send", path: open + "/code", status: 200},
		{name: "enter", path: enter, status: 200},
		{name: "enter-code", path: enter + "?" + token, status: 200},
		{name: "enter-wrong", path: enter + "?said=wrong&" + token, status: 200},
		{name: "enter-late", path: enter + "?said=late", status: 200},
		{name: "done-waiting", path: waits + "/done", status: 200},
		{name: "signed-again", path: waits, status: 200},
		{name: "signed-read", path: waits + "?read", status: 200},
		{name: "done-sealing", path: f.put(process("sp09", innsigli.Sealing)) + "/done", status: 200},
		{name: "completed", path: done, status: 200},
		{name: "completed-evidence", path: f.put(apart), status: 200},
		{name: "closed", path: f.put(closed), status: 200},
		{name: "canceled", path: f.put(process("sp0a", innsigli.Canceled)), status: 410},
		{name: "canceled-signed", path: f.put(canceledSigned), status: 410},
		{name: "stop", path: "/unsubscribe/sp01/" + rightTag, status: 200},
		{name: "stopped", method: "POST", path: "/unsubscribe/sp1d/" + rightTag, status: 200},
		{name: "stopped-over", path: "/unsubscribe/sp1e/" + rightTag, status: 200},
		{name: "stop-unknown", path: "/unsubscribe/sp01/00", status: 404},
		{name: "decline", path: open + "/decline", status: 200},
		{name: "decline-long", method: "POST", path: open + "/decline", form: "reason=" + strings.Repeat("no+", innsigli.MaxReasonRunes), status: 400},
		{name: "declined", path: f.put(declined), status: 410},
		{name: "declined-other", path: f.put(process("sp0f", innsigli.Declined)), status: 410},
		{name: "all-decline", path: many + "/decline", status: 200},
		{name: "all-declined", path: f.putAll(bundle("pg08", innsigli.Declined, refused)), status: 410},
		{name: "sign-passable", path: passes, status: 200},
		{name: "reassign", path: passes + "/reassign", status: 200},
		{name: "reassign-by-mail", path: f.put(byMail) + "/reassign", status: 200},
		{name: "reassign-wrong", method: "POST", path: passes + "/reassign", form: "name=&email=x&phone=", status: 400},
		{name: "reassign-own", method: "POST", path: passes + "/reassign", form: "name=Me&email=bjorn@example.is&phone=%2B3545551886", status: 400},
		{name: "reassign-other", method: "POST", path: passes + "/reassign", form: "name=Dagn%C3%BD&email=dagny@example.is&phone=%2B3545551886", status: 400},
		{name: "all-passable", path: allPass, status: 200},
		{name: "all-reassign", path: allPass + "/reassign", status: 200},
		{name: "reassigned", path: passes, status: 410, with: func(f *fake) {
			f.fail = &innsigli.Error{Kind: innsigli.Gone, Code: "SigneeReassigned"}
		}},
		{name: "expired", path: f.put(process("sp0b", innsigli.Expired)), status: 410},
		{name: "not-found", path: "/s/spff/siff", status: 404},
		{name: "locked", method: "POST", path: open + "/code", status: 429, with: func(f *fake) {
			f.refus = &innsigli.Error{Kind: innsigli.TooMany, Code: "OtpLocked"}
		}},
		{name: "too-many-codes", method: "POST", path: open + "/code", status: 429, with: func(f *fake) {
			f.refus = &innsigli.Error{Kind: innsigli.TooMany, Code: "TooManyCodes"}
		}},
		{name: "busy", method: "POST", path: open + "/code", status: 429, with: func(f *fake) {
			f.refus = &innsigli.Error{Kind: innsigli.TooMany, Code: "Limit"}
		}},
		{name: "refused", method: "POST", path: open + "/code", status: 400, with: func(f *fake) {
			f.refus = &innsigli.Error{Kind: innsigli.Invalid, Code: "x"}
		}},
		{name: "removed", path: open, status: 410, with: func(f *fake) {
			f.fail = &innsigli.Error{Kind: innsigli.Gone, Code: "SigneeRemoved"}
		}},
		{name: "trouble", path: open, status: 500, with: func(f *fake) { f.fail = errors.New("disk on fire at 10.0.0.7") }},
		{name: "verify", path: VerifyPath, status: 200},
		{name: "verify-valid", method: "POST", path: VerifyPath, form: "%PDF valid", status: 200},
		{name: "verify-altered", method: "POST", path: VerifyPath, form: "%PDF altered", status: 200},
		{name: "verify-unknown", method: "POST", path: VerifyPath, form: "%PDF unknown", status: 200},
		{name: "verify-none", method: "POST", path: VerifyPath, form: "%PDF none", status: 200},
		{name: "verify-broken", method: "POST", path: VerifyPath, form: "%PDF broken", status: 400},
		{name: "verify-missing", method: "POST", path: VerifyPath, form: "", status: 400},
		{name: "all", path: many, status: 200},
		{name: "all-read", path: "/s/sp01f1/si01?read", status: 200},
		{name: "all-code", path: many + "/code?" + token, status: 200},
		{name: "all-code-send", path: many + "/code", status: 200},
		{name: "all-signed", path: f.putAll(bundle("pg02", innsigli.Started, mine)), status: 200},
		{name: "all-sealing", path: f.putAll(bundle("pg03", innsigli.Sealing, nil)), status: 200},
		{name: "all-completed", path: f.putAll(bundle("pg04", innsigli.Completed, nil)), status: 200},
		{name: "all-completed-evidence", path: f.putAll(apartAll), status: 200},
		{name: "all-closed", path: f.putAll(closedAll), status: 200},
		{name: "all-canceled", path: f.putAll(bundle("pg06", innsigli.Canceled, mine)), status: 410},
		{name: "all-canceled-unsigned", path: f.putAll(bundle("pg0c", innsigli.Canceled, nil)), status: 410},
		{name: "all-expired", path: f.putAll(bundle("pg07", innsigli.Expired, nil)), status: 410},
		{name: "all-not-found", path: "/s/pg01/gs02", status: 404},
		{name: "all-not-yet", path: f.putAll(later), status: 200},
		{name: "not-yet", path: f.put(second), status: 200},
		{name: "all-refused", method: "POST", path: many + "/code", status: 400, with: func(f *fake) {
			f.refus = &innsigli.Error{Kind: innsigli.Invalid, Code: "NotYourTurn"}
		}},
		{name: "outbox", path: "/dev/outbox", status: 200},
		{name: "outbox-mail", path: "/dev/outbox/a1", status: 200},
		{name: "outbox-sms", path: "/dev/outbox/b2", status: 200},
	}
}

// TestATestServerSaysSoOnEveryPage also in a frame, and in every language.
func TestATestServerSaysSoOnEveryPage(t *testing.T) {
	f := newFake(t)
	f.ways.Test = true
	test := process("sp7e57", innsigli.Started)
	test.You.Phone = "+17777777777"
	test.Process.Signees[1] = test.You
	all := append(stories(f), story{name: "code-test", path: f.put(test) + "/code?iframe=true&token=" + strings.Repeat("a", 32), status: 200})
	h := served(t, f, someLetters(), func(c *Config) { c.Dev = true })
	for _, tag := range lang.Tags() {
		for _, s := range all {
			html := tell(t, f, h, s, tag).Body.String()
			if !strings.Contains(html, `<p class="notice dev">`+lang.For(tag).T("page.dev")+`</p>`) {
				t.Errorf("%s/%s does not say so", tag, s.name)
			}
			if s.name == "code-test" && !strings.Contains(html, lang.For(tag).T("page.code.sent.test")) {
				t.Errorf("%s/%s: says that something was sent", tag, s.name)
			}
		}
	}
}

// tell asks for a story in a language.
func tell(t *testing.T, f *fake, h http.Handler, s story, tag string) *httptest.ResponseRecorder {
	t.Helper()
	f.broken(s.with)
	method := s.method
	if method == "" {
		method = http.MethodGet
	}
	r := httptest.NewRequest(method, s.path, strings.NewReader(s.form))
	r.Header.Set("Accept-Language", tag)
	if s.form != "" && s.path != VerifyPath {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if s.path == VerifyPath {
		r.Header.Set("Content-Type", "application/pdf")
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:8080"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	f.broken(nil)
	return w
}

// TestStoriesSayWhatIsTrueInEveryLanguage renders every page in every state.
func TestStoriesSayWhatIsTrueInEveryLanguage(t *testing.T) {
	f := newFake(t)
	all := stories(f)
	h := served(t, f, someLetters())
	for _, tag := range lang.Tags() {
		for _, s := range all {
			w := tell(t, f, h, s, tag)
			html := w.Body.String()
			if w.Code != s.status {
				t.Errorf("%s/%s: status %d, want %d", tag, s.name, w.Code, s.status)
			}
			checkPage(t, tag+"/"+s.name, tag, html)
			if got := w.Header().Get("Content-Security-Policy"); got != csp {
				t.Errorf("%s/%s: policy %q", tag, s.name, got)
			}
		}
	}
}

// TestWhatIsSaidOfManyDocumentsIsNotSaidOfOne: no language can put "3 documents" where a sentence is about the name of one.
func TestWhatIsSaidOfManyDocumentsIsNotSaidOfOne(t *testing.T) {
	f := newFake(t)
	said := map[string][]string{
		"all-code": {"code.signs"}, "all-code-send": {"code.send.text"}, "all-closed": {"closed.title", "closed.text"},
		"all-canceled": {"canceled.title", "canceled.text", "canceled.signed"}, "all-canceled-unsigned": {"canceled.text", "canceled.deleted"},
		"all-declined": {"declined.text", "canceled.deleted"}, "all-expired": {"expired.text", "expired.ask"},
	}
	all := stories(f)
	h := served(t, f, someLetters())
	for _, tag := range lang.Tags() {
		for _, s := range all {
			html := ""
			for _, key := range said[s.name] {
				if html == "" {
					html = visible(tell(t, f, h, s, tag).Body.String())
				}
				const gap = "\x00"
				text := lang.For(tag).T("page."+key+".all", "document", gap, "when", gap, "company", gap, "name", gap, "owner", gap)
				for piece := range strings.SplitSeq(text, gap) {
					if !strings.Contains(html, piece) {
						t.Errorf("%s/%s does not say %q", tag, s.name, piece)
					}
				}
			}
		}
	}
}

// checkPage holds a page to what all of them promise.
func checkPage(t *testing.T, name, tag, html string) {
	t.Helper()
	for _, must := range []string{
		`<html lang="` + tag + `">`, `<main id="main"`, `<h1>`, `class="skip"`, `<footer`, `name="viewport"`,
	} {
		if strings.Count(html, must) != 1 {
			t.Errorf("%s: %q is there %d times, want once", name, must, strings.Count(html, must))
		}
	}
	for _, never := range []string{
		` style="`, "<style", " onclick", "javascript:", "<script>", "<img src=x", "\u202e</title>", "ZgotmplZ", "disk on fire",
		"1120", "Error", "<nil>", "%!",
	} {
		if i := strings.Index(html, never); i >= 0 {
			t.Errorf("%s: %q must not be there: …%s…", name, never, html[max(0, i-60):min(len(html), i+60)])
		}
	}
	// Who tells a machine what they see on a button must reach it (WCAG 2.2 2.5.3).
	for _, m := range regexp.MustCompile(`<(?:a|button)\b[^>]*\baria-label="([^"]*)"[^>]*>([^<]+)<`).FindAllStringSubmatch(html, -1) {
		if !strings.Contains(strings.ToLower(m[1]), strings.ToLower(m[2])) {
			t.Errorf("%s: what reads %q is called %q", name, m[2], m[1])
		}
	}
	if key := regexp.MustCompile(`\b(sign|code|declined?|reassign|stop|stopped|done|sad|outbox|home|people|page|text|verify)\.[a-z]+`).FindString(visible(html)); key != "" {
		t.Errorf("%s: a key is shown: %q", name, key)
	}
}

// visible leaves only what stands between tags.
func visible(html string) string {
	var b strings.Builder
	in := false
	for _, r := range html {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
		case !in:
			b.WriteRune(r)
		}
	}
	return b.String()
}
