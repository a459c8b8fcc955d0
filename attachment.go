package innsigli

import "io"

// Attachment is a document on its way into a message. WriteTo streams it, as often as it is called and every time the
// same bytes; it is never whole in memory and never in clear on disk. Close gives back what it holds.
type Attachment struct {
	Name    string
	Type    string
	Size    int64
	SHA256  string // hex
	WriteTo func(w io.Writer) (int64, error)
	Close   func() error
}
