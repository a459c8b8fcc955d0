package tmpl_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/tmpl"
)

func names() tmpl.Names {
	return tmpl.Names{
		"customer": {Kind: tmpl.Group, Of: tmpl.Names{"name": {}, "Meta": {Kind: tmpl.Texts}}},
		"flowName": {}, "link": {Kind: tmpl.URL}, "signed": {Kind: tmpl.Flag},
		"documents": {Kind: tmpl.List, Of: tmpl.Names{"name": {}}},
	}
}

const link = "https://sign.example/s/sp1"

func data() map[string]any {
	return map[string]any{
		"customer": map[string]any{"name": "Björn & <b>Co</b>", "Meta": map[string]string{"case": `4"2/é`}},
		"flowName": "Leiga\r\nBcc: x@y.example\u202e", "link": link, "signed": true,
		"documents": []map[string]any{{"name": "One"}, {"name": "Two"}},
	}
}

func TestValuesAreEscapedForTheirPlace(t *testing.T) {
	for _, c := range []struct{ src, html, plain string }{
		{`<p>Hæ {{customer.name}}</p>`, `<p>Hæ Björn &amp; &lt;b&gt;Co&lt;/b&gt;</p>`, `Hæ Björn & <b>Co</b>`},
		{`<p>{{CUSTOMER.NAME}}</p>`, `<p>Björn &amp; &lt;b&gt;Co&lt;/b&gt;</p>`, `Björn & <b>Co</b>`},
		{`<b title="{{customer.Meta.case}}">x</b>`, `<b title="4&#34;2/é">x</b>`, `x`},
		{
			`<a href="https://a.example/?q={{customer.Meta.case}}">A</a>`,
			`<a href="https://a.example/?q=4%222%2F%C3%A9">A</a>`, `A (https://a.example/?q=4"2/é)`,
		},
		{`<a href="{{link}}">Sign</a>`, `<a href="` + link + `">Sign</a>`, `Sign (` + link + `)`},
		{`{{#if signed}}yes{{else}}no{{/if}}{{#unless signed}}!{{/unless}}`, `yes`, `yes`},
		{`{{#if customer.Meta.none}}a{{else}}b{{customer.Meta.none}}{{/if}}`, `b`, `b`},
		{
			`<ul>{{#each documents}}<li>{{name}} of {{flowName}}</li>{{/each}}</ul>`,
			`<ul><li>One of Leiga  Bcc: x@y.example</li><li>Two of Leiga  Bcc: x@y.example</li></ul>`,
			"- One of Leiga Bcc: x@y.example\n\n- Two of Leiga Bcc: x@y.example",
		},
		{`<p>a</p>{{! no }}{{!-- {{no}} --}}<!-- no --><p>b<br>c &lt; d</p>`, `<p>a</p><p>b<br>c &lt; d</p>`, "a\n\nb\nc < d"},
		{`<p style="color:#1d4e89; margin:0 0 8px">x</p>`, `<p style="color:#1d4e89; margin:0 0 8px">x</p>`, `x`},
	} {
		tm, err := tmpl.HTML(c.src, names())
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		html, err := tm.HTML(data())
		if err != nil || html != c.html {
			t.Errorf("%s\n got %s, %v\nwant %s", c.src, html, err, c.html)
		}
		if plain, err := tm.Plain(data()); err != nil || plain != c.plain {
			t.Errorf("%s\n got %q, %v\nwant %q", c.src, plain, err, c.plain)
		}
	}
	tm, err := tmpl.Line(`Sign <{{flowName}}> & more`, names())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tm.Line(data()); err != nil || got != "Sign <Leiga Bcc: x@y.example> & more" {
		t.Errorf("line: %q, %v", got, err)
	}
}

func TestWhatIsWrongIsSaidWithItsPlace(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"<p>\n é{{nobody}}</p>", "line 2, column 3: {{nobody}} is not known here"},
		{"{{customer.iban}}", "is not known here"},
		{"{{customer.Meta.a.b}}", "is not known here"},
		{"{{link.x}}", "is not known here"},
		{"{{customer}}", "is no text"},
		{"{{signed}}", "is no text"},
		{"{{{flowName}}}", "always escaped"},
		{"{{&flowName}}", "always escaped"},
		{"{{> other}}", "cannot include"},
		{"{{upper flowName}}", "no helpers"},
		{"{{#with customer}}{{/with}}", "no helpers"},
		{"{{#each customer}}{{/each}}", "cannot be about"},
		{"{{#if customer}}{{/if}}", "cannot be about"},
		{"{{#if signed}}", "{{#if}} is not closed"},
		{"{{/if}}", "closes nothing"},
		{"{{else}}", "stands in no block"},
		{"{{#if signed}}a{{else}}b{{else}}c{{/if}}", "stands in no block"},
		{"{{#each documents}}{{else}}{{name}}{{/each}}", "is not known here"},
		{"{{flowName", "not closed"},
		{"{{!", "not closed"},
		{"<!-- x", "not closed"},
		{"<p>x", "<p> is not closed"},
		{"x</p>", "</p> closes nothing"},
		{"<b><i>x</b></i>", "still open"},
		{"{{#if signed}}<b>{{/if}}", "still open"},
		{"{{#if signed}}</b>{{/if}}", "still open"},
		{"<div/>", "does not close it"},
		{"<script>alert(1)</script>", "<script> is not allowed"},
		{"<SCRIPT src=x>", "is not allowed"},
		{"<img src=\"https://x.example/a.png\">", "<img> is not allowed"},
		{"<style>p{}</style>", "is not allowed"},
		{"<html>", "is not allowed"},
		{"<svg>", "is not allowed"},
		{"<form>", "is not allowed"},
		{"<p onclick=\"x()\">", "onclick of <p> is not allowed"},
		{"<p href=\"https://x.example\">", "href of <p> is not allowed"},
		{"<p class=\"a\" class=\"b\">", "twice"},
		{"<p class=a>", "between quotes"},
		{"<p class>", "has no value"},
		{"<p class=\"a>", "quotes are not closed"},
		{"<p {{flowName}}>", "no attribute"},
		{"<p class=\"{{flowName}}\">", "no value may stand in the attribute class"},
		{"<p style=\"color:{{flowName}}\">", "no value may stand in the attribute style"},
		{"<p title=\"{{#if signed}}x{{/if}}\">", "only values"},
		{"<p style=\"background:url(https://x.example/a)\">", "not allowed"},
		{"<p style=\"background:u\\72l(x)\">", "not allowed"},
		{"<p style=\"position:fixed\">", "not allowed"},
		{"<p style=\"margin-top:-200px\">", "not allowed"},
		{"<a href=\"javascript:alert(1)\">x</a>", "an address begins with"},
		{"<a href=\"&#106;avascript:alert(1)\">x</a>", "an address begins with"},
		{"<a href=\" https://x.example\">x</a>", "an address begins with"},
		{"<a href=\"http://x.example\">x</a>", "an address begins with"},
		{"<a href=\"//x.example\">x</a>", "an address begins with"},
		{"<a href=\"https://bank.example@x.example\">x</a>", "an address begins with"},
		{"<a href=\"{{flowName}}\">x</a>", "whole host"},
		{"<a href=\"https://{{flowName}}/\">x</a>", "whole host"},
		{"<a href=\"https://a.example{{flowName}}\">x</a>", "whole host"},
		{"<a href=\"https://a.example\"><b><a href=\"https://a.example\">x</a></b></a>", "a link may not stand"},
		{"<td>x</td>", "outside of <tr>"},
		{"<div><tr></tr></div>", "may not stand in <div>"},
		{"<table>x</table>", "text stands directly"},
		{"<table>{{flowName}}</table>", "text stands directly"},
		{"<p><b><div></div></b></p>", "<div> may not stand in <p>"},
		{"1 < 2", "write &lt;"},
		{"a\x00", "control character"},
		{"a\xff", "UTF-8"},
	} {
		_, err := tmpl.HTML(c.src, names())
		e, ok := errors.AsType[*tmpl.Error](err)
		if !ok || !strings.Contains(e.Error(), c.want) || e.Line < 1 || e.Column < 1 {
			t.Errorf("%q: %v", c.src, err)
		}
	}
	if _, err := tmpl.Line("a\nb", names()); err == nil {
		t.Error("a line of two lines")
	}
}

// TestBombsEnd holds what was measured to take Handlebars of others seconds, or the process. That each ends at once is
// held by the steps that are counted, not by a clock.
func TestBombsEnd(t *testing.T) {
	many := data()
	var list []map[string]any
	for i := range tmpl.MaxItems {
		list = append(list, map[string]any{"name": fmt.Sprint(i)})
	}
	many["documents"] = list
	big := data()
	big["flowName"] = strings.Repeat("x", 10*tmpl.MaxOutput)
	empty := data()
	empty["flowName"] = strings.Repeat("\u202e", tmpl.MaxOutput/10)
	long := data()
	long["documents"] = append(slices.Clip(list), list[0])
	each := func(n int, inside string) string {
		return strings.Repeat("{{#each documents}}", n) + inside + strings.Repeat("{{/each}}", n)
	}
	for _, c := range []struct {
		name, src string
		data      map[string]any
		read, ok  bool
	}{
		{"each in each", each(4, "{{name}}"), many, true, false},
		{"each in each of nothing", each(4, ""), many, true, false},
		{"each with a long text", each(1, strings.Repeat("x", 2000)), many, true, false},
		{"as deep as may be", each(tmpl.MaxDepth, ""), map[string]any{}, true, true},
		{"one deeper", each(tmpl.MaxDepth+1, ""), nil, false, false},
		{"elements as deep as may be", strings.Repeat("<div>", tmpl.MaxDepth) + strings.Repeat("</div>", tmpl.MaxDepth), nil, true, true},
		{"elements one deeper", strings.Repeat("<div>", tmpl.MaxDepth+1) + strings.Repeat("</div>", tmpl.MaxDepth+1), nil, false, false},
		{"ifs without end", strings.Repeat("{{#if signed}}", 4000), nil, false, false},
		{"as long as may be", strings.Repeat("x", tmpl.MaxSource), nil, true, true},
		{"one longer", strings.Repeat("x", tmpl.MaxSource+1), nil, false, false},
		{"a long name", "{{" + strings.Repeat("a", 60000) + "}}", nil, false, false},
		{"braces without end", strings.Repeat("{{!", 20000), nil, false, false},
		{"comments without end", strings.Repeat("<!--", 16000), nil, false, false},
		{"a name at the limit", "{{customer.Meta." + strings.Repeat("a", tmpl.MaxName-len("customer.Meta.")) + "}}", nil, true, true},
		{"a name over the limit", "{{customer.Meta." + strings.Repeat("a", tmpl.MaxName+1-len("customer.Meta.")) + "}}", nil, false, false},
		{"values everywhere", strings.Repeat("{{link}}", tmpl.MaxSource/8), map[string]any{"link": "x"}, true, true},
		{"a value of megabytes", "{{flowName}}", big, true, false},
		{"values of which nothing is left", strings.Repeat("{{flowName}}", 3), empty, true, true},
		{"too many of them", strings.Repeat("{{flowName}}", 4), empty, true, false},
		{"a list at the limit", each(1, "{{name}}"), many, true, true},
		{"a list over the limit", each(1, ""), long, true, false},
	} {
		tm, err := tmpl.HTML(c.src, names())
		if (err == nil) != c.read {
			t.Errorf("%s: read: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		_, err = tm.HTML(c.data)
		_, plain := tm.Plain(c.data)
		if (err == nil) != c.ok || (plain == nil) != c.ok {
			t.Errorf("%s: filled: %v, %v", c.name, err, plain)
		}
	}
}

// FuzzHTML holds that anything is read and filled within the limits, and that no value comes out as it went in.
func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		`<p title="{{flowName}}">{{customer.name}}</p>`, `<a href="https://a.example/{{customer.Meta.x}}">a</a>`, `<a href="{{link}}">b</a>`,
		`<table>{{#each documents}}<tr><td>{{name}}</td></tr>{{/each}}</table>`, `{{#if signed}}<br/>{{else}}&lt;{{/if}}<!-- x -->{{!-- --}}`,
		`<p style="color:red" class='a'>`, `<<p>`, `{{{`, `<a href='mailto:{{flowName}}'>`,
	} {
		f.Add(s)
	}
	const evil = "\"'><script>evil</script>\r\n{{link}}"
	values := map[string]any{
		"customer": map[string]any{"name": evil, "Meta": map[string]string{"x": evil}}, "flowName": evil, "link": link, "signed": true,
		"documents": []map[string]any{{"name": evil}, {"name": evil}},
	}
	f.Fuzz(func(t *testing.T, src string) {
		if line, err := tmpl.Line(src, names()); err == nil {
			if s, err := line.Line(values); err == nil && strings.ContainsAny(s, "\r\n\x00") {
				t.Errorf("a line of several: %q", s)
			}
		}
		tm, err := tmpl.HTML(src, names())
		if err != nil {
			return
		}
		html, err := tm.HTML(values)
		if err != nil {
			return
		}
		low := strings.ToLower(html)
		for _, bad := range []string{"<script", "<img", "<style", "<!", "\"'>", "href=\"javascript", "href=\"data"} {
			if strings.Contains(low, bad) {
				t.Errorf("%q became %q", src, html)
			}
		}
		if strings.Count(html, "<") != strings.Count(html, ">") {
			t.Errorf("tags of %q are not closed: %q", src, html)
		}
		_, err = tmpl.HTML(strings.ReplaceAll(html, "{", ""), names())
		if err != nil && !strings.Contains(err.Error(), "longer than") {
			t.Errorf("%q became %q, which is refused: %v", src, html, err)
		}
		if _, err := tm.Plain(values); err != nil {
			t.Errorf("%q is HTML and no plain text: %v", src, err)
		}
	})
}

func TestWhatATemplateBeginsWithAndShows(t *testing.T) {
	for src, want := range map[string]string{
		"Sign {{flowName}}": "Sign ", "{{flowName}} x": "", "{{! no }}a{{#if signed}}b{{/if}}": "a", "": "", "a": "a",
	} {
		tm, err := tmpl.Line(src, names())
		if err != nil {
			t.Fatal(err)
		}
		if got := tm.Begins(); got != want {
			t.Errorf("%s begins with %q", src, got)
		}
	}
	for src, want := range map[string]bool{
		"<p>{{flowName}}</p>": true, "{{FLOWNAME}}": true, "{{#if signed}}{{flowName}}{{/if}}": false, "{{customer.name}}": false,
		`<b title="{{flowName}}">x</b>`: false,
	} {
		tm, err := tmpl.HTML(src, names())
		if err != nil {
			t.Fatal(err)
		}
		if got := tm.Shows("flowName"); got != want {
			t.Errorf("%s shows it: %v", src, got)
		}
	}
}
