package api

import (
	"fmt"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/innsigli/innsigli"
)

// word is what a member of JSON, a name in the query or a part of a path means. The same name means the same everywhere
// in this API; where it does not, the key is "Type.member".
type word struct {
	text   string
	format string   // of JSON Schema; "base64" for a file
	number bool     // a whole number, in the query
	names  []string // of an enumeration, as answers write them
}

// words explains the members; who adds one that needs explaining adds a line here.
var words = map[string]word{
	"ProcessKey":    {text: "Key of a process: sp and hexadecimal digits."},
	"SigneeKey":     {text: "Key of a signee: si and hexadecimal digits."},
	"SequenceKey":   {text: "Key of a sequence: pg and hexadecimal digits."},
	"AttachmentKey": {text: "Key of a file beside a document: at and hexadecimal digits."},
	"FlowKey":       {text: "Key of a flow of the company."},
	"User":          {text: "E-mail address of the person who does this. It stands in the activity log."},
	"StartDate":     {text: "From when, as 2026-11-23 or 2026-11-23T08:00:00Z. Earlier than EndDate."},
	"EndDate":       {text: "Until when, this moment excluded."},
	"Take":          {text: "How many at most, 10000 if left out.", number: true},
	"Skip":          {text: "How many of the first to leave out.", number: true},
	"Query":         {text: "Free text to search for."},
	"FlowType":      {text: "Type of flow."},
	"UserAgent":     {text: "Taken for the sake of older clients, and not used."},
	"OtpType":       {text: "How the code is sent: sms, call or, to people who cannot be reached by phone, email. If left out, the usual way."},
	"Token":         {text: "What the request to sign gave."},
	"OTP":           {text: "The six digits that were sent."},

	"messageId":      {text: "The Message-ID of a mail, or the Idempotency-Key that an SMS came with."},
	"Told.event":     {text: "What became of the message; complained of a mail only.", names: []string{"delivered", "delayed", "bounced", "complained"}},
	"Told.code":      {text: "Why, as 5.1.1 (RFC 3463) or the gateway's number."},
	"Noted.receipts": {text: "How many receipts were read."},
	"Noted.known":    {text: "How many of them were about messages of this server."},

	"Idempotency-Key": {text: "Any text. The same one with the same request gives what the first one made: a process for 24 hours, a signee for as long as the process runs."},

	"key":                         {text: "Key of this thing."},
	"processKey":                  {text: "Key of the process."},
	"signeeKey":                   {text: "Key of the signee."},
	"flowKey":                     {text: "Key of the flow: how documents of this kind are handled."},
	"pdfDocument":                 {text: "The PDF, in Base64.", format: "base64"},
	"xmlDocument":                 {text: "The XML document, in Base64.", format: "base64"},
	"addSealOnAllPages":           {text: "Whether the mark of the seal is drawn on every page instead of the first."},
	"languageType":                {text: "Language of the mark, Is if left out.", names: namesOf(parseSealLanguage)},
	"pdfFileName":                 {text: "The document's name, as people see it."},
	"createSignees":               {text: "The people who are to sign, one or more."},
	"meta":                        {text: "Texts of the company's own, by name. They come back in answers, webhooks and mails."},
	"signInOrder":                 {text: "Whether people sign one after the other, as they are listed."},
	"requiresAuth":                {text: "Whether people prove who they are before the document is shown."},
	"allowReassign":               {text: "Whether a signee may pass signing on to somebody else. Whoever holds the link can do so; with requiresAuth only who has proved to be the signee."},
	"ReassignRequest.user":        {text: "E-mail address of whoever does this for the company. It stands in the activity log; of no effect for a signee."},
	"ReassignRequest.name":        {text: "Name of the person who signs instead."},
	"ReassignRequest.email":       {text: "Address of that person, to which the invitation goes."},
	"ReassignRequest.phoneNumber": {text: "Phone number of that person with its country code. A signee has to give one where codes go by SMS."},
	"user":                        {text: "E-mail address of the owner."},
	"activityDisplayName":         {text: "What the activity log calls the process."},
	"flattenDocument":             {text: "Whether form fields become part of the page."},
	"reminderRule":                {text: "first:every, in days from the invitation: \"5:0\" is one reminder, \"0:10\" one every ten days. first is 0 to 30, every 0 to 15."},
	"personalDays":                {text: "Days after the end of a process for which names, addresses and numbers are kept, 1 to 3653; 0 sets the default of 90."},
	"documentsDays":               {text: "Days after completion for which documents are kept, 1 to 3653; 0 is for ever."},
	"permissions":                 {text: "What the key may do. Without any it may do everything."},
	"apiResource":                 {text: "A group of routes, as they are grouped here.", names: innsigli.Resources},
	"flows":                       {text: fmt.Sprintf("Keys of the flows that this is for alone, %d at most. None is every flow, also those to come.", innsigli.MaxKeyFlows)},
	"verbs":                       {text: "Some of GET, POST, PUT and DELETE."},
	"timeZone":                    {text: "Where the company's days begin, by its IANA name, as Atlantic/Reykjavik."},
	"reminderHour":                {text: "Hour of the day there at which reminders go, 0 to 23."},
	"includeUnsubscribe":          {text: "Whether the message carries the link that turns automatic reminders off."},
	"IncludeUnsubscribe":          {text: "Whether the message carries the link that turns automatic reminders off."},
	"ssn":                         {text: "National identification number."},
	"phoneNumber":                 {text: "Phone number with its country code."},
	"SealDocument.reason":         {text: "Why the document is sealed; shown in the mark."},
	"reason":                      {text: "Why the person signs; shown with the signature."},
	"hidePersonalCode":            {text: "Whether the identification number is left out of the document."},
	"customSmsText":               {text: "Text of the SMS in front of the link, at most 200 characters."},
	"signed":                      {text: "Whether the person has signed."},
	"sealLevel":                   {text: "How far the seal of a completed process is proven."},
	"sealPending":                 {text: "Whether the seal is still to be raised."},

	"signedAt":    {text: "When the person signed.", format: dateTime},
	"createdAt":   {format: dateTime, text: "When it was made."},
	"updatedAt":   {format: dateTime, text: "When it was changed last."},
	"valid_until": {format: dateTime, text: "Until when the code is taken."},

	"CommunicationDeliveryType":               {text: "How the reminder goes: Email, Sms, or None for the way in which the person was invited.", names: namesOf(innsigli.ParseDelivery)},
	"RemindRequest.communicationDeliveryType": {text: "How the reminder goes: Email, Sms, or None for the way in which the person was invited.", names: namesOf(innsigli.ParseDelivery)},
	"communicationDeliveryType":               {text: "How the person is invited.", names: namesOf(innsigli.ParseDelivery)},
	"signatureType":                           {text: "What kind of signature is asked for.", names: namesOf(innsigli.ParseSignatureType)},
	"signature_type":                          {text: "What kind of signature is asked for.", names: namesOf(innsigli.ParseSignatureType)},
	"signatureLocation":                       {text: "Where the marks of the signatures stand.", names: namesOf(innsigli.ParseLocation)},
	"language":                                {text: "The person's language.", names: namesOf(innsigli.ParseLanguage)},
	"languages":                               {text: "The same as language.", names: namesOf(innsigli.ParseLanguage)},

	"WebhookRequest.type": {text: "The event; all events if left out.", names: append([]string{"NotSet"}, eventTypes()...)},
	"Webhook.type":        {text: "The event; left out for all events.", names: eventTypes()},

	"templateType":  {text: "Which mail or SMS the template is for.", names: namesOf(innsigli.ParseTemplateType)},
	"to":            {text: "Whom it is for, as {{customer.email}}. Of a Notification the address of an inbox, or {{companyEmail}}."},
	"bcc":           {text: "Refused unless it is empty: each mail goes to one address."},
	"subject":       {text: "One line with places, of at least 10 characters; it begins with words of your own. None for an SMS."},
	"contentAsHtml": {text: "Whether the message takes the place of title and table too."},
	"includeFiles":  {text: "Whether a mail at completion brings the documents; true if left out."},
	"linkText":      {text: "Text of the button; the built-in one if left out."},
	"isUsed":        {text: "Whether this server sends mails of the type."},
	"html":          {text: "The mail as HTML."},
	"text":          {text: "The mail as plain text, or the SMS."},
	"Id":            {text: "Number of the template.", number: true},

	"EmailTemplateRequest.message":  {text: "HTML with places, of known elements; left out for the built-in sentences. One line of plain text for an SMS."},
	"EmailTemplateRequest.flowKey":  {text: "Key of a flow; left out for every flow."},
	"EmailTemplateRequest.language": {text: "Language of the mails that it is for; NotSet for every language.", names: namesOf(innsigli.ParseLanguage)},
	"EmailTemplate.message":         {text: "HTML with places; one line of plain text for an SMS."},
	"EmailTemplate.flowKey":         {text: "Key of a flow; left out for every flow."},
	"EmailTemplate.language":        {text: "Language of the mails that it is for; NotSet for every language.", names: namesOf(innsigli.ParseLanguage)},

	"errorCode":     {text: "A stable word for programs."},
	"fieldName":     {text: "Path of the member that is wrong, as createSignees[1].email."},
	"message":       {text: "A sentence for people."},
	"errors":        {text: "Everything that is wrong with the request, by member."},
	"url":           {text: "Address of a page or a receiver."},
	"file":          {text: "The sealed document, if sealing took less than five seconds."},
	"companyKey":    {text: "Key of the company."},
	"origins":       {text: "Sites that may show the signing page in a frame, as https://portal.example.com."},
	"color":         {text: "Colour of pages as #rrggbb; empty for that of the company, or the server's own."},
	"logo":          {text: "Address of the logo; left out when there is none."},
	"Branding.meta": {text: "color is the colour of pages as #rrggbb, if there is one."},
	"brandName":     {text: "What people are told that the sender is called, in place of the company's name."},
}

const dateTime = "date-time"

// namesOf lists an enumeration by its numbers on the wire, of which the highest is 110 (facts/wire.md 1.3).
func namesOf[T fmt.Stringer](parse func(string) (T, bool)) []string {
	var out []string
	for n := range 128 {
		if v, ok := parse(strconv.Itoa(n)); ok {
			out = append(out, v.String())
		}
	}
	return out
}

func eventTypes() []string {
	return namesOf(func(s string) (innsigli.EventType, bool) {
		e, built, ok := innsigli.ParseEventType(s)
		return e, ok && built && e != innsigli.EventAny
	})
}

func wordFor(kind, member string) (word, bool) {
	if w, ok := words[kind+"."+member]; ok {
		return w, true
	}
	w, ok := words[member]
	return w, ok
}

// apply writes the word's form into the schema of a member. Requests take enumerations by name or number.
func (w *word) apply(s *huma.Schema) {
	switch {
	case w.format == "base64":
		s.ContentEncoding = w.format
	case w.format != "" && s.Type == huma.TypeString:
		s.Format = w.format
	case w.number:
		s.Type = huma.TypeInteger
	}
	if len(w.names) == 0 {
		return
	}
	enum := make([]any, len(w.names))
	for i, n := range w.names {
		enum[i] = n
	}
	if len(s.AnyOf) > 0 {
		s.AnyOf = []*huma.Schema{{Type: huma.TypeString, Enum: enum}, {Type: huma.TypeInteger}}
	} else if s.Type == huma.TypeString {
		s.Enum = enum
	}
}
