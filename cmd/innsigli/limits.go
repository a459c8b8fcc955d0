package main

import (
	"fmt"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/inbound"
	"github.com/innsigli/innsigli/pki"
)

// limits says every limit, a line each, and the status that one over it is answered with.
func limits() string {
	var b strings.Builder
	line := func(about, text string, numbers ...any) {
		fmt.Fprintf(&b, "# %-17s "+text+"\n", append([]any{about}, numbers...)...)
	}
	line("document", "%d bytes (413), %d when it is written anew (400)", innsigli.MaxDocumentBytes, innsigli.MaxNormalisedBytes)
	line("sealed document", "%d bytes, also to be verified (413)", innsigli.MaxSealedBytes)
	line("request body", "%d bytes (413)", innsigli.MaxBodyBytes)
	line("sequence", "%d documents (400), %d bytes together, a body of %d (413)", innsigli.MaxSequence, innsigli.MaxSequenceBytes, innsigli.MaxSequenceBody)
	line("XML document", "%d bytes, a body of %d (413)", innsigli.MaxXMLBytes, innsigli.MaxXMLBody)
	line("signees", "%d a process (400)", innsigli.MaxSignees)
	line("meta", "%d bytes (400)", innsigli.MaxMetaBytes)
	line("file name", "%d bytes (400)", innsigli.MaxFileName)
	line("names, places", "%d characters (400)", innsigli.MaxNameRunes)
	line("e-mail address", "%d bytes (400)", innsigli.MaxAddress)
	line("reason", "%d characters (400)", innsigli.MaxReasonRunes)
	line("Idempotency-Key", "%d bytes (400)", innsigli.MaxIdempotency)
	line("attachments", "%d files a process, %d bytes each (413), %d bytes together (400), descriptions of %d characters (400)",
		innsigli.MaxAttachments, innsigli.MaxAttachmentBytes, innsigli.MaxAttachmentsBytes, innsigli.MaxDescriptionRunes)
	line("signature", "image of %d bytes, %d pixels a side, or %d typed characters (400)", innsigli.MaxDrawingBytes, innsigli.MaxDrawingSide, innsigli.MaxTypedRunes)
	line("logo", "%d bytes (413), %d pixels a side, %d in all (400)", innsigli.MaxLogoBytes, innsigli.MaxLogoSide, innsigli.MaxLogoPixels)
	line("code", "valid %s, %d tries, %d codes an hour and signee, %d wrong tries in all (400, 429)",
		innsigli.CodeLifetime, innsigli.MaxCodeTries, innsigli.MaxCodesAnHour, innsigli.MaxWrongTries)
	line("access token", "valid %s unless said, from %s to %s (400)", innsigli.AccessTime, innsigli.MinAccessTime, innsigli.MaxAccessTime)
	line("reading", "%d pages a report (400); %d seconds and %d downloads are counted",
		innsigli.MaxReadPages, innsigli.MaxReadSeconds, innsigli.MaxDownloads)
	line("reminders", "%d an hour and person by the API (429), rules of %d days and every %d (400)",
		innsigli.MaxRemindersAnHour, innsigli.MaxReminderFirst, innsigli.MaxReminderEvery)
	line("passing on", "a signature %d times (400)", innsigli.MaxReassigns)
	line("flows", "%d a company (400)", innsigli.MaxFlows)
	line("API keys", "%d a company, %d flows a permission (400)", innsigli.MaxAPIKeys, innsigli.MaxKeyFlows)
	line("origins", "%d a company, %d bytes each (400)", innsigli.MaxOrigins, innsigli.MaxOriginLen)
	line("retention", "%d days (400)", innsigli.MaxRetentionDays)
	line("SMS and calls", "%d an hour and number, %d a process, of a company as sms-hour says; what is over waits, codes are refused (429)", innsigli.MaxTextsOfNumber, innsigli.MaxTextsOfProcess)
	line("inbound receipts", "%d bytes of mail, %d of JSON, %d of a form (413)", inbound.MaxMail, inbound.MaxJSON, inbound.MaxForm)
	line("webhooks", "%d a flow, addresses of %d bytes (400)", innsigli.MaxWebhooks, innsigli.MaxWebhookURL)
	line("signature key", "the former one %s unless said, %s at most (400), and %s more for what was sent before",
		innsigli.KeyOverlap, innsigli.MaxKeyOverlap, innsigli.KeyAfterglow)
	line("templates", "%d a company, messages of %d bytes, subjects of %d characters, button texts of %d (400); a filled SMS of %d",
		innsigli.MaxTemplates, innsigli.MaxTemplateBytes, innsigli.MaxSubjectRunes, innsigli.MaxLinkTextRunes, innsigli.MaxSmsRunes)
	line("pages of answers", "%d lines of activity, %d deliveries (400)", innsigli.MaxTake, innsigli.MaxDeliveries)
	line("seal", "waits %s for time stamps and revocation data, its messages %s for what is raised", innsigli.SealPatience, innsigli.RaiseWait)
	line("/pki", "%d signed answers a second, %d at once (429); requests of %d bytes (413)", authorityRate, authorityBurst, pki.MaxRequest)
	line("owner's copy", "waits %s for its delivery", innsigli.HoldLifetime)
	line("completed link", "open %s", innsigli.CompletedLink)
	return b.String()
}
