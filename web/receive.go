package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"

	"github.com/innsigli/innsigli"
)

// formSlack is what a form may weigh besides its file, in bytes.
const formSlack = 64 << 10

// File is a file that came with a request. It lies on the disk without a name, and is gone when it is closed, or the
// process ends.
type File struct {
	*os.File
	Size int64
	// Name is what the sender calls it, empty if it does not say. It is not to be trusted.
	Name string

	path string // set where a file that is open cannot lose its name
}

// Close closes the file, and with it the file is gone.
func (f *File) Close() error {
	err := f.File.Close()
	if f.path != "" {
		err = errors.Join(err, os.Remove(f.path))
	}
	return err
}

// Receive takes the one file of a request: the body itself, or the part of a form (multipart/form-data) that is named
// field. It may have most bytes. What is missing or of another type is Invalid and names the field. Memory does not
// grow with the file.
func Receive(w http.ResponseWriter, r *http.Request, field string, most int64) (*File, error) {
	r.Body = http.MaxBytesReader(w, r.Body, most+formSlack)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		return receivePart(r, field, most)
	case err == nil && (kind == "application/pdf" || kind == "application/octet-stream"):
		return spool(r.Body, field, "", most)
	}
	return nil, innsigli.InvalidField(field, "ContentType", "Send the file as application/pdf, or in a form as multipart/form-data.")
}

func receivePart(r *http.Request, field string, most int64) (*File, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, innsigli.InvalidField(field, "Malformed", "The form cannot be read.")
	}
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, innsigli.InvalidField(field, "Missing", "There is no file in the form.")
		case tooLarge(err):
			return nil, &TooLargeError{Path: field, Max: most}
		case err != nil:
			return nil, innsigli.InvalidField(field, "Malformed", "The form cannot be read.")
		}
		if part.FormName() == field {
			return spool(part, field, part.FileName(), most)
		}
	}
}

func tooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// spool copies the file to the disk.
func spool(from io.Reader, field, name string, most int64) (_ *File, err error) {
	to, err := os.CreateTemp("", "innsigli-received-*")
	if err != nil {
		return nil, fmt.Errorf("receive file: %w", err)
	}
	f := &File{File: to, Name: name}
	if os.Remove(to.Name()) != nil {
		f.path = to.Name()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	f.Size, err = io.Copy(to, io.LimitReader(from, most+1))
	switch {
	case f.Size > most || tooLarge(err):
		return nil, &TooLargeError{Path: field, Max: most}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, innsigli.InvalidField(field, "Malformed", "The file did not come whole.")
	case err != nil:
		return nil, fmt.Errorf("receive file: %w", err)
	case f.Size == 0:
		return nil, innsigli.InvalidField(field, "Missing", "There is no file.")
	}
	return f, nil
}
