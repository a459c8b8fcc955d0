package innsigli

import "strings"

// TemplateType says which mail or SMS a template is for.
type TemplateType int

// The types of the public API, numbered in the order of its enumeration (facts/wire.md 5.1).
const (
	TemplateNotification TemplateType = 1 // to an inbox of the company, at completion
	TemplateConfirmation TemplateType = 2 // to each signee, at completion
	TemplateSalesPerson  TemplateType = 3 // to the process's user, at completion
	TemplateSignup       TemplateType = 4 // to a signee, the invitation
	TemplateCanceled     TemplateType = 5 // to a signee, of a cancel or when another declined
	TemplateExpired      TemplateType = 6 // to a signee
	TemplateReminder     TemplateType = 8 // to a signee

	// This server sends no mails of these types: templates of them are kept, for programs that bring all of theirs along,
	// and not used.
	TemplateNewUser            TemplateType = 7
	TemplateCompanyTermination TemplateType = 9
	TemplateEmailVerification  TemplateType = 10
	TemplateMagicLink          TemplateType = 11
)

// Types of our own, for what else is sent.
const (
	TemplateCode      TemplateType = 101 // to a signee, the code by mail
	TemplateDeclined  TemplateType = 102 // to the owner, when a signee declines
	TemplateRemoved   TemplateType = 103 // to a signee who was taken off
	TemplateOwnerCopy TemplateType = 104 // to the owner, with what was signed before the end
	TemplatePassed    TemplateType = 105 // to the owner, when a signee passes signing on
	TemplateUnreached TemplateType = 106 // to the owner, when an invitation does not arrive

	TemplateSmsSignup   TemplateType = 111
	TemplateSmsReminder TemplateType = 112
	TemplateSmsCode     TemplateType = 113
	TemplateSmsCanceled TemplateType = 114
	TemplateSmsExpired  TemplateType = 115
)

var templateNames = map[TemplateType]string{
	TemplateNotification: "Notification", TemplateConfirmation: "Confirmation", TemplateSalesPerson: "SalesPerson",
	TemplateSignup: "Signup", TemplateCanceled: "Canceled", TemplateExpired: "Expired", TemplateNewUser: "NewUser",
	TemplateReminder: "Reminder", TemplateCompanyTermination: "CompanyTermination",
	TemplateEmailVerification: "EmailVerification", TemplateMagicLink: "MagicLink",

	TemplateCode: "Code", TemplateDeclined: "Declined", TemplateRemoved: "Removed", TemplateOwnerCopy: "OwnerCopy",
	TemplatePassed: "Reassigned", TemplateUnreached: "Undelivered",
	TemplateSmsSignup: "SmsSignup", TemplateSmsReminder: "SmsReminder", TemplateSmsCode: "SmsCode",
	TemplateSmsCanceled: "SmsCanceled", TemplateSmsExpired: "SmsExpired",
}

// String is the canonical name on the wire.
func (t TemplateType) String() string { return templateNames[t] }

// Sms says whether it is an SMS.
func (t TemplateType) Sms() bool { return t >= TemplateSmsSignup && t <= TemplateSmsExpired }

// Unused says that this server sends no mail of the type.
func (t TemplateType) Unused() bool { return t.Job() == "" }

// ParseTemplateType reads a name in any letter case, or a number. NotSet is none.
func ParseTemplateType(s string) (TemplateType, bool) {
	for t, n := range templateNames {
		if strings.EqualFold(n, s) || s == itoa(int(t)) {
			return t, true
		}
	}
	return 0, false
}

// templateOf says which messages templates are for.
var templateOf = map[JobKind]TemplateType{
	JobMailNotify: TemplateNotification, JobMailCompleted: TemplateConfirmation, JobMailOwnerDone: TemplateSalesPerson,
	JobMailInvite: TemplateSignup, JobMailCanceled: TemplateCanceled, JobMailExpired: TemplateExpired, JobMailRemind: TemplateReminder,
	JobMailCode: TemplateCode, JobMailDeclined: TemplateDeclined, JobMailRemoved: TemplateRemoved, JobMailOwnerCopy: TemplateOwnerCopy,
	JobMailPassed: TemplatePassed, JobMailUnreached: TemplateUnreached,
	JobSmsInvite: TemplateSmsSignup, JobSmsRemind: TemplateSmsReminder, JobSmsCode: TemplateSmsCode,
	JobSmsCanceled: TemplateSmsCanceled, JobSmsExpired: TemplateSmsExpired,
}

// TemplateOf gives the type of the template for a message.
func TemplateOf(k JobKind) TemplateType { return templateOf[k] }

// Job is the message that templates of the type are for; empty when this server sends none.
func (t TemplateType) Job() JobKind {
	for k, of := range templateOf {
		if of == t {
			return k
		}
	}
	return ""
}
