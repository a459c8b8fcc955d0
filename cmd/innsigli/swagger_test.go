package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestSwaggerUI opens the document in a browser, whose console must be silent: nothing of the page is kept from loading by
// its own policy, and nothing is loaded from elsewhere.
func TestSwaggerUI(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{})
	b := newChromium(t)
	b.open(r.url + "/swagger-ui/")
	b.until(`document.querySelectorAll(".opblock").length > 20`)
	if title := eval[string](b, `document.querySelector("h1, h2").innerText`); !strings.Contains(title, "Innsigli") {
		t.Errorf("title: %q", title)
	}
	if others := eval[int](b, `performance.getEntriesByType("resource").filter((e) => !e.name.startsWith(location.origin) && !e.name.startsWith("data:")).length`); others != 0 {
		t.Errorf("%d files come from elsewhere", others)
	}
	b.snap("swagger")
}

// TestSwaggerUIFiles asks for its files as a program that takes nothing compressed.
func TestSwaggerUIFiles(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{})
	for path, kind := range map[string]string{
		"/swagger-ui": "text/html", "/api/Swagger-UI/index.html": "text/html", "/swagger-ui/swagger-ui.css": "text/css",
		"/swagger-ui/swagger-ui-bundle.js": "text/javascript", "/swagger-ui/favicon-32x32.png": "image/png",
	} {
		req, _ := http.NewRequest(http.MethodGet, r.url+path, nil)
		req.Header.Set("Accept-Encoding", "identity")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		csp := resp.Header.Get("Content-Security-Policy")
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), kind) || resp.Header.Get("Content-Encoding") != "" ||
			!strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
	for _, path := range []string{"/swagger-ui/none.js", "/swagger-ui/..%2fgo.mod", "/swagger-ui/embed.go"} {
		if a := r.ask("GET", path, "", nil); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}
