package innsigli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPersonsAreToldOnceEach(t *testing.T) {
	mail := func(k SigneeKey, address string) Signee { return Signee{Key: k, Email: address} }
	for name, tc := range map[string]struct {
		signees []Signee
		want    []string
	}{
		"nobody":                 {nil, nil},
		"two people":             {[]Signee{mail("si1", "a@x.is"), mail("si2", "b@x.is")}, []string{"si1 a@x.is", "si2 b@x.is"}},
		"same address":           {[]Signee{mail("si1", "a@x.is"), mail("si2", "a@x.is")}, []string{"si1 a@x.is"}},
		"other letter case":      {[]Signee{mail("si1", "Anna@X.is"), mail("si2", "anna@x.IS")}, []string{"si1 Anna@X.is"}},
		"two addresses, one ssn": {[]Signee{{Key: "si1", Email: "a@x.is", Ssn: "1"}, {Key: "si2", Email: "a@y.is", Ssn: "1"}}, []string{"si1 a@x.is", "si2 a@y.is"}},
		"phone only":             {[]Signee{{Key: "si1", Phone: "+3541"}}, []string{"si1 +3541"}},
		"mail before phone":      {[]Signee{{Key: "si1", Phone: "+3541", Email: "a@x.is"}}, []string{"si1 a@x.is"}},
		"one phone, two signees": {[]Signee{{Key: "si1", Phone: "+3541"}, {Key: "si2", Phone: "+3541"}}, []string{"si1 +3541"}},
		"two phones":             {[]Signee{{Key: "si1", Phone: "+3541"}, {Key: "si2", Phone: "+3542"}}, []string{"si1 +3541", "si2 +3542"}},
		"phone of someone with an e-mail": {
			[]Signee{{Key: "si1", Phone: "+3541"}, {Key: "si2", Phone: "+3541", Email: "a@x.is"}}, []string{"si2 a@x.is"},
		},
		"ssn of someone with an e-mail": {
			[]Signee{{Key: "si1", Phone: "+3541", Ssn: "1"}, {Key: "si2", Email: "a@x.is", Ssn: "1"}}, []string{"si2 a@x.is"},
		},
		"shared phone, two ssn": {
			[]Signee{{Key: "si1", Phone: "+3541", Ssn: "1"}, {Key: "si2", Phone: "+3541", Ssn: "2", Email: "a@x.is"}},
			[]string{"si2 a@x.is", "si1 +3541"},
		},
		"no ssn is no ssn in common":    {[]Signee{{Key: "si1", Phone: "+3541"}, mail("si2", "a@x.is")}, []string{"si2 a@x.is", "si1 +3541"}},
		"unreachable":                   {[]Signee{{Key: "si1"}}, []string{"si1 "}},
		"two unreachable":               {[]Signee{{Key: "si1"}, {Key: "si2"}}, []string{"si1 ", "si2 "}},
		"unreachable beside others":     {[]Signee{{Key: "si1"}, mail("si2", "a@x.is")}, []string{"si2 a@x.is", "si1 "}},
		"unreachable, ssn of a reached": {[]Signee{{Key: "si1", Ssn: "1"}, {Key: "si2", Email: "a@x.is", Ssn: "1"}}, []string{"si2 a@x.is"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, who := range persons(tc.signees, Company{}) {
				if who.email != "" && who.phone != "" {
					t.Errorf("%s is told twice", who.signee.Key)
				}
				got = append(got, string(who.signee.Key)+" "+who.email+who.phone)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("persons (-want +got):\n%s", d)
			}
		})
	}
}

func TestEveryUnreachableSigneeHasALineInTheLog(t *testing.T) {
	other := dora()
	other.Key = keyCilia
	c, err := decideCancel(factsOf(Started, dora(), other), testUser)
	if err != nil {
		t.Fatal(err)
	}
	if n := countLog(c, LogNotReachable); n != 2 {
		t.Errorf("%d lines, want one each:\n%s", n, c)
	}
}

func TestPersonsSpeakTheirLanguageElseTheCompanysElseEnglish(t *testing.T) {
	for name, tc := range map[string]struct{ signee, company, want Language }{
		"own":       {LangIs, LangDa, LangIs},
		"company's": {LangNotSet, LangDa, LangDa},
		"neither":   {LangNotSet, LangNotSet, LangEn},
	} {
		p := Process{Signees: []Signee{{Key: "si1", Email: "a@x.is", Language: tc.signee}, {Key: "si2", Phone: "+3541", Language: tc.signee}}}
		for _, who := range persons(p.Signees, Company{DefaultLanguage: tc.company}) {
			if who.language != tc.want {
				t.Errorf("%s: %s gets %s, want %s", name, who.signee.Key, who.language, tc.want)
			}
		}
	}
}

func TestLanesKeepOnePersonsMessagesInOrderAndNameNobody(t *testing.T) {
	a := lane(GroupKey(testProcess), Signee{Key: "si1", Email: "Anna@X.is"})
	if b := lane(GroupKey(testProcess), Signee{Key: "si2", Email: "anna@x.is", Phone: "+3541"}); a != b {
		t.Errorf("one address, two lanes: %s %s", a, b)
	}
	for name, b := range map[string]string{
		"other person":  lane(GroupKey(testProcess), Signee{Email: "b@x.is"}),
		"other process": lane("sp22", Signee{Email: "anna@x.is"}),
		"by phone":      lane(GroupKey(testProcess), Signee{Phone: "+3541"}),
	} {
		if a == b {
			t.Errorf("%s shares the lane", name)
		}
	}
	if strings.Contains(a, "anna") || strings.Contains(a, "@") {
		t.Errorf("lane %q names a person", a)
	}
}

func TestWebhooksGoToWhoRegisteredForTheEventOrForAll(t *testing.T) {
	f := withHooks(factsOf(Started), EventAny, EventCanceled, EventCreated, EventAllSigned, EventSignedDocument, EventExpired, EventCompleted)
	for event, want := range map[EventType][]string{
		EventCanceled: {"1", "2"}, EventCreated: {"1", "3"}, EventAllSigned: {"1", "4"}, EventSignedDocument: {"1", "5"},
		EventExpired: {"1", "6"}, EventCompleted: {"7"},
	} {
		var got []string
		lanes := map[string]bool{}
		for _, j := range webhookJobs(f, event) {
			if j.Kind != JobWebhook || j.Event != event || j.Lane == "" || lanes[j.Lane] {
				t.Errorf("%s: %+v", event, j)
			}
			lanes[j.Lane] = true
			got = append(got, j.Ref)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", event, d)
		}
	}
	if got := webhookJobs(factsOf(Started), EventCanceled); got != nil {
		t.Errorf("nobody registered: %v", got)
	}
}

func TestWebhooksOfOneProcessShareALaneAndOthersDoNotWait(t *testing.T) {
	f := withHooks(factsOf(Started), EventAny)
	created, canceled := webhookJobs(f, EventCreated)[0], webhookJobs(f, EventCanceled)[0]
	if created.Lane != canceled.Lane {
		t.Errorf("Canceled can overtake Created: %q %q", created.Lane, canceled.Lane)
	}
	f.Process.Key = "sp22"
	if other := webhookJobs(f, EventCreated)[0]; other.Lane == created.Lane {
		t.Error("a process waits for another's webhooks")
	}
}
