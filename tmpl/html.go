package tmpl

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What an element is. inline stands within a line; part is a part of a table or list, and stands in its parent alone.
type element struct {
	inline, void bool
	parents      []string // of a part
	before       string   // what plain text has in front and behind
	after        string
}

// elementOf gives the elements that a template may have.
func elementOf(name string) (element, bool) {
	switch name {
	case "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u":
		return element{inline: true}, true
	case "br":
		return element{inline: true, void: true, before: "\n"}, true
	case "wbr":
		return element{inline: true, void: true}, true
	case "hr":
		return element{void: true, before: "\n\n"}, true
	case "h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "blockquote", "table", "ul", "ol", "dl":
		return element{before: "\n\n", after: "\n\n"}, true
	case "center", "div":
		return element{before: "\n", after: "\n"}, true
	case "caption", "thead", "tbody", "tfoot":
		return element{parents: []string{"table"}, after: "\n"}, true
	case "tr":
		return element{parents: []string{"table", "thead", "tbody", "tfoot"}, after: "\n"}, true
	case "td", "th":
		return element{parents: []string{"tr"}, after: " "}, true
	case "li":
		return element{parents: []string{"ul", "ol"}, before: "\n- ", after: "\n"}, true
	case "dt", "dd":
		return element{parents: []string{"dl"}, before: "\n", after: "\n"}, true
	}
	return element{}, false
}

// isFrame says whether an element holds parts alone, and no text of its own.
func isFrame(name string) bool {
	return slices.Contains([]string{"table", "thead", "tbody", "tfoot", "tr", "ul", "ol", "dl"}, name)
}

// isLine says whether an element holds what is inline alone: browsers close it in front of anything else.
func isLine(name string) bool {
	return name == "p" || name == "pre" || len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6'
}

// attributeRule gives what an attribute that any element may have may say; nil for others.
func attributeRule(name string) *regexp.Regexp {
	switch name {
	case "title", "aria-label":
		return anything
	case "align", "valign", "dir", "lang", "role", "scope", "width", "height", "border", "cellpadding", "cellspacing", "colspan",
		"rowspan", "bgcolor", "color", "size", "face", "class", "start", "type", "aria-hidden", "target", "rel":
		return plainWord
	case "style":
		return plainStyle
	}
	return nil
}

var (
	anything  = regexp.MustCompile(`^[^\x00]*$`)
	plainWord = regexp.MustCompile(`^[\w #%.,'-]{0,100}$`)
	// plainStyle is declarations of lengths, words and colours: nothing that is fetched, placed elsewhere or run.
	plainStyle = regexp.MustCompile(`^[\w #%.,:;!'"()+-]*$`)
	badStyle   = regexp.MustCompile(`(?i)url|expression|import|behavior|binding|javascript|image|content|position|float|z-index|transform|animation|var\s*\(|attr\s*\(|margin[\w-]*\s*:[^;]*-\s*[\d.]|text-indent\s*:[^;]*-`)
	tagName    = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9:-]*`)
	attrName   = regexp.MustCompile(`^[a-zA-Z][\w:.-]*`)
	// fixedHost is an address whose host no value can change.
	fixedHost = regexp.MustCompile(`^https://[a-zA-Z0-9.-]+(:[0-9]+)?[/?#]`)
)

// mayShow refuses text directly in a table or list: browsers move it elsewhere.
func (p *parser) mayShow(at int) error {
	if in := p.element(); isFrame(in) {
		return p.wrong(at, "text stands directly in <%s>", in)
	}
	return nil
}

// element is the innermost open element, "" when there is none.
func (p *parser) element() string {
	for _, o := range slices.Backward(p.open) {
		if o.block == nil {
			return o.element
		}
	}
	return ""
}

// tag reads what begins with <.
func (p *parser) tag() error {
	at, rest := p.pos, p.src[p.pos+1:]
	if strings.HasPrefix(rest, "/") {
		name := strings.ToLower(tagName.FindString(rest[1:]))
		after := strings.TrimLeft(rest[1+len(name):], " \t\r\n")
		if name == "" || !strings.HasPrefix(after, ">") {
			return p.wrong(at, "the tag is not closed")
		}
		p.pos = len(p.src) - len(after) + 1
		return p.closes(at, name)
	}
	name := strings.ToLower(tagName.FindString(rest))
	if name == "" {
		return p.wrong(at, "< begins no tag; write &lt;")
	}
	e, ok := elementOf(name)
	if !ok {
		return p.wrong(at, "<%s> is not allowed", name)
	}
	if err := p.mayStand(at, name, e); err != nil {
		return err
	}
	p.pos += 1 + len(name)
	p.add(node{html: "<" + name, text: e.before})
	shown, err := p.attributes(name)
	if err != nil {
		return err
	}
	p.add(node{html: ">"})
	if e.void {
		return nil
	}
	return p.push(frame{at: at, element: name, shown: shown})
}

// mayStand holds an element to the places where a browser leaves it.
func (p *parser) mayStand(at int, name string, e element) error {
	in := p.element()
	if len(e.parents) > 0 && !slices.Contains(e.parents, in) || len(e.parents) == 0 && isFrame(in) {
		if in == "" {
			return p.wrong(at, "<%s> stands outside of <%s>", name, e.parents[0])
		}
		return p.wrong(at, "<%s> may not stand in <%s>", name, in)
	}
	for _, f := range p.open {
		if isLine(f.element) && !e.inline {
			return p.wrong(at, "<%s> may not stand in <%s>", name, f.element)
		}
		if name == "a" && f.element == "a" {
			return p.wrong(at, "a link may not stand in a link")
		}
	}
	return nil
}

// closes ends an element.
func (p *parser) closes(at int, name string) error {
	f := p.top()
	if f == nil || f.block != nil || f.element != name {
		if f != nil {
			return p.wrong(at, "</%s> stands where %s is still open", name, f)
		}
		return p.wrong(at, "</%s> closes nothing", name)
	}
	e, _ := elementOf(name)
	*p.out = append(*p.out, f.shown...)
	p.add(node{html: "</" + name + ">", text: e.after})
	p.open = p.open[:len(p.open)-1]
	return nil
}

// attributes reads to the end of a tag. It gives the address of a link as plain text shows it.
func (p *parser) attributes(name string) (shown []node, err error) {
	seen := map[string]bool{}
	for {
		rest := strings.TrimLeft(p.src[p.pos:], " \t\r\n")
		p.pos = len(p.src) - len(rest)
		at := p.pos
		switch {
		case strings.HasPrefix(rest, ">"):
			p.pos++
			return shown, nil
		case strings.HasPrefix(rest, "/>"):
			if e, _ := elementOf(name); !e.void {
				return nil, p.wrong(at, "<%s/> does not close it; write </%s>", name, name)
			}
			p.pos += len("/>")
			return shown, nil
		}
		attr := strings.ToLower(attrName.FindString(rest))
		switch {
		case attr == "":
			return nil, p.wrong(at, "the tag is not closed, or something stands in it that is no attribute")
		case seen[attr]:
			return nil, p.wrong(at, "the attribute %s is there twice", attr)
		case attr != "href" && attributeRule(attr) == nil, attr == "href" && name != "a":
			return nil, p.wrong(at, "the attribute %s of <%s> is not allowed", attr, name)
		}
		seen[attr] = true
		p.pos += len(attr)
		parts, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if attr == "href" {
			shown, err = p.address(at, parts)
		} else {
			err = p.attribute(at, attr, parts)
		}
		if err != nil {
			return nil, err
		}
	}
}

// part is a piece of an attribute's value.
type part struct {
	fixed string
	value node
	kind  Kind
	isVal bool
}

// quoted reads the value of an attribute.
func (p *parser) quoted() ([]part, error) {
	rest := strings.TrimLeft(p.src[p.pos:], " \t\r\n")
	p.pos = len(p.src) - len(rest)
	if !strings.HasPrefix(rest, "=") {
		return nil, p.wrong(p.pos, "the attribute has no value")
	}
	rest = strings.TrimLeft(rest[1:], " \t\r\n")
	p.pos = len(p.src) - len(rest)
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return nil, p.wrong(p.pos, "the value of an attribute stands between quotes")
	}
	quote, at := rest[:1], p.pos
	p.pos++
	var parts []part
	for {
		rest = p.src[p.pos:]
		end, braces := strings.Index(rest, quote), strings.Index(rest, "{{")
		if end < 0 {
			return nil, p.wrong(at, "the quotes are not closed")
		}
		if braces < 0 || end < braces {
			p.pos += end + 1
			return append(parts, part{fixed: html.UnescapeString(rest[:end])}), nil
		}
		if braces > 0 {
			parts = append(parts, part{fixed: html.UnescapeString(rest[:braces])})
		}
		p.pos += braces
		from := p.pos
		inside, err := p.inside()
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(inside, "#") || strings.HasPrefix(inside, "/") || strings.HasPrefix(inside, "!") || inside == "else" {
			return nil, p.wrong(from, "in an attribute only values may stand")
		}
		n, kind, err := p.value(from, inside)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{value: n, kind: kind, isVal: true})
	}
}

// attribute writes an attribute that is no address.
func (p *parser) attribute(at int, name string, parts []part) error {
	rule := attributeRule(name)
	p.add(node{html: " " + name + `="`})
	for _, v := range parts {
		switch {
		case v.isVal && rule != anything:
			return p.wrong(at, "no value may stand in the attribute %s", name)
		case v.isVal:
			v.value.place = inAttr
			p.add(v.value)
			continue
		case !rule.MatchString(v.fixed), name == "style" && badStyle.MatchString(v.fixed):
			return p.wrong(at, "the attribute %s says something that is not allowed", name)
		}
		p.add(node{html: html.EscapeString(harmless(v.fixed, false))})
	}
	p.add(node{html: `"`})
	return nil
}

// address writes an href: one of ours as a whole, or a fixed beginning with values that are encoded.
func (p *parser) address(at int, parts []part) (shown []node, err error) {
	p.add(node{html: ` href="`})
	shown = []node{{text: " ("}}
	var begin string
	for i, v := range parts {
		switch {
		case v.isVal && v.kind == URL && i == 0 && len(parts) == 2 && parts[1].fixed == "":
			v.value.place = inAttr
			p.add(v.value)
			v.value.place = ofAddress
			shown = append(shown, v.value)
			p.add(node{html: `"`})
			return append(shown, node{text: ")"}), nil
		case v.isVal && !fixedHost.MatchString(begin) && !strings.HasPrefix(begin, "mailto:"):
			return nil, p.wrong(at, "an address begins with https:// and a whole host, or with mailto:, before a value stands in it")
		case v.isVal:
			v.value.place = inAddress
			p.add(v.value)
			shown = append(shown, node{value: v.value.value, place: ofAddress})
		default:
			begin += v.fixed
			p.add(node{html: html.EscapeString(v.fixed)})
			shown = append(shown, node{text: v.fixed})
		}
	}
	if !fixedAddress(begin) {
		return nil, p.wrong(at, "an address begins with https://, mailto: or tel:, or is one of ours")
	}
	p.add(node{html: `"`})
	return append(shown, node{text: ")"}), nil
}

func fixedAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || strings.ContainsAny(s, " \t\r\n\\\"'<>`") || harmless(s, false) != s {
		return false
	}
	return strings.HasPrefix(s, "https://") && u.Host != "" || strings.HasPrefix(s, "mailto:") || strings.HasPrefix(s, "tel:")
}
