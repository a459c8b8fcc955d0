package innsigli

import (
	"context"
	"io"
	"time"
)

// Letter is a message in the built-in outbox: the mailbox for trying things out.
type Letter struct {
	ID      string
	At      time.Time
	Sms     bool
	Call    bool // what a call would have read out
	From    string
	To      string
	Subject string
	Text    string
	HTML    string
	Files   []LetterFile
}

// LetterFile is an attachment of a letter.
type LetterFile struct {
	Name string
	Type string
	Size int64
}

// Mailbox is the built-in outbox as its page reads it. Letters are encrypted where they lie and kept 24 h.
type Mailbox interface {
	// List gives the newest letters first, without their bodies.
	List(ctx context.Context) ([]Letter, error)
	// Read gives one letter whole; NotFound when there is none.
	Read(ctx context.Context, id string) (Letter, error)
	// File opens the n-th attachment of a letter.
	File(ctx context.Context, id string, n int) (io.ReadCloser, LetterFile, error)
}
