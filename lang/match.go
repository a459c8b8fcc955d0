package lang

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// English is the language of last resort.
const English = "en"

// For gives the catalogue of a language tag in any letter case; regions are passed over ("en-us" is English, "nb-NO"
// Norwegian). A language without a catalogue gives English.
func For(tag string) *Catalog {
	if c := supported(tag); c != nil {
		return c
	}
	return all().byTag[English]
}

// Tags lists the languages that there are, sorted.
func Tags() []string { return slices.Clone(all().tags) }

// Match chooses the language of an answer: the first of the preferred tags that there is, else the best of an
// Accept-Language header (RFC 9110 12.5.4), else English.
func Match(acceptLanguage string, preferred ...string) *Catalog {
	for _, tag := range preferred {
		if c := supported(tag); c != nil {
			return c
		}
	}
	for _, tag := range accepted(acceptLanguage) {
		if c := supported(tag); c != nil {
			return c
		}
	}
	return For(English)
}

// supported gives the catalogue of a tag, nil when there is none.
func supported(tag string) *Catalog {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	switch base {
	case "no", "nn": // what Norwegian browsers send besides nb
		base = "nb"
	}
	return all().byTag[base]
}

// maxAccepted bounds how many ranges of a header are looked at; browsers send a handful.
const maxAccepted = 20

// accepted lists the tags of an Accept-Language header, best first. What cannot be read is passed over: a header is no
// reason to refuse anybody.
func accepted(header string) []string {
	type choice struct {
		tag string
		q   float64
	}
	var list []choice
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(part, ";")
		tag, q := strings.TrimSpace(tag), 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				continue
			}
			q = f
		}
		if tag == "" || tag == "*" || !(q > 0 && q <= 1) {
			continue
		}
		if list = append(list, choice{tag, q}); len(list) == maxAccepted {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b choice) int { return cmp.Compare(b.q, a.q) })
	tags := make([]string, len(list))
	for i, c := range list {
		tags[i] = c.tag
	}
	return tags
}
