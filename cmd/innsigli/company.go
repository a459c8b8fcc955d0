package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
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
}

// Run changes a company. It works beside a running server.
func (c companySetCmd) Run(ctx context.Context, con console) error {
	r := innsigli.CompanyRequest{Name: c.Name, Email: c.Email}
	if c.Language != nil {
		l, ok := innsigli.ParseLanguage(*c.Language)
		if !ok {
			return wrongUsage("--language: %q is not a known language", *c.Language)
		}
		r.Language = &l
	}
	p := plan{settings: settings{base: c.base}}
	c.locate(&p)
	in, err := openInstallation(ctx, p, slog.New(slog.NewTextHandler(con.err, nil)))
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // everything was committed before
	got, err := in.service().ChangeSettings(ctx, innsigli.CompanyKey(strings.ToLower(c.Company)), r)
	if kind := innsigli.KindOf(err); kind == innsigli.Invalid || kind == innsigli.NotFound {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "name      %s\nemail     %s\nlanguage  %s\n", got.Name, got.Email, got.DefaultLanguage)
	return err
}

func printCredentials(con console, cr innsigli.Credentials, asJSON bool) error {
	if asJSON {
		return json.MarshalWrite(con.out, cr, jsontext.WithIndent("  "))
	}
	_, err := fmt.Fprintf(con.out, "companyKey           %s\napiKey               %s   (shown once)\nflowKey              %s\nwebhookSignatureKey  %s\n",
		cr.CompanyKey, cr.APIKey, cr.FlowKey, cr.WebhookKey)
	return err
}
