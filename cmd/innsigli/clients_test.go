package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// Clients shaped like the samples that the documented API's users start from: the same calls with the host changed.

func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", cmd.Path, err, out, stderr.String())
	}
	return out
}

// TestCurl creates and cancels with curl, headers as the documentation writes them.
func TestCurl(t *testing.T) {
	innsiglitest.NeedTool(t, "curl", "curl")
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		body, err := json.Marshal(r.bodyOf(innsiglitest.PDF(t, 1, "curl"), byMail("Anna", "anna@example.com")))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "body.json")
		writeFile(t, file, body)
		basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(string(r.creds.CompanyKey)+":"+r.creds.APIKey))
		ask := func(args ...string) (status string, out []byte) {
			all := output(t, exec.Command("curl", append([]string{"--silent", "--write-out", "\n%{http_code}", "--header", basic}, args...)...))
			i := bytes.LastIndexByte(all, '\n')
			return string(all[i+1:]), all[:i]
		}
		status, out := ask("--location", "--request", "POST", r.url+"/api/management/signing", "--header", "Content-Type: application/json", "--data", "@"+file)
		var p process
		if err := json.Unmarshal(out, &p); err != nil || status != "200" || p.Status != "Created" {
			t.Fatalf("create: %s %s", status, out)
		}
		if status, out := ask("--location", "--request", "POST", r.url+"/api/management/signing", "--header", "Content-Type: application/json", "--data", "{}"); status != "400" || !bytes.Contains(out, []byte(`"fieldName":"flowKey"`)) {
			t.Errorf("an empty create: %s %s", status, out)
		}
		if status, out := ask("-X", "DELETE", r.url+"/management/signing?ProcessKey="+p.Key+"&User=boss@nordurljos.example"); status != "204" || len(out) != 0 {
			t.Errorf("cancel: %s %s", status, out)
		}
		if got := r.shown(p); got != "Canceled" {
			t.Errorf("after the cancel: %s", got)
		}
	})
}

// nodeClient does what integrations in Node do: create by fetch, read the camelCase answer, list the log, fetch the
// document, cancel, and read responseStatus of a refusal.
const nodeClient = `
const [base, company, apiKey, flowKey, pdf] = process.argv.slice(2);
const authorization = 'Basic ' + Buffer.from(company + ':' + apiKey).toString('base64');
const call = (method, path, body) => fetch(base + path, {
  method,
  headers: { Accept: 'application/json', 'Content-Type': 'application/json', Authorization: authorization },
  body: body && JSON.stringify(body),
});
const must = (ok, what) => { if (!ok) { console.error(what); process.exit(1); } };

const created = await (await call('POST', '/api/management/signing', {
  flowKey, pdfDocument: pdf, pdfFileName: 'samningur.pdf', signInOrder: false, meta: { contractId: '17' },
  createSignees: [{ name: 'Anna', email: 'anna@example.com', communicationDeliveryType: 'email', signatureType: 'Simple', language: 'Is' }],
  user: 'owner@nordurljos.example',
})).json();
must(created.status === 'Created' && created.meta.contractId === '17', JSON.stringify(created));
const [signee] = created.signees;
must(signee.url.endsWith('/s/' + created.key + '/' + signee.key) && signee.communicationDeliveryType === 'Email', JSON.stringify(signee));

const flows = await (await call('GET', '/api/management/flow')).json();
must(flows.some((f) => (f.flowKey ?? f.key) === flowKey), JSON.stringify(flows));

const log = await (await call('GET', '/api/signing/activity/company?StartDate=2020-01-01&EndDate=2100-01-01')).json();
must(log.length === 1 && log[0].processKey === created.key && log[0].activityLog[0].status === 'Created', JSON.stringify(log));

const file = await call('GET', '/api/pdf/' + created.key + '/' + signee.key + '.pdf');
must(Buffer.from(await file.arrayBuffer()).subarray(0, 5).toString() === '%PDF-', 'no PDF');

const canceled = await call('DELETE', '/api/management/signing?' + new URLSearchParams({ ProcessKey: created.key, User: 'boss@nordurljos.example' }));
must(canceled.status === 204 && (await canceled.text()) === '', 'cancel: ' + canceled.status);

const refused = await call('DELETE', '/api/management/signing?ProcessKey=');
const { responseStatus } = await refused.json();
must(refused.status === 400 && responseStatus.errors[0].fieldName === 'ProcessKey', JSON.stringify(responseStatus));
console.log('ok');
`

// TestNode runs a client in Node.
func TestNode(t *testing.T) {
	innsiglitest.NeedTool(t, "node", "nodejs")
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		file := filepath.Join(t.TempDir(), "client.mjs")
		writeFile(t, file, []byte(nodeClient))
		pdf := base64.StdEncoding.EncodeToString(innsiglitest.PDF(t, 1, "node"))
		out := output(t, exec.Command("node", file, r.url, string(r.creds.CompanyKey), r.creds.APIKey, string(r.creds.FlowKey), pdf))
		if string(bytes.TrimSpace(out)) != "ok" {
			t.Errorf("client: %s", out)
		}
	})
}

// TestRequestsOfCSharp sends what a serializer of .NET makes of the documented classes: names as the classes spell them or
// camelCase, enumerations by number or by name, null for what is not set, and members that this server does not know.
func TestRequestsOfCSharp(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		pdf := base64.StdEncoding.EncodeToString(innsiglitest.PDF(t, 1, "C#"))
		for name, body := range map[string]string{
			"as the classes spell": `{"FlowKey":%q,"PdfDocument":%q,"PdfFileName":"samningur.pdf","RequiresAuth":false,"SignInOrder":false,
				"Meta":null,"Attachments":null,"AttachmentReferences":null,"SequenceKey":null,"ReminderRule":null,"ActivityDisplayName":null,
				"SignatureLocation":1,"User":"owner@nordurljos.example","CreateSignees":[{"Name":"Anna","Ssn":null,"PhoneNumber":null,
				"Email":"anna@example.com","Reason":"Kaup","SignatureType":1,"CommunicationDeliveryType":2,"Language":10,
				"HidePersonalCode":true,"CustomSmsText":null,"SendCopy":true}],"SchemaVersion":3}`,
			"mixed, as the sample": `{"flowKey":%q,"pdfDocument":%q,"pdfFileName":"samningur.pdf","SignInOrder":false,"RequiresAuth":false,
				"signatureLocation":"bottomlastpage","user":"owner@nordurljos.example","createSignees":[{"name":"Anna","email":"anna@example.com",
				"Reason":"Kaup","SignatureType":"simple","communicationDeliveryType":"EMAIL","Language":"is","HidePersonalCode":true}]}`,
		} {
			a := r.ask(http.MethodPost, "/api/management/signing", "own", fmt.Sprintf(body, r.creds.FlowKey, pdf))
			if a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", name, a.status, a.body)
			}
			var got struct {
				Key, Status, SignatureLocation string
				Signees                        []struct{ Reason, SignatureType, CommunicationDeliveryType, Language string }
			}
			a.json(t, &got)
			if s := got.Signees[0]; got.Status != "Created" || got.SignatureLocation != "BottomLastPage" || s.Reason != "Kaup" ||
				s.SignatureType != "Simple" || s.CommunicationDeliveryType != "Email" || s.Language != "Is" {
				t.Errorf("%s: %s", name, a.body)
			}
			if !strings.HasPrefix(got.Key, "sp") || r.cancel(got.Key) != http.StatusNoContent {
				t.Errorf("%s: cancel of %q", name, got.Key)
			}
		}
	})
}
