package innsigli

import (
	"errors"
	"strings"
	"testing"
)

func TestTestNumbersAreNobodys(t *testing.T) {
	for phone, want := range map[string]bool{
		"+11111111111": true, "+1 777 777 7777": true, " +1-999-999-9999": true,
		"+10000000000": false, "+1111111111": false, "+111111111111": false, "11111111111": false, "+21111111111": false,
		"+12222222223": false, "+3545551886": false, "": false, "+": false,
	} {
		if got := TestNumber(phone); got != want {
			t.Errorf("%q: %v", phone, got)
		}
	}
}

// TestATestSigneesNumberSaysHowItEnds: in dev mode, whatever is entered. Without it nobody has a code for the challenge.
func TestATestSigneesNumberSaysHowItEnds(t *testing.T) {
	for _, dev := range []bool{true, false} {
		for digit, want := range map[string]error{
			"1": nil, "2": nil, "3": nil, "4": nil, "5": nil, "6": nil, "7": errNoCode, "8": errWrongCode, "9": errLateCode,
		} {
			who := anna()
			who.Phone = "+1" + strings.Repeat(digit, 10)
			f := factsToSign(Started, keyAnna, who)
			f.Challenge.Via = ByTest
			s, _, _ := service(t, signStore(&f, true))
			s.Ways.Test = dev
			if !dev {
				want = errWrongCode
			}
			if _, err := s.Sign(t.Context(), testToken, "31", Act{}); !errors.Is(err, want) {
				t.Errorf("dev %v, %s: %v, want %v", dev, who.Phone, err, want)
			}
			if f.Process.Signees[0].Signed() != (want == nil) {
				t.Errorf("dev %v, %s: signed %v", dev, who.Phone, f.Process.Signees[0].Signed())
			}
		}
	}
	for code, phone := range map[string]string{"": "+11111111111", "12a": "+11111111111", "123": anna().Phone} {
		who := anna()
		who.Phone = phone // the last was changed since
		f := factsToSign(Started, keyAnna, who)
		f.Challenge.Via = ByTest
		s, _, _ := service(t, signStore(&f, true))
		s.Ways.Test = true
		if _, err := s.Sign(t.Context(), testToken, code, Act{}); !errors.Is(err, errWrongCode) {
			t.Errorf("%q for %s: %v", code, phone, err)
		}
	}
}

func TestNothingIsSentToATestSignee(t *testing.T) {
	who := anna()
	who.Phone = "+11111111111"
	for _, dev := range []bool{true, false} {
		c, err := decideCode(factsOf(Started, who), CodeRequest{Process: testProcess, Signee: keyAnna, Ask: Ask{By: BySms, ways: Ways{Test: dev}}}, testToken)
		if err != nil || (len(c.Jobs) == 0) != dev || (c.Challenge.Via == ByTest) != dev || (c.Log[0].Message == "") != dev {
			t.Errorf("dev %v: %v\n%s", dev, err, c)
		}
	}
}
