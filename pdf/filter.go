package pdf

import (
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// deflaters are kept: one takes a megabyte, far more than what it compresses here.
var deflaters = sync.Pool{New: func() any { return zlib.NewWriter(io.Discard) }}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// decode inflates a structural stream: object and cross-reference streams, and
// the content of imported pages. Only what those use is known: nothing, or
// Flate with PNG predictors. Beside a [Broken] of a stream that is damaged it
// gives what comes before the damage.
func (d *Document) decode(s *Stream) ([]byte, error) {
	filter, parms, err := d.filter(s.Dict)
	if err != nil {
		return nil, err
	}
	switch filter {
	case "":
		b, err := readBody(s)
		if err != nil {
			return nil, err
		}
		return b, d.charge(len(b))
	case "FlateDecode", "Fl":
	default:
		return nil, broken("structure behind an unusual filter")
	}
	z, err := zlib.NewReader(s.Raw())
	if err != nil {
		return nil, inflateFault(err)
	}
	out, err := io.ReadAll(io.LimitReader(z, MaxObjectStream+1))
	if err != nil {
		if tooMuch := d.charge(len(out)); tooMuch != nil {
			return nil, tooMuch
		}
		return out, inflateFault(err)
	}
	if len(out) > MaxObjectStream {
		return nil, Refuse(TooComplex, "a stream is too long")
	}
	if err := d.charge(len(out)); err != nil {
		return nil, err
	}
	return d.unpredict(out, parms)
}

// inflateFault keeps a fault of the reader below apart from the document's.
func inflateFault(err error) error {
	var corrupt flate.CorruptInputError
	if isEOF(err) || errors.Is(err, zlib.ErrChecksum) || errors.Is(err, zlib.ErrHeader) || errors.Is(err, zlib.ErrDictionary) || errors.As(err, &corrupt) {
		return broken("a compressed stream is damaged")
	}
	return fmt.Errorf("read stream: %w", err)
}

// charge counts decoded bytes.
func (d *Document) charge(n int) error {
	if d.decoded += int64(n); d.decoded > maxDecoded {
		return Refuse(TooComplex, "decoding takes too much memory")
	}
	return nil
}

// filter returns a stream's single filter and its parameters.
func (d *Document) filter(s *Dict) (Name, *Dict, error) {
	f, err := d.Resolve(s.Get("Filter"))
	if err != nil {
		return "", nil, err
	}
	p, err := d.Resolve(s.Get("DecodeParms"))
	if err != nil {
		return "", nil, err
	}
	if a, ok := f.(Array); ok {
		if len(a) > 1 {
			return "", nil, broken("structure behind several filters")
		}
		f = nil
		if len(a) == 1 {
			if f, err = d.Resolve(a[0]); err != nil {
				return "", nil, err
			}
		}
		if pa, ok := p.(Array); ok && len(pa) == 1 {
			if p, err = d.Resolve(pa[0]); err != nil {
				return "", nil, err
			}
		}
	}
	name, _ := f.(Name)
	return name, asDict(p), nil
}

// unpredict undoes PNG prediction (ISO 32000-1, 7.4.4.4; PNG, clause 9) in place.
func (d *Document) unpredict(b []byte, parms *Dict) ([]byte, error) {
	num := func(k Name, missing int) int {
		if n, ok := parms.Get(k).(int); ok {
			return n
		}
		return missing
	}
	predictor := num("Predictor", 1)
	if predictor == 1 {
		return b, nil
	}
	colors, bits, columns := num("Colors", 1), num("BitsPerComponent", 8), num("Columns", 1)
	if predictor < 10 || colors != 1 || bits != 8 || columns < 1 || columns > 1<<16 {
		return nil, broken("structure behind predictor %s", strconv.Itoa(predictor))
	}
	out := b[:0]
	prev := make([]byte, columns)
	for len(b) > 1 {
		kind := b[0]
		row := b[1:min(len(b), columns+1)]
		b = b[1+len(row):]
		if !unpredictRow(kind, row, prev) {
			return nil, broken("structure behind an odd prediction")
		}
		copy(prev, row)
		out = append(out, row...) // never overtakes b: one byte a row is dropped
	}
	return out, nil
}

func unpredictRow(kind byte, row, up []byte) bool {
	if kind > 4 {
		return false
	}
	for i := range row {
		var left, corner byte
		if i > 0 {
			left, corner = row[i-1], up[i-1]
		}
		switch kind {
		case 1:
			row[i] += left
		case 2:
			row[i] += up[i]
		case 3:
			row[i] += byte((int(left) + int(up[i])) / 2) //nolint:gosec // the mean of two bytes
		case 4:
			row[i] += paeth(left, up[i], corner)
		}
	}
	return true
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	far := func(x byte) int { return max(p-int(x), int(x)-p) }
	switch {
	case far(a) <= far(b) && far(a) <= far(c):
		return a
	case far(b) <= far(c):
		return b
	}
	return c
}
