package innsigli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// goodRequest passes every check.
func goodRequest() CreateRequest {
	return CreateRequest{
		Flow: testFlow, FileName: "lease.pdf", DisplayName: "Lease", User: testUser, Meta: map[string]string{"case": "12"},
		Signees: []NewSignee{
			{Name: "Anna", Email: "anna@example.com", Phone: "+354 555-0001", Delivery: DeliverEmail, Type: Simple, Language: LangIs},
			{Name: "Björn", Email: "bjorn@example.com"},
		},
	}
}

func checkService(t *testing.T) *Service {
	t.Helper()
	s, _, _ := service(t, &fakeStore{flows: []Flow{
		{Key: "f00000000000", Company: testCompany},
		{Key: testFlow, Company: testCompany, Active: true},
	}})
	return s
}

func TestCreateTakesAGoodRequest(t *testing.T) {
	r := goodRequest()
	flow, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, &Upload{n: 1})
	if err != nil || flow.Key != testFlow {
		t.Fatalf("flow %v, %v", flow, err)
	}
	if r.Signees[0].Phone != "+3545550001" {
		t.Errorf("phone is kept as %q", r.Signees[0].Phone)
	}
	if r.Signees[1].Type != Simple {
		t.Errorf("signature type left out became %d", r.Signees[1].Type)
	}
}

func TestCreateNamesEveryMemberThatIsWrong(t *testing.T) {
	who := func(f func(*NewSignee)) func(*CreateRequest) {
		return func(r *CreateRequest) { f(&r.Signees[1]) }
	}
	const at = "createSignees[1]."
	for name, tc := range map[string]struct {
		change func(*CreateRequest)
		fields []string
	}{
		"no flow":              {func(r *CreateRequest) { r.Flow = "" }, []string{"flowKey"}},
		"unknown flow":         {func(r *CreateRequest) { r.Flow = "fffffffffff0" }, []string{"flowKey"}},
		"inactive flow":        {func(r *CreateRequest) { r.Flow = "f00000000000" }, []string{"flowKey"}},
		"no file name":         {func(r *CreateRequest) { r.FileName = " " }, []string{"pdfFileName"}},
		"dots":                 {func(r *CreateRequest) { r.FileName = ".." }, []string{"pdfFileName"}},
		"folder":               {func(r *CreateRequest) { r.FileName = "../a.pdf" }, []string{"pdfFileName"}},
		"folder of Windows":    {func(r *CreateRequest) { r.FileName = `c:\a.pdf` }, []string{"pdfFileName"}},
		"file name with CRLF":  {func(r *CreateRequest) { r.FileName = "a\r\nX-Evil: 1.pdf" }, []string{"pdfFileName"}},
		"display name":         {func(r *CreateRequest) { r.DisplayName = "a\u202egpj" }, []string{"activityDisplayName"}},
		"user":                 {func(r *CreateRequest) { r.User = "boss" }, []string{"user"}},
		"meta with NUL":        {func(r *CreateRequest) { r.Meta = map[string]string{"a": "\x00"} }, []string{"meta"}},
		"meta no UTF-8":        {func(r *CreateRequest) { r.Meta = map[string]string{"\xff": ""} }, []string{"meta"}},
		"no signees":           {func(r *CreateRequest) { r.Signees = nil }, []string{"createSignees"}},
		"idempotency key":      {func(r *CreateRequest) { r.Idempotency = "a\x00" }, []string{"Idempotency-Key"}},
		"idempotency no UTF-8": {func(r *CreateRequest) { r.Idempotency = "\xe9" }, []string{"Idempotency-Key"}},

		"name":             {who(func(n *NewSignee) { n.Name = "a\nb" }), []string{at + "name"}},
		"ssn":              {who(func(n *NewSignee) { n.Ssn = "\x00" }), []string{at + "ssn"}},
		"address":          {who(func(n *NewSignee) { n.Address = "\x00" }), []string{at + "address"}},
		"postal code":      {who(func(n *NewSignee) { n.PostalCode = "\x00" }), []string{at + "postalCode"}},
		"city":             {who(func(n *NewSignee) { n.City = "\x00" }), []string{at + "city"}},
		"reason":           {who(func(n *NewSignee) { n.Reason = "\u2066" }), []string{at + "reason"}},
		"SMS text":         {who(func(n *NewSignee) { n.CustomSms = strings.Repeat("x", 201) }), []string{at + "customSmsText"}},
		"signee's user":    {who(func(n *NewSignee) { n.User = "\x00" }), []string{at + "user"}},
		"e-mail":           {who(func(n *NewSignee) { n.Email = "not an address" }), []string{at + "email"}},
		"phone":            {who(func(n *NewSignee) { n.Phone = "call me" }), []string{at + "phoneNumber"}},
		"mail without one": {who(func(n *NewSignee) { n.Email, n.Phone, n.Delivery = "", "+3545550002", DeliverEmail }), []string{at + "email"}},
		"no way to a code": {who(func(n *NewSignee) { n.Email = "" }), []string{at + "email"}},
		"SMS with Simple":  {who(func(n *NewSignee) { n.Phone, n.Delivery = "+3545550002", DeliverSms }), []string{at + "communicationDeliveryType"}},
		"Qualified":        {who(func(n *NewSignee) { n.Type = Qualified }), []string{at + "signatureType"}},
		"several at once": {func(r *CreateRequest) {
			r.User, r.Signees[0].Email, r.Signees[1].Phone = "x", "y", "z"
		}, []string{"user", "createSignees[0].email", at + "phoneNumber"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := goodRequest()
			tc.change(&r)
			_, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, &Upload{n: 1})
			wantInvalid(t, err, tc.fields...)
		})
	}
}

func TestCreateNeedsADocument(t *testing.T) {
	for _, up := range []*Upload{nil, {}} {
		r := goodRequest()
		_, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, up)
		wantInvalid(t, err, "pdfDocument")
	}
}

// TestCreateRefusalsSayNothingBack: the asker's own bytes are not repeated in a message.
func TestCreateRefusalsSayNothingBack(t *testing.T) {
	const evil = "<script>alert(1)</script>"
	r := goodRequest()
	r.Flow, r.FileName, r.User = evil, evil, evil
	r.Signees[0].Email, r.Signees[0].Phone = evil, evil
	_, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, &Upload{n: 1})
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatal(err)
	}
	for _, f := range e.Fields {
		if strings.Contains(f.Text, "script") {
			t.Errorf("%s: %q", f.Field, f.Text)
		}
	}
}

func TestGoldenCreate(t *testing.T) {
	silent := bjorn()
	silent.Delivery = DeliverNone
	bySms := cilia()
	bySms.Delivery = DeliverSms
	for name, f := range map[string]Facts{
		"create_two_invited":    withHooks(factsOf(Created, anna(), bjorn()), EventAny, EventCreated, EventCanceled),
		"create_one_of_two":     factsOf(Created, anna(), silent),
		"create_nobody_invited": withHooks(factsOf(Created, silent, cilia()), EventCreated),
		"create_invited_by_sms": factsOf(Created, bySms),
	} {
		t.Run(name, func(t *testing.T) {
			c := decideCreated(f, testUser)
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestCreatedJobsCannotBeOrderedTwice(t *testing.T) {
	for _, j := range decideCreated(factsOf(Created, anna(), bjorn()), testUser).Jobs {
		if j.Uniq == "" {
			t.Errorf("%s to %s has no uniqueness key", j.Kind, j.Address)
		}
	}
}

func TestNewProcessHasKeysOfItsOwnAndKeepsTheRequest(t *testing.T) {
	r := goodRequest()
	r.Idempotency = "once"
	a := newProcess(testNow, 30*24*time.Hour, testCaller(), Flow{Key: testFlow}, r)
	b := newProcess(testNow, 30*24*time.Hour, testCaller(), Flow{Key: testFlow}, r)
	p := a.Process
	if !p.Key.Valid() || p.Key == b.Process.Key || string(p.Group) != string(p.Key) || p.State != Created || a.Idempotency != "once" {
		t.Errorf("process %+v", p)
	}
	if p.Company != testCompany || p.Flow != testFlow || !p.ExpiresAt.Equal(testNow.AddDate(0, 0, 30)) || !p.CreatedAt.Equal(testNow) {
		t.Errorf("process %+v", p)
	}
	seen := map[SigneeKey]bool{}
	for i, s := range p.Signees {
		if !s.Key.Valid() || seen[s.Key] || s.Process != p.Key || s.Name != r.Signees[i].Name || s.Signed() {
			t.Errorf("signee %d: %+v", i, s)
		}
		seen[s.Key] = true
	}
}

func TestStarterIsTheUserElseTheKeysName(t *testing.T) {
	if got := actorOf(Process{User: testUser}, testCaller()); got != testUser {
		t.Errorf("got %q", got)
	}
	if got := actorOf(Process{}, testCaller()); got != testKeyName {
		t.Errorf("got %q", got)
	}
}

func TestSameAnswerToTheSameRequest(t *testing.T) {
	p := factsOf(Canceled, signed(anna()), bjorn()).Process
	got := asCreated(p)
	if got.State != Created || got.AnySigned() {
		t.Errorf("the answer shows what happened since: %s, signed %v", got.State, got.AnySigned())
	}
}

func TestKeepNewWrapsAgainWhenTheKeyEncryptionKeyChanged(t *testing.T) {
	for name, tc := range map[string]struct {
		stale int
		tries int
		ok    bool
	}{
		"current":         {0, 1, true},
		"rotated once":    {1, 2, true},
		"rotated all day": {100, 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			left := tc.stale
			st := &fakeStore{create: func(n NewProcess) (ProcessKey, string, error) {
				if len(n.Key.Bytes) != 32 {
					t.Errorf("wrapped key %v", n.Key)
				}
				if left--; left >= 0 {
					return "", "", ErrRewrap
				}
				return "", "", nil
			}}
			s, _, _ := service(t, st)
			_, _, err := s.keepNew(t.Context(), &NewProcess{Process: Process{Key: testProcess}}, DataKey{})
			if (err == nil) != tc.ok || len(st.calls) != tc.tries {
				t.Errorf("%v after %d tries, want %d", err, len(st.calls), tc.tries)
			}
		})
	}
}

func TestDocumentTooLargeToMailIsWarnedAbout(t *testing.T) {
	const mega = 1 << 20
	for name, tc := range map[string]struct {
		size, limit int64
		warned      bool
	}{
		"no limit known":   {50 * mega, 0, false},
		"small":            {mega, 25 * mega, false},
		"fits in base64":   {17 * mega, 25 * mega, false},
		"too large base64": {18 * mega, 25 * mega, true},
		"as large as it":   {25 * mega, 25 * mega, true},
	} {
		s, _, _ := service(t, nil)
		s.MailLimit = func() int64 { return tc.limit }
		if got := s.tooLargeToMail(tc.size); (got != "") != tc.warned {
			t.Errorf("%s: %q", name, got)
		}
	}
	s, _, _ := service(t, nil)
	if got := s.tooLargeToMail(50 * mega); got != "" {
		t.Errorf("without a mail server: %q", got)
	}
}

// newUpload is an upload of a small real document.
func newUpload(t *testing.T, s *Service, doc []byte) (*Upload, *fakeBlobs) {
	t.Helper()
	blobs := &fakeBlobs{}
	blobs.open = func(string) (BlobReader, error) { return blobOf(doc), nil }
	s.Blobs = blobs
	up, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Write(doc); err != nil {
		t.Fatal(err)
	}
	return up, blobs
}

func createStore(answer func(NewProcess) (ProcessKey, string, error)) *fakeStore {
	return &fakeStore{flows: []Flow{{Key: testFlow, Company: testCompany, Active: true}}, create: answer}
}

func TestCreateKeepsTheProcessAndItsDocument(t *testing.T) {
	var kept NewProcess
	st := createStore(func(n NewProcess) (ProcessKey, string, error) { kept = n; return "", "", nil })
	s, _, kicks := service(t, st)
	up, blobs := newUpload(t, s, onePage())
	got, err := s.Create(t.Context(), testCaller(), goodRequest(), up)
	if err != nil {
		t.Fatal(err)
	}
	if !blobs.made.committed || !cmp.Equal(blobs.deleted, []string{"new1"}) || *kicks != 1 { // as it came
		t.Errorf("committed %v, deleted %v, kicked %d", blobs.made.committed, blobs.deleted, *kicks)
	}
	want := Document{Blob: "new2", Size: int64(len(onePage())), SHA256: shownSHA256, Pages: 1, Original: shownSHA256}
	if d := cmp.Diff(want, kept.Process.Document); d != "" {
		t.Error(d)
	}
	if got.Process.Key != kept.Process.Key || got.Process.State != Created || len(kept.Change.Jobs) == 0 || len(kept.RequestHash) != 64 {
		t.Errorf("answer %+v, kept %+v", got, kept)
	}
}

func TestCreateThatFailsLeavesNoBytesUnlessNobodyKnows(t *testing.T) {
	down := errors.New("disk full")
	for name, tc := range map[string]struct {
		doc     []byte
		err     error
		kind    Kind
		deleted []string
	}{
		"store fails":      {onePage(), down, 0, []string{"new1", "new2"}},
		"outcome unclear":  {onePage(), ErrUnclear, 0, []string{"new1"}},
		"document refused": {[]byte("MZ this is no PDF at all"), nil, Invalid, []string{"new1"}},
	} {
		t.Run(name, func(t *testing.T) {
			st := createStore(func(NewProcess) (ProcessKey, string, error) { return "", "", tc.err })
			s, _, kicks := service(t, st)
			up, blobs := newUpload(t, s, tc.doc)
			got, err := s.Create(t.Context(), testCaller(), goodRequest(), up)
			if err == nil || KindOf(err) != tc.kind || tc.err != nil && !errors.Is(err, tc.err) {
				t.Errorf("got %v of kind %s", err, KindOf(err))
			}
			if !cmp.Equal(blobs.deleted, tc.deleted) || *kicks != 0 || got.Process.Key != "" {
				t.Errorf("deleted %v, kicked %d, answer %+v", blobs.deleted, *kicks, got)
			}
		})
	}
}

// TestCreateDeletesEvenWhenTheClientHasGone: otherwise an hour's worth of orphans lies about.
func TestCreateDeletesEvenWhenTheClientHasGone(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	st := createStore(func(NewProcess) (ProcessKey, string, error) {
		leave()
		return "", "", context.Canceled
	})
	s, _, _ := service(t, st)
	up, blobs := newUpload(t, s, onePage())
	if _, err := s.Create(gone, testCaller(), goodRequest(), up); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(blobs.deleted) != 2 {
		t.Errorf("deleted %v", blobs.deleted)
	}
}

func TestCreateWithAUsedIdempotencyKey(t *testing.T) {
	earlier := factsOf(Canceled, signed(anna()))
	for name, same := range map[string]bool{"same request": true, "other request": false} {
		t.Run(name, func(t *testing.T) {
			st := createStore(func(n NewProcess) (ProcessKey, string, error) {
				if same {
					return testProcess, n.RequestHash, nil
				}
				return testProcess, "other", nil
			})
			st.facts = holding(&earlier).facts
			s, _, kicks := service(t, st)
			up, blobs := newUpload(t, s, onePage())
			r := goodRequest()
			r.Idempotency = "once"
			got, err := s.Create(t.Context(), testCaller(), r, up)
			if same {
				if err != nil || got.Process.Key != testProcess || got.Process.State != Created {
					t.Errorf("got %+v, %v", got, err)
				}
			} else {
				wantInvalid(t, err, "Idempotency-Key")
			}
			if len(blobs.deleted) != 2 || *kicks != 0 {
				t.Errorf("deleted %v, kicked %d: the second document is not needed", blobs.deleted, *kicks)
			}
		})
	}
}
