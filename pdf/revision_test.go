package pdf_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/innsigli/innsigli/pdf"
)

// updated appends a revision in which object 4 is another and 9 is new.
func updated(t *testing.T, in []byte) []byte {
	t.Helper()
	u := open(t, in).Update()
	u.Put(pdf.Ref{Num: 5}, []byte("<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"))
	u.Put(u.Alloc(), []byte("(new)"))
	return finished(t, in, u)
}

func TestRevisionsAreToldApart(t *testing.T) {
	for name, in := range forms(onePage()) {
		t.Run(name, func(t *testing.T) {
			first, err := open(t, in).Revisions()
			if err != nil || len(first) == 0 {
				t.Fatalf("%v, %v", first, err)
			}
			end := first[len(first)-1]
			if name == "junk behind" || name == "no line break" {
				in, end = in[:end.End], pdf.Revision{Section: end.Section, End: end.End, Line: end.End}
				first[len(first)-1] = end
			}
			if !end.Ends(int64(len(in))) || end.Ends(end.End-1) || end.Ends(end.Line+1) {
				t.Errorf("ends at %+v of %d", end, len(in))
			}
			twice, err := open(t, updated(t, append(bytes.Clone(in), ' '))).Revisions()
			if err != nil || len(twice) != len(first)+1 || !slices.Equal(twice[:len(first)], first) {
				t.Errorf("after an update: %+v, before: %+v, %v", twice, first, err)
			}
		})
	}
}

func TestChangedObjectsAreFound(t *testing.T) {
	for name, in := range forms(onePage()) {
		t.Run(name, func(t *testing.T) {
			was, now := open(t, in), open(t, updated(t, in))
			if c := was.Changed(was); len(c) > 0 {
				t.Errorf("nothing changed, but: %v", c)
			}
			var changed, made []int
			for _, c := range now.Changed(was) {
				if c.Old == (pdf.Ref{}) {
					made = append(made, c.New.Num)
				} else {
					changed = append(changed, c.New.Num)
				}
			}
			if !slices.Equal(changed, []int{5}) || len(made) == 0 {
				t.Errorf("changed %v, made %v", changed, made)
			}
		})
	}
}

func TestWhatNobodyListsIsLeftOver(t *testing.T) {
	in := classic(onePage(), "")
	for _, c := range []struct {
		name, more string
		objects    int
		bytes      bool
	}{
		{"an update", string(updated(t, in)[len(in):]), 0, false},
		{"white space and a comment", "\r\n \x00 % said by nobody\n", 0, false},
		{"an object", "9 0 obj (hidden) endobj\n", 1, false},
		{"an object over an old one, and an end", fmt.Sprintf("4 0 obj (hidden) endobj startxref %d %%%%EOF\n",
			bytes.LastIndex(in, []byte("xref\n0 1"))), 1, false},
		{"a stream", "9 0 obj\n" + stream("", "hidden") + "\nendobj\n", 1, false},
		{"words", "hidden", 0, true},
		{"half an object", "9 0 obj (hid", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			left, err := open(t, append(bytes.Clone(in), c.more...)).Leftovers(int64(len(in)))
			if err != nil || left.Objects != c.objects || left.Bytes > 0 != c.bytes {
				t.Errorf("%+v, %v", left, err)
			}
		})
	}
}

func TestValuesAreCompared(t *testing.T) {
	d := open(t, classic(onePage().with(objects{
		6: "<< /A [1 (x) /N 4 0 R] /B << /C true >> >>",
		7: "<< /B<</C true>>/A[1 <78>/N 4 0 R]>>",
		8: "<< /A [1 (x) /N 4 0 R] /B << /C false >> >>",
		9: "<< /A 1 /A 2 >>", 10: stream("", "same"), 11: stream("", "same"), 12: stream("", "some"),
	}), ""))
	get := func(num int) any {
		v, err := d.Get(pdf.Ref{Num: num})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		a, b int
		same bool
	}{{6, 7, true}, {6, 8, false}, {10, 11, true}, {10, 12, false}, {6, 10, false}, {1, 99, false}} {
		if same, err := pdf.Equal(get(c.a), get(c.b)); err != nil || same != c.same {
			t.Errorf("%d and %d: %v, %v", c.a, c.b, same, err)
		}
	}
	dict := func(num int) *pdf.Dict { d, _ := get(num).(*pdf.Dict); return d }
	if keys, err := pdf.Differ(dict(6), dict(8)); err != nil || !slices.Equal(keys, []pdf.Name{"B"}) {
		t.Errorf("%v, %v", keys, err)
	}
	if k, twice := dict(9).Twice(); !twice || k != "A" {
		t.Errorf("%q, %v", k, twice)
	}
	if k, twice := dict(6).Twice(); twice {
		t.Errorf("%q stands there once", k)
	}
}

func TestAValueHasAPlaceInTheFile(t *testing.T) {
	in := append([]byte("junk before\n"), classic(onePage(), "")...)
	d := open(t, in)
	ref := pdf.Ref{Num: 5}
	v, err := d.Get(ref)
	if err != nil {
		t.Fatal(err)
	}
	from, to, ok := d.Place(ref, v.(*pdf.Dict), "BaseFont")
	if !ok || string(in[from:to]) != "/Helvetica" {
		t.Errorf("%d to %d, %v", from, to, ok)
	}
	if _, _, ok := d.Place(ref, v.(*pdf.Dict), "Nothing"); ok {
		t.Error("a key that is not there has a place")
	}
}
