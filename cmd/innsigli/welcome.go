package main

import (
	"context"
	"fmt"
	"net"
)

// welcome says where to go. On an empty database of one machine's own it also makes a demo company and prints its keys,
// once and nowhere else (design/decisions.md 6).
func (s *server) welcome(ctx context.Context, con console, at net.Addr) {
	say := func(format string, a ...any) { _, _ = fmt.Fprintf(con.out, format+"\n", a...) }
	public := s.plan.public.String()
	say("Innsigli is listening on %s, reachable at %s", at, public)
	if s.outbox != nil && s.plan.loopback {
		kept := "Mails and SMS"
		switch {
		case s.plan.SMTP != "":
			kept = "SMS"
		case s.plan.SMS != "":
			kept = "Mails"
		}
		say("%s are kept in the built-in outbox: %s/dev/outbox", kept, public)
	}
	if s.plan.public.Scheme == "http" && !s.plan.loopback {
		s.log.Warn("the public URL is http: links, codes and documents cross the network in clear. Put TLS in front and use https")
	}
	some, err := s.db.HasCompany(ctx)
	if err != nil || some || !s.plan.loopback {
		if err == nil && !some {
			say("There is no company yet: innsigli company create --data %s --name NAME --email ADDRESS", s.plan.Data)
		}
		return
	}
	cr, err := s.svc.CreateCompany(ctx, "Demo ehf.", "owner@demo.example")
	if err != nil {
		s.log.Error("demo company", "cause", err.Error())
		return
	}
	say("\nA demo company was made; its keys are shown this once:\n")
	_ = printCredentials(con, cr, false)
	say(`
Send a document:

curl -s %[1]s/management/signing \
  -H "Authorization: Basic $(echo -n '%[2]s:%[3]s' | base64)" \
  -H 'Content-Type: application/json' --data-binary @- <<EOF
{"flowKey":"%[4]s", "pdfFileName":"contract.pdf", "pdfDocument":"$(base64 -w0 contract.pdf)",
 "createSignees":[{"name":"Ann","email":"ann@example.com","communicationDeliveryType":"Email","signatureType":"Simple"}]}
EOF

Cancel it:

curl -X DELETE "%[1]s/management/signing?ProcessKey=THE_KEY&User=you@example.com" \
  -H "Authorization: Basic $(echo -n '%[2]s:%[3]s' | base64)"
`, public, cr.CompanyKey, cr.APIKey, cr.FlowKey)
}
