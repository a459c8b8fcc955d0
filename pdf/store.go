package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxProofs is how many values a document security store may hold.
const MaxProofs = 10_000

// Proof is one value of a document security store.
type Proof struct {
	DER []byte
	// Offset is where its stream begins in the file, so that it can be told
	// whether a later signature covers it.
	Offset int64
}

// Proofs are the values of a document security store (ISO 32000-2, 12.8.4.3;
// EN 319 142-1, clause 5.4.2): what proves the certificates of signatures.
type Proofs struct{ Certs, OCSPs, CRLs []Proof }

// Proofs reads the document's security store. Values that are no streams, or
// damaged ones, are left out: they prove nothing.
func (d *Document) Proofs() (Proofs, error) {
	var p Proofs
	root, err := d.dict(d.root)
	if err != nil {
		return p, err
	}
	dss, err := d.dict(root.Get("DSS"))
	if err != nil {
		return p, err
	}
	for _, l := range []struct {
		key Name
		to  *[]Proof
	}{{"Certs", &p.Certs}, {"OCSPs", &p.OCSPs}, {"CRLs", &p.CRLs}} {
		list, err := d.array(dss.Get(l.key))
		if err != nil {
			return p, err
		}
		if len(list) > MaxProofs {
			return p, Refuse(TooComplex, "security store")
		}
		for _, v := range list {
			proof, err := d.proof(v)
			if err != nil {
				return p, err
			}
			if proof != nil {
				*l.to = append(*l.to, *proof)
			}
		}
	}
	return p, nil
}

// proof reads one value, nil if there is none to be had.
func (d *Document) proof(v any) (*Proof, error) {
	v, err := d.Resolve(v)
	var s *Stream
	if err == nil {
		s, _ = v.(*Stream)
	}
	if s != nil {
		var der []byte
		if der, err = d.decode(s); err == nil {
			return &Proof{der, s.Offset}, nil
		}
	}
	if no, ok := errors.AsType[*Refusal](err); ok && no.Code == Broken {
		err = nil
	}
	return nil, err
}

// Values are DER values to store.
type Values struct{ Certs, OCSPs, CRLs [][]byte }

// Store adds values to the document's security store and makes it if it is
// missing. What is there stays as it stands; a value that is there already is
// not stored twice. For each key of vri (the hash of a signature, in uppercase
// hexadecimal) that has none yet, an entry names the values: validators do not
// need it, some readers look there first. It returns how many values are new.
func (u *Update) Store(add Values, vri ...string) (int, error) {
	dss, err := u.CatalogDict("DSS")
	if err != nil {
		return 0, err
	}
	edits := []Edit{{"Type", "/DSS"}}
	made, kinds := 0, []storeList{{"Certs", "Cert", add.Certs}, {"OCSPs", "OCSP", add.OCSPs}, {"CRLs", "CRL", add.CRLs}}
	var entry strings.Builder
	for _, l := range kinds {
		if len(l.values) == 0 {
			continue
		}
		list, refs, n, err := u.storeList(dss, l)
		if err != nil {
			return 0, err
		}
		made += n
		if n > 0 {
			edits = append(edits, Edit{l.key, "[" + strings.Join(list, " ") + "]"})
		}
		fmt.Fprintf(&entry, " /%s [%s]", l.short, strings.Join(refs, " "))
	}
	more, err := u.related(dss, entry.String(), vri)
	if err != nil {
		return 0, err
	}
	if made == 0 && len(more) == 0 {
		return 0, nil
	}
	return made, u.putStore(dss, append(edits, more...))
}

// putStore edits the store where it stands, or makes one.
func (u *Update) putStore(dss *Dict, edits []Edit) error {
	if dss != nil {
		return u.EditCatalogDict("DSS", edits...)
	}
	ref := u.Alloc()
	u.Put(ref, dss.With(edits...))
	return u.EditCatalog(Edit{"DSS", ref.String()})
}

// storeList is one kind of values: its key in the store and in VRI entries.
type storeList struct {
	key, short Name
	values     [][]byte
}

// storeList stores what is new of one kind. It returns the whole list's items,
// those of l and how many were made.
func (u *Update) storeList(dss *Dict, l storeList) (all, refs []string, made int, err error) {
	_, v, err := u.resolve(dss.Get(l.key))
	if err != nil {
		return nil, nil, 0, err
	}
	old, _ := v.(Array)
	if len(old)+len(l.values) > MaxProofs {
		return nil, nil, 0, Refuse(TooComplex, "security store")
	}
	have := map[[sha256.Size]byte]string{}
	for _, x := range old {
		item := valueText(x)
		all = append(all, item)
		p, err := u.doc.proof(x)
		if err != nil {
			return nil, nil, 0, err
		}
		if p != nil {
			have[sha256.Sum256(p.DER)] = item
		}
	}
	for _, der := range l.values {
		key := sha256.Sum256(der)
		item := have[key]
		if item == "" {
			ref := u.Alloc()
			if err := u.PutFlate(ref, "", der); err != nil {
				return nil, nil, 0, err
			}
			item = ref.String()
			have[key], all = item, append(all, item)
			made++
		}
		if !slices.Contains(refs, item) {
			refs = append(refs, item)
		}
	}
	return all, refs, made, nil
}

// related makes the entries of validation-related information that are missing.
func (u *Update) related(dss *Dict, entry string, keys []string) ([]Edit, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	_, v, err := u.resolve(dss.Get("VRI"))
	if err != nil {
		return nil, err
	}
	vri := asDict(v)
	var edits []Edit
	for _, k := range keys {
		if !vri.Has(Name(k)) {
			edits = append(edits, Edit{Name(k), "<< /Type /VRI" + entry + " >>"})
		}
	}
	if len(edits) == 0 {
		return nil, nil
	}
	return u.editSub(dss, "VRI", edits...)
}

// PutFlate sets a stream object from the text between the dictionary's << and
// >>, without Length and Filter, and the body, which it compresses.
func (u *Update) PutFlate(ref Ref, dict string, body []byte) error {
	var packed bytes.Buffer
	packed.Grow(len(body) + 64)
	z := deflaters.Get().(*zlib.Writer) //nolint:forcetypeassert // nothing else is put there
	defer deflaters.Put(z)
	z.Reset(&packed)
	if _, err := z.Write(body); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	u.PutStream(ref, dict+" /Filter /FlateDecode", packed.Bytes())
	return nil
}
