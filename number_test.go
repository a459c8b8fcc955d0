package innsigli

import "testing"

func TestWhichNumbersAreReached(t *testing.T) {
	nordic := Numbers{Allow: []string{"+354", "+47"}}
	for phone, want := range map[string][2]bool{ // by all, by two countries
		"+3546661234": {true, true}, "003546661234": {true, true}, "6661234": {true, true}, "+4791234567": {true, true},
		"+14155550100": {true, false}, "0014155550100": {true, false},
		"+979123456789": {false, false}, "+882161234567": {false, false}, "00881612345678": {false, false},
	} {
		if got := [2]bool{(Numbers{}).Reaches(phone), nordic.Reaches(phone)}; got != want {
			t.Errorf("%s: %v, want %v", phone, got, want)
		}
	}
}
