package innsigli

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func annasFile() Reference {
	return Reference{Key: "ataa", Name: "id.png", Document: Document{Blob: "b1", Size: 5}, Signee: keyAnna, At: testNow}
}

func sendersFile() Reference {
	return Reference{Key: "atbb", Name: "terms.txt", Document: Document{Blob: "b2", Size: 6}, At: testNow}
}

func TestAttachIsForActiveProcessesAlone(t *testing.T) {
	for _, st := range everyState() {
		c, err := decideAttach(factsOf(st, anna()), annasFile(), "anna@example.com", Client{Address: "192.0.2.1"})
		if !st.Active() {
			if KindOf(err) != NotActive || !c.Empty() {
				t.Errorf("%s: %v\n%s", st, err, c)
			}
			continue
		}
		const want = "attach b1 5 bytes of " + string(keyAnna) + "\nlog AttachmentAdded " + string(keyAnna) + " Unspecified by anna@example.com\n"
		if err != nil || c.String() != want {
			t.Errorf("%s: %v\n%s", st, err, c)
		}
	}
	if _, err := decideAttach(factsOf(Started, bjorn()), annasFile(), "", Client{}); KindOf(err) != NotFound {
		t.Errorf("of nobody: %v", err)
	}
}

func TestDetach(t *testing.T) {
	for name, tc := range map[string]struct {
		state   State
		key     AttachmentKey
		trusted bool
		kind    Kind
		blob    string
	}{
		"the signee's, by whoever knows its key": {Started, "ataa", false, 0, "b1"},
		"the sender's, by whoever knows its key": {Started, "atbb", false, Unauthenticated, ""},
		"the sender's, by the company":           {Created, "atbb", true, 0, "b2"},
		"none":                                   {Started, "atcc", true, NotFound, ""},
		"the evidence":                           {Started, "ated", true, NotFound, ""},
		"after the last signature":               {Sealing, "ataa", true, NotActive, ""},
		"completed":                              {Completed, "ataa", true, NotActive, ""},
		"canceled":                               {Canceled, "ataa", true, NotActive, ""},
	} {
		f := factsOf(tc.state, anna())
		f.Process.Attachments = []Reference{annasFile(), sendersFile()}
		f.Process.Evidence = Reference{Key: "ated", Type: AttachmentEvidence}
		r, c, err := decideDetach(f, tc.key, tc.trusted, "x", Client{})
		if KindOf(err) != tc.kind || r.Blob != tc.blob || err == nil && (c.Detach != tc.key || len(c.Log) != 1 || c.Log[0].Kind != LogDetached) {
			t.Errorf("%s: %v %v\n%s", name, err, r, c)
		}
	}
}

// TestAFileOfASigneeIsForThisPersonAndTheCompany: what one signee brings, a passport perhaps, is not for the others.
func TestAFileOfASigneeIsForThisPersonAndTheCompany(t *testing.T) {
	f := factsOf(Started, anna(), bjorn())
	f.Process.Attachments = []Reference{annasFile(), sendersFile()}
	for name, tc := range map[string]struct {
		v    View
		want int
	}{
		"company": {View{Facts: f, Trusted: true}, 2},
		"Anna":    {View{Facts: f, You: anna()}, 2},
		"Björn":   {View{Facts: f, You: bjorn()}, 1},
		"nobody":  {View{Facts: f}, 1},
	} {
		if got := tc.v.References(); len(got) != tc.want {
			t.Errorf("%s sees %v", name, got)
		}
	}
	f.Process.State = Canceled
	if got := (View{Facts: f, Trusted: true}).References(); got != nil {
		t.Errorf("after the cancel there is %v", got)
	}
}

func TestContentTypesRunNothing(t *testing.T) {
	for name, want := range map[string]string{
		"a.PDF": "application/pdf", "a.html": "application/octet-stream", "a.svg": "application/octet-stream", "a": "application/octet-stream",
		"a.xhtml": "application/octet-stream", "a.js": "application/octet-stream", "a.png": "image/png", "a.pdf.exe": "application/octet-stream",
	} {
		if got := (Reference{Name: name}).ContentType(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestAttachmentTypesAreThoseOfThePublicAPI(t *testing.T) {
	for n, name := range attachmentTypeNames {
		for _, text := range []string{name, strings.ToUpper(name), itoa(int(n))} {
			if got, ok := ParseAttachmentType(text); !ok || got != n || got.String() != name {
				t.Errorf("%s: %v %v", text, got, ok)
			}
		}
	}
	if _, ok := ParseAttachmentType("11"); ok || AttachmentType(11).String() != "Unspecified" {
		t.Error("11 is a type")
	}
}

// attachRefusal is what attaching a file to a process with files of these sizes says.
func attachRefusal(sizes ...int64) error {
	f := factsOf(Started, anna())
	for _, n := range sizes[1:] {
		f.Process.Attachments = append(f.Process.Attachments, Reference{Document: Document{Size: n}})
	}
	r := annasFile()
	r.Size = sizes[0]
	_, err := decideAttach(f, r, "", Client{})
	return err
}

func attachmentCount(t *testing.T) {
	t.Helper()
	sizes := make([]int64, MaxAttachments+1)
	if err := attachRefusal(sizes[1:]...); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := attachRefusal(sizes...); KindOf(err) != Invalid {
		t.Errorf("one over: %v", err)
	}
	r := goodRequest()
	for range MaxAttachments + 1 {
		r.Attachments = append(r.Attachments, NewAttachment{Copied: true, Process: testProcess, Key: "ataa"})
	}
	_, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, &Upload{n: 1})
	if e, ok := errors.AsType[*Error](err); !ok || e.Fields[0].Field != "attachments" {
		t.Errorf("one over in a create: %v", err)
	}
	r.Attachments = r.Attachments[1:]
	if _, err := checkService(t).checkCreate(t.Context(), testCaller(), &r, &Upload{n: 1}); err != nil {
		t.Errorf("at the limit in a create: %v", err)
	}
}

func attachmentsBytes(t *testing.T) {
	t.Helper()
	if err := attachRefusal(1, MaxAttachmentsBytes-1); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := attachRefusal(1, MaxAttachmentsBytes); KindOf(err) != Invalid {
		t.Errorf("one over: %v", err)
	}
}

func attachmentBytes(t *testing.T) {
	t.Helper()
	up := &FileUpload{w: &fakeWriter{}, field: "File"}
	if _, err := up.Write(make([]byte, MaxAttachmentBytes)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if n, err := up.Write([]byte{0}); KindOf(err) != TooLarge || n != 0 {
		t.Errorf("one over: %d, %v", n, err)
	}
}

func descriptionRunes(t *testing.T) {
	t.Helper()
	r := AttachRequest{Name: "a.txt", Description: strings.Repeat("Þ", MaxDescriptionRunes)}
	if err := r.check(&FileUpload{n: 1}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	r.Description += "Þ"
	if err := r.check(&FileUpload{n: 1}); KindOf(err) != Invalid {
		t.Errorf("one over: %v", err)
	}
}

func TestAttachNamesWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		r     AttachRequest
		n     int64
		field string
	}{
		"no name":  {AttachRequest{}, 1, "FileName"},
		"dots":     {AttachRequest{Name: ".."}, 1, "FileName"},
		"folder":   {AttachRequest{Name: `..\a`}, 1, "FileName"},
		"header":   {AttachRequest{Name: "a\r\nX: y.txt"}, 1, "FileName"},
		"twisted":  {AttachRequest{Name: "a\u202efdp.exe"}, 1, "FileName"},
		"long":     {AttachRequest{Name: strings.Repeat("x", MaxFileName+1)}, 1, "FileName"},
		"evidence": {AttachRequest{Name: "a", Type: AttachmentEvidence}, 1, "AttachmentType"},
		"empty":    {AttachRequest{Name: "a"}, 0, "File"},
	} {
		e, ok := errors.AsType[*Error](tc.r.check(&FileUpload{n: tc.n}))
		if !ok || len(e.Fields) != 1 || e.Fields[0].Field != tc.field {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// TestAFileThatIsNotKeptIsDeleted: a cancel that came while it was taken leaves nothing behind.
func TestAFileThatIsNotKeptIsDeleted(t *testing.T) {
	f := factsOf(Started, anna())
	f.Process.ExpiresAt = testNow.Add(time.Hour)
	st := holding(&f)
	s, _, _ := service(t, st)
	v := View{Facts: f, You: anna()}
	up, err := s.BeginAttach(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	f.Process.State = Canceled
	if _, err := s.Attach(t.Context(), v, AttachRequest{Name: "a.txt"}, up); KindOf(err) != NotActive {
		t.Errorf("after the cancel: %v", err)
	}
	if got := s.Blobs.(*fakeBlobs).deleted; len(got) != 1 || got[0] != "new1" {
		t.Errorf("deleted %v", got)
	}
	if _, err := s.BeginAttach(t.Context(), View{Facts: f, You: anna()}); KindOf(err) != NotActive {
		t.Errorf("begin after the cancel: %v", err)
	}
}
