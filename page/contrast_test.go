package page

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

// pair is an ink on a ground, and the least contrast between them.
type pair struct {
	ink, ground string
	least       float64
}

// pairs are all that meet on the pages: at rest, under the pointer, with the focus, and when a button waits.
func pairs() []pair {
	return []pair{
		{"ink", "paper", 4.5},
		{"ink", "card", 4.5},
		{"ink", "mute-bg", 4.5}, // what is under the pointer
		{"soft", "paper", 4.5},
		{"soft", "card", 4.5},
		{"soft", "mute-bg", 4.5}, // a button that waits
		{"brand", "card", 4.5},
		{"brand", "paper", 4.5},
		{"brand", "mute-bg", 3}, // the focus around what is under the pointer; how far the seal is
		{"brand-deep", "card", 4.5},
		{"brand-deep", "paper", 4.5},
		{"brand-ink", "brand", 4.5},
		{"brand-ink", "brand-deep", 4.5},
		{"ok", "ok-bg", 4.5},
		{"ok", "mute-bg", 3}, // how much is signed
		{"card", "ok", 3},    // the hook of a step that is done
		{"wait", "wait-bg", 4.5},
		{"stop", "stop-bg", 4.5},
		{"stop", "card", 3},
		{"edge", "card", 3},
		{"edge", "paper", 3},
		{"edge", "mute-bg", 3}, // the kind of signature that is chosen
	}
}

// TestInkStandsOutFromItsGround computes the contrast of the colours in page.css, light and dark (WCAG 2.2 1.4.3 and
// 1.4.11: 4.5 for text, 3 for the edges of what can be operated).
func TestInkStandsOutFromItsGround(t *testing.T) {
	css, err := assetFiles.ReadFile("assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("no dark colours")
	}
	dark, _, _ = strings.Cut(dark, "/* Ground */")
	for name, part := range map[string]string{"light": light, "dark": dark} {
		colours := tokens(part)
		for _, p := range pairs() {
			if got := contrast(t, colours[p.ink], colours[p.ground]); got < p.least {
				t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", name, p.ink, p.ground, got, p.least)
			}
		}
	}
}

func tokens(css string) map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(css, -1) {
		out[m[1]] = m[2]
	}
	return out
}

// contrast is the ratio of WCAG 2.2 between two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var r, g, b int
	if _, err := fmt.Sscanf(hex, "#%02x%02x%02x", &r, &g, &b); err != nil {
		t.Fatalf("colour %q: %v", hex, err)
	}
	part := func(v int) float64 {
		c := float64(v) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(r) + 0.7152*part(g) + 0.0722*part(b)
}
