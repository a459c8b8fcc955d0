package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli/api"
	"github.com/innsigli/innsigli/page"
)

// forPeople are the pages: what a browser shows, and nothing that a program would ask for.
var forPeople = regexp.MustCompile(`^(/|/assets/.*|/brand/.*|` + page.EmbedPath + `|/s/.*|/unsubscribe/.*|/verify|` + page.OutboxPrefix + `.*|` + api.BrowsePath + `.*|/metrics)$`)

// TestEveryRouteIsInTheDocument walks what the server really serves.
func TestEveryRouteIsInTheDocument(t *testing.T) {
	_, s := newLocal(t, "sqlite", seams{})
	r, a, err := s.router(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]any
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile(`\{\w+\}|\*`)
	has := map[string]bool{}
	for path, item := range doc.Paths {
		for method := range item {
			has[strings.ToUpper(method)+" "+part.ReplaceAllString(path, "*")] = true
		}
	}
	served := 0
	err = chi.Walk(r, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if forPeople.MatchString(pattern) {
			return nil
		}
		served++
		at := method + " " + part.ReplaceAllString(pattern, "*")
		if !has[at] {
			t.Errorf("%s %s is served and not in /openapi.json. A route is one line of API.Table in api/routes.go: own(...) or "+
				"open(...) with methods and pattern, handler, tag, operation id, a sentence, takes[T](), gives[T](), asks(...) for names "+
				"in the query. What another package serves is described in described (cmd/innsigli/http.go); a page for people "+
				"goes into forPeople here", method, pattern)
		}
		delete(has, at)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if served < 20 {
		t.Errorf("only %d routes are served", served)
	}
	for at := range has {
		t.Errorf("%s is in /openapi.json and not served", at)
	}
}
