package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// writeValue writes a parsed value anew, with references renamed by ref. It is
// used for objects copied from another document only; a document's own objects
// are spliced.
func writeValue(b *bytes.Buffer, v any, ref func(Ref) string) {
	switch t := v.(type) {
	case bool:
		b.WriteString(strconv.FormatBool(t))
	case int:
		b.WriteString(strconv.Itoa(t))
	case float64:
		b.WriteString(strconv.FormatFloat(t, 'f', -1, 64))
	case Name:
		b.WriteString(nameText(t))
	case String:
		fmt.Fprintf(b, "<%X>", string(t))
	case Array:
		b.WriteByte('[')
		for i, x := range t {
			if i > 0 {
				b.WriteByte(' ')
			}
			writeValue(b, x, ref)
		}
		b.WriteByte(']')
	case *Dict:
		b.WriteString("<<")
		writeEntries(b, t, ref)
		b.WriteString(">>")
	case Ref:
		b.WriteString(ref(t))
	default:
		b.WriteString("null")
	}
}

// writeEntries writes a dictionary's entries without the keys that are skipped.
func writeEntries(b *bytes.Buffer, d *Dict, ref func(Ref) string, skip ...Name) {
	for i := range d.entries {
		e := &d.entries[i]
		if d.find(e.key) != e || slices.Contains(skip, e.key) {
			continue
		}
		b.WriteString(nameText(e.key))
		b.WriteByte(' ')
		writeValue(b, e.value, ref)
		b.WriteByte('\n')
	}
}
