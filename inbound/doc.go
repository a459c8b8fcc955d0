// Package inbound takes in what mail servers and SMS gateways tell of messages after these were handed over: reports of
// delivery (RFC 3464) and of complaints (RFC 5965) as mails, and the JSON and forms of providers. It reads them and calls
// one verb, [innsigli.Service.Receive].
//
// What it reads comes from strangers: a bounce is a mail that anybody can write. So a message is known by its id alone,
// which 128 bits make unguessable, every reader is bounded and fuzzed, and a route asks for a secret or a signature.
package inbound
