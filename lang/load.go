package lang

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/cs"
	"github.com/go-playground/locales/da"
	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/hu"
	"github.com/go-playground/locales/is"
	"github.com/go-playground/locales/nb"
	"github.com/go-playground/locales/pl"
	"github.com/go-playground/locales/sv"
)

//go:embed catalog
var files embed.FS

// catalogs is every language that there is.
type catalogs struct {
	byTag map[string]*Catalog
	tags  []string
}

// all loads what is embedded, at first use. What is embedded is part of the program and held together by the tests, so
// a fault in it is not an answer to anybody.
var all = sync.OnceValue(func() catalogs {
	c, err := load(files, "catalog")
	if err != nil {
		panic("lang: internal error: " + err.Error())
	}
	return c
})

// locale gives the CLDR data of a language: the eleven of the public API (facts/wire.md 1.3). English dates have the day
// first, which nobody takes for the month. nil for another language.
func locale(tag string) locales.Translator {
	switch tag {
	case "cs":
		return cs.New()
	case "da":
		return da.New()
	case "de":
		return de.New()
	case English:
		return en_GB.New()
	case "es":
		return es.New()
	case "fr":
		return fr.New()
	case "hu":
		return hu.New()
	case "is":
		return is.New()
	case "nb":
		return nb.New()
	case "pl":
		return pl.New()
	case "sv":
		return sv.New()
	}
	return nil
}

// load reads the folders of root, one a language.
func load(fsys fs.FS, root string) (catalogs, error) {
	out := catalogs{byTag: map[string]*Catalog{}}
	dirs, err := fs.ReadDir(fsys, root)
	if err != nil {
		return out, fmt.Errorf("list languages: %w", err)
	}
	for _, d := range dirs {
		tag := d.Name()
		c := &Catalog{tag: tag, locale: locale(tag), messages: map[string]message{}}
		if c.locale == nil {
			return out, fmt.Errorf("language %q: no locale", tag)
		}
		if err := c.load(fsys, path.Join(root, tag)); err != nil {
			return out, fmt.Errorf("language %q: %w", tag, err)
		}
		out.byTag[tag] = c
		out.tags = append(out.tags, tag)
	}
	english, ok := out.byTag[English]
	if !ok {
		return out, fmt.Errorf("language %q: missing", English)
	}
	for _, c := range out.byTag {
		if c != english {
			c.fallback = english
		}
	}
	return out, nil
}

// load reads the JSON files of one language.
func (c *Catalog) load(fsys fs.FS, dir string) error {
	names, err := fs.Glob(fsys, path.Join(dir, "*.json"))
	if err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("read catalogue: %w", err)
		}
		if err := c.add(strings.TrimSuffix(path.Base(name), ".json"), b); err != nil {
			return err
		}
	}
	return nil
}

// add takes a JSON value under a key: a text, the plural forms of one, or an object of further entries.
func (c *Catalog) add(key string, raw json.RawMessage) error {
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		return c.put(key, locales.PluralRuleOther, text, false)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return fmt.Errorf("entry %s: %w", key, err)
	}
	for name, v := range members {
		rule := pluralRule(name)
		if rule == locales.PluralRuleUnknown {
			if err := c.add(key+"."+name, v); err != nil {
				return err
			}
			continue
		}
		if err := json.Unmarshal(v, &text); err != nil {
			return fmt.Errorf("entry %s, form %s: %w", key, name, err)
		}
		if err := c.put(key, rule, text, true); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) put(key string, rule locales.PluralRule, text string, counted bool) error {
	pieces, err := parse(text)
	if err != nil {
		return fmt.Errorf("entry %s: %w", key, err)
	}
	m, ok := c.messages[key]
	if !ok {
		m = message{forms: map[locales.PluralRule][]Piece{}}
	}
	m.counted = counted
	m.forms[rule] = pieces
	c.messages[key] = m
	return nil
}

// pluralRule reads CLDR's name of a plural form.
func pluralRule(name string) locales.PluralRule {
	switch name {
	case "zero":
		return locales.PluralRuleZero
	case "one":
		return locales.PluralRuleOne
	case "two":
		return locales.PluralRuleTwo
	case "few":
		return locales.PluralRuleFew
	case "many":
		return locales.PluralRuleMany
	case "other":
		return locales.PluralRuleOther
	}
	return locales.PluralRuleUnknown
}

// parse takes a text apart at its places.
func parse(text string) ([]Piece, error) {
	var out []Piece
	for text != "" {
		words, rest, found := strings.Cut(text, "{")
		if words != "" {
			out = append(out, Piece{Text: words})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.ContainsAny(name, "{ ") {
			return nil, fmt.Errorf("place {%s is not closed or has no name", name)
		}
		out = append(out, Piece{Name: name})
		text = after
	}
	return out, nil
}
