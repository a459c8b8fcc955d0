package page

import (
	"fmt"
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
					for _, pair := range [][2]string{
						{c["brand"], ours["card"]},
						{c["brand"], ours["paper"]},
						{c["brand-deep"], ours["card"]},
						{c["brand-ink"], c["brand"]},
						{c["brand-ink"], c["brand-deep"]},
					} {
						if got := contrast(t, pair[0], pair[1]); got < readable {
							t.Errorf("%s, %s: %s on %s has contrast %.2f", hex, name, pair[0], pair[1], got)
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
