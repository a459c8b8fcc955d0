package render

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
)

// ChildMain is the life of a child process: the hidden subcommand "render-child CACHEDIR" calls it with its standard
// input and output, before the program does anything else. It answers questions until in ends and returns the exit
// code. The process is limited for good by it, so nothing else can be done in it.
func ChildMain(cacheDir string, in io.Reader, out io.Writer) int {
	if err := prepare(cacheDir, out, func(lib *library) error {
		s := server{lib: lib, in: bufio.NewReaderSize(in, 64<<10), out: out}
		defer s.close()
		return s.serve()
	}); err != nil {
		return 1
	}
	return 0
}

// prepare limits the process, loads PDFium, greets and goes on with then.
func prepare(cacheDir string, out io.Writer, then func(*library) error) error {
	runtime.GOMAXPROCS(2) // one for PDFium, one for the collector
	lib, err := begin(cacheDir)
	if err != nil {
		return errors.Join(err, writeFrame(out, opError, refusal{codeStart, clip(err.Error())}, 0))
	}
	debug.FreeOSMemory() // what compiling has left
	if err := writeFrame(out, opHello, greeting{wireVersion}, 0); err != nil {
		return err
	}
	return then(lib)
}

func begin(cacheDir string) (*library, error) {
	if err := limitProcess(); err != nil {
		return nil, err
	}
	lib, err := openLibrary(cacheDir)
	if err != nil {
		return nil, err
	}
	return lib, lockProcess()
}

// clip keeps a text within a frame header.
func clip(s string) string { return s[:min(len(s), 500)] }

// server answers the questions of one server process, one after the other.
type server struct {
	lib *library
	in  io.Reader
	out io.Writer
	doc *document
}

func (s *server) serve() error {
	for {
		f, err := readFrame(s.in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := s.answer(f)
		if err != nil {
			err = s.refuse(err)
		} else {
			err = s.result(body)
		}
		if err != nil {
			return err
		}
	}
}

// errTalk marks errors of the pipe, after which there is nobody to answer.
var errTalk = errors.New("talk with the server")

func (s *server) answer(f frame) ([]byte, error) {
	if f.op == opOpen {
		return nil, s.open(f.size)
	}
	var q query
	if err := json.Unmarshal(f.header, &q); err != nil || f.size != 0 {
		return nil, errTalk
	}
	if s.doc == nil {
		return nil, errTalk // the server opens first
	}
	switch f.op {
	case opInfo:
		sizes, err := s.doc.sizes()
		return asJSON(sizes, err)
	case opImage:
		return s.doc.image(q.Page, q.Width)
	case opText:
		spans, err := s.doc.text(q.Page)
		return asJSON(spans, err)
	case opRewrite:
		err := s.doc.rewrite(q.Way, s.out)
		s.close()
		return nil, err
	default:
		return nil, errTalk
	}
}

// open puts a document in the place of the one before, of which nothing is left.
func (s *server) open(size int64) error {
	s.close()
	if size < 1 {
		return errTalk
	}
	data, release, err := take(size)
	if err != nil {
		return errors.Join(errTalk, err)
	}
	if _, err := io.ReadFull(s.in, data); err != nil {
		return errors.Join(errTalk, err)
	}
	s.doc, err = s.lib.open(data, release)
	return err
}

func (s *server) close() {
	if s.doc != nil {
		s.doc.close()
		s.doc = nil
	}
}

func (s *server) result(body []byte) error {
	if err := writeFrame(s.out, opResult, struct{}{}, int64(len(body))); err != nil {
		return err
	}
	_, err := s.out.Write(body)
	clear(body)
	return err
}

// refuse says no. After anything but a wrong page number PDFium may be in any state: document and instance are thrown
// away.
func (s *server) refuse(err error) error {
	if errors.Is(err, errTalk) {
		return err
	}
	no := refusal{codeHeavy, "PDFium gave up"}
	switch {
	case errors.Is(err, ErrNoPage):
		return writeFrame(s.out, opError, refusal{codeNoPage, ""}, 0)
	case errors.Is(err, ErrPassword):
		no = refusal{codePassword, "a password is asked for"}
	case errors.Is(err, ErrUnreadable):
		no = refusal{codeUnreadable, "PDFium cannot read it"}
	case errors.Is(err, ErrTooHeavy):
		no.Reason = "more than may be shown"
	}
	s.close()
	return writeFrame(s.out, opError, no, 0)
}

func asJSON[T any](v []T, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if v == nil {
		v = []T{}
	}
	return json.Marshal(v)
}
