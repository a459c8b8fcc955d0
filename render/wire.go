package render

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The talk over the pipes is frames: one byte that says what it is, the length of a header (4 bytes), the length of a
// body (8 bytes), both big endian, the header as JSON, the body. The server asks, the child answers each question once.
// Both sides read the other as foreign bytes.
const (
	opOpen  = 'o' // server: the body is a document that takes the place of the one before; answer: result without body
	opInfo  = 'i' // server: page sizes; answer: result, a JSON list of Size
	opImage = 'p' // server: draw query.Page query.Width wide; answer: result, a PNG
	opText  = 't' // server: text of query.Page; answer: result, a JSON list of Span
	// server: the document written anew, the query.Way; answers: parts whose bodies are its pieces, then a result without
	// body. The child closes the document.
	opRewrite = 'w'

	opHello  = 'h' // child: ready, once at the start; the header is a greeting
	opResult = 'r' // child: done
	opPart   = 'd' // child: more is to come, at most maxPart bytes at once
	opError  = 'e' // child: not done; the header is a refusal

	frameHead = 1 + 4 + 8
	maxHeader = 4 << 10
	// wireVersion changes with anything here: an updated binary must not talk to a child of the old one.
	wireVersion = 2
)

type (
	greeting struct {
		Version int `json:"version"`
	}
	query struct {
		Page  int `json:"page"`
		Width int `json:"width"`
		Way   Way `json:"way"`
	}
	refusal struct {
		Code   string `json:"code"`
		Reason string `json:"reason"`
	}
)

// Codes of a refusal.
const (
	codeUnreadable = "unreadable"
	codePassword   = "password"
	codeNoPage     = "no-page"
	codeHeavy      = "heavy"
	codeStart      = "start" // in place of the greeting: the child cannot work at all
)

// frame is the beginning of a message; size bytes of body follow it on the pipe.
type frame struct {
	op     byte
	header []byte
	size   int64
}

// writeFrame writes the beginning of a message; the caller writes the body of size bytes.
func writeFrame(w io.Writer, op byte, header any, size int64) error {
	text, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("frame header: %w", err)
	}
	if len(text) > maxHeader || size < 0 {
		return errors.New("frame out of bounds")
	}
	buf := make([]byte, frameHead, frameHead+len(text))
	buf[0] = op
	binary.BigEndian.PutUint32(buf[1:], uint32(len(text))) //nolint:gosec // at most maxHeader
	binary.BigEndian.PutUint64(buf[5:], uint64(size))
	if _, err := w.Write(append(buf, text...)); err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	return nil
}

// readFrame reads the beginning of a message. Whatever comes in, it allocates no more than maxHeader bytes.
// io.EOF means that the other side ended between two messages.
func readFrame(r io.Reader) (frame, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return frame{}, io.EOF
		}
		return frame{}, fmt.Errorf("frame: %w", err)
	}
	header, size := binary.BigEndian.Uint32(head[1:]), binary.BigEndian.Uint64(head[5:])
	if header > maxHeader || size > MaxDocument {
		return frame{}, errors.New("frame out of bounds")
	}
	f := frame{op: head[0], header: make([]byte, header), size: int64(size)}
	if _, err := io.ReadFull(r, f.header); err != nil {
		return frame{}, fmt.Errorf("frame header: %w", err)
	}
	return f, nil
}

// readBody reads a body of size bytes, at most limit. Memory is taken as bytes arrive, not as they are promised, and
// what is left behind while growing is wiped.
func readBody(r io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, errors.New("frame body out of bounds")
	}
	buf := make([]byte, min(size, 256<<10))
	for have := int64(0); ; {
		n, err := io.ReadFull(r, buf[have:])
		have += int64(n)
		if err != nil {
			clear(buf)
			return nil, fmt.Errorf("frame body: %w", err)
		}
		if have == size {
			return buf, nil
		}
		grown := make([]byte, min(size, 2*have))
		copy(grown, buf)
		clear(buf)
		buf = grown
	}
}

// refusalError makes the error of a refusal. The reason is one of our own words, never the document's.
func refusalError(header []byte) error {
	var no refusal
	if err := json.Unmarshal(header, &no); err != nil {
		return fmt.Errorf("refusal: %w", err)
	}
	kind := ErrTooHeavy
	switch no.Code {
	case codeUnreadable:
		kind = ErrUnreadable
	case codePassword:
		kind = ErrPassword
	case codeNoPage:
		return ErrNoPage
	case codeStart:
		return fmt.Errorf("render child: %s", no.Reason)
	default:
	}
	return fmt.Errorf("%s: %w", no.Reason, kind)
}
