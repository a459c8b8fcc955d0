package page

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// scenes are the stories as a browser can show them: the pages, and what opens or changes on them without a new page.
func scenes(f *fake) []story {
	all := stories(f)
	pages := map[string]story{}
	for _, s := range all {
		pages[s.name] = s
	}
	on := func(page, name, act string) {
		s := pages[page]
		s.name, s.act = page+"-"+name, act
		all = append(all, s)
	}
	framed := func(page, options string) {
		s := pages[page]
		s.name = page + "-framed"
		s.path += map[bool]string{true: "&", false: "?"}[strings.Contains(s.path, "?")] + options
		all = append(all, s)
	}
	on("sign", "languages", `document.querySelector(".lang summary").click()`)
	on("sign", "overview", `document.querySelector("[data-thumbs]").click(), until(() => [...document.querySelectorAll("#thumbs img")].every((i) => i.complete))`)
	on("sign", "search", `document.querySelector("[data-find]").click()`)
	found := func(words string) string {
		return `document.querySelector("[data-find]").click(), document.querySelector("#find input").value = "` + words + `", document.querySelector("#find").requestSubmit(), `
	}
	on("sign", "found", found("agreement")+`until(() => document.querySelectorAll("#p1 .hit").length > 1 && document.querySelector(".hits").textContent.includes("3"))`)
	on("sign", "not-found", found("aurora borealis")+`until(() => document.querySelector(".hits").textContent.length > 6)`)
	on("sign", "large", `[1, 2].forEach(() => document.querySelector("[data-zoom='1']").click())`)
	on("sign", "offline", `document.getElementById("offline").hidden = false`)
	on("signature", "draw", `document.getElementById("kind-draw").click()`)
	on("signature", "plain", `document.getElementById("kind-plain").click()`)
	const send = `document.querySelector("form[data-once]").dispatchEvent(new SubmitEvent("submit", { cancelable: true }))`
	const sent = `window.fetch = () => new Promise(() => {}), ` + send // the server takes its time
	on("signature", "busy", sent)
	on("code", "busy", sent)
	const away = `window.fetch = () => Promise.reject(new TypeError()), ` + send + `, until(() => document.querySelector(".say + .btn") !== null)`
	on("signature", "away", away)
	on("code", "away", away)
	on("verify-altered", "details", `document.querySelectorAll("main details").forEach((d) => { d.open = true; })`)
	on("outbox-mail", "plain", `document.querySelector("details.plain").open = true`)
	framed("sign", "iframe=true&skipGreeting=true&hideSignDocumentHeaderText=true")
	framed("done-waiting", "iframe=true&signed&showEndScreen=false")
	framed("all", "iframe=true")
	return all
}

// stage is a server on which one scene after the other is played.
type stage struct {
	t      *testing.T
	url    string
	f      *fake
	scenes []story

	mu  sync.Mutex
	now story
}

// newStage is a stage with all scenes, or with those whose name begins with INNSIGLI_STORY.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, f: newFake(t)}
	for _, one := range scenes(s.f) {
		if strings.HasPrefix(one.name, os.Getenv("INNSIGLI_STORY")) {
			s.scenes = append(s.scenes, one)
		}
	}
	inner := served(t, s.f, someLetters())
	// Stories that a form leads to are reached by a plain address, so that every page can be opened in the same way.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/story" {
			inner.ServeHTTP(w, r)
			return
		}
		s.mu.Lock()
		now := s.now
		s.mu.Unlock()
		got := tell(t, s.f, inner, now, r.URL.Query().Get("lng"))
		maps.Copy(w.Header(), got.Header())
		w.WriteHeader(got.Code)
		_, _ = w.Write(got.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// play shows a scene in a language, and waits until it stands.
func (s *stage) play(b *browser, one story, tag string) {
	b.t.Helper()
	s.mu.Lock()
	s.now = one
	s.mu.Unlock()
	b.do(chromedp.Navigate(s.url + "/story?lng=" + tag))
	b.until(`document.readyState === "complete" && [...document.images].every((i) => i.complete || i.loading === "lazy")`)
	if one.act != "" {
		eval[bool](b, `(async () => {
			const until = async (is) => { while (!is()) await new Promise((r) => setTimeout(r, 10)); };
			await (`+one.act+`);
			return true;
		})()`)
	}
}
