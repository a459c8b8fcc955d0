package paper

import (
	"strings"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

// The outcomes that an evidence can have.
const (
	completed = "completed"
	canceled  = "canceled"
	expired   = "expired"
)

// wording says things in the language of the evidence and in English, so that a foreign court can read the page too.
type wording struct {
	native, english *lang.Catalog
	outcome         string
}

func newWording(e innsigli.Evidence) wording {
	return wording{native: lang.For(e.Language.Tag()), english: lang.For(lang.English), outcome: e.Outcome}
}

// pair gives a text in both languages; english is "" when that would say the same again.
func (w wording) pair(key string, args ...any) (native, english string) {
	key = "evidence." + key
	native, english = w.native.T(key, args...), w.english.T(key, args...)
	if native == english {
		english = ""
	}
	return native, english
}

// both gives a text in both languages on one line: "Skjal / Document".
func (w wording) both(key string, args ...any) string {
	return joined(w.pair(key, args...))
}

// counted is both for a number of things.
func (w wording) counted(key string, n int) string {
	native, english := w.native.N("evidence."+key, n), w.english.N("evidence."+key, n)
	if native == english {
		english = ""
	}
	return joined(native, english)
}

func joined(native, english string) string {
	if english == "" {
		return native
	}
	return native + " / " + english
}

// known is both for a key that the catalogue may lack: a kind of event that is newer than the texts is shown as it is.
func (w wording) known(key, otherwise string) string {
	if w.english.T("evidence."+key) == "evidence."+key {
		return otherwise
	}
	return w.both(key)
}

// happened says what an event was: in words for its detail where there are such, else with the detail as it is.
func (w wording) happened(e innsigli.EvidenceEvent) string {
	if sent, event, code, ok := (innsigli.LogEntry{Kind: e.Kind, Detail: e.Detail}).Receipt(); ok {
		return dotted(w.known("event."+string(sent), "SMS"), w.known("receipt."+string(event), string(event)), code)
	}
	what := w.known("event."+string(e.Kind), string(e.Kind))
	if e.Detail == "" {
		return what
	}
	return w.known("event."+string(e.Kind)+"."+e.Detail, what+" · "+e.Detail)
}

// ended is the key of a text that differs by outcome: "title", "title.canceled", "title.expired".
func (w wording) ended(key string) string {
	if w.outcome == completed {
		return key
	}
	return key + "." + w.verdict()
}

// verdict is the outcome as a key. An outcome that is not known must never read as if everyone had signed.
func (w wording) verdict() string {
	switch w.outcome {
	case completed, expired:
		return w.outcome
	}
	return canceled
}

// stamp writes a time the same way in every language, to the second (ISO 8601 with a blank for the T): a date in words
// would have to be written twice.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

func stampOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stamp(*t)
}

// via says which way a message went, and to where.
func (w wording) via(way, to string) string {
	key := "code.via." + way
	if to == "" || w.english.T("evidence."+key) == "evidence."+key {
		return strings.TrimSpace(to + " " + way)
	}
	return w.both(key, "to", to)
}
