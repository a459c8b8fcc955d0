package innsigli

import (
	"slices"
	"strings"
)

// barred are calling codes that no person's phone has, and that messages are pumped to for the sake of what they cost:
// premium rate, shared cost, freephone, satellite and other networks of no country (ITU-T, List of assigned country codes).
var barred = []string{"+800", "+808", "+870", "+878", "+881", "+882", "+883", "+888", "+979"}

// Numbers says which phone numbers a server sends SMS to and calls.
type Numbers struct {
	// Allow are the beginnings of numbers that may be reached, as "+354"; none: all but those of no country.
	Allow []string
}

// Reaches says whether a number may be reached. One without a country is the gateway's own country's.
func (n Numbers) Reaches(phone string) bool {
	if rest, ok := strings.CutPrefix(phone, "00"); ok {
		phone = "+" + rest
	}
	begins := func(p string) bool { return strings.HasPrefix(phone, p) }
	if !strings.HasPrefix(phone, "+") {
		return true
	}
	return !slices.ContainsFunc(barred, begins) && (len(n.Allow) == 0 || slices.ContainsFunc(n.Allow, begins))
}

// Limits on SMS and calls within an hour, against those who have them sent for the sake of what they cost. Farewells (a
// cancel, an expiry) are neither counted nor held back.
const (
	MaxTextsOfNumber  = 30
	MaxTextsOfProcess = 300
	TextsOfCompany    = 2000 // unless the setting sms-hour says otherwise
)

// Text is an SMS or a call that is about to be handed over, to be counted.
type Text struct {
	UID     string // the same on every attempt, which counts once
	Company CompanyKey
	Process ProcessKey
	Number  string // a keyed hash of the number
	Limit   int    // of the company
}
