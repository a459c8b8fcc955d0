package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// Signing is what the pages need of innsigli.Service.
type Signing interface {
	Look(ctx context.Context, p innsigli.ProcessKey, k innsigli.SigneeKey, caller *innsigli.Caller) (innsigli.View, error)
	Saw(ctx context.Context, p innsigli.ProcessKey, k innsigli.SigneeKey, from innsigli.Client) error
	Read(ctx context.Context, r innsigli.ReadRequest) error
	PageSizes(ctx context.Context, v innsigli.View) ([]innsigli.PageSize, error)
	PageImage(ctx context.Context, v innsigli.View, page, width int) ([]byte, error)
	PageText(ctx context.Context, v innsigli.View, page int) ([]innsigli.TextSpan, error)
	CodeWays(phone, email string) []innsigli.Channel
	RequestCode(ctx context.Context, r innsigli.CodeRequest) (innsigli.Challenge, error)
	Decline(ctx context.Context, r innsigli.DeclineRequest) (innsigli.View, error)
	Reassign(ctx context.Context, caller *innsigli.Caller, r innsigli.ReassignRequest) (innsigli.Signee, error)
	RequestEntry(ctx context.Context, r innsigli.EntryRequest) (innsigli.Challenge, error)
	Enter(ctx context.Context, t innsigli.Token, code string, from innsigli.Client) (innsigli.View, innsigli.Access, error)
	Subscription(ctx context.Context, p innsigli.ProcessKey, tag string) (v innsigli.View, off bool, err error)
	Embeds(ctx context.Context, origin string) (bool, error)
	Unsubscribe(ctx context.Context, p innsigli.ProcessKey, tag string, from innsigli.Client) error
	Sign(ctx context.Context, t innsigli.Token, code string, by innsigli.Act) (innsigli.View, error)
	Draw(ctx context.Context, views []innsigli.View, img []byte, from innsigli.Client) error
	DrawTyped(ctx context.Context, views []innsigli.View, text string, from innsigli.Client) error
	Undraw(ctx context.Context, views []innsigli.View, from innsigli.Client) error
	Logo(ctx context.Context, sum string) ([]byte, error)
	Verify(ctx context.Context, r io.ReaderAt, size int64) (*innsigli.Report, error)

	LookSequence(ctx context.Context, q innsigli.SequenceKey, k innsigli.SequenceSigneeKey, caller *innsigli.Caller) (innsigli.SequenceView, error)
	RequestSequenceCode(ctx context.Context, r innsigli.SequenceCodeRequest) (innsigli.Challenge, error)
	SignAll(ctx context.Context, t innsigli.Token, code string, by innsigli.Act) (innsigli.SequenceView, error)
}

// Config is what the pages stand on. Mailbox may be nil: then there is no outbox.
type Config struct {
	Service Signing
	Mailbox innsigli.Mailbox
	// Client says who asks, as far as trusted proxies can tell.
	Client func(*http.Request) innsigli.Client
	// PublicURL is where people reach the server; forms that come from it are trusted even when a proxy changes Host.
	PublicURL string
	// Dev says on every page that this is a test server.
	Dev bool
	Log *slog.Logger
	Now func() time.Time
}

// Handler serves the pages. It is made by [New] and holds nothing that changes but who has had documents checked and who has read lately.
type Handler struct {
	service   Signing
	mailbox   innsigli.Mailbox
	client    func(*http.Request) innsigli.Client
	log       *slog.Logger
	cross     *http.CrossOriginProtection
	templates templates
	assets    assets
	dev       bool // this is a test server, and every page says so
	secure    bool // people reach the server over https
	verifying *web.Limiter
	reading   *web.Limiter
	framing   *web.Limiter
	turns     chan struct{} // one for each document that is being checked
}

// New parses templates and assets, once.
func New(c Config) (*Handler, error) {
	if c.Service == nil || c.Client == nil || c.Log == nil || c.Now == nil {
		return nil, errors.New("page: Service, Client, Log and Now are needed")
	}
	a, err := readAssets()
	if err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	t, err := readTemplates()
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	h := &Handler{
		service: c.Service, mailbox: c.Mailbox, client: c.Client, dev: c.Dev, log: c.Log,
		cross: http.NewCrossOriginProtection(), templates: t, assets: a,
		framing:   web.NewLimiter(framedEvery, framedBurst, c.Now),
		reading:   web.NewLimiter(seenEvery, seenBurst, c.Now),
		verifying: web.NewLimiter(verifyEvery, verifyBurst, c.Now), turns: make(chan struct{}, verifyAtOnce),
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil {
			return nil, fmt.Errorf("public URL: %w", err)
		}
		h.secure = u.Scheme == "https"
		if err := h.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("public URL: %w", err)
		}
	}
	h.cross.SetDenyHandler(h.page(func(http.ResponseWriter, *http.Request) error { return errForeignForm }))
	return h, nil
}

// errForeignForm refuses a form that another site has sent.
var errForeignForm = &innsigli.Error{
	Kind: innsigli.Forbidden, Code: "CrossOrigin", Text: "This form was sent from another site.",
}
