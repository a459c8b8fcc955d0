package lang

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryLanguageIsWrittenInItself finds what a translator forgot, and the marks of another language.
func TestEveryLanguageIsWrittenInItself(t *testing.T) {
	same := []string{"SMS", "E-mail", "Document", "Signature", "Signatures", "Pages", " document", " documents", " page", " pages", "Name", "Downloads", "Link (SHA-256)", "Browser", "Person", "Revision", " byte", "Sent", " %"}
	quotes := map[string]string{"cs": "„“", "da": "»«", "de": "„“", "en": "“”", "es": "«»", "fr": "«»", "hu": "„”", "is": "„“", "nb": "«»", "pl": "„”", "sv": "”"}
	for _, tag := range Tags() {
		if quotes[tag] == "" {
			t.Errorf("%s: no quotation marks are known", tag)
		}
		for key, m := range For(tag).messages {
			for rule, form := range m.forms {
				var words strings.Builder
				for _, p := range form {
					if p.Name == "" {
						words.WriteString(p.Text)
					}
				}
				text := words.String()
				if at := strings.IndexAny(text, "!\""); at >= 0 {
					t.Errorf("%s: %s has a %q", tag, key, text[at])
				}
				for _, q := range "„“”«»" {
					if strings.ContainsRune(text, q) && !strings.ContainsRune(quotes[tag], q) {
						t.Errorf("%s: %s has the foreign mark %q", tag, key, q)
					}
				}
				english := join(For(English).messages[key].forms[rule])
				if tag != English && strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz%S") && join(form) == english && !slices.Contains(same, text) {
					t.Errorf("%s: %s is English: %q", tag, key, english)
				}
			}
		}
	}
}
