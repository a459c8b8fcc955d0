package paper

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/innsigli/innsigli"
)

// TestWritesPicturesToLookAt writes the files that a person should look at after a change of layout into the folder
// that INNSIGLI_LOOK names.
func TestWritesPicturesToLookAt(t *testing.T) {
	dir := os.Getenv("INNSIGLI_LOOK")
	if dir == "" {
		t.Skip("INNSIGLI_LOOK names no folder")
	}
	p := New()
	odd := three()
	odd.Signees[1].Name = "王小明 \u200fמשה <b>x</b> 😀"
	odd.Language = innsigli.LangEn
	for name, e := range map[string]innsigli.Evidence{
		"three": three(), "canceled": stopped(canceled), "expired": stopped(expired), "stress": stress(), "odd": odd, "apart": apartFrom(),
	} {
		pdf, err := p.Draw(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name+".pdf", pdf)
	}
	for _, style := range styles {
		var list []*sheet
		for _, name := range slices.Sorted(maps.Keys(marks())) {
			m := marks()[name]
			m.Style = style
			s, err := p.layMark(m)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, s)
		}
		pdf, err := draw(list, about{at: noon})
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, fmt.Sprintf("marks-%d.pdf", style), pdf)
	}
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
