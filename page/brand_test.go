package page

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
)

// TestAnyColourOfACompanyCanBeRead computes the contrast of what is made of colours from all over the cube.
func TestAnyColourOfACompanyCanBeRead(t *testing.T) {
	h := served(t, newFake(t), nil)
	css, err := assetFiles.ReadFile("assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	ourLight, ourDark, _ := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	for _, r := range []int{0, 40, 128, 200, 255} {
		for _, g := range []int{0, 40, 128, 200, 255} {
			for _, b := range []int{0, 40, 128, 200, 255} {
				hex := fmt.Sprintf("%02x%02x%02x", r, g, b)
				w := ask(t, h, http.MethodGet, "/brand/"+hex+".css", "")
				light, dark, ok := strings.Cut(w.Body.String(), "@media (prefers-color-scheme: dark)")
				if w.Code != http.StatusOK || !ok {
					t.Fatalf("%s: %d %s", hex, w.Code, w.Body)
				}
				for name, part := range map[string][2]string{"light": {light, ourLight}, "dark": {dark, ourDark}} {
					c, ours := tokens(part[0]), tokens(part[1])
					maps.Copy(ours, c)
					for _, p := range pairs() {
						if got := contrast(t, ours[p.ink], ours[p.ground]); strings.HasPrefix(p.ink, "brand") && got < p.least {
							t.Errorf("%s, %s: %s on %s has contrast %.2f, want %.1f", hex, name, p.ink, p.ground, got, p.least)
						}
					}
				}
			}
		}
	}
	if w := ask(t, h, http.MethodGet, "/brand/1d4e89.css", ""); !strings.Contains(w.Body.String(), "--brand: #1d4e89; --brand-ink: #ffffff") {
		t.Errorf("a colour that can be read is changed: %s", w.Body)
	}
	for _, bad := range []string{"xyzxyz", "fff", "1d4e891d", "%7d%7d%7d%7d%7d%7d"} {
		if w := ask(t, h, http.MethodGet, "/brand/"+bad+".css", ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", bad, w.Code)
		}
	}
}

func TestAPageWearsItsCompanysColour(t *testing.T) {
	f := newFake(t)
	v := process("sp01", innsigli.Started)
	v.Company.Colour = "#0a7d55"
	w := ask(t, served(t, f, nil), http.MethodGet, f.put(v), "")
	if !strings.Contains(w.Body.String(), `<link rel="stylesheet" href="/brand/0a7d55.css">`) {
		t.Error("the page does not ask for it")
	}
}

func TestAPageWearsItsCompanysLogo(t *testing.T) {
	f := newFake(t)
	f.logo = emblem(t)
	v := process("sp01", innsigli.Started)
	v.Company.Logo = logoSum
	h := served(t, f, nil)
	at := innsigli.LogoPath(logoSum)
	if w := ask(t, h, http.MethodGet, f.put(v), ""); !strings.Contains(w.Body.String(), `<img class="emblem" src="`+at+`" alt="">`) || !strings.Contains(w.Body.String(), `<bdi>Norðurljós ehf.</bdi>`) {
		t.Error("the page does not show it")
	}
	w := ask(t, h, http.MethodGet, at, "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/png" || !bytes.Equal(w.Body.Bytes(), f.logo) ||
		!strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := ask(t, h, http.MethodGet, "/brand/logo/00.png", ""); w.Code != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("one that is none: %d %v", w.Code, w.Header())
	}
	v.Flow.Brand = innsigli.Brand{Name: "Suðurljós", Colour: "#0a7d55"}
	body := ask(t, h, http.MethodGet, f.put(v), "").Body.String()
	if !strings.Contains(body, "<bdi>Suðurljós</bdi>") || !strings.Contains(body, `href="/brand/0a7d55.css"`) || !strings.Contains(body, at) {
		t.Error("the flow's own name and colour, with the company's logo")
	}
}
