package innsigli

import "strings"

// Test signees are for trying a client out on a server that runs with --dev (facts/wire.md 5.5 and 5.6). Nothing is sent to
// them, and their answers are not checked: the last digit of the number says how each ends. Log and evidence say so.

// TestNumber says whether a phone number is a test signee's: +1 and ten equal digits, 1 to 9. Blanks and dashes do not
// matter.
func TestNumber(phone string) bool { return testDigit(phone) != 0 }

// testDigit is the digit of a test number; 0 for other numbers.
func testDigit(phone string) rune {
	if !strings.HasPrefix(strings.TrimSpace(phone), "+") {
		return 0
	}
	digits := digitsOf(phone)
	d := strings.TrimPrefix(digits, "1")
	if len(digits) != 11 || len(d) != 10 || d[0] == '0' || strings.Trim(d, d[:1]) != "" {
		return 0
	}
	return rune(d[0])
}

// judge says whether a code is the right one for the challenge of the facts. A test signee gets the refusal of the
// number, whatever was entered; or any digits are right.
func (s *Service) judge(f Facts, t Token, code string) (right bool, refusal error) {
	if f.Challenge.Via != ByTest || !s.Ways.Test {
		return s.isCode(t, code), nil
	}
	s.Log.Warn("dev mode: a test signee answered, and no code was checked")
	switch testDigit(f.phone()) {
	case 0: // the number was changed since
		return false, nil
	case '7':
		return false, errNoCode
	case '8':
		return false, errWrongCode
	case '9':
		return false, errLateCode
	}
	return code != "" && digitsOf(code) == code, nil
}

// phone is the number of whoever the challenge is for.
func (f Facts) phone() string {
	if p, ok := f.Person(f.Challenge.Person); ok && f.Challenge.Person != "" {
		phone, _ := p.Reach()
		return phone
	}
	you, _ := f.Process.Signee(f.Challenge.Signee)
	return you.Phone
}

// digitsOf leaves only the digits of a text.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
