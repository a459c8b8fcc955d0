package page

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	pagecdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli/innsiglitest"
)

// judge is axe-core, in every page that the browser opens from now on. Without it the subtest says so loudly, and fails in CI.
func (b *browser) judge() (there bool) {
	b.t.Helper()
	b.t.Run("axe-core", func(t *testing.T) {
		if _, err := chromedp.Call(b.ctx, pagecdp.AddScriptToEvaluateOnNewDocument, pagecdp.AddScriptToEvaluateOnNewDocumentParams{
			Source: innsiglitest.Axe(t),
		}); err != nil {
			t.Fatal(err)
		}
		there = true
	})
	return there
}

// axe asks for every rule of WCAG 2.2 A and AA that axe-core knows, and for its best practices. What it cannot decide counts as
// wrong too, except for the contrast of words over the image of a page, which nobody sees
// (TestTheWordsLieOverTheImageAndCanBeSelected), or under what was opened, and mails in their frame, in which no script may run.
const axe = `(opened) => axe.run({ exclude: [["iframe.mail"]] }, {
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	resultTypes: ["violations", "incomplete"], preload: false,
}).then(({ violations, incomplete }) => {
	const say = (rule) => rule.nodes.map((n) =>
		rule.id + ": " + n.any.concat(n.all, n.none).map((c) => c.message).join("; ") + ": " + n.html.slice(0, 120));
	const decided = (rule) => rule.id !== "color-contrast" ? rule
		: { id: rule.id, nodes: rule.nodes.filter((n) => !opened && !document.querySelector(n.target).closest(".paper")) };
	return JSON.stringify([...violations, ...incomplete.map(decided)].flatMap(say));
})`

func (b *browser) holdAgainstWCAG(name string, opened bool) {
	b.t.Helper()
	var bad []string
	if err := json.Unmarshal([]byte(eval[string](b, fmt.Sprintf("(%s)(%t)", axe, opened))), &bad); err != nil {
		b.t.Fatal(err)
	}
	for _, s := range bad {
		b.t.Errorf("%s: %s", name, strings.ReplaceAll(s, "\n", " "))
	}
}
