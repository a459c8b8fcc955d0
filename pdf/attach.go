package pdf

import (
	"bytes"
	"cmp"
	"crypto/md5" //nolint:gosec // the format prescribes MD5 as a checksum, not for security
	"fmt"
	"slices"
	"strconv"
	"time"
)

// File is a file to embed (ISO 32000-1, 7.11.4; ISO 32000-2, 14.13).
type File struct {
	Name         string // shown to the reader; may hold any letters
	MIME         string
	Description  string
	Relationship string // AFRelationship: Source, Data, Alternative, Supplement or Unspecified
	Data         []byte
	Modified     time.Time
}

// Attach embeds a file as an associated file of the document.
func (u *Update) Attach(f File) error {
	stream, spec := u.Alloc(), u.Alloc()
	sum := md5.Sum(f.Data) //nolint:gosec // as above
	err := u.PutFlate(stream, fmt.Sprintf("/Type /EmbeddedFile /Subtype %s\n/Params << /Size %d /ModDate %s /CheckSum <%X> >>",
		nameText(Name(cmp.Or(f.MIME, "application/octet-stream"))), len(f.Data), Date(f.Modified), sum), f.Data)
	if err != nil {
		return err
	}
	desc := ""
	if f.Description != "" {
		desc = " /Desc " + TextString(f.Description)
	}
	name := TextString(f.Name)
	u.Put(spec, fmt.Appendf(nil, "<< /Type /Filespec /F %s /UF %s%s /AFRelationship %s /EF << /F %s /UF %s >> >>",
		name, name, desc, nameText(Name(cmp.Or(f.Relationship, "Unspecified"))), stream, stream))
	return u.listFile(f.Name, spec)
}

// listFile enters a file specification where readers look for it.
func (u *Update) listFile(name string, spec Ref) error {
	root, err := u.Dict(u.doc.root)
	if err != nil {
		return err
	}
	_, v, err := u.resolve(root.Get("Names"))
	if err != nil {
		return err
	}
	tree, err := u.mergedFiles(asDict(v), name, spec)
	if err != nil {
		return err
	}
	edits, err := u.editSub(root, "Names", Edit{"EmbeddedFiles", tree.String()})
	if err != nil {
		return err
	}
	more, err := u.appendTo(root, "AF", spec.String())
	if err != nil {
		return err
	}
	return u.Edit(u.doc.root, append(edits, more...)...)
}

// nameEntry is one entry of a name tree: the key and the value's text.
type nameEntry struct {
	key  String
	text string
}

// mergedFiles writes the tree of embedded files anew as one leaf with one entry
// more: names must stay sorted, and a tree's limits true (ISO 32000-1, 7.9.6).
func (u *Update) mergedFiles(names *Dict, name string, spec Ref) (Ref, error) {
	var entries []nameEntry
	if names.Has("EmbeddedFiles") {
		w := nameWalk{u: u, seen: map[Ref]bool{}}
		if err := w.node(names.Get("EmbeddedFiles"), 0); err != nil {
			return Ref{}, err
		}
		entries = w.entries
	}
	used := map[String]bool{}
	for _, e := range entries {
		used[e.key] = true
	}
	key := String(name)
	for i := 2; used[key]; i++ {
		key = String(name + " " + strconv.Itoa(i))
	}
	entries = append(entries, nameEntry{key, spec.String()})
	slices.SortStableFunc(entries, func(a, b nameEntry) int { return cmp.Compare(a.key, b.key) })
	var b bytes.Buffer
	b.WriteString("<< /Names [")
	for _, e := range entries {
		fmt.Fprintf(&b, "<%X> %s\n", string(e.key), e.text)
	}
	b.WriteString("] >>")
	tree := u.Alloc()
	u.Put(tree, b.Bytes())
	return tree, nil
}

type nameWalk struct {
	u       *Update
	seen    map[Ref]bool
	entries []nameEntry
}

func (w *nameWalk) node(v any, depth int) error {
	if depth > MaxNesting {
		return Refuse(TooComplex, "a name tree is too deep")
	}
	at, v, err := w.u.resolve(v)
	if err != nil {
		return err
	}
	if at != (Ref{}) {
		if w.seen[at] {
			return broken("a name tree runs in a circle")
		}
		if w.seen[at] = true; len(w.seen) > 2*MaxFiles {
			return Refuse(TooComplex, "a name tree is too large")
		}
	}
	d, ok := v.(*Dict)
	if !ok {
		return nil // a missing branch holds no names
	}
	if err := w.leaf(d); err != nil {
		return err
	}
	_, v, err = w.u.resolve(d.Get("Kids"))
	if err != nil {
		return err
	}
	kids, _ := v.(Array)
	for _, k := range kids {
		if err := w.node(k, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *nameWalk) leaf(d *Dict) error {
	_, v, err := w.u.resolve(d.Get("Names"))
	if err != nil {
		return err
	}
	a, _ := v.(Array)
	if len(w.entries)+len(a)/2 > MaxFiles {
		return Refuse(TooComplex, "too many embedded files")
	}
	for i := 0; i+1 < len(a); i += 2 {
		_, k, err := w.u.resolve(a[i])
		if err != nil {
			return err
		}
		key, ok := k.(String)
		if !ok {
			return broken("a name tree's key is no string")
		}
		w.entries = append(w.entries, nameEntry{key, valueText(a[i+1])})
	}
	return nil
}

// valueText writes a value of the same document again: a reference, or a
// dictionary as it stands.
func valueText(v any) string {
	if d, ok := v.(*Dict); ok {
		return string(d.Bytes())
	}
	var b bytes.Buffer
	writeValue(&b, v, Ref.String)
	return b.String()
}
