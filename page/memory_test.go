package page

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	pagecdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli"
)

// watchEye notes at every frame of a page that came out of the browser's memory whether the document could be seen on it.
const watchEye = `
window.kept = false;
addEventListener("pageshow", (e) => {
	if (!e.persisted) return;
	window.kept = true;
	const look = () => {
		const shown = [...document.querySelectorAll(".paper, .words p")].some((e) => e.checkVisibility({ visibilityProperty: true }));
		sessionStorage.setItem("first", sessionStorage.getItem("first") ?? String(shown));
		sessionStorage.setItem("seen", String(shown || sessionStorage.getItem("seen") === "true"));
		requestAnimationFrame(look);
	};
	look();
});`

// kept opens the reading page, goes on to another one, has the process end or not, and comes back with the browser's arrow.
func kept(t *testing.T, b *browser, f *fake, link, suffix string, cancel bool) {
	t.Helper()
	b.do(chromedp.Navigate(link + suffix))
	b.until(`document.readyState === "complete" && (document.querySelector(".paper.ready") ?? document.querySelector(".words p")) !== null`)
	b.do(chromedp.Navigate(strings.Split(link, "/s/")[0] + VerifyPath))
	eval[bool](b, `(sessionStorage.clear(), true)`)
	if cancel {
		f.change("sp01", func(v *innsigli.View) { v.Process.State, v.Process.EndedAt = innsigli.Canceled, noon })
	}
	// What comes out of the browser's memory loads nothing that could be waited for.
	eval[bool](b, `(setTimeout(() => history.back()), true)`)
	b.until(`location.pathname !== "` + VerifyPath + `"`)
}

const canceledHere = `document.querySelector(".tag.stop") !== null && document.querySelector("h1").textContent.startsWith("You don’t have to sign")`

// TestTheBrowsersMemoryGivesNothingBack: Chromium keeps no page of ours to go back to, its caches have neither image nor word of the
// document, and its folder on the disk neither, while things that may be kept are there. A tab that is restored after an end of the
// browser is filled from the same caches.
func TestTheBrowsersMemoryGivesNothingBack(t *testing.T) {
	dir := t.TempDir()
	f := newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	var image []byte
	t.Run("while it runs", func(t *testing.T) {
		b := newBrowser(t, chromedp.UserDataDir(dir))
		if _, err := chromedp.Call(b.ctx, pagecdp.AddScriptToEvaluateOnNewDocument, pagecdp.AddScriptToEvaluateOnNewDocumentParams{Source: watchEye}); err != nil {
			t.Fatal(err)
		}
		kept(t, b, f, link, "/text/1", false)
		b.until(`document.querySelector(".words p") !== null`)
		kept(t, b, f, link, "", false)
		b.until(`document.querySelector("#p1 svg text") !== null`)
		image = f.imageOf(1, 800)
		kept(t, b, f, link, "", true)
		b.until(canceledHere)
		if eval[bool](b, `kept`) {
			t.Error("the page came out of the browser's memory")
		}
		b.do(chromedp.NavigateBack())
		b.until(canceledHere)
		for _, path := range []string{"", "/page/1.png?w=800", "/text/1", "?read"} {
			got := eval[string](b, `fetch("`+link+path+`", { cache: "only-if-cached", mode: "same-origin" }).then((a) => String(a.status), () => "not there")`)
			if got != "not there" && got != "504" {
				t.Errorf("%q is in the cache: %s", path, got)
			}
		}
		if n := eval[int](b, `caches.keys().then((k) => k.length)`); n > 0 {
			t.Errorf("%d caches of our own", n)
		}
	})
	words := "hereafter the client"
	wide := new(bytes.Buffer)
	for _, u := range utf16.Encode([]rune(words)) {
		wide.Write([]byte{byte(u), byte(u >> 8)})
	}
	found := map[string]bool{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		body, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		body = append(body, unpacked(body)...)
		for what, b := range map[string][]byte{
			"image": image[len(image)/2 : len(image)/2+64], "words": []byte(words), "wide words": wide.Bytes(), "style": []byte("Reading and signing: what is asked"),
		} {
			found[what] = found[what] || bytes.Contains(body, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !found["style"] || found["image"] || found["words"] || found["wide words"] {
		t.Errorf("on the disk: %v, want the style sheet alone", found)
	}
}

// unpacked is what is compressed inside of a file of Chromium's cache.
func unpacked(body []byte) []byte {
	var out bytes.Buffer
	for at := body; ; at = at[1:] {
		i := bytes.Index(at, []byte{0x1f, 0x8b, 0x08})
		if i < 0 {
			return out.Bytes()
		}
		at = at[i:]
		if z, err := gzip.NewReader(bytes.NewReader(at)); err == nil {
			_, _ = io.Copy(&out, io.LimitReader(z, 1<<20)) // what follows the end is no gzip any more
		}
	}
}

// TestAPageOutOfTheBrowsersMemoryIsUnseenUntilItMayBeRead takes from every answer that it may not be stored, as if a browser did not
// care: then the page comes back as it was left.
func TestAPageOutOfTheBrowsersMemoryIsUnseenUntilItMayBeRead(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	inner := served(t, f, someLetters())
	careless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(storable{w}, r)
	}))
	t.Cleanup(careless.Close)
	if _, err := chromedp.Call(b.ctx, pagecdp.AddScriptToEvaluateOnNewDocument, pagecdp.AddScriptToEvaluateOnNewDocumentParams{Source: watchEye}); err != nil {
		t.Fatal(err)
	}
	link := careless.URL + f.put(process("sp01", innsigli.Started))
	for _, suffix := range []string{"", "/text/1"} {
		kept(t, b, f, link, suffix, false)
		b.until(`kept && sessionStorage.getItem("seen") === "true"`) // it may still be read
		if eval[string](b, `sessionStorage.getItem("first")`) != "false" {
			t.Errorf("%q was seen before the server said so", suffix)
		}
		f.put(process("sp01", innsigli.Started))
		kept(t, b, f, link, suffix, true)
		b.until(canceledHere)
		if eval[string](b, `sessionStorage.getItem("seen")`) != "false" {
			t.Errorf("%q was seen after it was canceled", suffix)
		}
		f.put(process("sp01", innsigli.Started))
	}
}

// storable takes back that an answer may not be stored.
type storable struct{ http.ResponseWriter }

func (s storable) WriteHeader(status int) {
	s.Header().Del("Cache-Control")
	s.ResponseWriter.WriteHeader(status)
}
