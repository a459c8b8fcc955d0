package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/paper"
)

type companyCmd struct {
	Create companyCreateCmd `cmd:"" help:"Make a company and print its keys once."`
	Set    companySetCmd    `cmd:"" help:"Change a company's settings. What is left out stays."`
}

type companyCreateCmd struct {
	base
	Name  string `help:"The company's name, as people read it." required:""`
	Email string `help:"Where mails for the company go." required:""`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run makes a company. It works beside a running server: both see the same database.
func (c companyCreateCmd) Run(ctx context.Context, con console) error {
	p := plan{settings: settings{base: c.base}}
	c.locate(&p)
	in, err := openInstallation(ctx, p, slog.New(slog.NewTextHandler(con.err, nil)))
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // everything was committed before
	cr, err := in.service().CreateCompany(ctx, c.Name, c.Email)
	if innsigli.KindOf(err) == innsigli.Invalid {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	return printCredentials(con, cr, c.JSON)
}

type companySetCmd struct {
	base
	Company  string  `help:"The company's key." required:"" placeholder:"KEY"`
	Name     *string `help:"The company's name, as people read it."`
	Email    *string `help:"Where mails for the company go."`
	Language *string `help:"The language of people for whom none is set, as Is or En; NotSet for none."`

	TimeZone     *string `help:"Where the company's days begin, by IANA name, as Atlantic/Reykjavik: for reminders." placeholder:"NAME"`
	ReminderHour *int    `help:"Hour of the day at which reminders go, 0 to 23." placeholder:"HOUR"`

	Origins *string `help:"Sites that may show the signing page in a frame, as https://portal.example.com, apart by blanks; empty for none." placeholder:"ORIGINS"`
	Colour  *string `name:"color" help:"Colour of the company's pages, as #1d4e89; empty for ours." placeholder:"#RRGGBB"`
	Logo    *string `help:"File of the company's logo, PNG or JPEG; empty for none." placeholder:"FILE"`

	Personal  *int `name:"retention-personal" help:"Days after its end for which a process's names, addresses and numbers are kept; 0 for the default of 90." placeholder:"DAYS"`
	Documents *int `name:"retention-documents" help:"Days after completion for which documents are kept; 0 for ever." placeholder:"DAYS"`
}

// Run changes a company. It works beside a running server.
func (c companySetCmd) Run(ctx context.Context, con console) error {
	r := innsigli.CompanyRequest{Name: c.Name, Email: c.Email, TimeZone: c.TimeZone, ReminderHour: c.ReminderHour, Colour: c.Colour}
	if c.Origins != nil {
		r.Origins = new(strings.Fields(*c.Origins))
	}
	if c.Language != nil {
		l, ok := innsigli.ParseLanguage(*c.Language)
		if !ok {
			return wrongUsage("--language: %q is not a known language", *c.Language)
		}
		r.Language = &l
	}
	in, err := c.open(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // everything was committed before
	kept, err := c.retain(ctx, in)
	if err != nil {
		return err
	}
	key := innsigli.CompanyKey(strings.ToLower(c.Company))
	svc := in.service()
	svc.Paper = paper.New()
	err = c.setLogo(ctx, svc, key)
	var got innsigli.Company
	if err == nil {
		got, err = svc.ChangeSettings(ctx, key, r)
	}
	if kind := innsigli.KindOf(err); kind == innsigli.Invalid || kind == innsigli.NotFound {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	documents := "for ever"
	if kept.DocumentsDays > 0 {
		documents = fmt.Sprintf("for %d days", kept.DocumentsDays)
	}
	_, err = fmt.Fprintf(con.out, "name      %s\nemail     %s\nlanguage  %s\nreminders at %d:00 in %s\norigins   %s\ncolour    %s\nlogo      %s\nkept      personal data for %d days after the end of a process, completed documents %s\n",
		got.Name, got.Email, got.DefaultLanguage, got.ReminderHour, got.Zone(), orNone(string(got.Origins)), orNone(got.Colour), orNone(innsigli.LogoPath(got.Logo)),
		int(kept.Personal().Hours()/24), documents)
	return err
}

// setLogo makes a file the company's logo, or with an empty name takes it away.
func (c companySetCmd) setLogo(ctx context.Context, svc *innsigli.Service, k innsigli.CompanyKey) error {
	switch {
	case c.Logo == nil:
		return nil
	case *c.Logo == "":
		return svc.RemoveLogo(ctx, innsigli.Caller{Company: innsigli.Company{Key: k}}, "")
	}
	f, err := os.Open(*c.Logo)
	if err != nil {
		return wrongUsage("--logo: %w", err)
	}
	defer f.Close() //nolint:errcheck // a reader
	img, err := io.ReadAll(io.LimitReader(f, innsigli.MaxLogoBytes+1))
	if err != nil {
		return fmt.Errorf("read logo: %w", err)
	}
	_, err = svc.SetLogo(ctx, innsigli.Caller{Company: innsigli.Company{Key: k}}, "", img)
	return err
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// retain changes what is said about the retention, and gives what holds then.
func (c companySetCmd) retain(ctx context.Context, in *installation) (innsigli.Retention, error) {
	key := innsigli.CompanyKey(strings.ToLower(c.Company))
	var r innsigli.Retention
	var err error
	if c.Personal == nil && c.Documents == nil {
		r, err = in.service().Retention(ctx, key)
	} else {
		r, err = in.service().ChangeRetention(ctx, key, innsigli.RetentionRequest{PersonalDays: c.Personal, DocumentsDays: c.Documents})
	}
	switch innsigli.KindOf(err) { //nolint:exhaustive // the others are no fault of whoever asks
	case innsigli.NotFound:
		return r, wrongUsage("there is no company %q", c.Company)
	case innsigli.Invalid:
		return r, usageError{err}
	}
	return r, err
}

func printCredentials(con console, cr innsigli.Credentials, asJSON bool) error {
	if asJSON {
		return json.MarshalWrite(con.out, cr, jsontext.WithIndent("  "))
	}
	_, err := fmt.Fprintf(con.out, "companyKey           %s\napiKey               %s   (shown once)\nflowKey              %s\nwebhookSignatureKey  %s\n",
		cr.CompanyKey, cr.APIKey, cr.FlowKey, cr.WebhookKey)
	return err
}
