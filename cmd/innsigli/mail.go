package main

import "github.com/innsigli/innsigli/notify"

// mailSettings are how mails go out.
type mailSettings struct {
	SMTPConnections int `name:"smtp-connections" help:"Connections to the mail server at once." default:"12" placeholder:"N"`
}

// maxSMTPConnections is how many connections to the mail server make any sense: a node sends no more messages at once.
const maxSMTPConnections = notify.DefaultConnections

// check takes zero for what was not given, as [notify.SMTPOptions] does.
func (s mailSettings) check() error {
	if s.SMTPConnections < 0 || s.SMTPConnections > maxSMTPConnections {
		return wrongUsage("--smtp-connections: between 1 and %d", maxSMTPConnections)
	}
	return nil
}
