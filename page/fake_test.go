package page

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// rightTag proves the fake's links that stop reminders.
const rightTag = "0123456789abcdef0123456789abcdef"

// noImages is a document whose pages cannot be drawn.
const noImages = "sp11"

// rightCode is the code that the fake takes for every token.
const rightCode = "418302"

var noon = time.Date(2026, 11, 23, 8, 50, 0, 0, time.UTC)

// fake is a Signing that keeps one view a link in memory, under the rules of the real one as far as pages see them.
type fake struct {
	t     *testing.T
	mu    sync.Mutex
	views map[innsigli.ProcessKey]innsigli.View
	whole map[innsigli.SequenceKey]innsigli.SequenceView
	token innsigli.Token
	act   innsigli.Act // of the last signature
	tries int
	saw   int
	read  chan innsigli.ReadRequest
	asked int
	by    []innsigli.Channel // what was asked for each time
	ways  innsigli.Ways
	sites []string // that some company has registered
	fail  error    // what every call answers, when set
	refus error    // what RequestCode and Sign answer, when set
	mark  string   // how the signature looks
	drawn []byte
	logo  []byte
	long  int // pages of every document, when set

	passed innsigli.ReassignRequest // the last

	images map[[2]int][]byte // page and width: drawing one takes a while
}

// logoSum names the logo of whoever has one.
const logoSum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// emblem is a logo as the server makes them: dark, on white, wider than high.
func emblem(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 420, 140))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	dark := color.NRGBA{16, 44, 84, 255}
	for y := range 140 {
		for x := range 140 {
			if d := (x-70)*(x-70) + (y-70)*(y-70); d < 70*70 && d > 44*44 {
				img.SetNRGBA(x, y, dark)
			}
		}
	}
	for i, w := range []int{250, 180} {
		draw.Draw(img, image.Rect(170, 30+50*i, 170+w, 60+50*i), image.NewUniform(dark), image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newFake(t *testing.T) *fake {
	t.Helper()
	return &fake{t: t, ways: innsigli.Ways{Calls: true}, views: map[innsigli.ProcessKey]innsigli.View{}, whole: map[innsigli.SequenceKey]innsigli.SequenceView{}, read: make(chan innsigli.ReadRequest, 200), images: map[[2]int][]byte{}}
}

// put adds a process and gives the path of its link.
func (f *fake) put(v innsigli.View) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.views[v.Process.Key] = v
	return linkOf(v.Process.Key, v.You.Key)
}

// putAll adds a sequence and its documents, and gives the path of its link.
func (f *fake) putAll(v innsigli.SequenceView) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.whole[v.Sequence.Key] = v
	for _, d := range v.Documents() {
		f.views[d.Process.Key] = d
	}
	return linkOfAll(v.Sequence.Key, v.You.Key)
}

func (f *fake) LookSequence(_ context.Context, q innsigli.SequenceKey, k innsigli.SequenceSigneeKey, _ *innsigli.Caller) (innsigli.SequenceView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.whole[q]
	if !ok || v.You.Key != k {
		return innsigli.SequenceView{}, &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound"}
	}
	return v, nil
}

func (f *fake) RequestSequenceCode(_ context.Context, r innsigli.SequenceCodeRequest) (innsigli.Challenge, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refus != nil {
		return innsigli.Challenge{}, f.refus
	}
	f.asked++
	f.token = innsigli.Token(strings.Repeat("b", 32))
	return innsigli.Challenge{Token: f.token, Person: r.Signee, Via: "sms", SentAt: noon}, nil
}

// SignAll signs every document of the first sequence that the token could be for.
func (f *fake) SignAll(_ context.Context, t innsigli.Token, code string, _ innsigli.Act) (innsigli.SequenceView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t != f.token || code != rightCode {
		return innsigli.SequenceView{}, &innsigli.Error{Kind: innsigli.Invalid, Code: wrongCode}
	}
	v := f.whole["pg01"]
	v = bundle("pg01", v.Process.State, func(s *innsigli.Signee) {
		if s.Person == v.You.Key {
			s.SignedAt = noon
		}
	})
	f.whole["pg01"] = v
	return v, nil
}

// bundle makes a view of three documents of which Björn, who holds the link, signs all, and Dagný the first. Keys of
// processes follow from that of the sequence.
func bundle(key innsigli.SequenceKey, st innsigli.State, with func(*innsigli.Signee)) innsigli.SequenceView {
	var f innsigli.Facts
	for i, name := range []string{"Service agreement.pdf", "Annex 1 – Price list.pdf", "Annex 2 – Non-disclosure, data protection and the handling of cameras.pdf"} {
		one := process(innsigli.ProcessKey("sp"+string(key[2:])+"f"+string(rune('1'+i))), st)
		p := one.Process
		p.Group, p.FileName, p.Document.Pages = innsigli.GroupKey(key), name, 3-i
		p.Signees = p.Signees[1 : 3-min(i, 1)]
		for n := range p.Signees {
			s := &p.Signees[n]
			s.Process, s.Person = p.Key, innsigli.SequenceSigneeKey("gs"+string(s.Key[2:]))
			if with != nil {
				with(s)
			}
		}
		if i == 0 {
			f = one.Facts
			f.Sequence = innsigli.Sequence{Key: key}
		}
		f.Members = append(f.Members, innsigli.Member{Process: p})
	}
	f = f.Of(f.Members[0].Process.Key)
	you, _ := f.Person("gs01")
	return innsigli.SequenceView{Facts: f, You: you}
}

// change alters a process while pages are open.
func (f *fake) change(p innsigli.ProcessKey, alter func(*innsigli.View)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.views[p]
	v.Process.Signees = slices.Clone(v.Process.Signees) // pages may still be reading the one they got
	alter(&v)
	for _, s := range v.Process.Signees {
		if s.Key == v.You.Key {
			v.You = s
		}
	}
	f.views[p] = v
}

// broken mends the fake, and breaks it in the way of a story.
func (f *fake) broken(with func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail, f.refus = nil, nil
	if with != nil {
		with(f)
	}
}

// counts tells how often the document was noted as seen and a code was asked for.
func (f *fake) counts() (saw, asked int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.saw, f.asked
}

func (f *fake) Look(_ context.Context, p innsigli.ProcessKey, k innsigli.SigneeKey, _ *innsigli.Caller) (innsigli.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return innsigli.View{}, f.fail
	}
	v, ok := f.views[p]
	if !ok || v.You.Key != k {
		return innsigli.View{}, &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound"}
	}
	return v, nil
}

// Subscription knows one tag, that of every link.
func (f *fake) Subscription(_ context.Context, p innsigli.ProcessKey, tag string) (innsigli.View, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.views[p]
	if !ok || tag != rightTag {
		return innsigli.View{}, false, &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound"}
	}
	return v, !v.You.RemindersOff.IsZero(), nil
}

func (f *fake) Unsubscribe(ctx context.Context, p innsigli.ProcessKey, tag string, _ innsigli.Client) error {
	if _, _, err := f.Subscription(ctx, p, tag); err != nil {
		return err
	}
	f.change(p, func(v *innsigli.View) {
		for i := range v.Process.Signees {
			if v.Process.Signees[i].Key == v.You.Key {
				v.Process.Signees[i].RemindersOff = noon
			}
		}
	})
	return nil
}

func (f *fake) Saw(context.Context, innsigli.ProcessKey, innsigli.SigneeKey, innsigli.Client) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.saw++
	return nil
}

// Read keeps what was told, by the rule that it may not be told of what is over.
func (f *fake) Read(_ context.Context, r innsigli.ReadRequest) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.views[r.Process]
	if !ok || v.You.Key != r.Signee {
		return &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound"}
	}
	if !v.Process.State.Active() {
		return &innsigli.Error{Kind: innsigli.NotActive, Code: "ProcessNotActive"}
	}
	select {
	case f.read <- r:
	default: // nobody wants to know
	}
	return nil
}

func (f *fake) PageSizes(_ context.Context, v innsigli.View) ([]innsigli.PageSize, error) {
	if !v.Readable() {
		return nil, errGone
	}
	if f.long > 0 {
		return slices.Repeat([]innsigli.PageSize{{W: 595.28, H: 841.89}}, f.long), nil
	}
	return []innsigli.PageSize{{W: 595.28, H: 841.89}, {W: 595.28, H: 841.89}, {W: 841.89, H: 595.28}}, nil
}

var errGone = &innsigli.Error{Kind: innsigli.Gone, Code: "ProcessCanceled"}

func (f *fake) PageText(_ context.Context, v innsigli.View, page int) ([]innsigli.TextSpan, error) {
	if !v.Readable() {
		return nil, errGone
	}
	if page == 3 {
		return nil, nil // a picture
	}
	return contract(page), nil
}

func (f *fake) PageImage(_ context.Context, v innsigli.View, page, width int) ([]byte, error) {
	if !v.Readable() {
		return nil, errGone
	}
	if v.Process.Key == noImages {
		return nil, errors.New("the child that draws has died")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at := [2]int{page, width}
	if f.images[at] == nil {
		f.images[at] = drawn(f.t, page, width)
	}
	return f.images[at], nil
}

// imageOf is an image that was asked for.
func (f *fake) imageOf(page, width int) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.images[[2]int{page, width}]
}

func (f *fake) RequestCode(_ context.Context, r innsigli.CodeRequest) (innsigli.Challenge, error) {
	f.mu.Lock()
	if f.refus != nil {
		defer f.mu.Unlock()
		return innsigli.Challenge{}, f.refus
	}
	f.asked++
	f.by = append(f.by, r.By)
	f.tries = 0
	f.token = innsigli.Token(strings.Repeat("a", 31) + string("0123456789abcdef"[f.asked%16]))
	token := f.token
	f.mu.Unlock()
	f.change(r.Process, func(v *innsigli.View) {
		for i := range v.Process.Signees {
			if v.Process.Signees[i].Key == r.Signee {
				v.Process.Signees[i].LastTokenAt = noon
			}
		}
	})
	return innsigli.Challenge{Token: token, Process: r.Process, Signee: r.Signee, Via: cmp.Or(r.By, innsigli.BySms), SentAt: noon}, nil
}

func (f *fake) RequestEntry(context.Context, innsigli.EntryRequest) (innsigli.Challenge, error) {
	return innsigli.Challenge{Token: innsigli.Token(strings.Repeat("e", 32)), Entry: true, Via: "sms", SentAt: noon}, nil
}

func (f *fake) Enter(ctx context.Context, _ innsigli.Token, code string, _ innsigli.Client) (innsigli.View, innsigli.Access, error) {
	if code != rightCode {
		return innsigli.View{}, innsigli.Access{}, &innsigli.Error{Kind: innsigli.Invalid, Code: wrongCode}
	}
	v, err := f.Look(ctx, "sp01", "si01", nil)
	return v, innsigli.Access{Token: "a-token", ExpiresAt: noon.Add(time.Hour)}, err
}

func (f *fake) Sign(_ context.Context, t innsigli.Token, code string, by innsigli.Act) (innsigli.View, error) {
	f.mu.Lock()
	f.act = by
	p := innsigli.ProcessKey("sp01")
	late := f.tries >= innsigli.MaxCodeTries
	known, refusal := t == f.token, f.refus
	f.tries++
	f.mu.Unlock()
	switch {
	case refusal != nil:
		return innsigli.View{}, refusal
	case !known:
		return innsigli.View{}, &innsigli.Error{Kind: innsigli.Invalid, Code: noCode}
	case late:
		return innsigli.View{}, &innsigli.Error{Kind: innsigli.Invalid, Code: lateCode}
	case code != rightCode:
		f.change(p, func(v *innsigli.View) { v.Process.Signees[1].WrongTries++ })
		return innsigli.View{}, &innsigli.Error{Kind: innsigli.Invalid, Code: wrongCode}
	}
	f.change(p, func(v *innsigli.View) { v.Process.Signees[1].SignedAt = noon })
	return f.Look(context.Background(), p, "si01", nil)
}

// CodeWays are SMS, mail and calls, where there is an address for them.
func (f *fake) CodeWays(phone, email string) []innsigli.Channel {
	return f.ways.For(phone, email)
}

// Embeds knows the sites of the test.
func (f *fake) Embeds(_ context.Context, origin string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.sites, origin), nil
}

// Logo is the same for everyone who has one.
func (f *fake) Logo(_ context.Context, sum string) ([]byte, error) {
	if f.logo == nil || sum != logoSum {
		return nil, &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound"}
	}
	return f.logo, nil
}

// Draw keeps what was drawn.
func (f *fake) Draw(_ context.Context, _ []innsigli.View, img []byte, _ innsigli.Client) error {
	if err := innsigli.CheckDrawing(img); err != nil {
		return innsigli.InvalidField("Image", "Image", err.Error())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mark, f.drawn = "drawn", img
	return nil
}

// DrawTyped keeps what was typed.
func (f *fake) DrawTyped(_ context.Context, _ []innsigli.View, text string, _ innsigli.Client) error {
	if text == "" || strings.ContainsRune(text, '山') {
		return innsigli.InvalidField("Text", "Letters", "no such letters")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mark = "typed " + text
	return nil
}

// Undraw forgets both.
func (f *fake) Undraw(context.Context, []innsigli.View, innsigli.Client) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mark, f.drawn = "plain", nil
	return nil
}

// marked tells what the last signature looks like.
func (f *fake) marked() (string, []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mark, f.drawn
}

// Decline ends the process.
func (f *fake) Decline(_ context.Context, r innsigli.DeclineRequest) (innsigli.View, error) {
	if len([]rune(r.Reason)) > innsigli.MaxReasonRunes {
		return innsigli.View{}, innsigli.InvalidField("reason", "Length", "reason is too long.")
	}
	f.change(r.Process, func(v *innsigli.View) {
		v.Process.State, v.Process.EndedAt = innsigli.Declined, noon
		for i := range v.Process.Signees {
			if s := &v.Process.Signees[i]; s.Key == r.Signee {
				s.DeclinedAt, s.DeclineReason = noon, r.Reason
			}
		}
	})
	return f.Look(context.Background(), r.Process, r.Signee, nil)
}

// Reassign knows the rules that the form can break.
func (f *fake) Reassign(_ context.Context, _ *innsigli.Caller, r innsigli.ReassignRequest) (innsigli.Signee, error) {
	var bad []innsigli.FieldError
	add := func(field, code string) { bad = append(bad, innsigli.FieldError{Field: field, Code: code, Text: code}) }
	if r.Name == "" {
		add("name", "NotEmpty")
	}
	switch {
	case !strings.Contains(r.Email, "@"):
		add("email", "Email")
	case r.Email == "bjorn@example.is":
		add("email", "SamePerson")
	case r.Email == "dagny@example.is":
		add("email", "AlreadySignee")
	}
	if r.Phone == "" {
		add("phoneNumber", "NotEmpty")
	}
	if len(bad) > 0 {
		return innsigli.Signee{}, &innsigli.Error{Kind: innsigli.Invalid, Code: bad[0].Code, Text: bad[0].Text, Fields: bad}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passed = r
	f.fail = &innsigli.Error{Kind: innsigli.Gone, Code: "SigneeReassigned"}
	return innsigli.Signee{}, nil
}

// process makes a view of three people of whom the second, Björn, holds the link.
func process(key innsigli.ProcessKey, st innsigli.State) innsigli.View {
	v := innsigli.View{Facts: innsigli.Facts{
		Now:     noon.Add(6 * time.Second),
		Company: innsigli.Company{Name: "Norðurljós ehf.", Email: "anna@nordurljos.example"},
		Process: innsigli.Process{
			Key: key, State: st, FileName: "Service agreement.pdf",
			Document: innsigli.Document{Pages: 3}, CreatedAt: noon.AddDate(0, 0, -3), ExpiresAt: noon.AddDate(0, 0, 27),
			Signees: []innsigli.Signee{
				{Key: "si00", Name: "Sigrún Helgadóttir", SignedAt: noon.AddDate(0, 0, -3)},
				{Key: "si01", Name: "Björn Egilsson", Email: "bjorn@example.is", Phone: "+3545551886"},
				{Key: "si02", Name: "Dagný Bjarkadóttir"},
			},
		},
	}}
	if !st.Active() {
		v.Process.EndedAt = noon
	}
	if st == innsigli.Sealing || st == innsigli.Completed {
		for i := range v.Process.Signees {
			v.Process.Signees[i].SignedAt = noon
		}
	}
	v.You = v.Process.Signees[1]
	return v
}

// contract is the text of a page, in points.
func contract(page int) []innsigli.TextSpan {
	lines := []string{
		"Service agreement", "",
		"between Norðurljós ehf., hereafter the client, and Björn Egilsson, hereafter", "the consultant.", "",
		"1. The consultant looks after the aurora cameras of the client in Eyjafjörður", "and answers within two working days.", "",
		"2. The client pays 184.000 kr. a month, on the first working day after its end.", "",
		"3. Either side may end the agreement with three months’ notice, in writing.", "",
		"4. What is not said here follows from the laws of Iceland. Disputes go to the", "district court of Norðurland eystra.",
	}
	var out []innsigli.TextSpan
	for i, l := range lines {
		size := 12.0
		if i == 0 {
			size = 22
		}
		if l == "" || (page > 1 && i < 2) {
			continue
		}
		out = append(out, innsigli.TextSpan{
			Text: l, X: 72, Y: 96 + float64(i)*22, W: advance(l, size), H: size * 1.2,
		})
	}
	return out
}

var regular = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err)
	}
	return f
})

func face(size float64) font.Face {
	f, err := opentype.NewFace(regular(), &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		panic(err)
	}
	return f
}

func advance(s string, size float64) float64 {
	return float64(font.MeasureString(face(size), s)) / 64
}

// drawn is the image of a page: its text where contract says it is.
func drawn(t *testing.T, page, width int) []byte {
	t.Helper()
	w, h := 595.28, 841.89
	if page == 3 {
		w, h = h, w
	}
	scale := float64(width) / w
	img := image.NewRGBA(image.Rect(0, 0, width, int(math.Round(h*scale))))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	if page == 3 {
		for y := range img.Bounds().Dy() / 2 {
			for x := range img.Bounds().Dx() / 2 {
				img.Set(x+width/4, y+img.Bounds().Dy()/4, color.RGBA{R: 40, G: uint8(120 + 80*x/width), B: 140, A: 255})
			}
		}
	} else {
		for _, s := range contract(page) {
			size := s.H / 1.2
			d := font.Drawer{Dst: img, Src: image.NewUniform(color.RGBA{34, 34, 34, 255}), Face: face(size * scale)}
			d.Dot = fixed.Point26_6{X: fixed.Int26_6(s.X * scale * 64), Y: fixed.Int26_6((s.Y + s.H*0.8) * scale * 64)}
			d.DrawString(s.Text)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// letters is a Mailbox of two messages.
type letters struct{ list []innsigli.Letter }

func someLetters() letters {
	return letters{[]innsigli.Letter{
		{
			ID: "b2", At: noon, Sms: true, To: "+3545551886", From: "Innsigli",
			Text: "418302 is your code to sign “Service agreement”. Open http://127.0.0.1:8080/s/sp01/si01. <b>",
		},
		{
			ID: "a1", At: noon.Add(-time.Minute), To: "bjorn@example.is", From: "Norðurljós ehf. <sign@nordurljos.example>",
			Subject: "Please sign: Service agreement", Text: "Norðurljós ehf. asks you to sign.\nhttp://127.0.0.1:8080/s/sp01/si01\n",
			HTML: `<!doctype html><html><head><title>x</title></head><body style="font-family:sans-serif;padding:24px"><h1>Please sign</h1>` +
				`<p>Norðurljós ehf. asks you to sign.</p><p><a href="http://127.0.0.1/s/sp01/si01">Read and sign</a></p><script>document.title="bad"</script></body></html>`,
			Files: []innsigli.LetterFile{{Name: "Service agreement \"1\".pdf", Type: "application/pdf", Size: 4}, {Name: "x.html", Type: "text/html", Size: 4}},
		},
	}}
}

func (l letters) List(context.Context) ([]innsigli.Letter, error) { return l.list, nil }

func (l letters) Read(_ context.Context, id string) (innsigli.Letter, error) {
	for _, m := range l.list {
		if m.ID == id {
			return m, nil
		}
	}
	return innsigli.Letter{}, &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound"}
}

func (l letters) File(ctx context.Context, id string, n int) (io.ReadCloser, innsigli.LetterFile, error) {
	m, err := l.Read(ctx, id)
	if err != nil || n >= len(m.Files) {
		return nil, innsigli.LetterFile{}, &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound"}
	}
	return io.NopCloser(strings.NewReader("%PDF")), m.Files[n], nil
}

// served mounts the pages as the program does, frame and all.
func served(t *testing.T, s Signing, box innsigli.Mailbox, tweak ...func(*Config)) http.Handler {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	c := Config{
		Service: s, Mailbox: box, Client: web.Proxies{}.Client, PublicURL: "https://sign.example.is", Log: log, Now: func() time.Time { return noon },
	}
	for _, f := range tweak {
		f(&c)
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	h.verifying = web.NewLimiter(time.Microsecond, 1000, func() time.Time { return noon }) // all stories come from one address
	r := chi.NewRouter()
	for _, route := range h.Routes() {
		r.Method(route.Method, route.Pattern, route.Handler)
	}
	r.NotFound(h.NotFound)
	r.Get("/pdf/{process}/{signee}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("%PDF")) })
	return (&web.Frame{Log: log, Now: func() time.Time { return noon }}).Wrap(r)
}
