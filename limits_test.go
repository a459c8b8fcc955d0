package innsigli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// limitTests has a test for each limit, at it and one over.
var limitTests = map[string]func(*testing.T){
	"MaxDocumentBytes": documentBytes,
	"MaxBodyBytes":     bodyBytes,
	"MaxTake":          take,
	"MaxCodeTries":     codeTries,
	"MaxCodesAnHour":   codesAnHour,
	"MaxWrongTries":    wrongTries,
	"MaxDrawingBytes":  drawingBytes,
	"MaxDrawingSide":   drawingSide,
	"MaxTypedRunes":    typedRunes,
	"MaxReadPages":     readPages,
	"MaxReadSeconds":   readSeconds,
	"MaxDownloads":     downloads,
	"MaxReassigns":     reassigns,
	"MaxOrigins":       origins,
	"MaxOriginLen":     originLength,
	"MaxSignees": requestLimit(MaxSignees, "createSignees", func(r *CreateRequest, n int) {
		r.Signees = nil
		for i := range n {
			r.Signees = append(r.Signees, NewSignee{Email: fmt.Sprintf("a%d@x.is", i)})
		}
	}),
	"MaxMetaBytes": requestLimit(MaxMetaBytes, "meta", func(r *CreateRequest, n int) {
		r.Meta = map[string]string{"one": strings.Repeat("x", n/2-3), "two": strings.Repeat("y", n-n/2-3)}
	}),
	"MaxFileName": requestLimit(MaxFileName, "pdfFileName", func(r *CreateRequest, n int) {
		r.FileName = strings.Repeat("é", (n-5)/2) + strings.Repeat("x", (n-5)%2+1) + ".pdf" // bytes, not runes
	}),
	"MaxNameRunes": requestLimit(MaxNameRunes, "createSignees[1].name", func(r *CreateRequest, n int) {
		r.Signees[1].Name = strings.Repeat("Þ", n)
	}),
	"MaxReasonRunes": requestLimit(MaxReasonRunes, "createSignees[1].reason", func(r *CreateRequest, n int) {
		r.Signees[1].Reason = strings.Repeat("Þ", n)
	}),
	"MaxAddress": requestLimit(MaxAddress, "createSignees[1].email", func(r *CreateRequest, n int) {
		r.Signees[1].Email = strings.Repeat("a", n-len("@x.is")) + "@x.is"
	}),
	"MaxReminderFirst": requestLimit(MaxReminderFirst, "reminderRule", func(r *CreateRequest, n int) {
		r.ReminderRule = fmt.Sprintf("%d:0", n)
	}),
	"MaxReminderEvery": requestLimit(MaxReminderEvery, "reminderRule", func(r *CreateRequest, n int) {
		r.ReminderRule = fmt.Sprintf("0:%d", n)
	}),
	"MaxRemindersAnHour":  remindersAnHour,
	"MaxRetentionDays":    retentionDays,
	"MaxNormalisedBytes":  normalisedBytes,
	"MaxSealedBytes":      sealedBytes,
	"MaxXMLBytes":         xmlBytes,
	"MaxXMLBody":          xmlBody,
	"MaxAttachments":      attachmentCount,
	"MaxAttachmentBytes":  attachmentBytes,
	"MaxAttachmentsBytes": attachmentsBytes,
	"MaxDescriptionRunes": descriptionRunes,
	"MaxSequence":         sequenceLength,
	"MaxSequenceBytes":    sequenceBytes,
	"MaxSequenceBody":     sequenceBody,
	"MaxWebhooks":         webhooksOfAFlow,
	"MaxWebhookURL":       webhookURL,
	"MaxTemplates":        templatesOfACompany,
	"MaxTemplateBytes":    templateLimit("message", MaxTemplateBytes, func(r *TemplateRequest, n int) { r.Message = strings.Repeat("x", n) }),
	"MaxSubjectRunes":     templateLimit("subject", MaxSubjectRunes, func(r *TemplateRequest, n int) { r.Subject = strings.Repeat("þ", n) }),
	"MaxLinkTextRunes":    templateLimit("linkText", MaxLinkTextRunes, func(r *TemplateRequest, n int) { r.LinkText = strings.Repeat("þ", n) }),
	"MaxSmsRunes":         testedBy("notify/template_test.go", "MaxSmsRunes"),
	"MaxDeliveries":       deliveriesOfAPage,
	"MaxKeyOverlap":       keyOverlap,
	"MaxAccessTime":       maxAccessTime,
	"MaxTextsOfNumber":    testedBy("store/text_test.go", "MaxTextsOfNumber"),
	"MaxTextsOfProcess":   testedBy("store/text_test.go", "MaxTextsOfProcess"),
	"MaxFlows":            testedBy("store/flow_test.go", "MaxFlows"),
	"MaxAPIKeys":          testedBy("store/apikey_test.go", "MaxAPIKeys"),
	"MaxKeyFlows":         TestCheckAPIKey,
	"MaxLogoBytes":        testedBy("paper/logo_test.go", "MaxLogoBytes"),
	"MaxLogoSide":         testedBy("paper/logo_test.go", "MaxLogoSide"),
	"MaxLogoPixels":       testedBy("paper/logo_test.go", "MaxLogoPixels"),
	"MaxIdempotency": requestLimit(MaxIdempotency, "Idempotency-Key", func(r *CreateRequest, n int) {
		r.Idempotency = strings.Repeat("k", n)
	}),
}

// testedBy is for a limit that another package counts: its test there, at the limit and one over, names the constant.
func testedBy(file, name string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(src), "innsigli."+name) {
			t.Errorf("%s says nothing of %s", file, name)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, name := range maxConstants(t) {
		test, ok := limitTests[name]
		if !ok {
			t.Errorf("%s has no test", name)
			continue
		}
		t.Run(name, test)
	}
}

// maxConstants reads the names of this package's limits from its source, so that none is forgotten.
func maxConstants(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), f, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(id.Name, "Max") {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	if len(names) < 10 {
		t.Fatalf("only %v found", names)
	}
	return names
}

// requestLimit tests that a request with n of something passes and one with n + 1 is refused, naming only the field.
func requestLimit(n int, field string, set func(r *CreateRequest, n int)) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		r := goodRequest()
		set(&r, n)
		if _, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, &Upload{n: 1}); err != nil {
			t.Errorf("at the limit of %d: %v", n, err)
		}
		r = goodRequest()
		set(&r, n+1)
		_, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, &Upload{n: 1})
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Invalid || len(e.Fields) == 0 {
			t.Fatalf("one over the limit of %d: %v", n, err)
		}
		for _, f := range e.Fields {
			if f.Field != field {
				t.Errorf("one over names %s, want %s", f.Field, field)
			}
		}
	}
}

func documentBytes(t *testing.T) {
	t.Helper()
	s, _, _ := service(t, nil)
	up, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	for range MaxDocumentBytes / len(chunk) {
		if _, err := up.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if up.Size() != MaxDocumentBytes {
		t.Fatalf("took %d", up.Size())
	}
	n, err := up.Write([]byte{0})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != TooLarge || n != 0 || len(e.Fields) != 1 || e.Fields[0].Field != "pdfDocument" {
		t.Errorf("one byte over: %d, %v", n, err)
	}
	if up.w.Size() != MaxDocumentBytes {
		t.Errorf("%d bytes reached the blob store", up.w.Size())
	}
}

// bodyBytes: the largest document, attachments and meta still fit into the largest body.
func bodyBytes(t *testing.T) {
	t.Helper()
	rest := MaxBodyBytes - base64.StdEncoding.EncodedLen(MaxDocumentBytes) - base64.StdEncoding.EncodedLen(MaxAttachmentsBytes)
	signee := 8*MaxNameRunes*6 + MaxReasonRunes*6 + 2*MaxAddress // every rune may be written \u1234
	if need := 6*MaxMetaBytes + MaxSignees*signee; rest < need {
		t.Errorf("%d bytes are left for what may take %d", rest, need)
	}
}

// sealedBytes holds that there is room for what sealing adds to the largest document: a signature image of everybody,
// which a mark may write a quarter larger (a test in paper), and 3 MB of evidence, time stamps and proofs.
func sealedBytes(t *testing.T) {
	t.Helper()
	if need := MaxNormalisedBytes + MaxSignees*MaxDrawingBytes*5/4 + 3<<20; MaxSealedBytes < need {
		t.Errorf("a sealed document may have %d bytes, and %d are allowed", need, MaxSealedBytes)
	}
	testedBy("page/verify_test.go", "MaxSealedBytes")(t)
}

// checkedSequence judges a request of n processes whose documents have so many bytes each.
func checkedSequence(t *testing.T, n int, size int64) error {
	t.Helper()
	s, _, _ := service(t, &fakeStore{flows: []Flow{{Key: testFlow, Active: true}}})
	r := CreateSequenceRequest{User: testUser}
	var ups []*Upload
	for range n {
		r.Processes = append(r.Processes, CreateRequest{Flow: testFlow, FileName: "a.pdf", Signees: []NewSignee{{Email: "a@x.is"}}})
		ups = append(ups, &Upload{n: size})
	}
	_, err := s.checkSequence(t.Context(), testCaller(), &r, ups)
	return err
}

func sequenceLength(t *testing.T) {
	t.Helper()
	if err := checkedSequence(t, MaxSequence, 1); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	e, ok := errors.AsType[*Error](checkedSequence(t, MaxSequence+1, 1))
	if !ok || e.Kind != Invalid || e.Fields[0].Field != "createSigningProcesses" {
		t.Errorf("one over: %v", e)
	}
}

func sequenceBytes(t *testing.T) {
	t.Helper()
	if err := checkedSequence(t, 3, MaxSequenceBytes/3); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	e, ok := errors.AsType[*Error](checkedSequence(t, 3, MaxSequenceBytes/3+1))
	if !ok || e.Kind != TooLarge || e.Fields[0].Field != "createSigningProcesses" {
		t.Errorf("over: %v", e)
	}
}

// sequenceBody: the largest documents still fit, with what is said about them.
func sequenceBody(t *testing.T) {
	t.Helper()
	rest := MaxSequenceBody - base64.StdEncoding.EncodedLen(MaxSequenceBytes)
	if need := MaxSequence * (64 << 10); rest < need {
		t.Errorf("%d bytes are left for what may take %d", rest, need)
	}
}

func take(t *testing.T) {
	t.Helper()
	asked := 0
	st := &fakeStore{activity: func(q ActivityQuery) ([]Activity, error) { asked = q.Take; return nil, nil }}
	s, _, _ := service(t, st)
	q := ActivityQuery{From: testNow.Add(-time.Hour), To: testNow}
	for given, want := range map[int]int{0: MaxTake, 1: 1, MaxTake: MaxTake} {
		q.Take = given
		if _, err := s.Activity(t.Context(), testCaller(), q); err != nil || asked != want {
			t.Errorf("Take %d: asked for %d, %v", given, asked, err)
		}
	}
	for _, wrong := range []int{-1, MaxTake + 1} {
		q.Take = wrong
		_, err := s.Activity(t.Context(), testCaller(), q)
		wantInvalid(t, err, "Take")
	}
}

// codeTries: a try is counted before it is judged, so the fifth is judged with five counted.
func codeTries(t *testing.T) {
	t.Helper()
	ch := openChallenge(keyAnna)
	for tries, want := range map[int]bool{1: true, MaxCodeTries: true, MaxCodeTries + 1: false} {
		if ch.Tries = tries; ch.Open(testNow) != want {
			t.Errorf("with %d tries counted: open %v", tries, !want)
		}
	}
}

func codesAnHour(t *testing.T) {
	t.Helper()
	you := anna()
	ask := func(sent int) error {
		you.CodesInHour = sent
		return second(decideCode(factsOf(Started, you), CodeRequest{Process: testProcess, Signee: keyAnna}, testToken))
	}
	if err := ask(MaxCodesAnHour - 1); err != nil {
		t.Errorf("the last code of the hour: %v", err)
	}
	e, ok := errors.AsType[*Error](ask(MaxCodesAnHour))
	if !ok || e.Kind != TooMany || e.Code != "TooManyCodes" || e.RetryAfter <= 0 {
		t.Errorf("one more: %+v", e)
	}
}

func wrongTries(t *testing.T) {
	t.Helper()
	you := anna()
	ask := func(wrong int) error {
		you.WrongTries = wrong
		return second(decideCode(factsOf(Started, you), CodeRequest{Process: testProcess, Signee: keyAnna}, testToken))
	}
	if err := ask(MaxWrongTries - 1); err != nil {
		t.Errorf("before the last try: %v", err)
	}
	e, ok := errors.AsType[*Error](ask(MaxWrongTries))
	if !ok || e.Kind != TooMany || e.Code != "OtpLocked" {
		t.Errorf("after it: %+v", e)
	}
}

func TestCodesLiveTenMinutes(t *testing.T) {
	c, err := decideCode(factsOf(Started, anna()), CodeRequest{Process: testProcess, Signee: keyAnna}, testToken)
	if err != nil {
		t.Fatal(err)
	}
	ch := *c.Challenge
	if !ch.Open(testNow.Add(CodeLifetime-time.Microsecond)) || ch.Open(testNow.Add(CodeLifetime)) || CodeLifetime != 10*time.Minute {
		t.Errorf("open until %v", ch.ExpiresAt)
	}
}

// TestEverySigneeOfAFullRequestIsStillChecked: the 100th is named by its own place.
func TestEverySigneeOfAFullRequestIsStillChecked(t *testing.T) {
	r := goodRequest()
	for len(r.Signees) < MaxSignees {
		r.Signees = append(r.Signees, NewSignee{Email: "a@x.is"})
	}
	r.Signees[MaxSignees-1].Email = "x"
	_, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, &Upload{n: 1})
	wantInvalid(t, err, "createSignees[99].email")
}
