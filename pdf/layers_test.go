package pdf_test

import (
	"bytes"
	"strings"
	"testing"
)

// TestWhatIsShownIsWhatIsPrinted: layers do not switch, nothing is for paper alone, and no stream is elsewhere.
func TestWhatIsShownIsWhatIsPrinted(t *testing.T) {
	const page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
	const pages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	for name, c := range map[string]struct {
		objects       []string
		gone, left    []string
		active, quiet bool // what is found
	}{
		"switched by events": {
			[]string{
				"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [4 0 R 5 0 R] /D << /OFF [5 0 R] /Order [4 0 R] /AS [<< /Event /Print /Category [/Print] /OCGs [5 0 R] >>] >> " +
					"/Configs [<< /Name (other) >>] >> >>", pages, page,
				"<< /Type /OCG /Name (a) /Usage << /Print << /PrintState /OFF >> >> >>", "<< /Type /OCG /Name (b) /Intent /Design >>",
			},
			[]string{"/AS", "/Configs", "/Usage", "/Intent"},
			[]string{"/Locked [ 4 0 R 5 0 R ]", "/OFF [5 0 R]", "/Order [4 0 R]", "/Name (b)"},
			false, true,
		},
		"in objects of their own": {
			[]string{
				"<< /Type /Catalog /Pages 2 0 R /OCProperties 5 0 R >>", pages, page, "<< /Type /OCG /Name (a) >>",
				"<< /OCGs 6 0 R /D 7 0 R >>", "[4 0 R]", "<< /BaseState /OFF /ON [4 0 R] /RBGroups [[4 0 R]] >>",
			},
			nil,
			[]string{"/OCProperties << /OCGs [ 4 0 R ] /D << /BaseState /OFF /ON [4 0 R] /Locked [ 4 0 R ] >> >>"},
			false, true,
		},
		"nobody can read": {
			[]string{"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs 9 >> >>", pages, page},
			[]string{"/OCProperties"},
			nil, false, true,
		},
		"fixed": {
			[]string{
				"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [4 0 R] /D << /Locked [4 0 R] >> >> >>", pages, page, "<< /Type /OCG /Name (a) >>",
			},
			nil, nil, false, false,
		},
		"a stream elsewhere": {
			[]string{"<< /Type /Catalog /Pages 2 0 R >>", pages, page, "<< /Length 0 /F (http://x/) >>\nstream\n\nendstream"},
			[]string{"http://x/"},
			nil, true, false,
		},
		"an abbreviated filter": {
			[]string{"<< /Type /Catalog /Pages 2 0 R >>", pages, page, "<< /Length 0 /F /FlateDecode >>\nstream\n\nendstream"}, nil, nil, false, false,
		},
		"a picture for paper": {
			[]string{
				"<< /Type /Catalog /Pages 2 0 R >>", pages, page,
				"<< /Length 1 /Subtype /Image /Width 1 /Height 1 /Alternates [<< /Image 4 0 R /DefaultForPrinting true >>] >>\nstream\n0\nendstream",
			},
			[]string{"/Alternates"},
			[]string{"/Width 1"},
			false, true,
		},
		"annotations for paper": {
			[]string{
				"<< /Type /Catalog /Pages 2 0 R >>", pages, page, "<< /Subtype /Stamp /Rect [0 0 1 1] /F 36 >>", "<< /Subtype /Stamp /Rect [0 0 1 1] /F 260 >>",
				"<< /Subtype /Stamp /Rect [0 0 1 1] /F 4 >>",
			},
			[]string{"/F 36", "/F 260"},
			[]string{"/F  6 ", "/F  4 "},
			false, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := objects{}
			for i, text := range c.objects {
				o[i+1] = text
			}
			in := forms(o)["table"]
			out, found := disarmed(t, in, false)
			if found.Active > 0 != c.active || found.Silent > 0 != c.quiet {
				t.Errorf("found %+v", found)
			}
			tail := string(bytes.TrimPrefix(out, in))
			for _, s := range c.gone {
				if strings.Contains(tail, s) {
					t.Errorf("%s is left: %s", s, tail)
				}
			}
			for _, s := range c.left {
				if !strings.Contains(tail, s) {
					t.Errorf("%s is gone: %s", s, tail)
				}
			}
		})
	}
}
