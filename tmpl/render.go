package tmpl

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// filling is a template that is being filled.
type filling struct {
	b      strings.Builder
	asHTML bool
	scopes []map[string]any
	steps  int
	taken  int // bytes of values, also of those of which nothing is left
}

// HTML fills the template and gives it as HTML. An error is an [*Error] without a place: a limit was reached.
func (t *Template) HTML(data map[string]any) (string, error) {
	return t.fill(data, true)
}

// Plain fills the template and gives it as plain text: paragraphs with an empty line between them, links with their
// address behind them.
func (t *Template) Plain(data map[string]any) (string, error) {
	s, err := t.fill(data, false)
	if err != nil {
		return "", err
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	return strings.TrimSpace(gaps.ReplaceAllString(strings.Join(lines, "\n"), "\n\n")), nil
}

// Line fills the template and gives it as one line of plain text, fit for a header.
func (t *Template) Line(data map[string]any) (string, error) {
	s, err := t.fill(data, false)
	return strings.Join(strings.Fields(s), " "), err
}

// Begins gives the words that the template begins with, whatever it is filled with.
func (t *Template) Begins() string {
	var b strings.Builder
	for _, n := range t.nodes {
		if n.block != nil || n.value != nil {
			break
		}
		b.WriteString(n.text)
	}
	return b.String()
}

// Shows says whether the value of that name is shown, whatever the template is filled with.
func (t *Template) Shows(name string) bool {
	return slices.ContainsFunc(t.nodes, func(n node) bool {
		return n.block == nil && n.place == inText && len(n.value) == 1 && n.value[0] == name
	})
}

var gaps = regexp.MustCompile(`\n{3,}`)

func (t *Template) fill(data map[string]any, asHTML bool) (string, error) {
	f := &filling{asHTML: asHTML, scopes: []map[string]any{data}}
	if err := f.all(t.nodes); err != nil {
		return "", err
	}
	return f.b.String(), nil
}

func (f *filling) all(nodes []node) error {
	for i := range nodes {
		if err := f.step(); err != nil {
			return err
		}
		if err := f.one(&nodes[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *filling) step() error {
	if f.steps++; f.steps > MaxSteps {
		return &Error{Reason: "filling the template takes too many steps"}
	}
	return nil
}

func (f *filling) one(n *node) error {
	switch {
	case n.block != nil:
		return f.block(n.block)
	case n.value != nil:
		s, _ := f.get(n.value).(string)
		if f.taken += len(s); f.taken > MaxOutput {
			return &Error{Reason: "the values of the template are too long"}
		}
		return f.write(f.dress(s, n.place))
	case f.asHTML:
		return f.write(n.html)
	}
	return f.write(n.text)
}

func (f *filling) write(s string) error {
	if f.b.Len()+len(s) > MaxOutput {
		return &Error{Reason: "the filled template is too long"}
	}
	f.b.WriteString(s)
	return nil
}

// dress escapes a value for its place.
func (f *filling) dress(s string, at place) string {
	s = harmless(s, false)
	switch {
	case at == inAddress && f.asHTML:
		return percent(s)
	case at == ofAddress && !f.asHTML, at == inText && !f.asHTML:
		return s
	case at == inText, at == inAttr && f.asHTML:
		return html.EscapeString(s)
	}
	return ""
}

func (f *filling) block(b *block) error {
	v := f.get(b.path)
	if b.kind != "each" {
		if isTrue(v) == (b.kind == "if") {
			return f.all(b.body)
		}
		return f.all(b.other)
	}
	items, _ := v.([]map[string]any)
	if len(items) == 0 {
		return f.all(b.other)
	}
	if len(items) > MaxItems {
		return &Error{Reason: "a list is too long"}
	}
	n := len(f.scopes)
	for _, item := range items {
		if err := f.step(); err != nil {
			return err
		}
		f.scopes = append(f.scopes[:n], item)
		if err := f.all(b.body); err != nil {
			return err
		}
	}
	f.scopes = f.scopes[:n]
	return nil
}

func isTrue(v any) bool {
	switch v := v.(type) {
	case string:
		return v != ""
	case bool:
		return v
	case []map[string]any:
		return len(v) > 0
	}
	return false
}

// get finds a value: nil when there is none.
func (f *filling) get(path []string) any {
	var v any
	for _, scope := range slices.Backward(f.scopes) {
		var ok bool
		if v, ok = scope[path[0]]; ok {
			break
		}
	}
	for _, name := range path[1:] {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case map[string]string:
			v = in[name]
		default:
			return nil
		}
	}
	return v
}

// harmless makes control characters spaces and takes out what turns the direction of the text around it (Unicode TR 36).
func harmless(s string, breaks bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case breaks && (r == '\n' || r == '\t'):
			return r
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// percent encodes a value within an address: all but letters, digits and what is never special (RFC 3986 2.3), and the @
// of mail addresses.
func percent(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~@", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteString("%" + digits[c>>4:c>>4+1] + digits[c&15:c&15+1])
		}
	}
	return b.String()
}
