package notify_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// harm is what an asker may try with a name: markup, a new header, a turned direction, a second code, places of ours.
const harm = "<script>alert(1)</script><img src=x onerror=a> \"'&amp; \u202egnp.exe\u2066 {owner} %s\r\nBcc: eve@evil.example\r\n\r\n@evil.example #999999"

func TestNamesCannotDoHarmInAnyMessage(t *testing.T) {
	for _, sc := range scenes {
		t.Run(sc.name, func(t *testing.T) {
			w := newWorld(t, innsiglitest.SMTPOptions{})
			if sc.state.Active() {
				w.facts.Process.State = sc.state
			} else {
				w.ended(sc.state, harm)
			}
			w.facts.Company.Name, w.facts.Process.FileName = harm, harm
			for i := range w.facts.Process.Signees {
				w.facts.Process.Signees[i].Name = harm
			}
			j := job(sc.kind, sc.who, sc.to, innsigli.LangEn)
			j.Ref = sc.ref
			if _, _, err := w.run(t, j); err != nil {
				t.Fatal(err)
			}
			m := w.smtp.Wait(t, 1)[0]
			if m.Header.Get("Bcc") != "" || m.Header.Get("From") != "<noreply@sign.example>" || m.To != sc.to {
				t.Errorf("header is %v", m.Header)
			}
			for what, s := range map[string]string{"subject": m.Subject, "text": m.Text, "HTML": m.HTML} {
				if strings.ContainsAny(s, "\u202e\u2066\r") {
					t.Errorf("the %s turns its direction or its lines", what)
				}
			}
			if strings.HasPrefix(m.Subject, "<") || strings.Contains(m.Subject, "\n") {
				t.Errorf("subject is %q", m.Subject)
			}
			if strings.Contains(m.Text, "\nBcc") || strings.Contains(m.Text, "\n@evil") {
				t.Errorf("a name broke its line:\n%s", m.Text)
			}
			onlyOurs(t, m.HTML)
			for _, f := range m.Files {
				if strings.ContainsAny(f.Name, "/\\<>:\"|?*\n") {
					t.Errorf("file name is %q", f.Name)
				}
			}
		})
	}
}

// elements are those of the layout.
var elements = strings.Fields("html head meta title style body table tr td p span h1 a bdi br")

// onlyOurs reads a page as a browser splits it into elements and fails on any that the layout does not have, and on
// anything that would be fetched.
func onlyOurs(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains(elements, e.Name.Local) {
			t.Errorf("element %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "src" || strings.Contains(a.Value, "url(") {
				t.Errorf("attribute %s=%q", a.Name.Local, a.Value)
			}
			if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "https://sign.example:8443/") && !strings.HasPrefix(a.Value, "mailto:anna@nordurljos.example") {
				t.Errorf("a link to %s", a.Value)
			}
		}
	}
	if regexp.MustCompile(`(?i)@import|url\(|<link`).MatchString(page) {
		t.Error("the page fetches something")
	}
}

func TestNamesCannotDoHarmInAnSms(t *testing.T) {
	for kind, right := range states {
		if !strings.HasPrefix(string(kind), "sms.") {
			continue
		}
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.facts.Process.State, w.facts.Process.EndedAt = right[0], noon
		w.facts.Company.Name, w.facts.Process.FileName = harm, harm
		w.facts.Process.Signees[1].CustomSms = harm
		if _, _, err := w.run(t, job(kind, bjorn, "+3546661234", innsigli.LangEn)); err != nil {
			t.Fatal(err)
		}
		x := w.gateway.Wait(t, 1)[0]
		for line := range strings.SplitSeq(x.Text, "\n") {
			if strings.HasPrefix(line, "@") && line != "@sign.example #024680" {
				t.Errorf("%s: line %q binds a code to somebody else", kind, line)
			}
		}
		if strings.ContainsAny(x.Text, "\u202e\u2066\r") {
			t.Errorf("%s: text is %q", kind, x.Text)
		}
	}
}
