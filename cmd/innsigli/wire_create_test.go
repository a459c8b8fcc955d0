package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/innsiglitest"
)

// The request and the answer of POST /management/signing, letter by letter.

func wireNames(t *testing.T, r *rig, _ string) {
	t.Helper()
	small, large := innsiglitest.PDF(t, 1, "names"), innsiglitest.BigPDF(t, 500<<10) // one stays in the JSON, one is taken out of it
	for i, pdf := range [][]byte{small, large} {
		for _, change := range []func(string) string{strings.ToUpper, strings.ToLower, func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }} {
			signee, body := map[string]any{}, map[string]any{}
			for k, v := range in("Is", byMail("Ann", "ann@names.example")) {
				signee[change(k)] = v
			}
			for k, v := range r.bodyOf(pdf) {
				body[change(k)] = v
			}
			body[change("createSignees")] = []any{signee}
			body[change("activityDisplayName")] = "shown"
			a := r.ask("POST", "/management/signing", "own", body)
			var got struct {
				Signees []struct{ Email, Language string }
			}
			if a.json(t, &got); a.status != 200 || got.Signees[0].Email != "ann@names.example" || got.Signees[0].Language != "Is" {
				t.Errorf("document %d, %s: %d %s", i, change("createSignees"), a.status, a.body)
			}
			var p process
			a.json(t, &p)
			sameText(t, fmt.Sprintf("document %d", i), pdf, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body)
		}
	}
}

func wireEnums(t *testing.T, r *rig, _ string) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "enums")
	for _, x := range []struct {
		delivery, kind, language, location any
		want                               [4]string
	}{
		{"Email", "Simple", "En", "BottomLastPage", [4]string{"Email", "Simple", "En", "BottomLastPage"}},
		{"EMAIL", "sImPlE", "hu", "topfirstpage", [4]string{"Email", "Simple", "Hu", "TopFirstPage"}},
		{2, 1, 10, 1, [4]string{"Email", "Simple", "Is", "BottomLastPage"}},
		{"2", "1", "110", "0", [4]string{"Email", "Simple", "Hu", "TopFirstPage"}},
		{0, "Simple", 0, 0, [4]string{"None", "Simple", "", "TopFirstPage"}},
		{"none", nil, "NotSet", nil, [4]string{"None", "Simple", "", "TopFirstPage"}},
		{nil, "", "", "", [4]string{"None", "Simple", "", "TopFirstPage"}},
	} {
		body := r.bodyOf(pdf, who{
			"name": "Ann", "email": "ann@enums.example", "communicationDeliveryType": x.delivery, "signatureType": x.kind, "language": x.language,
		})
		body["signatureLocation"] = x.location
		a := r.ask("POST", "/management/signing", "own", body)
		var got struct {
			SignatureLocation string
			Signees           []struct{ CommunicationDeliveryType, SignatureType, Language string }
		}
		if a.json(t, &got); a.status != 200 {
			t.Errorf("%v: %d %s", x, a.status, a.body)
			continue
		}
		s := got.Signees[0]
		if diff := cmp.Diff(x.want, [4]string{s.CommunicationDeliveryType, s.SignatureType, s.Language, got.SignatureLocation}); diff != "" {
			t.Errorf("%v: %s", x, diff)
		}
	}
	// The documentation's parameter list calls the language otherwise than its sample.
	a := r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, who{"email": "ann@enums.example", "languages": "Is"}))
	if !strings.Contains(string(a.body), `"language":"Is"`) {
		t.Errorf("languages: %d %s", a.status, a.body)
	}
	for _, bad := range []any{"Pigeon", 7, -1, 1.5, true, []any{}, map[string]any{}} {
		body := r.bodyOf(pdf, byMail("Ann", "ann@enums.example"),
			who{"email": "bo@enums.example", "communicationDeliveryType": bad, "signatureType": bad, "language": bad})
		body["signatureLocation"] = bad
		refusal(t, fmt.Sprint(bad), r.ask("POST", "/management/signing", "own", body), 400, "Enum", "signatureLocation",
			"createSignees[1].communicationDeliveryType", "createSignees[1].signatureType", "createSignees[1].language")
	}
}

func wireMembers(t *testing.T, r *rig, _ string) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "members")
	with := func(name string, v any) map[string]any {
		body := r.bodyOf(pdf, who{"email": "ann@members.example", "favouriteColour": map[string]any{"a": []any{1, nil}}})
		body[name] = v
		return body
	}
	if a := r.ask("POST", "/management/signing", "own", with("nonsense", map[string]any{"a": []any{1, nil, "x"}})); a.status != 200 {
		t.Errorf("unknown members: %d %s", a.status, a.body)
	}
	long := strings.Repeat("QUFB", 150<<10)
	for _, x := range []struct {
		name string
		v    any
	}{
		{"sequenceKey", "pg00"},
	} {
		refusal(t, x.name, r.ask("POST", "/management/signing", "own", with(x.name, x.v)), 400, "NotSupported", x.name)
		refusal(t, x.name, r.ask("POST", "/management/signing", "own", with(strings.ToUpper(x.name), x.v)), 400, "NotSupported", x.name)
	}
	none := with("requiresAuth", false)
	none["signInOrder"], none["reminderRule"], none["attachments"], none["sequenceKey"], none["flattenDocument"] = false, "", []any{}, nil, nil
	if a := r.ask("POST", "/management/signing", "own", none); a.status != 200 {
		t.Errorf("members that ask for nothing: %d %s", a.status, a.body)
	}

	raw, err := json.Marshal(with("x", 1))
	if err != nil {
		t.Fatal(err)
	}
	rest := strings.TrimPrefix(string(raw), "{")
	doc := base64.StdEncoding.EncodeToString(pdf)
	for name, twice := range map[string]string{
		"same name":            `{"flowKey":"x",` + rest,
		"other letter case":    `{"FLOWKEY":"x",` + rest,
		"document":             `{"pdfDocument":"` + doc + `",` + rest,
		"document, other case": `{"PdfDocument":"` + doc + `",` + rest,
		"long document":        `{"PDFDOCUMENT":"` + long + `",` + rest,
		"two long documents":   `{"PDFDOCUMENT":"` + long + `","pdfDocument":"` + long + `"}`,
		"unknown member":       `{"y":1,"y":2,` + rest,
		"meta":                 `{"meta":{"a":"1","a":"2"},` + rest,
	} {
		a := r.ask("POST", "/management/signing", "own", twice)
		if code, fields := a.errorCode(); a.status != 400 || code == "" || len(fields) == 0 {
			t.Errorf("%s: got %d %.300s, want 400", name, a.status, a.body)
		}
	}
}

func wireRefusals(t *testing.T, r *rig, other string) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "refusals")
	ann := byMail("Ann", "ann@refusals.example")
	second := func(w who) []who { return []who{ann, w} }
	for _, x := range []struct {
		name   string
		change func(body map[string]any)
		code   string
		fields []string
	}{
		{"nothing", func(b map[string]any) { clear(b) }, "NotEmpty", []string{"pdfFileName", "pdfDocument", "createSignees", "flowKey"}},
		{"no flow", func(b map[string]any) { delete(b, "flowKey") }, "NotEmpty", []string{"flowKey"}},
		{"unknown flow", func(b map[string]any) { b["flowKey"] = "000000000000" }, "NotFound", []string{"flowKey"}},
		{"no document", func(b map[string]any) { b["pdfDocument"] = "" }, "NotEmpty", []string{"pdfDocument"}},
		{"document is null", func(b map[string]any) { b["pdfDocument"] = nil }, "NotEmpty", []string{"pdfDocument"}},
		{"document is a number", func(b map[string]any) { b["pdfDocument"] = 5 }, "Type", []string{"pdfDocument"}},
		{"no file name", func(b map[string]any) { b["pdfFileName"] = " " }, "NotEmpty", []string{"pdfFileName"}},
		{"folders", func(b map[string]any) { b["pdfFileName"] = "../x.pdf" }, "FileName", []string{"pdfFileName"}},
		{"backslash", func(b map[string]any) { b["pdfFileName"] = `c:\x.pdf` }, "FileName", []string{"pdfFileName"}},
		{"line break", func(b map[string]any) { b["pdfFileName"] = "a\r\nb.pdf" }, "ControlCharacters", []string{"pdfFileName"}},
		{"nobody", func(b map[string]any) { b["createSignees"] = []who{} }, "NotEmpty", []string{"createSignees"}},
		{"null for people", func(b map[string]any) { b["createSignees"] = nil }, "NotEmpty", []string{"createSignees"}},
		{"people are no list", func(b map[string]any) { b["createSignees"] = "x" }, "Type", []string{"createSignees"}},
		{"owner", func(b map[string]any) { b["user"] = "Boss <boss@a.example>" }, "Email", []string{"user"}},
		{"meta is no object", func(b map[string]any) { b["meta"] = "x" }, "Type", []string{"meta"}},
		{"meta of objects", func(b map[string]any) { b["meta"] = map[string]any{"a": map[string]any{}} }, "Type", []string{"meta.a"}},
		{"address", func(b map[string]any) { b["createSignees"] = second(byMail("Bo", "bo@")) }, "Email", []string{"createSignees[1].email"}},
		{"no address", func(b map[string]any) {
			b["createSignees"] = second(who{"communicationDeliveryType": "Email", "phoneNumber": "5551234"})
		}, "NotEmpty", []string{"createSignees[1].email"}},
		{"nowhere to reach", func(b map[string]any) { b["createSignees"] = second(who{"name": "Bo"}) }, "NotReachable", []string{"createSignees[1].email"}},
		{"phone", func(b map[string]any) {
			b["createSignees"] = second(who{"email": "bo@a.example", "phoneNumber": "call me"})
		}, "Phone", []string{"createSignees[1].phoneNumber"}},
		{"phone is a number", func(b map[string]any) { b["createSignees"] = second(who{"phoneNumber": 5551234}) }, "Type", []string{"createSignees[1].phoneNumber"}},
		{"SMS and Simple", func(b map[string]any) {
			b["createSignees"] = second(who{"phoneNumber": "5551234", "communicationDeliveryType": 1, "signatureType": 1})
		}, "SmsWithSimple", []string{"createSignees[1].communicationDeliveryType"}},
		{"Qualified", func(b map[string]any) { b["createSignees"] = second(who{"email": "bo@a.example", "signatureType": 0}) }, "NotSupported", []string{"createSignees[1].signatureType"}},
		{"text of the SMS", func(b map[string]any) {
			b["createSignees"] = second(who{"email": "bo@a.example", "customSmsText": strings.Repeat("x", 201)})
		}, "Length", []string{"createSignees[1].customSmsText"}},
		{"a boolean as text", func(b map[string]any) { b["requiresAuth"] = "yes" }, "Type", []string{"requiresAuth"}},
		{"two people at once", func(b map[string]any) { b["createSignees"] = []who{byMail("A", "a"), byMail("B", "b")} }, "Email", []string{"createSignees[0].email", "createSignees[1].email"}},
	} {
		body := r.bodyOf(pdf, ann)
		x.change(body)
		refusal(t, x.name, r.ask("POST", "/management/signing", "own", body), 400, x.code, x.fields...)
	}
	refusal(t, "flow of another company", r.ask("POST", "/management/signing", other, r.bodyOf(pdf, ann)), 400, "NotFound", "flowKey")
}

func wireBodies(t *testing.T, r *rig, _ string) {
	t.Helper()
	for name, body := range map[string]string{
		"nothing": "", "no JSON": "flowKey=x", "cut off": `{"flowKey":"x"`, "cut off in a text": `{"flowKey":"x`, "array": `[]`, "null": `null`, "text": `"x"`,
		"two values": `{}{}`, "comment": `{/* */}`, "deep": strings.Repeat(`{"a":`, 100), "broken UTF-8": "{\"pdfFileName\":\"\xff\"}",
		"lone surrogate": `{"pdfFileName":"\ud800"}`, "long name": `{"` + strings.Repeat("x", 5000) + `":1}`,
	} {
		a := r.ask("POST", "/management/signing", "own", body)
		wire(t, name, a)
		if code, _ := a.errorCode(); a.status != 400 || code == "" {
			t.Errorf("%s: got %d %s, want 400", name, a.status, a.body)
		}
	}
	p := r.create(innsiglitest.PDF(t, 1, "bodies"), byMail("Ann", "ann@bodies.example"))
	path := "/signing/sign/" + p.Key + "/signee/" + p.Signees[0].Key
	refusal(t, "OtpType", r.ask("POST", path, "", map[string]string{"OtpType": "pigeon"}), 400, "Enum", "OtpType")
	refusal(t, "call", r.ask("POST", path, "", map[string]string{"OtpType": "Call"}), 400, "NotSupported", "OtpType")
	refusal(t, "otp as array", r.ask("POST", "/signing/simple/otp", "", `[]`), 400, "Type", "")
	if a := r.ask("POST", path, "", strings.Repeat(" ", 70<<10)); a.status != 413 {
		t.Errorf("a small body of 70 kB: %d %s", a.status, a.body)
	}
	if a := r.ask("POST", path, "", nil); a.status != 200 {
		t.Errorf("no body: %d %s", a.status, a.body)
	} else {
		wire(t, "request to sign", a)
	}
}

func wireCreated(t *testing.T, r *rig, _ string) {
	t.Helper()
	body := r.bodyOf(innsiglitest.PDF(t, 1, "created"), who{
		"name": " Ann Önnudóttir ", "ssn": "0101302989", "phoneNumber": "+354 555 1234", "email": "ann@created.example", "address": "Götu 1",
		"postalCode": "101", "city": "Reykjavík", "reason": "CEO", "hidePersonalCode": true, "communicationDeliveryType": "email",
		"signatureType": "simple", "language": "is", "customSmsText": "hello", "user": "seller@nordurljos.example",
	}, who{"email": "bo@created.example"})
	body["meta"] = map[string]any{"Text": "á", "Number": 5, "Bool": true, "null": nil, "Big": json.Number("12345678901234567890")}
	body["activityDisplayName"] = "Samningur"
	a := r.ask("POST", "/management/signing", "own", body)
	wire(t, "create", a)
	var got map[string]any
	a.json(t, &got)
	p, _ := got["key"].(string)
	people, _ := got["signees"].([]any)
	if a.status != 200 || !regexp.MustCompile(`^sp[0-9a-f]{32}$`).MatchString(p) || len(people) != 2 {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	keys := make([]string, 2)
	for i, s := range people {
		m, _ := s.(map[string]any)
		keys[i], _ = m["key"].(string)
		if !regexp.MustCompile(`^si[0-9a-f]{32}$`).MatchString(keys[i]) {
			t.Errorf("signee's key %q", keys[i])
		}
	}
	want := map[string]any{
		"key": p, "flowKey": string(r.creds.FlowKey), "status": "Created", "pdfFileName": "samningur.pdf", "attachments": []any{},
		"attachmentReferences": []any{}, "requiresAuth": false, "signInOrder": false, "flattenDocument": false, "user": "owner@nordurljos.example",
		"signatureLocation": "TopFirstPage", "activityDisplayName": "Samningur",
		"meta": map[string]any{"Text": "á", "Number": "5", "Bool": "true", "null": "", "Big": "12345678901234567890"},
		"signees": []any{
			map[string]any{
				"key": keys[0], "processKey": p, "name": "Ann Önnudóttir", "ssn": "0101302989", "phoneNumber": "+3545551234", "email": "ann@created.example",
				"address": "Götu 1", "postalCode": "101", "city": "Reykjavík", "reason": "CEO", "hidePersonalCode": true, "signed": false,
				"communicationDeliveryType": "Email", "signatureType": "Simple", "language": "Is", "customSmsText": "hello",
				"url": r.url + "/s/" + p + "/" + keys[0],
			},
			map[string]any{
				"key": keys[1], "processKey": p, "email": "bo@created.example", "hidePersonalCode": false, "signed": false,
				"communicationDeliveryType": "None", "signatureType": "Simple", "url": r.url + "/s/" + p + "/" + keys[1],
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("create (-want +got):\n%s", diff)
	}
	if page := r.ask("GET", "/s/"+p+"/"+keys[0], "", nil); page.status != 200 || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Errorf("url leads to %d %s", page.status, page.header.Get("Content-Type"))
	}
}
