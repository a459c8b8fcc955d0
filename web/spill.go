package web

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A document comes inside the JSON body, as base64. Decoding such a body whole takes three to six times its size in
// memory. SpillJSON therefore goes over it first: it copies the JSON and streams every long string out of it, so that
// what is left is small, whatever the documents weigh.

// SpillLimits bounds what one request may hold. Use [DefaultSpillLimits] and change what differs.
type SpillLimits struct {
	// LongerThan is the length from which a string value is spilled, in bytes as they stand between the quotes.
	LongerThan int

	// Documents are the names of members, in any letter case, whose values are documents: they are spilled from 4 kB on,
	// whatever LongerThan says, so that many small ones do not add up in what is left. Empty: there is none.
	Documents []string

	// MaxValue is how many bytes one spilled value may have, after decoding.
	MaxValue int64

	// MaxRest is how many bytes of JSON may be left; without it a body of a million short strings would end in
	// memory after all.
	MaxRest int64

	// MaxDepth is how deep objects and arrays may be nested, and MaxName how many bytes the name of a member may
	// have. Both bound the memory of the filter itself.
	MaxDepth, MaxName int
}

// DefaultSpillLimits fits the API: a document of 50 MB, and everything else of a request in 2 MB.
func DefaultSpillLimits() SpillLimits {
	return SpillLimits{LongerThan: 64 << 10, MaxValue: 50 << 20, MaxRest: 2 << 20, MaxDepth: 64, MaxName: 256}
}

// SpillSink takes one long value, decoded. path names the member as error messages do, such as
// "createSignees[1].attachments[0].content". The sink refuses a member that is no document with an error of its own,
// which SpillJSON returns wrapped; what it has not read is checked and thrown away. token is what stands in the
// place of the value, for the caller's table from token to document.
type SpillSink func(token, path string, r io.Reader) error

// TooLargeError is a value, or with an empty Path all that is left of the request, over its limit.
type TooLargeError struct {
	Path string
	Max  int64 // bytes
}

// Error names the member and the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s: over %d bytes", member(e.Path), e.Max)
}

// MalformedError is a request that the filter cannot let pass. The text is safe for whoever sent it: it quotes no
// more than one character and the names of members.
type MalformedError struct {
	Path   string
	Offset int64 // bytes into the value, as it stands in the request
	Reason string
}

// Error names the member, the place in it and the reason.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("%s: at byte %d: %s", member(e.Path), e.Offset, e.Reason)
}

func member(path string) string {
	if path == "" {
		return "the body"
	}
	return path
}

// SpillJSON copies JSON from r to w in constant memory. A string value longer than the limit is not copied: it is
// decoded from base64, as [DecodeBase64] says, into sink, and a token stands in its place. All else passes byte for
// byte, so that any JSON library can read the rest and judge its syntax: what was no JSON is none afterwards.
//
// A token begins with 128 random bits that are drawn for this call, so that no client can send one; a value is a
// token exactly when the caller's table knows it. Tokens stay inside the request: whatever takes one for a text must
// refuse it, which a sink does by its path.
//
// Errors are a [*TooLargeError], a [*MalformedError], the sink's own or those of r and w, wrapped. After an error
// the sink may have taken some values; the caller throws them away.
func SpillJSON(w io.Writer, r io.Reader, limits SpillLimits, sink SpillSink) error {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails: crypto/rand ends the program instead
	s := &spiller{
		limits: limits,
		sink:   sink,
		prefix: "spill:" + hex.EncodeToString(nonce[:]) + ":",
		from:   bufio.NewReaderSize(r, 64<<10),
		to:     bufio.NewWriterSize(w, 4<<10),
	}
	if err := s.run(); err != nil {
		return err
	}
	if err := s.to.Flush(); err != nil {
		return fmt.Errorf("rest of the request: %w", err)
	}
	return nil
}

// shortDocument is how long a document may be that is not spilled.
const shortDocument = 4 << 10

// spiller is one pass over one request.
type spiller struct {
	limits SpillLimits
	sink   SpillSink
	prefix string
	spilt  int

	from *bufio.Reader
	to   *bufio.Writer
	rest int64 // bytes written

	stack []frame // the objects and arrays that are open
	text  []byte  // the string at hand, from its opening quote
}

// frame is an open object or array, and where in it the filter stands.
type frame struct {
	array    bool
	index    int    // of the element, in an array
	name     []byte // of the member, in an object: as it stands in the request, without quotes
	wantName bool   // the next string is a name, in an object
}

// called says whether the member at hand has the name, in any letter case.
func (f *frame) called(name string) bool { return strings.EqualFold(string(f.name), name) }

// run tells names from values and strings from all else. It knows no more of JSON than that.
func (s *spiller) run() error {
	for {
		c, err := s.from.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		if c == '"' {
			err = s.str()
		} else {
			err = s.structure(c)
		}
		if err != nil {
			return err
		}
	}
}

// structure follows one byte outside of strings.
func (s *spiller) structure(c byte) error {
	depth := len(s.stack)
	switch c {
	case '{', '[':
		if depth >= s.limits.MaxDepth {
			return &MalformedError{Path: s.path(), Reason: fmt.Sprintf("nested deeper than %d", s.limits.MaxDepth)}
		}
		s.stack = append(s.stack, frame{array: c == '[', wantName: c == '{'})
	case '}', ']':
		s.stack = s.stack[:max(0, depth-1)]
	case ',':
		if depth > 0 {
			top := &s.stack[depth-1]
			top.wantName = !top.array
			top.index++
		}
	case ':':
		if depth > 0 {
			s.stack[depth-1].wantName = false
		}
	}
	if s.rest++; s.rest > s.limits.MaxRest {
		return &TooLargeError{Max: s.limits.MaxRest}
	}
	if err := s.to.WriteByte(c); err != nil {
		return fmt.Errorf("rest of the request: %w", err)
	}
	return nil
}

// str follows one string, whose opening quote has been read.
func (s *spiller) str() error {
	top := len(s.stack) - 1
	isName := top >= 0 && s.stack[top].wantName
	limit := s.limits.LongerThan
	switch {
	case isName:
		limit = s.limits.MaxName
	case top >= 0 && !s.stack[top].array && slices.ContainsFunc(s.limits.Documents, s.stack[top].called):
		limit = min(limit, shortDocument)
	}
	closed, err := s.readString(limit)
	switch {
	case err != nil:
		return err
	case !closed && isName:
		return &MalformedError{Path: pathOf(s.stack[:top]), Reason: fmt.Sprintf("a name of over %d bytes", limit)}
	case !closed:
		return s.spill()
	case isName:
		s.stack[top].name = append(s.stack[top].name[:0], s.text[1:len(s.text)-1]...)
	}
	return s.write(s.text)
}

// readString reads a string into text, up to its closing quote or one byte over the limit.
func (s *spiller) readString(limit int) (closed bool, err error) {
	s.text = append(s.text[:0], '"')
	escaped := false
	for {
		c, err := s.from.ReadByte()
		if err != nil {
			return false, s.ended(err, int64(len(s.text)-1))
		}
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			s.text = append(s.text, c)
			return true, nil
		}
		s.text = append(s.text, c)
		if len(s.text)-1 > limit {
			return false, nil
		}
	}
}

// ended is the error for a body that stops inside of a string.
func (s *spiller) ended(err error, offset int64) error {
	if errors.Is(err, io.EOF) {
		return &MalformedError{Path: s.path(), Offset: offset, Reason: "the request ends inside of a string"}
	}
	return fmt.Errorf("read request: %w", err)
}

// spill streams the long value at hand into the sink and writes a token for it.
func (s *spiller) spill() error {
	path := s.path()
	token := s.prefix + strconv.Itoa(s.spilt)
	s.spilt++
	v := &longValue{from: s, path: path, head: s.text[1:], decoder: base64Text{path: path}}
	err := s.sink(token, path, v)
	if v.err != nil && !errors.Is(v.err, io.EOF) {
		return v.err // whatever the sink has made of it
	}
	if err != nil {
		return fmt.Errorf("%s: %w", member(path), err)
	}
	if _, err := io.Copy(io.Discard, v); err != nil {
		return err
	}
	return s.write([]byte(`"` + token + `"`)) // of letters, digits and colons: nothing to escape
}

func (s *spiller) write(b []byte) error {
	s.rest += int64(len(b))
	if s.rest > s.limits.MaxRest {
		return &TooLargeError{Max: s.limits.MaxRest}
	}
	if _, err := s.to.Write(b); err != nil {
		return fmt.Errorf("rest of the request: %w", err)
	}
	return nil
}

// path names the value at hand.
func (s *spiller) path() string { return pathOf(s.stack) }

// pathOf names the value that the innermost of the frames is at.
func pathOf(stack []frame) string {
	var b strings.Builder
	for _, f := range stack {
		if f.array {
			fmt.Fprintf(&b, "[%d]", f.index)
			continue
		}
		var name string
		if json.Unmarshal([]byte(`"`+string(f.name)+`"`), &name) != nil {
			name = "?" // no JSON string; the library will say so
		}
		if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) || strings.ContainsRune(`.[]"`, r) }) {
			fmt.Fprintf(&b, "[%q]", name)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(name)
	}
	return b.String()
}

// longValue reads the rest of a JSON string, from its first byte to its closing quote, and decodes it.
type longValue struct {
	from    *spiller
	path    string
	head    []byte // read before it was known to be long
	decoder base64Text
	decoded []byte // not yet read
	size    int64  // decoded so far

	offset int64 // bytes of the string seen
	escape int   // 1 after a backslash, 2 to 5 before the hex digits of \u
	code   int   // of a \u escape
	closed bool
	err    error
}

// Read implements [io.Reader].
func (v *longValue) Read(p []byte) (int, error) {
	for len(v.decoded) == 0 && v.err == nil {
		v.err = v.more()
	}
	if len(v.decoded) > 0 {
		n := copy(p, v.decoded)
		v.decoded = v.decoded[n:]
		return n, nil
	}
	return 0, v.err
}

// more decodes what is buffered.
func (v *longValue) more() error {
	if v.closed {
		return io.EOF
	}
	src, isHead := v.head, len(v.head) > 0
	if !isHead {
		if _, err := v.from.from.Peek(1); err != nil {
			return v.from.ended(err, v.offset)
		}
		src, _ = v.from.from.Peek(v.from.from.Buffered()) // what is buffered can be peeked
	}
	used, err := v.scan(src)
	if isHead {
		v.head = v.head[used:]
	} else {
		_, _ = v.from.from.Discard(used) // what was peeked can be discarded
	}
	if err != nil {
		return err
	}
	if v.closed {
		if err := v.decoder.end(v.offset); err != nil {
			return err
		}
	}
	if v.decoded, err = v.decoder.take(v.offset); err != nil {
		return err
	}
	v.size += int64(len(v.decoded))
	if maxValue := v.from.limits.MaxValue; v.size > maxValue {
		v.decoded = nil
		return &TooLargeError{Path: v.path, Max: maxValue}
	}
	return nil
}

// scan undoes the JSON escapes up to the closing quote, and says how many bytes it took.
func (v *longValue) scan(src []byte) (int, error) {
	for i := 0; i < len(src); i++ {
		if v.escape == 0 {
			n := v.decoder.run(src[i:])
			i, v.offset = i+n, v.offset+int64(n)
			if i == len(src) {
				break
			}
		}
		c := src[i]
		v.offset++
		switch {
		case v.escape > 0:
			if err := v.escaped(c); err != nil {
				return i + 1, err
			}
		case c == '\\':
			v.escape = 1
		case c == '"':
			v.closed = true
			return i + 1, nil
		case c < ' ':
			return i + 1, v.decoder.fail(v.offset-1, "a control character that is not escaped")
		default:
			if err := v.decoder.add(c, v.offset-1); err != nil {
				return i + 1, err
			}
		}
	}
	return len(src), nil
}

// escaped follows a byte of an escape sequence (RFC 8259 section 7). Base64 needs none, but encoders write them all
// the same: "\/" from PHP, "\u002B" for the plus sign from .NET, "\u003d" for the padding from Gson.
func (v *longValue) escaped(c byte) error {
	if v.escape > 1 {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			return v.decoder.fail(v.offset-1, `a bad \u escape`)
		}
		v.code = v.code<<4 | digit
		if v.escape++; v.escape <= 5 {
			return nil
		}
		v.escape = 0
		if v.code > 0x7f {
			return v.decoder.fail(v.offset-6, "a character that is not base64")
		}
		return v.decoder.add(byte(v.code&0x7f), v.offset-6)
	}
	v.escape = 0
	switch c {
	case 'u':
		v.escape, v.code = 2, 0
		return nil
	case 'n':
		return v.decoder.add('\n', v.offset-2)
	case 'r':
		return v.decoder.add('\r', v.offset-2)
	case '/':
		return v.decoder.add(c, v.offset-2)
	default:
		return v.decoder.fail(v.offset-2, "an escape that is not base64")
	}
}
