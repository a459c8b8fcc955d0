package page

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli/innsiglitest"
)

// update rewrites the golden texts: go test ./page -run Hears -update.
var update = flag.Bool("update", false, "rewrite testdata/spoken")

// TestWhatAPersonHears keeps what a screen reader gets to say on the way from the link to the sealed document, in the order in
// which it is read: Chromium's accessibility tree, an element a line, what stands inside of another one indented.
func TestWhatAPersonHears(t *testing.T) {
	b, stage := newBrowser(t), newStage(t)
	b.window(1280, 800, "light")
	for _, name := range []string{
		"sign", "sign-overview", "sign-found", "signature", "code", "code-wrong", "done-sealing", "completed", "canceled", "all", "verify-altered",
	} {
		i := slices.IndexFunc(stage.scenes, func(s story) bool { return s.name == name })
		if i < 0 {
			continue // left out by INNSIGLI_STORY
		}
		stage.play(b, stage.scenes[i], "en")
		if strings.HasPrefix(name, "sign") && name != "signature" {
			b.until(`document.querySelector("#p1 svg text") !== null`)
		}
		innsiglitest.Golden(t, filepath.Join("testdata", "spoken", name+".txt"), b.spoken(), *update)
	}
}

// states are what is said of an element besides its role and name.
func states() []accessibility.PropertyName {
	return []accessibility.PropertyName{"level", "live", "expanded", "checked", "disabled", "invalid", "required", "modal", "focused", "hasPopup"}
}

// spoken is the page's accessibility tree as text.
func (b *browser) spoken() string {
	b.t.Helper()
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		b.t.Fatal(err)
	}
	byID := map[accessibility.NodeID]*accessibility.Node{}
	for _, n := range tree.Nodes {
		byID[n.NodeID] = n
	}
	var out strings.Builder
	var say func(n *accessibility.Node, depth int, heard string)
	say = func(n *accessibility.Node, depth int, heard string) {
		role, name := text(n.Role), strings.Join(strings.Fields(text(n.Name)), " ")
		silent := n.Ignored || slices.Contains([]string{"none", "generic", "InlineTextBox", "LineBreak", "paragraph", "strong", "RootWebArea", "ListMarker", "LayoutTableCell"}, role) && name == "" ||
			role == "StaticText" && (name == "" || strings.Contains(heard, name)) || role == "InlineTextBox" || role == "ListMarker" || role == "time" || role == "strong"
		if !silent {
			fmt.Fprintf(&out, "%s%s", strings.Repeat("  ", depth), role)
			if name != "" {
				fmt.Fprintf(&out, " “%s”", name)
			}
			if v := text(n.Value); v != "" && v != name {
				fmt.Fprintf(&out, " = %s", v)
			}
			for _, p := range n.Properties {
				if v := text(p.Value); slices.Contains(states(), p.Name) && v != "false" && v != "off" {
					fmt.Fprintf(&out, ", %s %s", p.Name, v)
				}
			}
			if d := text(n.Description); d != "" {
				fmt.Fprintf(&out, ", described by “%s”", d)
			}
			out.WriteByte('\n')
			depth++
			heard = name
		}
		for _, c := range n.ChildIDs {
			if child := byID[c]; child != nil {
				say(child, depth, heard)
			}
		}
	}
	say(tree.Nodes[0], 0, "")
	return out.String()
}

func text(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s any
	if json.Unmarshal(v.Value, &s) != nil || s == nil {
		return ""
	}
	return fmt.Sprint(s)
}
