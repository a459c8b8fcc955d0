// Package notify tells people and programs what happened: mails, SMS and webhooks.
//
// It is in charge of the words, the layout and the handing over of each message, of asking once more just before that
// whether the message is still wanted, and of telling a refusal for good from one that a second try may cure. It is not
// in charge of who is told what and when: a message is a job that a decision of the root package ordered, and what
// follows from its delivery is a [innsigli.Decision] again, which the worker keeps when it settles the job.
//
// Each kind of message has one file (mail_invitation.go, mail_canceled.go, sms_code.go, webhook.go …). They hand over
// to a [Transport] (SMTP, or the built-in [Outbox]) or an [SmsSender].
//
// Documents are streamed into messages. They are never whole in memory and never in clear on disk.
//
// Start reading at [Notifier.Handlers].
package notify
