package innsigli

import (
	"strings"
	"testing"
)

// TestEnumsAreReadByNameInAnyLetterCaseAndByNumber: facts/wire.md 1.3, design/decisions.md 3.
func TestEnumsAreReadByNameInAnyLetterCaseAndByNumber(t *testing.T) {
	type names map[string]string // what is given: the canonical name, "" when refused
	cases := map[string]struct {
		parse func(string) (string, bool)
		want  names
	}{
		"delivery": {text(ParseDelivery), names{
			"None": "None", "none": "None", "0": "None", "SMS": "Sms", "1": "Sms", "eMail": "Email", "2": "Email",
			"": "", "3": "", "-1": "", "fax": "", "Sms.": "", "02": "",
		}},
		"signature type": {text(ParseSignatureType), names{
			"qualified": "Qualified", "0": "Qualified", "SIMPLE": "Simple", "1": "Simple", "": "", "2": "", "Advanced": "",
		}},
		"location": {text(ParseLocation), names{
			"topfirstpage": "TopFirstPage", "0": "TopFirstPage", "BottomLastPage": "BottomLastPage", "1": "BottomLastPage", "": "", "2": "",
		}},
		"language": {text(ParseLanguage), names{
			"NotSet": "NotSet", "0": "NotSet", "is": "Is", "10": "Is", "EN": "En", "21": "En", "nb": "Nb", "30": "Nb", "40": "Da",
			"50": "De", "60": "Fr", "70": "Sv", "80": "Cs", "90": "Pl", "100": "Es", "110": "Hu", "": "", "1": "", "en-us": "", "111": "",
		}},
	}
	for name, tc := range cases {
		for given, want := range tc.want {
			if got, ok := tc.parse(given); ok != (want != "") || ok && got != want {
				t.Errorf("%s %q: got %q, %v; want %q", name, given, got, ok, want)
			}
		}
	}
}

func text[T interface{ String() string }](parse func(string) (T, bool)) func(string) (string, bool) {
	return func(s string) (string, bool) {
		v, ok := parse(s)
		return v.String(), ok
	}
}

func TestLanguagesHaveTags(t *testing.T) {
	for l, name := range languageNames {
		want := strings.ToLower(name)
		if l == LangNotSet {
			want = ""
		}
		if l.Tag() != want {
			t.Errorf("%s: tag %q", name, l.Tag())
		}
		if back, ok := ParseLanguage(l.String()); !ok || back != l {
			t.Errorf("%s is read as %s", name, back)
		}
	}
	if got := Language(7); got.String() != "" || got.Tag() != "" {
		t.Errorf("unknown language: %q %q", got, got.Tag())
	}
}

func TestEventTypesSayWhetherTheyAreBuilt(t *testing.T) {
	for given, want := range map[string]struct {
		e         EventType
		built, ok bool
	}{
		"Created":        {EventCreated, true, true},
		"created":        {EventCreated, true, true},
		"11":             {EventCreated, true, true},
		"AllSigned":      {EventAllSigned, true, true},
		"2":              {EventAllSigned, true, true},
		"Canceled":       {EventCanceled, true, true},
		"5":              {EventCanceled, true, true},
		"SignedDocument": {EventSignedDocument, true, true},
		"NotSet":         {EventAny, true, true},
		"0":              {EventAny, true, true},
		"Expired":        {EventExpired, true, true},
		"10":             {EventCompleted, true, true},
		"Reminder":       {7, true, true},
		"":               {0, false, false},
		"12":             {0, false, false},
		"-1":             {0, false, false},
		"Deleted":        {0, false, false},
	} {
		e, built, ok := ParseEventType(given)
		if ok != want.ok || ok && (e != want.e || built != want.built) {
			t.Errorf("%q: got %d, built %v, ok %v", given, e, built, ok)
		}
	}
	for e, name := range eventNames {
		if knownEvents[e] != name {
			t.Errorf("%d is called %q here and %q in the public API", e, name, knownEvents[e])
		}
	}
}
