package innsigli

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestOriginsAreAsBrowsersWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"https://portal.example.com": "https://portal.example.com", " HTTPS://Portal.Example.com:443/ ": "https://portal.example.com",
		"https://a.is:8443": "https://a.is:8443", "http://localhost:3000": "http://localhost:3000", "http://127.0.0.1:80": "http://127.0.0.1",
		"http://[::1]:8080": "http://[::1]:8080", "https://xn--norurljs-42a7k.is": "https://xn--norurljs-42a7k.is",
		"http://portal.example.com": "", "*": "", "https://*.example.com": "", "https://": "", "portal.example.com": "", "https://a.is/path": "",
		"https://a.is?x": "", "https://a.is#x": "", "https://u@a.is": "", "javascript:alert(1)": "", "null": "", "https://a.is; script-src *": "",
		"https://a.is https://b.is": "", "https://norðurljós.is": "", "https://a..is": "", "https://.is": "", "https://a.is:": "", "https://a.is:99999999x": "", "https://a.is:65536": "", "https://a.is:0": "", "https://a.is:0443": "", "https://a.is:65535": "https://a.is:65535",
		"data:text/html,x": "", "https://a.is//": "", "https://'self'": "", "https://a.is\nX: y": "",
	} {
		var bad fieldErrors
		got := originsOf(&bad, []string{text})
		if string(got) != want || (bad.err() == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, bad.err())
		}
	}
	var bad fieldErrors
	got := originsOf(&bad, []string{"https://a.is", "https://B.is", "https://a.is/", "no"})
	if e, _ := errors.AsType[*Error](bad.err()); got != "https://a.is https://b.is" || e == nil || e.Fields[0].Field != "origins[3]" {
		t.Errorf("%q, %v", got, bad.err())
	}
}

func origins(t *testing.T) {
	t.Helper()
	list := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf("https://a%d.is", i)
		}
		return out
	}
	for n, ok := range map[int]bool{MaxOrigins: true, MaxOrigins + 1: false} {
		if _, err := (Company{Name: "x"}).with(CompanyRequest{Origins: new(list(n))}); (err == nil) != ok {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func originLength(t *testing.T) {
	t.Helper()
	for n, ok := range map[int]bool{MaxOriginLen: true, MaxOriginLen + 1: false} {
		if _, got := originOf("https://" + strings.Repeat("a", n-len("https://"))); got != ok {
			t.Errorf("%d characters: %v", n, got)
		}
	}
}
