package innsigli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// Credentials are a new company's keys, shown once.
type Credentials struct {
	CompanyKey CompanyKey `json:"companyKey"`
	APIKey     string     `json:"apiKey"`
	FlowKey    FlowKey    `json:"flowKey"`
	WebhookKey string     `json:"webhookSignatureKey"`
}

// HashAPIKey is how an API key is stored and looked up. The key has 166 random bits, so no slow hash is needed.
func HashAPIKey(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// AboutWebhookKey is what a company's webhook signature key is bound to when it is wrapped.
func AboutWebhookKey(c CompanyKey) string { return "webhook:" + string(c) }

// newWebhookKey is base64 of 32 bytes: used as text for the documented signature, decoded for Standard Webhooks.
func newWebhookKey() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	return base64.StdEncoding.EncodeToString(secret)
}

// CreateCompany makes a company with one flow and one API key.
func (s *Service) CreateCompany(ctx context.Context, name, email string) (Credentials, error) {
	var bad fieldErrors
	name = strings.TrimSpace(name)
	if name == "" {
		bad.add("name", "NotEmpty", "The company needs a name.")
	}
	checkText(&bad, "name", name, MaxNameRunes)
	checkEmail(&bad, "email", email)
	if err := bad.err(); err != nil {
		return Credentials{}, err
	}
	cr := Credentials{
		CompanyKey: NewCompanyKey(), APIKey: NewAPIKey(), FlowKey: NewFlowKey(),
		WebhookKey: newWebhookKey(),
	}
	for try := 0; ; try++ {
		w, err := s.Keys.Wrap([]byte(cr.WebhookKey), AboutWebhookKey(cr.CompanyKey))
		if err != nil {
			return Credentials{}, err
		}
		err = s.Store.CreateCompany(ctx, NewCompany{
			Company: Company{Key: cr.CompanyKey, Name: name, Email: email, TimeZone: DefaultTimeZone, ReminderHour: DefaultReminderHour},
			Flow:    Flow{Key: cr.FlowKey, Company: cr.CompanyKey, Name: "Default", Active: true, CreatedAt: s.Now()},
			KeyName: "API key 1", KeyHash: HashAPIKey(cr.APIKey), WebhookKey: w,
		})
		if err == nil {
			return cr, nil
		}
		if !errors.Is(err, ErrRewrap) || try == 3 { // a rotation came in between: wrap again
			return Credentials{}, err
		}
	}
}
