package notify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/innsigli/innsigli"
)

// OutboxAge is how long letters are kept (design/decisions.md 6).
const OutboxAge = 24 * time.Hour

// outboxList is how many letters a listing shows.
const outboxList = 200

// Outbox is the built-in mailbox for trying things out: mails, SMS and calls become files in a folder, each encrypted with age
// for one identity. A letter counts as delivered when its file and the folder have been synced.
type Outbox struct {
	dir string
	id  *age.X25519Identity
	now func() time.Time
}

var (
	_ Transport        = (*Outbox)(nil)
	_ SmsSender        = (*Outbox)(nil)
	_ CallSender       = (*Outbox)(nil)
	_ innsigli.Mailbox = (*Outbox)(nil)
)

// NewOutbox opens the mailbox in a folder, which is made when it is not there. identity is an age X25519 identity as
// text ("AGE-SECRET-KEY-1…"); see [NewOutboxIdentity].
func NewOutbox(dir, identity string, now func() time.Time) (*Outbox, error) {
	id, err := age.ParseX25519Identity(identity)
	if err != nil {
		return nil, errors.New("outbox: identity is malformed") // the cause would repeat it
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("outbox folder: %w", err)
	}
	return &Outbox{dir: dir, id: id, now: now}, nil
}

// NewOutboxIdentity makes an identity for [NewOutbox]. Whoever keeps it keeps a secret.
func NewOutboxIdentity() (string, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("outbox identity: %w", err)
	}
	return id.String(), nil
}

// Limit implements [Transport]: the outbox takes any size.
func (o *Outbox) Limit() int64 { return 0 }

// SendMail implements [Transport]. A message that lies there already is not written again.
func (o *Outbox) SendMail(ctx context.Context, m *Message, wanted Wanted) error {
	return o.put(ctx, m.UID, wanted, func(w io.Writer) error {
		_, err := m.WriteTo(w)
		return err
	})
}

// SendSms implements [SmsSender].
func (o *Outbox) SendSms(ctx context.Context, s Sms, wanted Wanted) error {
	return o.note(ctx, letterSms, s.UID, s.To, s.Text, wanted)
}

// SendCall implements [CallSender].
func (o *Outbox) SendCall(ctx context.Context, c Call, wanted Wanted) error {
	return o.note(ctx, letterCall, c.UID, c.To, c.Text, wanted)
}

// note keeps a text for a number, in the form of a mail with a header of its own.
func (o *Outbox) note(ctx context.Context, kind, uid, to, text string, wanted Wanted) error {
	return o.put(ctx, uid, wanted, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %s\r\nDate: %s\r\nTo: %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s",
			letterHeader, kind, o.now().UTC().Format(time.RFC1123Z), encodeText(clean(to, maxName)), text)
		return err
	})
}

// letterHeader says of a letter that it is no mail, and what it is.
const (
	letterHeader = "X-Innsigli-Letter"
	letterSms    = "sms"
	letterCall   = "call"
)

// put writes a letter under its message's id: write, sync, rename, sync of the folder.
func (o *Outbox) put(ctx context.Context, uid string, wanted Wanted, write func(io.Writer) error) (err error) {
	if !isLetterID(uid) {
		return errors.New("outbox: message without an id")
	}
	name := o.path(uid)
	if _, err := os.Stat(name); err == nil {
		return ask(ctx, wanted) // handed over by an earlier attempt whose outcome was lost
	}
	f, err := os.CreateTemp(o.dir, "new-*.tmp")
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	defer func() {
		_ = f.Close() // closed before, unless something went wrong
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := o.encrypt(f, write); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if err := ask(ctx, wanted); err != nil {
		return err
	}
	at := o.now()
	if err := errors.Join(os.Chtimes(f.Name(), at, at), os.Rename(f.Name(), name)); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return syncDir(o.dir)
}

func (o *Outbox) encrypt(f *os.File, write func(io.Writer) error) error {
	b := bufio.NewWriter(f)
	w, err := age.Encrypt(b, o.id.Recipient())
	if err != nil {
		return err
	}
	if err := write(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own folder
	if err != nil {
		return fmt.Errorf("outbox folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("outbox folder: %w", err)
	}
	return nil
}

// letterEnding is the ending of a letter's file.
const letterEnding = ".letter"

func (o *Outbox) path(id string) string { return filepath.Join(o.dir, id+letterEnding) }

// isLetterID says whether an id is one of ours, and so no way out of the folder.
func isLetterID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "0123456789abcdef") == ""
}

// letterFile is a letter as the folder lists it.
type letterFile struct {
	name string
	at   time.Time
}

func (o *Outbox) files() ([]letterFile, error) {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return nil, fmt.Errorf("list outbox: %w", err)
	}
	var out []letterFile
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // swept meanwhile
		}
		out = append(out, letterFile{e.Name(), info.ModTime()})
	}
	slices.SortFunc(out, func(a, b letterFile) int {
		if c := b.at.Compare(a.at); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	return out, nil
}

// Sweep removes letters that are older than [OutboxAge], and what a crash left half written.
func (o *Outbox) Sweep(context.Context) error {
	files, err := o.files()
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range files {
		if o.now().Sub(f.at) < OutboxAge {
			continue
		}
		if err := os.Remove(filepath.Join(o.dir, f.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("sweep outbox: %w", err))
		}
	}
	return errors.Join(errs...)
}
