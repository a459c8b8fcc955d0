package innsigli

import (
	"fmt"
	"strings"
	"testing"
)

func TestGoldenUpdateSignee(t *testing.T) {
	caller := testCaller()
	inSequence := sequenceOf(Started, signedIn(testAnnex, allOfBjorn))
	inOrder := factsOf(Started, bjorn(), anna())
	inOrder.Process.InOrder = true
	mail := UpdateSigneeRequest{Email: new("new@example.com")}
	for name, tc := range map[string]struct {
		f      Facts
		who    SigneeKey
		caller *Caller
		r      UpdateSigneeRequest
	}{
		"update_email":             {factsOf(Started, anna(), bjorn()), keyAnna, &caller, mail},
		"update_email_not_in_turn": {inOrder, keyAnna, &caller, mail},
		"update_email_sequence":    {inSequence, inSequence.Process.Signees[0].Key, &caller, mail},
		"update_address":           {factsOf(Started, anna()), keyAnna, nil, UpdateSigneeRequest{Address: new("Gata 2"), City: new("Akureyri")}},
		"update_letter_case":       {factsOf(Started, anna()), keyAnna, &caller, UpdateSigneeRequest{Email: new(strings.ToUpper(anna().Email))}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := service(t, &fakeStore{})
			tc.r.Signee = tc.who
			c, err := s.decideUpdateSignee(tc.f, tc.caller, tc.r)
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestWhoMayChangeWhatOfASignee(t *testing.T) {
	own, foreign := testCaller(), Caller{Company: Company{Key: "beef00000002"}}
	open := factsOf(Started, anna(), signed(bjorn()))
	s, _, _ := service(t, &fakeStore{})
	for name, tc := range map[string]struct {
		f      Facts
		caller *Caller
		r      UpdateSigneeRequest
		kind   Kind
		code   string
	}{
		"mail without credentials":         {open, nil, UpdateSigneeRequest{Signee: keyAnna, Email: new("x@y.is")}, Forbidden, "NotTheCompany"},
		"mail by another company":          {open, &foreign, UpdateSigneeRequest{Signee: keyAnna, Email: new("x@y.is")}, Forbidden, "NotTheCompany"},
		"reason without credentials":       {open, nil, UpdateSigneeRequest{Signee: keyAnna, Reason: new("x")}, Forbidden, "NotTheCompany"},
		"user without credentials":         {open, nil, UpdateSigneeRequest{Signee: keyAnna, User: new("x@y.is")}, Forbidden, "NotTheCompany"},
		"the same mail without":            {open, nil, UpdateSigneeRequest{Signee: keyAnna, Email: new(anna().Email)}, 0, ""},
		"no address":                       {open, &own, UpdateSigneeRequest{Signee: keyAnna, Email: new("x")}, Invalid, "Email"},
		"mail taken from an invited":       {open, &own, UpdateSigneeRequest{Signee: keyAnna, Email: new("")}, Invalid, "NotEmpty"},
		"city at the limit":                {open, nil, UpdateSigneeRequest{Signee: keyAnna, City: new(strings.Repeat("þ", MaxNameRunes))}, 0, ""},
		"city one over":                    {open, nil, UpdateSigneeRequest{Signee: keyAnna, City: new(strings.Repeat("þ", MaxNameRunes+1))}, Invalid, "Length"},
		"whoever has signed":               {open, &own, UpdateSigneeRequest{Signee: keyBjorn, City: new("x")}, Invalid, "AlreadySigned"},
		"whoever has signed, without news": {open, &own, UpdateSigneeRequest{Signee: keyBjorn}, 0, ""},
		"nobody of the process":            {open, &own, UpdateSigneeRequest{Signee: keyCilia, City: new("x")}, NotFound, "NotFound"},
		"canceled":                         {factsOf(Canceled, anna()), &own, UpdateSigneeRequest{Signee: keyAnna, City: new("x")}, NotActive, "ProcessNotActive"},
		"sealing":                          {factsOf(Sealing, signed(anna())), &own, UpdateSigneeRequest{Signee: keyAnna, City: new("x")}, NotActive, "ProcessNotActive"},
	} {
		c, err := s.decideUpdateSignee(tc.f, tc.caller, tc.r)
		if KindOf(err) != tc.kind || refusalCode(err) != tc.code {
			t.Errorf("%s: got %v, want %s", name, err, tc.code)
		}
		if err != nil && !c.Empty() {
			t.Errorf("%s: a refusal with a change:\n%s", name, c)
		}
	}
}

func TestMetaIsMergedUpToItsLimit(t *testing.T) {
	own := testCaller()
	f := factsOf(Started, anna())
	f.Process.Meta = map[string]string{"Order": "17"}
	rest := MaxMetaBytes - len("Order") - len("17") - len("big")
	for name, tc := range map[string]struct {
		caller *Caller
		meta   map[string]string
		kind   Kind
		want   string
	}{
		"a new name":                {nil, map[string]string{"Note": "já"}, 0, "map[Note:já Order:17]"},
		"the same again":            {nil, map[string]string{"Order": "17"}, 0, "map[]"},
		"changed without":           {nil, map[string]string{"Order": "18"}, Forbidden, "map[]"},
		"changed with":              {&own, map[string]string{"Order": "18"}, 0, "map[Order:18]"},
		"other letter case is else": {nil, map[string]string{"order": "18"}, 0, "map[Order:17 order:18]"},
		"one over the limit":        {&own, map[string]string{"big": strings.Repeat("x", rest+1)}, Invalid, "map[]"},
		"NUL":                       {&own, map[string]string{"x": "\x00"}, Invalid, "map[]"},
	} {
		c, err := decideUpdateMeta(f, tc.caller, UpdateMetaRequest{Signee: keyAnna, Meta: tc.meta})
		if KindOf(err) != tc.kind || fmt.Sprint(c.Meta) != tc.want {
			t.Errorf("%s: %v, %v", name, err, c.Meta)
		}
	}
	if _, err := decideUpdateMeta(f, &own, UpdateMetaRequest{Signee: keyAnna, Meta: map[string]string{"big": strings.Repeat("x", rest)}}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if len(f.Process.Meta) != 1 {
		t.Errorf("the facts were changed: %v", f.Process.Meta)
	}
	for _, st := range []State{Sealing, Completed, Canceled, Expired, Declined} {
		if _, err := decideUpdateMeta(factsOf(st, anna()), &own, UpdateMetaRequest{Signee: keyAnna, Meta: map[string]string{"a": "b"}}); KindOf(err) != NotActive {
			t.Errorf("%s: %v", st, err)
		}
	}
}
