package xades_test

import (
	"crypto/elliptic"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/xades"
)

func codeOf(t *testing.T, in string) string {
	t.Helper()
	_, err := xades.Parse([]byte(in))
	if err == nil {
		return ""
	}
	r, ok := errors.AsType[*xades.Refusal](err)
	if !ok || !slices.Contains(xades.Codes(), r.Code) || r.Reason == "" {
		t.Fatalf("no refusal with a reason: %v", err)
	}
	return r.Code
}

func TestWhatIsRefused(t *testing.T) {
	const ds = `xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`
	for in, want := range map[string]string{
		"":                             xades.Malformed,
		"text":                         xades.Malformed,
		"<a>":                          xades.Malformed,
		"<a></b>":                      xades.Malformed,
		"<a/>x":                        xades.Malformed,
		"<a/><b/>":                     xades.Malformed,
		"x<a/>":                        xades.Malformed,
		"</a>":                         xades.Malformed,
		"<a b='<'/>":                   xades.Malformed,
		"<a b=1/>":                     xades.Malformed,
		"<a b='' b=''/>":               xades.Malformed,
		"<a>&#0;</a>":                  xades.Malformed,
		"<a>\x00</a>":                  xades.Malformed,
		"<a>\xff</a>":                  xades.Malformed,
		"<a>&nbsp;</a>":                xades.Malformed,
		"<a>]]></a>":                   xades.Malformed,
		"<a><!-- \x01 --></a>":         xades.Malformed,
		"<a><!-- -- --></a>":           xades.Malformed,
		"<a><?xml version='1.0'?></a>": xades.Malformed,
		" <?xml version='1.0'?><a/>":   xades.Malformed,
		"<?xml version='1.1'?><a/>":    xades.Malformed,
		`<a xmlns:b="urn:b" xmlns:c="urn:b" b:d="" c:d=""/>`:                     xades.Malformed,
		`<a xmlns:b="urn:b" xmlns:b="urn:c"/>`:                                   xades.Malformed,
		`<x:a xmlns:x="urn:b"></y:a>`:                                            xades.Malformed,
		`<x:a xmlns:x="urn:b" xmlns:y="urn:b"></y:a>`:                            xades.Malformed,
		"<?xml version='1.0' encoding='EBCDIC'?><a/>":                            xades.Encoding,
		"<?xml version='1.0' encoding='UTF-16'?><a/>":                            xades.Encoding,
		"\xff\xfe<\x00a\x00/\x00>\x00":                                           xades.Encoding,
		"\ufeff<?xml version='1.0' encoding='latin1'?><a/>":                      xades.Encoding,
		"<!DOCTYPE a><a/>":                                                       xades.Doctype,
		`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`:                               xades.Doctype,
		`<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`:                           xades.Doctype,
		`<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="b"/></a>`: xades.XInclude,
		"<b:a/>":                   xades.Namespace,
		"<a b:c=''/>":              xades.Namespace,
		"<a:b:c xmlns:a='urn:a'/>": xades.Malformed,
		"<:a/>":                    xades.Namespace,
		"<b:1 xmlns:b='urn:b'/>":   xades.Namespace,
		"<a xmlns:b=''/>":          xades.Namespace,
		"<a xmlns='b'/>":           xades.Namespace,
		"<a xmlns:xml='urn:a'/>":   xades.Namespace,
		"<a xmlns:xmlns='urn:a'/>": xades.Namespace,
		"<a xmlns='http://www.w3.org/2000/xmlns/'/>": xades.Namespace,
		"<?a:b c?><a/>":                                           xades.Namespace,
		`<a Id="1"><b Id="1"/></a>`:                               xades.DuplicateID,
		`<a Id="1"><b ID="1"/></a>`:                               xades.DuplicateID,
		`<a xml:id="1"><b xml:id="1"/></a>`:                       xades.DuplicateID,
		`<a><ds:Signature ` + ds + `/></a>`:                       xades.Signed,
		`<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`: xades.Signed,
	} {
		if got := codeOf(t, in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	many := func(n int) string { return "<a>" + strings.Repeat("<a/>", n-1) + "</a>" }
	long := func(n int) string { return "<a>" + strings.Repeat("x", n-7) + "</a>" }
	for _, c := range []struct {
		make func(int) string
		most int
		code string
	}{{deep, xades.MaxDepth, xades.TooComplex}, {many, xades.MaxNodes, xades.TooComplex}, {long, xades.MaxBytes, xades.TooLarge}} {
		if got := codeOf(t, c.make(c.most)); got != "" {
			t.Errorf("at the limit %d: %s", c.most, got)
		}
		if got := codeOf(t, c.make(c.most+1)); got != c.code {
			t.Errorf("over the limit %d: %q", c.most, got)
		}
	}
	s, _ := alone(t, ecKey(t, elliptic.P256()))
	sealed(t, deep(xades.MaxDepth), s, cms.Services{}, cms.BB)
}

// TestASealedDocumentIsNotSealedAgain: the second seal would break the first.
func TestASealedDocumentIsNotSealedAgain(t *testing.T) {
	s, _ := alone(t, ecKey(t, elliptic.P256()))
	if got := codeOf(t, string(sealed(t, `<a/>`, s, cms.Services{}, cms.BB))); got != xades.Signed {
		t.Error(got)
	}
}

// FuzzParse reads anything. What is read must be sealed, and SignTo reads it back itself.
func FuzzParse(f *testing.F) {
	for _, in := range documents {
		f.Add([]byte(in))
	}
	s, _ := alone(f, ecKey(f, elliptic.P256()))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := xades.Parse(b)
		if err != nil {
			if _, ok := errors.AsType[*xades.Refusal](err); !ok {
				t.Fatalf("no refusal: %v", err)
			}
			return
		}
		if _, _, err := xades.SignTo(t.Context(), d, s, now, cms.Services{}, cms.BB); err != nil {
			t.Fatal(err)
		}
	})
}
