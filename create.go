package innsigli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// ErrRewrap says that a key was wrapped under a key-encryption key that is no longer the current one: wrap again.
var ErrRewrap = errors.New("key-encryption key has changed")

// CreateRequest starts a process. Members are those of the public API's CreateSigningProcess.
type CreateRequest struct {
	Flow        FlowKey
	FileName    string
	DisplayName string
	Location    Location
	InOrder     bool // signInOrder
	// RequiresAuth: people prove who they are, by a code, before they are shown the document.
	RequiresAuth bool
	// AllowReassign: a signee may pass signing on to somebody else.
	AllowReassign bool
	User          string
	Meta          map[string]string
	Signees       []NewSignee
	// ReminderRule is "first:every" in days, or empty (see [ReminderRule]).
	ReminderRule string
	Flatten      bool // draw form fields and annotations into the pages
	// Attachments are files beside the document; their bytes are in the upload, under their place in this list.
	Attachments []NewAttachment
	// Idempotency is the client's Idempotency-Key, empty when it sent none; Hash is of the request without the document.
	Idempotency string
	Hash        string
}

// NewAttachment is a file of a CreateRequest: one that came with it, or one of an earlier process of the company.
type NewAttachment struct {
	Name        string
	Description string
	Type        AttachmentType
	// Field is the member of the request, for refusals: "attachments[0]".
	Field string
	// Copied says that the file is copied; Process and Key name it.
	Copied  bool
	Process ProcessKey
	Key     AttachmentKey
}

// NewSignee is a signee of a CreateRequest.
type NewSignee struct {
	Name, Ssn, Phone, Email   string
	Address, PostalCode, City string
	Reason, CustomSms, User   string
	HideCode                  bool
	Delivery                  Delivery
	Type                      SignatureType // zero: the company's default
	Language                  Language
}

// Upload takes the clear bytes of a document on their way into the blob store, under a fresh key that is in memory only
// until the process that it belongs to is kept.
type Upload struct {
	w   BlobWriter
	key DataKey
	n   int64

	begin func(context.Context) (BlobWriter, error)
	files map[int]*FileUpload // attachments, by their place in the request

	doc   Document // what intake made of it
	blobs []string // all that were committed on the way
	kept  bool     // doc is a process's
}

// NewUpload begins to take a document.
func (s *Service) NewUpload(ctx context.Context) (*Upload, error) {
	u := &Upload{files: map[int]*FileUpload{}}
	_, _ = rand.Read(u.key[:])
	u.begin = func(ctx context.Context) (BlobWriter, error) { return s.Blobs.Create(ctx, u.key) }
	w, err := u.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin upload: %w", err)
	}
	u.w = w
	return u, nil
}

// Write takes the next bytes; more than the limit are refused.
func (u *Upload) Write(p []byte) (int, error) {
	if u.n += int64(len(p)); u.n > MaxDocumentBytes {
		return 0, errDocumentTooLarge()
	}
	return u.w.Write(p)
}

// Size is how many bytes were taken.
func (u *Upload) Size() int64 { return u.n }

// File begins to take the i-th attachment, under the same key. field is what refusals name.
func (u *Upload) File(ctx context.Context, i int, field string) (*FileUpload, error) {
	if u.files[i] != nil {
		return nil, InvalidField(field, "Duplicate", field+" is there twice.")
	}
	w, err := u.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin attachment: %w", err)
	}
	u.files[i] = &FileUpload{w: w, field: field}
	return u.files[i], nil
}

// Abort forgets the upload. After the process was kept it does nothing.
func (u *Upload) Abort() {
	u.w.Abort()
	for _, f := range u.files {
		f.Abort()
	}
}

func errDocumentTooLarge() *Error {
	return tooLarge("pdfDocument", "The document is larger than 50 MB.")
}

// Accepted is a new process, or the earlier one of the same Idempotency-Key.
type Accepted struct {
	Process Process
	// Warning is for the log of the client: something will not work as it might expect. Empty: none.
	Warning string
}

// Create takes a document and the people who must sign it. up holds the document; the caller aborts it in any case.
// Errors: Invalid with every member that is wrong, TooLarge. Nothing is kept unless everything is.
func (s *Service) Create(ctx context.Context, c Caller, r CreateRequest, up *Upload) (_ Accepted, err error) {
	flow, err := s.checkCreate(ctx, c, &r, up)
	if err != nil {
		return Accepted{}, err
	}
	if err := s.mayWrite(ctx, c.Company.Key, addressedBy(r.Signees)); err != nil {
		return Accepted{}, err
	}
	defer func() { s.discard(ctx, err, up) }()
	if err := s.takeAll(ctx, c, up, r); err != nil {
		return Accepted{}, err
	}
	created, err := s.create(ctx, c, flow, r, up)
	up.kept = err == nil && created.Process.Document.Blob == up.doc.Blob
	return created, err
}

func (s *Service) create(ctx context.Context, c Caller, flow Flow, r CreateRequest, up *Upload) (Accepted, error) {
	n := newProcess(s.Now(), s.ExpireAfter, c, flow, r)
	n.Process.Document, n.Process.Attachments = up.doc, up.attachments(r, n.Process.CreatedAt)
	h := sha256.Sum256([]byte(r.Hash + up.hash(r)))
	n.RequestHash = hex.EncodeToString(h[:])
	hooks, err := s.Store.Webhooks(ctx, flow.Key)
	if err != nil {
		return Accepted{}, err
	}
	n.Change = decideCreated(Facts{Now: n.Process.CreatedAt, Company: c.Company, Flow: flow, Process: n.Process, Webhooks: hooks}, actorOf(n.Process, c))
	earlier, hash, err := s.keepNew(ctx, &n, up.key)
	switch {
	case err != nil:
		return Accepted{}, err
	case earlier == "":
		s.After(n.Process.Key, n.Change)
		return Accepted{Process: asCreated(n.Process), Warning: s.tooLargeToMail(up.doc.Size)}, nil
	case hash != n.RequestHash:
		return Accepted{}, errKeyReused()
	}
	f, err := s.Store.Facts(ctx, c.process(earlier))
	if err != nil {
		return Accepted{}, err
	}
	return Accepted{Process: asCreated(f.Process)}, nil
}

// keepNew wraps the data keys, of the process and of the others of its sequence, and keeps all; once more when the
// key-encryption key was rotated in between.
func (s *Service) keepNew(ctx context.Context, n *NewProcess, keys ...DataKey) (ProcessKey, string, error) {
	for try := 0; ; try++ {
		var err error
		if n.Key, err = s.Keys.Wrap(keys[0][:], keyOf(n.Process.Key)); err != nil {
			return "", "", err
		}
		for i := range n.Others {
			o := &n.Others[i]
			if o.Key, err = s.Keys.Wrap(keys[i+1][:], keyOf(o.Process.Key)); err != nil { //nolint:gosec // G602: there is a key for each of the others
				return "", "", err
			}
		}
		earlier, hash, err := s.Store.Create(ctx, *n)
		if errors.Is(err, ErrRewrap) && try < 3 {
			continue
		}
		return earlier, hash, err
	}
}

// asCreated is the process as its first answer showed it: the same answer to the same request.
func asCreated(p Process) Process {
	p.State, p.Sealed, p.Evidence = Created, Document{}, Reference{}
	for i := range p.Signees {
		p.Signees[i].SignedAt = time.Time{}
	}
	return p
}

// newProcess makes the rows of a process and what follows from its creation. It draws keys and decides nothing.
func newProcess(now time.Time, expire time.Duration, c Caller, flow Flow, r CreateRequest) NewProcess {
	key := NewProcessKey()
	p := Process{
		Key: key, Group: GroupKey(key), Company: c.Company.Key, Flow: flow.Key, State: Created,
		FileName: r.FileName, DisplayName: r.DisplayName, Location: r.Location, InOrder: r.InOrder, RequiresAuth: r.RequiresAuth, User: r.User, Meta: r.Meta,
		Flatten: r.Flatten, AllowReassign: r.AllowReassign,
		CreatedAt: now, ExpiresAt: now.Add(expire),
	}
	p.Reminders, _ = parseReminderRule(r.ReminderRule) // checked before
	for _, n := range r.Signees {
		p.Signees = append(p.Signees, newSignee(key, n))
	}
	return NewProcess{Process: p, Idempotency: r.Idempotency}
}

// newSignee makes a signee of a process, under a fresh key.
func newSignee(p ProcessKey, n NewSignee) Signee {
	return Signee{
		Key: NewSigneeKey(), Process: p, Name: n.Name, Ssn: n.Ssn, Phone: n.Phone, Email: n.Email,
		Address: n.Address, PostalCode: n.PostalCode, City: n.City, Reason: n.Reason, HideCode: n.HideCode,
		Delivery: n.Delivery, Type: n.Type, Language: n.Language, CustomSms: n.CustomSms, User: n.User,
	}
}

// actorOf is who started a process, for the log: its owner, else the API key.
func actorOf(p Process, c Caller) string {
	if p.User != "" {
		return p.User
	}
	return c.KeyName
}

// decideCreated says what follows from a new process or sequence: its log, the invitations of those whose turn it is,
// its last moment.
func decideCreated(f Facts, actor string) Change {
	asked := invitations(f, nil)
	c := f.Each(func(m Facts) Change {
		p := m.Process
		c := Change{Log: []LogEntry{{Kind: LogCreated, Actor: actor}}}
		for _, s := range p.Signees {
			c.Log = append(c.Log, LogEntry{Kind: LogSigneeAdded, Signee: s.Key})
		}
		for _, o := range asked {
			if o.process == p.Key {
				c.Jobs = append(c.Jobs, o.job)
			}
		}
		if len(asked) == 0 { // nobody is invited: it runs from now on
			c.State = Started
			c.Log = append(c.Log, LogEntry{Kind: LogStarted, Actor: actor})
		}
		c.Jobs = append(c.Jobs, webhookJobs(m, EventCreated)...)
		return c
	})
	c.Jobs = append(c.Jobs, Job{Kind: JobExpire, Due: f.Process.ExpiresAt, Uniq: "expire:" + string(f.Process.Key)})
	return c
}

// tooLargeToMail warns when the signed document will not fit into a mail. Base64 takes 4 bytes for 3 and a line break
// every 76; 64 kB are for the rest of the message, with at most 33 of a
// logo, 256 kB for marks, evidence and seal.
func (s *Service) tooLargeToMail(size int64) string {
	limit := int64(0)
	if s.MailLimit != nil {
		limit = s.MailLimit()
	}
	if need := (size+256<<10)*138/100 + 64<<10; limit == 0 || need <= limit {
		return ""
	}
	return "The document is too large for the mail server: signees get a link instead of a copy, and a copy on cancel cannot be delivered."
}

// checkCreate finds everything that is wrong with a request, and its flow.
func (s *Service) checkCreate(ctx context.Context, c Caller, r *CreateRequest, up *Upload) (Flow, error) {
	var bad fieldErrors
	checkProcess(&bad, r)
	if up == nil || up.n == 0 {
		bad.add("pdfDocument", "NotEmpty", "pdfDocument is required.")
	}
	checkAttachments(&bad, r, up)
	if len(r.Signees) == 0 {
		bad.add("createSignees", "NotEmpty", "At least one signee is required.")
	}
	if len(r.Signees) > MaxSignees {
		bad.add("createSignees", "Length", fmt.Sprintf("At most %d signees can sign one document.", MaxSignees))
		r.Signees = r.Signees[:MaxSignees]
	}
	for i := range r.Signees {
		at := fmt.Sprintf("createSignees[%d].", i)
		s.checkNewSignee(&bad, at, &r.Signees[i])
	}
	flow, err := s.flow(ctx, c, r.Flow, &bad)
	if err != nil {
		return Flow{}, err
	}
	return flow, bad.err()
}

func (s *Service) flow(ctx context.Context, c Caller, k FlowKey, bad *fieldErrors) (Flow, error) {
	if k == "" {
		bad.add("flowKey", "NotEmpty", "flowKey is required.")
		return Flow{}, nil
	}
	flows, err := s.Flows(ctx, c)
	if err != nil {
		return Flow{}, err
	}
	for _, f := range flows {
		if f.Key == k && f.Active {
			return f, nil
		}
	}
	bad.add("flowKey", "NotFound", "There is no such flow.")
	return Flow{}, nil
}

func checkProcess(bad *fieldErrors, r *CreateRequest) {
	checkFileName(bad, "pdfFileName", r.FileName)
	checkText(bad, "activityDisplayName", r.DisplayName, MaxNameRunes)
	if r.User != "" {
		checkEmail(bad, "user", r.User)
	}
	checkReminderRule(bad, r.ReminderRule)
	checkMeta(bad, r.Meta)
	checkIdempotency(bad, r.Idempotency)
}

func checkMeta(bad *fieldErrors, meta map[string]string) {
	size := 0
	for k, v := range meta {
		size += len(k) + len(v)
		if !Storable(k + v) {
			bad.add("meta", "ControlCharacters", "meta must be UTF-8 without NUL.")
			break
		}
	}
	if size > MaxMetaBytes {
		bad.add("meta", "Length", fmt.Sprintf("meta holds more than %d kB.", MaxMetaBytes>>10))
	}
}

func checkIdempotency(bad *fieldErrors, key string) {
	if len(key) > MaxIdempotency || hasControl(key) || !utf8.ValidString(key) {
		bad.add("Idempotency-Key", "Length", fmt.Sprintf("Idempotency-Key is longer than %d bytes or has control characters.", MaxIdempotency))
	}
}

// checkNewSignee finds what is wrong with a signee on this server.
func (s *Service) checkNewSignee(bad *fieldErrors, at string, n *NewSignee) {
	checkSignee(bad, at, n)
	if s.Ways.NoSms && !s.Ways.Calls && n.Email == "" && n.Phone != "" {
		bad.add(at+"email", "NotEmpty", "This server has no SMS gateway, so a signee needs an e-mail address to be sent a code.")
	}
	if n.Email == "" && n.Phone != "" && !s.Ways.Numbers.Reaches(n.Phone) {
		bad.add(at+"phoneNumber", "NotReachable", "This server sends no SMS to "+at+"phoneNumber: its country is not allowed, or it is no country's. Give an e-mail address.")
	}
}

func checkSignee(bad *fieldErrors, at string, n *NewSignee) {
	for _, f := range []struct {
		name, value string
		limit       int
	}{
		{"name", n.Name, MaxNameRunes},
		{"ssn", n.Ssn, 50},
		{"address", n.Address, MaxNameRunes},
		{"postalCode", n.PostalCode, 50},
		{"city", n.City, MaxNameRunes},
		{"reason", n.Reason, MaxReasonRunes},
		{"customSmsText", n.CustomSms, 200}, // facts/wire.md 5.4
		{"user", n.User, MaxAddress},
	} {
		checkText(bad, at+f.name, f.value, f.limit)
	}
	if n.Email != "" {
		checkEmail(bad, at+"email", n.Email)
	}
	if n.Phone != "" {
		clean, ok := cleanPhone(n.Phone)
		if !ok {
			bad.add(at+"phoneNumber", "Phone", at+"phoneNumber is not a telephone number.")
		}
		n.Phone = clean
	}
	checkReach(bad, at, n)
}

// checkReach finds a signee who could not be invited as asked, or not be sent a code.
func checkReach(bad *fieldErrors, at string, n *NewSignee) {
	if n.Type == 0 {
		n.Type = Simple // the default without an e-ID provider
	}
	if n.Type == Qualified {
		bad.add(at+"signatureType", "NotSupported",
			`No e-ID provider is configured on this server, so a signature of type Qualified cannot be made; send "Simple".`)
		return
	}
	switch {
	case n.Delivery == DeliverSms:
		bad.add(at+"communicationDeliveryType", "SmsWithSimple", "Delivery by SMS cannot be combined with the signature type Simple.")
	case n.Delivery == DeliverEmail && n.Email == "":
		bad.add(at+"email", "NotEmpty", at+"email is required when the invitation goes by e-mail.")
	case n.Email == "" && n.Phone == "":
		bad.add(at+"email", "NotReachable", "A signee needs an e-mail address or a phone number, to be sent a code.")
	}
}
