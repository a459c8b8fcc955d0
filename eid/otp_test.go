package eid_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/eid"
)

func TestCodeIsTheTruncatedHMACOfTheToken(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	for i := range 2000 {
		token := innsigli.Token(fmt.Sprintf("%032x", i))
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(token))
		n := new(big.Int).SetBytes(mac.Sum(nil)[:8])
		want := n.Mod(n, big.NewInt(1_000_000)).String()
		want = strings.Repeat("0", 6-len(want)) + want
		if got := (eid.OTP{Key: key}).Code(token); got != want {
			t.Fatalf("code of token %d is %s, want %s", i, got, want)
		}
	}
}

func TestCodeKeepsLeadingZerosAndCoversEveryDigit(t *testing.T) {
	o := eid.OTP{Key: []byte("k")}
	zero := false
	var seen [6][10]bool
	for i := range 3000 {
		c := o.Code(innsigli.Token(fmt.Sprintf("%032x", i)))
		if len(c) != 6 {
			t.Fatalf("code %q has not six digits", c)
		}
		zero = zero || c[0] == '0'
		for p, r := range c {
			if r < '0' || r > '9' {
				t.Fatalf("code %q holds something else than digits", c)
			}
			seen[p][r-'0'] = true
		}
	}
	if !zero {
		t.Error("no code of 3000 begins with a zero")
	}
	for p, digits := range seen {
		for d, ok := range digits {
			if !ok {
				t.Errorf("digit %d never stands at place %d", d, p)
			}
		}
	}
}

func TestCodeDependsOnKeyAndToken(t *testing.T) {
	a, b := eid.OTP{Key: []byte("one")}, eid.OTP{Key: []byte("two")}
	same := 0
	for i := range 1000 {
		token := innsigli.Token(fmt.Sprintf("%032x", i))
		if a.Code(token) == b.Code(token) {
			same++
		}
	}
	if same > 5 {
		t.Errorf("%d of 1000 codes are the same under another key", same)
	}
	if first, again := a.Code("aa"), a.Code("aa"); first != again {
		t.Error("the same token gives two codes")
	}
}
