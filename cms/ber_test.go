package cms_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/cms"
)

func TestBERIsWrittenWithDefiniteLengths(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"definite stays", "3003020105", "3003020105"},
		{"indefinite", "30800201050000", "3003020105"},
		{"nested", "3080a08002010500000000", "3005a003020105"},
		{"a long form of a short length", "308103020105", "3003020105"},
		{"a string in pieces", "2480040101040202030000", "0403010203"},
		{"zeros behind", "30800201050000000000", "3003020105"},
		{"no end", "3080020105", ""},
		{"an indefinite number", "02800000", ""},
		{"longer than there is", "3005020105", ""},
		{"something behind", "300302010507", ""},
		{"a piece that is no string", "24800201050000", ""},
		{"too deep", strings.Repeat("3080", 70) + strings.Repeat("0000", 70), ""},
		{"nothing", "", ""},
	} {
		in, err := hex.DecodeString(c.in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := cms.Definite(in)
		if want, _ := hex.DecodeString(c.want); (err != nil) != (c.want == "") || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, %v", c.name, got, err)
		}
	}
	if _, err := cms.Definite(make([]byte, cms.MaxSize+1)); err == nil {
		t.Error("one byte too large is taken")
	}
}

func FuzzDefinite(f *testing.F) {
	for _, s := range []string{"3080a08002010500000000", "2480040101040202030000", "308103020105"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		der, err := cms.Definite(b)
		if err != nil {
			return
		}
		if again, err := cms.Definite(der); err != nil || !bytes.Equal(again, der) {
			t.Errorf("%x became %x, then %x (%v)", b, der, again, err)
		}
	})
}
