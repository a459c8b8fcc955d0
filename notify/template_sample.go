package notify

import (
	"fmt"
	"time"

	"github.com/innsigli/innsigli"
)

// sample is the scene of a message with people and documents that are made up. Its links lead nowhere.
func sample(c innsigli.Company, f innsigli.Flow, t innsigli.Template, signees int) *scene {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p := innsigli.Process{
		Key: "sp00000000000000000000000000000000", FileName: "Contract.pdf", User: "sender@example.com", State: innsigli.Started,
		CreatedAt: now.AddDate(0, 0, -1), ExpiresAt: now.AddDate(0, 0, 29), EndedBy: "sender@example.com",
	}
	for i := range signees {
		p.Signees = append(p.Signees, innsigli.Signee{
			Key: innsigli.SigneeKey(fmt.Sprintf("si%032x", i)), Name: "Jane Doe", Email: "jane.doe@example.com", Phone: "+15555550100",
			Ssn: "0101302989", Address: "1 Example Street", PostalCode: "101", City: "Example",
		})
	}
	p.Signees[signees-1].Name, p.Signees[signees-1].Email = "John Doe", "john.doe@example.com"
	j := innsigli.Job{Kind: t.Type.Job(), Process: p.Key, Signee: p.Signees[0].Key, Address: p.Signees[0].Email, Language: t.Language}
	end := func(st innsigli.State) { p.State, p.EndedAt = st, now }
	switch t.Type { //nolint:exhaustive // the others are about a process that runs
	case innsigli.TemplateConfirmation, innsigli.TemplateSalesPerson, innsigli.TemplateNotification:
		end(innsigli.Completed)
		for i := range p.Signees {
			p.Signees[i].SignedAt = now.Add(-time.Hour)
		}
	case innsigli.TemplateCanceled, innsigli.TemplateSmsCanceled, innsigli.TemplateOwnerCopy:
		end(innsigli.Canceled)
		p.Signees[signees-1].SignedAt = now.Add(-time.Hour)
	case innsigli.TemplateExpired, innsigli.TemplateSmsExpired:
		end(innsigli.Expired)
		p.ExpiresAt = now
	case innsigli.TemplateDeclined:
		end(innsigli.Declined)
		p.Signees[0].DeclinedAt, p.Signees[0].DeclineReason = now, "…"
	case innsigli.TemplatePassed:
		p.Removed = []innsigli.Signee{{Name: "Joe Bloggs", PassedTo: p.Signees[0].Key, RemovedAt: now}}
	}
	switch t.Type { //nolint:exhaustive // the others go to a signee
	case innsigli.TemplateSalesPerson, innsigli.TemplateDeclined, innsigli.TemplateOwnerCopy:
		j.Signee, j.Address = "", p.User
	case innsigli.TemplatePassed, innsigli.TemplateUnreached: // about whoever signs now
		j.Address = p.User
	case innsigli.TemplateNotification:
		j.Signee, j.Address = "", t.To
	}
	s := sceneOf(innsigli.Facts{
		Now: now, Company: c, Flow: f, Process: p, Challenge: innsigli.Challenge{Token: innsigli.Token("00000000000000000000000000000000"), ExpiresAt: now.Add(innsigli.CodeLifetime)},
	}, j)
	s.template = t
	return s
}
