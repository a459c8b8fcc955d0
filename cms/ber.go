package cms

import (
	"bytes"
	"encoding/asn1"
	"errors"
)

// maxBER is how deep elements may nest; a signature with its time-stamp needs twenty.
const maxBER = 64

var errBER = errors.New("not in BER")

// Definite writes BER of other programs with definite lengths and strings in one piece (X.690, clauses 10.1 and 10.2). The
// rest stays as it is: an order of elements that is not DER's, for one. Zero bytes behind the element are allowed.
func Definite(ber []byte) ([]byte, error) {
	if len(ber) > MaxSize {
		return nil, errors.New("signature is too large")
	}
	out, rest, err := definite(ber, 0)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimRight(rest, "\x00")) > 0 {
		return nil, errors.New("data behind the signature")
	}
	return out, nil
}

// definite rewrites the first element of b.
func definite(b []byte, depth int) (out, rest []byte, err error) {
	if depth > maxBER || len(b) < 2 || b[0]&0x1f == 0x1f { // tags above 30 are not used here
		return nil, nil, errBER
	}
	const constructedBit = 0x20
	tag, isConstructed := b[0], b[0]&constructedBit != 0
	length, n := berLength(b[1:])
	if n == 0 || length > len(b)-1-n || length < 0 && !isConstructed {
		return nil, nil, errBER
	}
	inside := b[1+n:]
	if length >= 0 {
		inside, rest = inside[:length], inside[length:]
	}
	if !isConstructed {
		return tlv(tag, inside), rest, nil
	}
	var body []byte
	for {
		if length < 0 && len(inside) >= 2 && inside[0] == 0 && inside[1] == 0 {
			rest = inside[2:]
			break
		}
		if length >= 0 && len(inside) == 0 {
			break
		}
		var child []byte
		if child, inside, err = definite(inside, depth+1); err != nil {
			return nil, nil, err
		}
		if tag == asn1.TagOctetString|constructedBit { // pieces of a string: their contents joined
			if child[0] != asn1.TagOctetString {
				return nil, nil, errBER
			}
			_, n := berLength(child[1:])
			child = child[1+n:]
		}
		body = append(body, child...)
	}
	if tag == asn1.TagOctetString|constructedBit {
		tag &^= constructedBit
	}
	return tlv(tag, body), rest, nil
}

// berLength reads a length, -1 for the indefinite one, and how many bytes it takes, 0 for none.
func berLength(b []byte) (length, size int) {
	switch {
	case len(b) == 0:
		return 0, 0
	case b[0] < 0x80:
		return int(b[0]), 1
	case b[0] == 0x80:
		return -1, 1
	}
	n := int(b[0] & 0x7f)
	if n > 4 || len(b) <= n {
		return 0, 0
	}
	for _, c := range b[1 : 1+n] {
		length = length<<8 | int(c)
	}
	return length, 1 + n
}

func tlv(tag byte, body []byte) []byte {
	out := []byte{tag}
	if n := len(body); n < 0x80 {
		out = append(out, byte(n))
	} else {
		var digits []byte
		for ; n > 0; n >>= 8 {
			digits = append([]byte{byte(n & 0xff)}, digits...)
		}
		out = append(append(out, 0x80|byte(len(digits)&0x7f)), digits...)
	}
	return append(out, body...)
}
