package cms

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

const (
	// maxDepth is how many constructed values may stand in one another in what is read. Tokens and OCSP answers with
	// certificates inside stay below 20.
	maxDepth = 40
	// maxElements is how many values one message may have.
	maxElements = 1 << 16
)

// The identifier octets (X.690, clause 8.1.2) that this package looks for.
const (
	tagBoolean     = 0x01
	tagInteger     = 0x02
	tagBitString   = 0x03
	tagOctetString = 0x04
	tagOID         = 0x06
	tagEnumerated  = 0x0a
	tagUTCTime     = 0x17
	tagTime        = 0x18 // GeneralizedTime
	tagSequence    = 0x30
	context0       = 0x80
	explicit0      = 0xa0
)

var (
	errDER   = errors.New("not DER")
	errEnd   = errors.New("value is missing")
	errTrail = errors.New("surplus data")
)

// value is one element of DER: full with its header, body without. Both point into what was read.
type value struct {
	tag        byte
	full, body []byte
}

// reader walks over the elements of a body, without a copy and without recursion.
type reader []byte

// next takes the next element. Long tags, indefinite and overlong lengths are errors (X.690, clauses 8.1.3 and 10.1).
func (r *reader) next() (value, error) {
	b := *r
	if len(b) < 2 {
		return value{}, errEnd
	}
	if b[0]&0x1f == 0x1f {
		return value{}, errDER
	}
	head, size := 2, int(b[1])
	if size >= 0x80 {
		n := size & 0x7f
		if n == 0 || n > 4 || len(b) < 2+n {
			return value{}, errDER
		}
		size = 0
		for _, c := range b[2 : 2+n] {
			size = size<<8 | int(c)
		}
		if size < 0x80 || size>>(8*(n-1)) == 0 {
			return value{}, errDER
		}
		head += n
	}
	if size < 0 || size > len(b)-head {
		return value{}, errDER
	}
	*r = b[head+size:]
	return value{tag: b[0], full: b[:head+size], body: b[head : head+size]}, nil
}

// is says whether the next element has the tag.
func (r *reader) is(tag byte) bool { return len(*r) > 0 && (*r)[0] == tag }

// want takes the next element, which must have the tag.
func (r *reader) want(tag byte) (value, error) {
	if !r.is(tag) {
		return value{}, fmt.Errorf("%w: want tag %#x", errEnd, tag)
	}
	return r.next()
}

// inside takes the next element, which must have the tag, and returns a reader of its body.
func (r *reader) inside(tag byte) (reader, error) {
	v, err := r.want(tag)
	return reader(v.body), err
}

// end is an error if anything is left.
func (r *reader) end() error {
	if len(*r) > 0 {
		return errTrail
	}
	return nil
}

// whole reads der as one element with the tag and nothing behind it.
func whole(der []byte, tag byte) (reader, error) {
	r := reader(der)
	in, err := r.inside(tag)
	if err != nil {
		return nil, err
	}
	return in, r.end()
}

// take parses the next element into a type of encoding/asn1, with nothing over.
func take[T any](r *reader, to *T) error {
	v, err := r.next()
	if err != nil {
		return err
	}
	return unmarshal(v.full, to)
}

func unmarshal[T any](der []byte, to *T) error {
	rest, err := asn1.Unmarshal(der, to)
	if err != nil {
		return fmt.Errorf("asn.1: %w", err)
	}
	if len(rest) > 0 {
		return errTrail
	}
	return nil
}

// integer takes a positive INTEGER of at most 20 bytes and one for the sign (RFC 5280, clause 4.1.2.2); nonces and
// serial numbers are such.
func (r *reader) integer() (*big.Int, error) {
	var n *big.Int
	if !r.is(tagInteger) {
		return nil, errEnd
	}
	if err := take(r, &n); err != nil {
		return nil, err
	}
	if n.Sign() < 0 || n.BitLen() > 168 {
		return nil, errors.New("number is out of range")
	}
	return n, nil
}

// wellFormed checks that all of der is DER in its lengths, down to the last element, and keeps to the limits. What is
// read leniently later, or not at all, hides nothing in between.
func wellFormed(der []byte) error {
	stack := []reader{der}
	for n := 0; len(stack) > 0; {
		top := &stack[len(stack)-1]
		if len(*top) == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		v, err := top.next()
		if err != nil {
			return errDER
		}
		if n++; n > maxElements {
			return errors.New("too many values")
		}
		if v.tag&0x20 == 0 {
			continue
		}
		if len(stack) >= maxDepth {
			return errors.New("nested too deeply")
		}
		stack = append(stack, v.body)
	}
	return nil
}

// parseTime reads a GeneralizedTime or UTCTime that ends with Z (RFC 5280, clause 4.1.2.5). fraction allows parts of a
// second, which only time-stamps have (RFC 3161, clause 2.4.2).
func parseTime(v value, fraction bool) (time.Time, error) {
	s, layout := string(v.body), "20060102150405Z"
	switch {
	case v.tag == tagUTCTime:
		layout = "060102150405Z"
	case v.tag != tagTime:
		return time.Time{}, errors.New("not a time")
	}
	whole := len(layout)
	if len(s) < whole || len(s) > whole && (!fraction || v.tag != tagTime || s[whole-1] != '.' || len(s) > whole+10) {
		return time.Time{}, errors.New("malformed time")
	}
	if strings.ContainsRune(s, ',') {
		return time.Time{}, errors.New("malformed time")
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}, errors.New("malformed time")
	}
	if v.tag == tagUTCTime && t.Year() >= 2050 {
		t = t.AddDate(-100, 0, 0)
	}
	return t, nil
}
