package innsigli

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"time"

	"github.com/innsigli/innsigli/cms"
)

// Store keeps what is true. One text of SQL, two databases; store.DB is the implementation.
//
// Every method that changes something is one transaction: it is kept whole or not at all. An error that wraps
// [ErrUnclear] means that nobody knows which. "No such thing" is an *[Error] of kind NotFound.
type Store interface {
	// Authenticate finds a company by its key and the SHA-256 of an API key, both in one query.
	// NotFound when there is no such pair.
	Authenticate(ctx context.Context, c CompanyKey, keyHash [32]byte) (Caller, error)

	// Create keeps a new process, or all processes of a new sequence, with group, signees, wrapped keys, log lines and
	// jobs. When n.Idempotency is set and
	// was used in the last 24 h by the company, nothing is kept and the key of that earlier process is returned with the
	// hash of its request. It fails with [ErrRewrap] when the wrapped key was wrapped under a key-encryption key that is
	// no longer the current one.
	Create(ctx context.Context, n NewProcess) (earlier ProcessKey, earlierHash string, err error)

	// Decide locks the group that t names (its first statement is a guarded update), reads the facts, asks decide and
	// keeps the change. It returns the facts that were judged and the change that was kept. When decide returns an
	// error, nothing is kept and the error is returned as it is.
	Decide(ctx context.Context, t Target, decide Decision) (Facts, Change, error)

	// Facts reads without locking.
	Facts(ctx context.Context, t Target) (Facts, error)

	// CountTry adds one to the tries of an open challenge and to the wrong tries of its signee, before anything is
	// compared, so that tries at once cannot outrun the limit. counted is false when the challenge is not open at now, or
	// a limit is reached; the challenge is returned as it then stands, NotFound when there is none.
	CountTry(ctx context.Context, t Token, now time.Time) (ch Challenge, counted bool, err error)

	// Key reads the process's wrapped data key: NotFound when it is gone, whatever the state says. It reads on the newest
	// committed state, never from a replica or an older snapshot.
	Key(ctx context.Context, p ProcessKey) (WrappedKey, error)
	// HeldKey reads the wrapped key from the hold.
	HeldKey(ctx context.Context, p ProcessKey) (WrappedKey, error)

	// Blobs lists what lies in the blob store for a process.
	Blobs(ctx context.Context, p ProcessKey) ([]string, error)

	// TakeText counts an SMS or a call that is about to be handed over; false when a limit of the hour is reached.
	TakeText(ctx context.Context, t Text) (bool, error)
	// TextWait is how long an SMS or a call would have to wait for room in the hour, as of now; 0: it may go.
	TextWait(ctx context.Context, t Text) (time.Duration, error)

	// Activity lists the log of a company.
	Activity(ctx context.Context, c CompanyKey, q ActivityQuery) ([]Activity, error)

	// Flows lists a company's flows, oldest first.
	Flows(ctx context.Context, c CompanyKey) ([]Flow, error)
	// ChangeCompany locks a company, asks decide what it is to be, and keeps that; NotFound when there is none.
	ChangeCompany(ctx context.Context, k CompanyKey, decide func(Company) (Company, error)) (Company, error)

	// Addressed counts the e-mail addresses that a company wrote to since a time, by minute, oldest first. Create, Decide and
	// Settle keep count.
	Addressed(ctx context.Context, c CompanyKey, since time.Time) ([]Addressed, error)

	// Embeds says whether some company has registered an origin.
	Embeds(ctx context.Context, origin string) (bool, error)

	// Retention reads how long a company keeps things; NotFound when there is none.
	Retention(ctx context.Context, k CompanyKey) (Retention, error)
	// ChangeRetention locks a company, asks decide how long it is to keep things, and keeps that; NotFound when there is none.
	ChangeRetention(ctx context.Context, k CompanyKey, decide func(Retention) (Retention, error)) (Retention, error)

	// AddFlow keeps a new flow. It refuses more than [MaxFlows].
	AddFlow(ctx context.Context, f Flow) error
	// ChangeFlow keeps name, state and look of a flow, its logo aside; NotFound when it is not the company's.
	ChangeFlow(ctx context.Context, f Flow) error
	// RemoveFlow deletes a flow for whoever wants to start something; NotFound when it is not the company's.
	RemoveFlow(ctx context.Context, c CompanyKey, k FlowKey) error

	// SetLogo puts a logo in the place of the one that a company, or a flow of it when f is not empty, had; the zero logo is
	// none. NotFound when there is no such company or flow.
	SetLogo(ctx context.Context, c CompanyKey, f FlowKey, l Logo) error
	// Brand reads how a company looks, or when f is not empty that flow of whichever company; NotFound.
	Brand(ctx context.Context, c CompanyKey, f FlowKey) (Brand, error)
	// Logo gives the PNG of a logo by its SHA-256; NotFound.
	Logo(ctx context.Context, sum string) ([]byte, error)

	// APIKeys lists a company's keys, oldest first.
	APIKeys(ctx context.Context, c CompanyKey) ([]APIKey, error)
	// AddAPIKey keeps a new key by the hash of its secret. It refuses more than [MaxAPIKeys].
	AddAPIKey(ctx context.Context, k APIKey, hash [32]byte) error
	// ChangeAPIKey locks the company's keys, asks decide what the key is to be, and keeps that.
	ChangeAPIKey(ctx context.Context, c CompanyKey, id int64, decide func([]APIKey) (APIKey, error)) (APIKey, error)
	// RemoveAPIKey locks the company's keys, asks decide, and deletes the key.
	RemoveAPIKey(ctx context.Context, c CompanyKey, id int64, decide func([]APIKey) error) error

	// Webhooks lists the registrations of a flow, oldest first.
	Webhooks(ctx context.Context, f FlowKey) ([]Webhook, error)
	// AddWebhook keeps a registration; NotFound when the flow is not the company's, the error of
	// [RoomForWebhook] when it has as many as it may have.
	AddWebhook(ctx context.Context, c CompanyKey, w Webhook) (Webhook, error)
	// ChangeWebhook replaces what a registration says, and where its waiting events go; NotFound when it or the flow is
	// not the company's.
	ChangeWebhook(ctx context.Context, c CompanyKey, w Webhook) error
	// DeleteWebhook ends a registration and what waits for it; NotFound when it is not the company's.
	DeleteWebhook(ctx context.Context, c CompanyKey, id int64) error
	// Webhook reads one registration.
	Webhook(ctx context.Context, id int64) (Webhook, error)
	// WebhookKeys gives the company's wrapped webhook signature keys.
	WebhookKeys(ctx context.Context, c CompanyKey) (WebhookKeys, error)
	// RotateWebhookKey puts fresh in the place of the company's webhook signature key, which stays as the former one until
	// the given time; NotFound when there is no such company, [ErrRewrap] as for Create.
	RotateWebhookKey(ctx context.Context, c CompanyKey, fresh WrappedKey, until time.Time) error
	// Deliveries lists webhooks, newest first.
	Deliveries(ctx context.Context, q DeliveryQuery) ([]HookDelivery, error)
	// Replay makes a delivery that is done or dead ready once more. found says that there is one of that id, for that
	// registration unless it is zero, of a process whose whole group is in the flows.
	Replay(ctx context.Context, hook int64, id string, in FlowSet) (done, found bool, err error)
	// Templates lists a company's templates, oldest first.
	Templates(ctx context.Context, c CompanyKey) ([]Template, error)
	// TemplateFor reads the template in force for a message: of its flow and language, else of its flow for every language,
	// else for every flow in its language, else for both; NotFound when there is none.
	TemplateFor(ctx context.Context, p TemplatePlace) (Template, error)
	// AddTemplate keeps a template and gives it its ID; the error of [RoomForTemplate] when there is no room.
	AddTemplate(ctx context.Context, c CompanyKey, t Template) (Template, error)
	// ChangeTemplate puts t in the place of the template with its ID; NotFound when it is not the company's, the error of
	// [RoomForTemplate] when another stands where it is to be.
	ChangeTemplate(ctx context.Context, c CompanyKey, t Template) error
	// RemoveTemplate deletes a template; NotFound when it is not the company's.
	RemoveTemplate(ctx context.Context, c CompanyKey, id int64) error
	// CreateCompany keeps a new company.
	CreateCompany(ctx context.Context, n NewCompany) error
}

// Target names the process that a verb is about; the facts hold its whole group. With a Sequence in place of a Process
// it is the first of the sequence. Company, when set, must be its company, and Flows have the flow of each process of the
// group, else it is NotFound: one query, so that a foreign key and an unknown one take the same time. Token, when set, names the challenge whose facts
// are wanted, and Message the message of which is to be known what the log says; with an empty Process either also says
// which process.
type Target struct {
	Process  ProcessKey
	Sequence SequenceKey
	Company  CompanyKey
	Flows    FlowSet
	Token    Token
	Message  string
}

// NewProcess is what Create keeps in one commit.
type NewProcess struct {
	Process     Process
	Key         WrappedKey
	Change      Change // log lines and jobs
	Idempotency string
	RequestHash string

	// Sequence and the Others of its processes, in their order; zero for a process alone.
	Sequence Sequence
	Others   []NewMember
}

// NewMember is a process of a new sequence.
type NewMember struct {
	Process Process
	Key     WrappedKey
}

// NewCompany is a company with its first flow and API key.
type NewCompany struct {
	Company    Company
	Flow       Flow
	KeyName    string
	KeyHash    [32]byte
	WebhookKey WrappedKey
}

// WrappedKey is a key sealed under the key-encryption key of the given id.
type WrappedKey struct {
	KeyID string
	Bytes []byte
}

// Keys wraps and unwraps under key-encryption keys that live outside the database. about is bound to the result: a key
// wrapped for one thing does not open as another's.
type Keys interface {
	Wrap(plain []byte, about string) (WrappedKey, error)
	Unwrap(w WrappedKey, about string) ([]byte, error)
}

// DataKey encrypts the bytes of one process.
type DataKey [32]byte

// String never shows the key.
func (DataKey) String() string { return "DataKey(…)" }

// GoString never shows the key.
func (DataKey) GoString() string { return "DataKey(…)" }

// Blobs keeps bytes, encrypted with the key it is handed.
type Blobs interface {
	// Create begins a new blob.
	Create(ctx context.Context, key DataKey) (BlobWriter, error)
	// Open gives random access to the clear bytes.
	Open(ctx context.Context, id string, key DataKey) (BlobReader, error)
	// Delete removes a blob; one that is not there is no error.
	Delete(ctx context.Context, id string) error
}

// BlobWriter takes clear bytes. Nothing is kept before Commit; Abort after Commit does nothing.
type BlobWriter interface {
	io.Writer
	ID() string
	Size() int64
	SHA256() string // hex, of the clear bytes written so far
	Commit(ctx context.Context) error
	Abort()
}

// BlobReader is an open blob.
type BlobReader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// PageSource is a document that Pages can draw. Open is called when its bytes are needed.
type PageSource struct {
	Process ProcessKey
	Blob    string
	Size    int64
	Open    func(context.Context) (BlobReader, error)
}

// PageSize is a page as displayed, in points.
type PageSize struct{ W, H float64 }

// TextSpan is a run of text on a page as displayed: points, origin at the top left.
type TextSpan struct {
	Text       string
	X, Y, W, H float64
}

// Pages draws pages as images and reads their text.
type Pages interface {
	Sizes(ctx context.Context, s PageSource) ([]PageSize, error)
	// Image draws a page (1-based) as PNG, about width pixels wide.
	Image(ctx context.Context, s PageSource, page, width int) ([]byte, error)
	Text(ctx context.Context, s PageSource, page int) ([]TextSpan, error)
	// Drop forgets everything of a process, images and open documents, before it returns.
	Drop(p ProcessKey)
}

// Paper draws what we add to a document.
type Paper interface {
	// Draw makes one small PDF, so that its fonts are cut once: a page for each mark, of its style's size, and behind them
	// the evidence pages, at most as large as A4. A drawing that [CheckDrawing] refuses fails it.
	Draw(marks []Mark, e Evidence) (pdf []byte, err error)
	// DrawMarks makes a PDF of the marks alone.
	DrawMarks(marks []Mark) (pdf []byte, err error)
	// DrawTyped writes a name as a signature, as PNG within the limits of [CheckDrawing]. [ErrLetters] when the fonts lack
	// letters of it.
	DrawTyped(name string) (png []byte, err error)
	// Logo makes a logo of a PNG or JPEG: at most LogoBytes, LogoWidth and LogoHeight, without a transparent pixel. What it
	// cannot be made of is an *Error that names the field logo.
	Logo(img []byte) (png []byte, err error)
}

// Identity computes codes: a truncated HMAC of the token under a key of the server.
type Identity interface {
	Code(t Token) string
	// Admission authenticates what an access token says, under a key that codes are not made with.
	Admission(text string) []byte
}

// Sealer gives the key and the certificates, leaf first, that seal documents, and the services that raise a seal to the
// levels above B-B. An expired certificate is an error: the seal then waits.
type Sealer interface {
	Seal(ctx context.Context) (crypto.Signer, []*x509.Certificate, error)
	Services() cms.Services
}

// XMLSealer seals XML documents.
type XMLSealer interface {
	// SealXML puts an enveloped seal into a document. A document that cannot be sealed is an *Error that names the field
	// xmlDocument.
	SealXML(ctx context.Context, document []byte, by XMLSeal) (SealedXML, error)
}

// XMLSeal is who seals an XML document, when, and with the help of whom.
type XMLSeal struct {
	Key      crypto.Signer
	Chain    []*x509.Certificate // the key's certificate first
	At       time.Time
	Services cms.Services
}

// Links makes the addresses that go into mails and answers.
type Links interface {
	Signing(p ProcessKey, s SigneeKey) string
	// SigningAll is the address of a person's link to all documents of a sequence.
	SigningAll(q SequenceKey, s SequenceSigneeKey) string
	// Download is the document's address for a signee, or for the company when s is empty.
	Download(p ProcessKey, s SigneeKey) string
	// Attachment is the address of a file beside the document.
	Attachment(p ProcessKey, a AttachmentKey, name string) string
	// Logo is the address of a logo by its hash.
	Logo(sum string) string
	// Unsubscribe is the address by which a signee turns reminders off. It opens nothing else.
	Unsubscribe(p ProcessKey, s SigneeKey) string
}
