// Package api is the JSON API for companies and for signing pages of their own: the public surface of the Taktikal Core
// API (facts/wire.md), a file an endpoint, and the whole surface in one table in [API.Table].
//
// It is in charge of the wire: member names, letter case, enums by name or number, status codes. It decides nothing;
// every handler translates a request, calls one verb of package innsigli and translates the answer.
package api

import (
	"net/http"
	"sync"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// API holds what the handlers need.
type API struct {
	Service *innsigli.Service
	Frame   *web.Frame
	Proxies web.Proxies
	Links   innsigli.Links
	// Version is the program's, for the document.
	Version string
	// Others are routes that other packages serve and the document describes.
	Others []Route

	once sync.Once
	doc  []byte
	err  error
}

// Table is the whole surface, a line a route: methods and pattern, handler, group, operation id, a sentence, and the Go
// types of what goes in and out. What is mounted (see [API.Routes]) and what /openapi.json says are both made of it.
func (a *API) Table() []Route {
	return []Route{
		own("POST /management/signing", a.create, tagSigning, "CreateSigningProcess", "Starts a process: one document and the people who are to sign it.", takes[createSigningProcess](), gives[signingProcess](), header("Idempotency-Key"), fails(404), perFlow),
		own("DELETE /management/signing", a.cancel, tagSigning, "CancelSigningProcess", "Cancels a running process. The document is gone at once, and everybody is told. Of a sequence all processes are canceled.", asks("ProcessKey*", "User"), fails(404), perFlow),
		own("POST /management/signing/sequential", a.createSequence, tagSigning, "CreateSequentialSigning", "Starts a sequence: several documents that the same people sign over one link.", takes[createSequentialSigning](), gives[sequentialSigning](), header("Idempotency-Key"), fails(404), perFlow),
		own("GET /management/signing/sequential", a.sequenceOfCompany, tagSigning, "GetSequentialSigningOfCompany", "Shows a sequence whole: its state, its people with their links, its processes.", asks("SequenceKey*"), gives[sequentialSigning](), fails(404), perFlow),
		own("DELETE /management/signing/sequential", a.cancelSequence, tagSigning, "CancelSequentialSigning", "Cancels a sequence; only the person who started it may.", asks("SequenceKey*", "User*"), gives[sequentialSigning](), fails(404), perFlow),
		own("POST /management/sealing", a.sealPDF, tagSealing, "SealDocument", "Seals a PDF with the server's seal, without anybody who signs, and keeps nothing. X-Seal-Count tells how many marks were drawn, X-Seal-Level the level reached. \"; pending\" behind it says that a trust service did not answer, so that the level is below the one wanted: the document is given out at once and not kept, so it is not raised later. Send it again for a higher level.", takes[sealDocument](), givesBytes("application/pdf"), perFlow),
		own("POST /management/sealing/xml", a.sealXML, tagSealing, "SealXmlDocument", "Seals an XML document with the server's seal (XAdES, enveloped), and keeps nothing. X-Seal-Level tells the level reached. \"; pending\" behind it says that a trust service did not answer, so that the level is below the one wanted: the document is given out at once and not kept, so it is not raised later. Send it again for a higher level.", takes[sealXMLDocument](), gives[sealedXML](), perFlow),
		own("POST /management/signing/{process}/signee", a.addSignee, tagSigning, "AddSignee", "Adds a signee behind all others of a running process.", takes[createSignee](), gives[signee](), header("Idempotency-Key"), perFlow),
		own("DELETE /management/signing/{process}/signee/{signee}", a.removeSignee, tagSigning, "RemoveSignee", "Takes a signee who has not signed off a running process.", asks("User"), fails(410), perFlow),
		own("POST /management/signing/{process}/signee/{signee}/reassign", a.reassignOwn, tagSigning, "ReassignSignee", "Puts somebody else in the place of a signee who has not signed; in a sequence in all documents of that person. What the former one was sent is void.", takes[reassignRequest](), gives[signee](), fails(410), perFlow),
		own("POST /management/signing/{process}/signee/{signee}/reopen", a.reopen, tagSigning, "ReopenSigning", "Lets a signee whom too many wrong codes have locked out ask for codes again; in a sequence at all documents of that person.", asks("User"), fails(410), perFlow),
		own("POST /management/signing/{process}/signee/{signee}/remind", a.remind, tagSigning, "RemindSignee", "Reminds a signee who has not signed, at once; in a sequence of all documents that the person has to sign.", takes[remindRequest](), asks("User", "CommunicationDeliveryType", "IncludeUnsubscribe"), gives[string](), perFlow),
		own("DELETE /management/signing/{process}/signee/{signee}/remind", a.stopReminders, tagSigning, "StopRemindersOfSignee", "Turns the automatic reminders of a signee off.", asks("User"), perFlow),
		own("DELETE /management/signing/{process}/remind", a.stopReminders, tagSigning, "StopReminders", "Turns the automatic reminders of a process off, and of the whole sequence that it is part of.", asks("User"), perFlow),
		own("POST /management/signing/{process}/signee/{signee}/token", a.token, tagSigning, "CreateAccessToken", "Makes a token that admits a signee to the document of a process with requiresAuth, in place of a code. Send it as x-access-token.", takes[tokenRequest](), gives[accessToken](), fails(404), perFlow),
		own("POST /signing/sequential/{sequence}/signee/{signee}/token", a.tokenForAll, tagSigning, "CreateSequentialAccessToken", "The same for a person of a sequence.", takes[tokenRequest](), gives[accessToken](), fails(404), perFlow),
		own("GET /management/flow", a.flows, tagFlow, "GetFlows", "Lists the company's flows.", gives[[]flowOverview](), perFlow),
		own("POST /management/flow", a.addFlow, tagFlow, "CreateFlow", "Makes a flow.", takes[flowRequest](), gives[flowOverview]()),
		own("PUT /management/flow", a.changeFlow, tagFlow, "UpdateFlow", "Renames a flow, changes its look, closes or opens it. In a closed flow nothing can be started; what runs goes on.", takes[flowRequest](), gives[flowOverview](), fails(404), perFlow),
		own("GET /management/flow/{flow}", a.flow, tagFlow, "GetFlow", "Shows one flow.", gives[flowOverview](), perFlow),
		own("DELETE /management/flow/{flow}", a.removeFlow, tagFlow, "DeleteFlow", "Deletes a flow. What runs in it goes on."),
		own("GET /flow/{flow}/registered/deliveries", a.deliveries, tagFlow, "GetRegisteredDeliveries", "Lists the events of a flow that a webhook is registered for, and the types of mails and SMS that there are templates for.", gives[deliveries](), perFlow),
		own("GET /management/company", a.company, tagCompany, "GetCompany", "Shows the company's settings.", gives[company]()),
		own("PUT /management/company", a.changeCompany, tagCompany, "UpdateCompany", "Changes settings of the company. What is left out stays.", takes[companyRequest](), gives[company]()),
		own("PUT /management/company/logo", a.setLogo, tagCompany, "SetCompanyLogo", "Makes a PNG or JPEG the company's logo, on pages, in mails and on the evidence. It is written anew, on white, at most 480 × 160 pixels.", takesBytes("image/png"), takesBytes("image/jpeg"), gives[logo]()),
		own("GET /management/company/logo", a.logo, tagCompany, "GetCompanyLogo", "The company's logo as it is shown.", givesBytes("image/png"), fails(404)),
		own("DELETE /management/company/logo", a.removeLogo, tagCompany, "DeleteCompanyLogo", "Takes the company's logo away."),
		own("PUT /management/flow/{flow}/logo", a.setLogo, tagFlow, "SetFlowLogo", "The same for one flow, in place of the company's.", takesBytes("image/png"), takesBytes("image/jpeg"), gives[logo](), fails(404), perFlow),
		own("GET /management/flow/{flow}/logo", a.logo, tagFlow, "GetFlowLogo", "The flow's own logo as it is shown.", givesBytes("image/png"), fails(404), perFlow),
		own("DELETE /management/flow/{flow}/logo", a.removeLogo, tagFlow, "DeleteFlowLogo", "Takes the flow's own logo away: the company's is shown again.", fails(404), perFlow),
		own("GET /management/company/retention", a.retention, tagCompany, "GetRetention", "Shows for how many days things are kept.", gives[retention]()),
		own("PUT /management/company/retention", a.changeRetention, tagCompany, "UpdateRetention", "Changes for how many days things are kept. What is left out stays. It is also for what ended before: the next sweep erases it, and nothing brings it back.", takes[retentionRequest](), gives[retention]()),
		own("GET /management/apikeys", a.apiKeys, tagAuth, "GetApiKeys", "Lists the company's API keys, without their secrets.", gives[[]apiKey]()),
		own("POST /management/apikeys", a.addAPIKey, tagAuth, "CreateApiKey", "Makes an API key. The answer shows its secret, this once. Without permissions it may do everything. A permission that names flows is for what belongs to them alone.", takes[apiKeyRequest](), gives[newAPIKey]()),
		own("PUT /management/apikeys/{id}", a.changeAPIKey, tagAuth, "UpdateApiKey", "Gives an API key another name and other permissions.", takes[apiKeyRequest](), gives[apiKey]()),
		own("DELETE /management/apikeys/{id}", a.removeAPIKey, tagAuth, "DeleteApiKey", "Ends an API key. The last one that may do everything stays."),
		own("GET /management/emailtemplate", a.templates, tagTemplate, "GetEmailTemplates", "Lists the company's templates, oldest first; with a flow those that are for that flow alone.", asks("FlowKey"), gives[[]emailTemplate](), fails(404), perFlow),
		own("POST /management/emailtemplate", a.addTemplate, tagTemplate, "CreateEmailTemplate", "Keeps a template for a mail or SMS. One that cannot be filled is refused, with line, column and reason.", takes[emailTemplateRequest](), gives[emailTemplate](), perFlow),
		own("PUT /management/emailtemplate", a.changeTemplate, tagTemplate, "UpdateEmailTemplate", "Puts another template in the place of the one with the id. Mails that are made from now on use it.", takes[emailTemplateRequest](), gives[emailTemplate](), fails(404), perFlow),
		own("DELETE /management/emailtemplate", a.removeTemplate, tagTemplate, "DeleteEmailTemplate", "Deletes a template; with a flow only if it is that flow's.", asks("FlowKey", "Id*"), gives[emailTemplateDeleted](), fails(404), perFlow),
		own("GET /management/emailtemplate/{id}", a.template, tagTemplate, "GetEmailTemplate", "Shows a template.", gives[emailTemplate](), perFlow),
		own("GET /management/emailtemplate/{id}/preview", a.previewPage, tagTemplate, "ShowEmailTemplate", "The mail of a template with people and documents that are made up, as a page; an SMS as plain text.", givesBytes("text/html"), perFlow),
		own("POST /management/emailtemplate/preview", a.previewTemplate, tagTemplate, "PreviewEmailTemplate", "Makes the mail of a template that need not be kept, with people and documents that are made up, and sends nothing. Without subject and message it is the built-in one.", takes[emailTemplateRequest](), gives[emailTemplatePreview](), perFlow),
		own("POST /management/webhook", a.addWebhook, tagWebHook, "CreateWebHook", "Registers an address for events of a flow.", takes[webhookRequest](), gives[webhook](), fails(404), perFlow),
		own("PUT /management/webhook/{webhook}", a.changeWebhook, tagWebHook, "UpdateWebHook", "Puts another registration in the place of one. What waits goes to the new address.", takes[webhookRequest](), gives[webhook](), fails(404), perFlow),
		own("DELETE /management/webhook/{webhook}", a.deleteWebhook, tagWebHook, "DeleteWebHook", "Ends a registration. What waits for it is not sent any more.", fails(404), perFlow),
		own("GET /management/webhook/{webhook}/deliveries", a.hookDeliveries, tagWebHook, "GetWebHookDeliveries", "Lists what was and is to be sent to a registration, newest first.", asks("Status", "Skip", "Take"), gives[[]delivery](), fails(404), perFlow),
		own("POST /management/webhook/{webhook}/deliveries/{delivery}/replay", a.replay, tagWebHook, "ReplayWebHookDelivery", "Sends once more what was taken or given up, with the same Id.", fails(404), perFlow),
		own("POST /management/webhook/key", a.rotateWebhookKey, tagWebHook, "RotateWebHookKey", "Makes a new signature key, shown once. The former one is in use beside it for overlapHours, 24 unless given.", takes[rotateRequest](), gives[rotatedKey](), fails(404)),
		own("GET /management/webhook/flowkey/{flow}", a.webhooks, tagWebHook, "GetWebHooks", "Lists the registrations of a flow; with a type those for that type alone.", asks("Type"), gives[[]webhook](), fails(404), perFlow),

		open("GET /signing/{process}/signee/{signee}", a.signee, tagSigning, "GetSigningProcess", "Shows a process as one signee may see it, whole with credentials. After its end the status is shown, and no document.", asks("UserAgent"), gives[signingProcess](), fails(401, 410)),
		open("PUT /signing/{process}/signee/{signee}", a.putSignee, tagSigning, "UpdateSignee", "Changes a signee of a running process: the postal address, and with credentials the e-mail address, which is then invited anew.", takes[updateSignee](), gives[signee](), fails(401, 403)),
		open("PUT /signing/{process}/signee/{signee}/meta", a.putMeta, tagSigning, "UpdateMeta", "Merges names and values into the process's meta. Without credentials names can be added, not changed.", takes[updateMeta](), gives[signingProcess](), fails(401, 403)),
		open("POST /signing/{process}/signee/{signee}/decline", a.decline, tagSigning, "DeclineSigning", "The signee will not sign. It ends the process, or the whole sequence, like a cancel; the owner is told why.", takes[declineRequest](), gives[signingProcess](), fails(401)),
		open("POST /signing/{process}/signee/{signee}/reassign", a.reassign, tagSigning, "PassSigningOn", "The signee passes signing on to somebody else, where every document that it is about has allowReassign. The new signee is invited by e-mail, the owner is told, and the link says so from then on.", takes[reassignRequest](), fails(401, 403, 410)),
		open("POST /signing/{process}/signee/{signee}/reading", a.reading, tagSigning, "NoteReading", "Notes, for the evidence, which pages a page of your own has shown to the signee and for how long since the last time. Nothing is noted before the document was opened on the server's page and after the signature.", takes[readRequest](), fails(401)),
		open("POST /signing/{process}", a.requestToView, tagSigning, "RequestToView", "Admits a signee to a document with requiresAuth: with a phone number a code is sent, and 401 brings the challenge as x-challenge-token, the same for numbers of nobody; with token and code the answer brings x-access-token.", takes[requestToView](), gives[signingProcess](), fails(401, 403)),
		open("POST /signing/sequential/{sequence}", a.requestToViewAll, tagSigning, "RequestToViewSequence", "The same for a sequence.", takes[requestToView](), gives[sequentialSigning](), fails(401, 403)),
		open("POST /signing/sign/{process}/signee/{signee}", a.requestToSign, tagSigning, "RequestToSign", "Sends the signee a code.", takes[requestToSign](), asks("OtpType"), gives[signStarted](), fails(401, 410)),
		open("GET /signing/sequential/{sequence}/signee/{signee}", a.sequenceSignee, tagSigning, "GetSequentialSigning", "Shows a sequence as one of its signees may see it, whole with credentials.", gives[sequentialSigning](), fails(401, 410)),
		open("POST /signing/sign/simple/sequence/{sequence}/signee/{signee}", a.requestToSignAll, tagSigning, "RequestToSignSequence", "Sends the signee one code for all documents.", takes[requestToSign](), asks("OtpType"), gives[signAllStarted](), fails(401, 410)),
		open("GET /signing/simple/otp/bulk", a.otpAll, tagSigning, "SignSequenceWithCode", "Signs all documents of a sequence with the code that was sent.", asks("Token*", "OTP*"), gives[signAnswer](), failsAs[codeRefused](400), fails(404, 410)),
		open("POST /signing/simple/otp/bulk", a.otpAll, tagSigning, "SignSequenceWithCodeInBody", "The same with the code in the body.", takes[otpRequest](), asks("Token", "OTP"), gives[signAnswer](), failsAs[codeRefused](400), fails(404, 410)),
		open("GET /signing/status/processkey/{process}/signeekey/{signee}/token/{token}", a.signStatus, tagSigning, "GetSigningStatus", "Tells how it stands with a code that was asked for: waiting; ok when it was answered, with the sealed document as soon as there is one; error when it cannot be answered any more.", gives[signStatus](), failsAs[codeRefused](400), fails(401, 410)),
		open("GET /signing/simple/otp", a.otp, tagSigning, "SignWithCode", "Signs with the code that was sent.", asks("Token*", "OTP*"), gives[signAnswer](), failsAs[codeRefused](400), fails(404, 410)),
		open("POST /signing/simple/otp", a.otp, tagSigning, "SignWithCodeInBody", "Signs with the code that was sent, which then stands in no log of a proxy.", takes[otpRequest](), asks("Token", "OTP"), gives[signAnswer](), failsAs[codeRefused](400), fails(404, 410)),

		own("GET /signing/activity", a.activity, tagSigning, "GetActivity", "Lists what happened in the company's processes.", activityFilters, gives[[]activityWrapper](), perFlow),
		own("GET /signing/activity/user", a.activity, tagSigning, "GetActivityOfUser", "The same; an older path.", activityFilters, gives[[]activityWrapper](), perFlow),
		own("GET /signing/activity/company", a.activity, tagSigning, "GetActivityOfCompany", "The same; an older path.", activityFilters, gives[[]activityWrapper](), perFlow),
		own("GET /signing/activity/{process}", a.activity, tagSigning, "GetActivityOfProcess", "The same for one process; an older path.", activityFilters, gives[[]activityWrapper](), perFlow),

		open("GET HEAD /pdf/{process}/{signee}.pdf", a.pdf, tagPdf, "GetDocument", "The document as it stands: as it came until all have signed, then sealed.", givesBytes("application/pdf"), fails(401, 410)),
		own("GET HEAD /pdf/sp/{process}.pdf", a.pdfWhole, tagPdf, "GetDocumentOfProcess", "The same for the company.", givesBytes("application/pdf"), fails(410), perFlow),
		open("GET HEAD /pdf/{process}/{signee}/{attachment}.pdf", a.attachment, tagPdf, "GetFileBeside", "A file beside the document, as the evidence of one that came signed.", givesBytes("application/pdf"), fails(401, 410)),
		own("GET HEAD /pdf/sp/{process}/{attachment}.pdf", a.attachmentWhole, tagPdf, "GetFileBesideOfProcess", "The same for the company.", givesBytes("application/pdf"), fails(410), perFlow),

		open("POST /signing/{process}/signee/{signee}/attachment", a.attach, tagSigning, "AddAttachment", "Attaches the one file of a form to a running process. Other signees do not see it.", takesBytes("multipart/form-data"), asks("Description", "AttachmentType"), gives[attachmentReference](), fails(401, 406, 410)),
		open("GET HEAD /signing/{process}/attachment/{attachment}/filename/{name}", a.attachmentNamed, tagSigning, "GetAttachment", "A file that the sender or a signee attached.", givesBytes("application/octet-stream"), fails(401, 410)),
		open("DELETE /signing/{process}/attachment/{attachment}/filename/{name}", a.detach, tagSigning, "DeleteAttachment", "Takes a file away from a running process: the company any, others one that a signee attached.", fails(401, 410)),
		open("GET HEAD /attachment/{process}/{attachment}/{name}", a.attachmentNamed, tagSigning, "DownloadAttachment", "The same file, at the address that references name.", givesBytes("application/octet-stream"), fails(401, 410)),

		open("POST /signing/simple/imagedata", a.drawn, tagSigning, "AddImageData", "Keeps the signature that a person drew, for the mark on the document.", takes[imageOfSignee](), fails(401, 404, 410)),
		open("POST /signing/simple/bulk/imagedata", a.drawnForAll, tagSigning, "AddBulkImageData", "The same for all documents that a person of a sequence signs.", takes[imageOfPerson](), fails(401, 404, 410)),

		open("GET /signing/{process}/branding", a.brandOfProcess, tagSigning, "GetBranding", "How people see who asks them: name, address of the logo, and the colour under meta. Answers 400 for a key that is none.", gives[branding]()),
		open("GET /signing/sequential/{sequence}/branding", a.brandOfSequence, tagSigning, "GetSequentialBranding", "The same for a sequence.", gives[branding]()),
		open("GET /flow/{flow}/branding", a.brandOfFlow, tagFlow, "GetFlowBranding", "The same for a flow.", gives[branding]()),
		open("GET /company/{company}/branding", a.brandOfCompany, tagCompany, "GetCompanyBranding", "The same for a company.", gives[branding]()),

		open("GET /signing/hascertificate/key/{flow}/phone/{phone}/ssn/{ssn}", a.hasCertificate, tagSigning, "HasCertificate", "Whether a person has an e-ID. Without a provider the status is error, for everyone.", gives[personCertificate]()),
		open("GET /flow/hascertificate/key/{flow}/phone/{phone}/ssn/{ssn}", a.hasCertificate, tagSigning, "HasCertificateOfFlow", "Whether a person has an e-ID. Without a provider the status is error, for everyone.", gives[personCertificate]()),

		open("GET /openapi.json", a.document, TagServer, "GetOpenAPI", "This document.", givesBytes(jsonType)),
	}
}

var activityFilters = asks("StartDate*", "EndDate*", "Take", "Skip", "User", "ProcessKey", "FlowType", "FlowKey", "Query")

// Routes mounts the table. Paths are in lower case and without /api: the frame has folded them.
func (a *API) Routes(r chi.Router) {
	for _, rt := range a.Table() {
		for _, method := range rt.Methods {
			r.Method(method, rt.Pattern, rt.handler(a))
		}
	}
	a.browse(r)
}

// NotFound answers for a path that is no route of ours.
func (a *API) NotFound() http.HandlerFunc {
	return a.Frame.Handle(func(http.ResponseWriter, *http.Request) error {
		return &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound", Text: "There is nothing at this address."}
	})
}

func processKey(r *http.Request) innsigli.ProcessKey {
	return innsigli.ProcessKey(chi.URLParam(r, "process"))
}

func signeeKey(r *http.Request) innsigli.SigneeKey {
	return innsigli.SigneeKey(chi.URLParam(r, "signee"))
}

// MethodNotAllowed answers for a route of ours that has no such method, and says which it has.
func (a *API) MethodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := chi.RouteContext(r.Context()).RoutePath
		var allowed []string
		for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if routes.Match(chi.NewRouteContext(), m, path) {
				allowed = append(allowed, m)
			}
		}
		web.WriteNotAllowed(w, allowed)
	}
}
