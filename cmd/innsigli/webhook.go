package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/innsigli/innsigli"
)

type webhookCmd struct {
	List   webhookListCmd   `cmd:"" help:"List what was and is to be sent, newest first."`
	Replay webhookReplayCmd `cmd:"" help:"Send once more what receivers did not take."`
	Rotate webhookRotateCmd `cmd:"" help:"Exchange the key that a company's events are signed with."`
}

type webhookListCmd struct {
	base
	Company string `help:"Of this company only." placeholder:"KEY"`
	Status  string `help:"Failed, Waiting, Delivered or all." default:"Failed"`
	Take    int    `help:"How many at most." default:"100"`
	Skip    int    `help:"How many to leave out."`
}

// Run lists deliveries beside a running server.
func (c webhookListCmd) Run(ctx context.Context, con console) error {
	in, err := c.open(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // nothing was written
	status := c.Status
	if status == "all" {
		status = ""
	}
	all, err := in.service().AllDeliveries(ctx, innsigli.DeliveryQuery{
		Company: innsigli.CompanyKey(c.Company), Status: status, Take: c.Take, Skip: c.Skip,
	})
	if err != nil {
		return asUsage(err)
	}
	w := tabwriter.NewWriter(con.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tCOMPANY\tWEBHOOK\tEVENT\tSTATUS\tATTEMPTS\tCREATED\tERROR") //nolint:errcheck // flushed below
	for _, d := range all {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%d\t%s\t%s\n", d.ID, d.Company, d.Hook, d.Event, d.Status(), d.Attempts, //nolint:errcheck // as above
			d.At.Format(time.RFC3339), d.Why)
	}
	return w.Flush()
}

type webhookReplayCmd struct {
	base
	ID      []string `arg:"" optional:"" help:"Ids as the list shows them."`
	Failed  bool     `help:"All that were given up."`
	Company string   `help:"With --failed: of this company only." placeholder:"KEY"`
}

// Run orders deliveries once more. A running server takes them up within a second, others at their start.
func (c webhookReplayCmd) Run(ctx context.Context, con console) error {
	if c.Failed == (len(c.ID) > 0) {
		return wrongUsage("webhook replay: give ids, or --failed")
	}
	in, err := c.open(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // everything was committed before
	if c.Failed {
		if c.ID, err = failedIDs(ctx, in, c.Company); err != nil {
			return err
		}
	}
	n := 0
	for _, id := range c.ID {
		switch err := in.service().ReplayAny(ctx, 0, id); {
		case err == nil:
			n++
		case c.Failed && innsigli.KindOf(err) == innsigli.Invalid: // somebody else was faster
		default:
			return asUsage(fmt.Errorf("%s: %w", id, err))
		}
	}
	_, err = fmt.Fprintf(con.out, "ordered once more: %d\n", n)
	return err
}

// failedIDs lists all before the first is ordered once more, since some may fail again at once.
func failedIDs(ctx context.Context, in *installation, company string) ([]string, error) {
	var ids []string
	for {
		all, err := in.service().AllDeliveries(ctx, innsigli.DeliveryQuery{
			Company: innsigli.CompanyKey(company), Status: innsigli.DeliveryFailed, Skip: len(ids),
		})
		if err != nil || len(all) == 0 {
			return ids, asUsage(err)
		}
		for _, d := range all {
			ids = append(ids, d.ID)
		}
	}
}

type webhookRotateCmd struct {
	base
	Company string        `help:"Whose key." required:"" placeholder:"KEY"`
	Overlap time.Duration `help:"How long the former key stays in use beside the new one." default:"24h"`
}

// Run exchanges the key and prints the new one.
func (c webhookRotateCmd) Run(ctx context.Context, con console) error {
	in, err := c.open(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // everything was committed before
	key, until, err := in.service().RotateWebhookKey(ctx, innsigli.CompanyKey(c.Company), c.Overlap)
	if err != nil {
		return asUsage(err)
	}
	_, err = fmt.Fprintf(con.out, "webhookSignatureKey  %s   (shown once)\nformer key           in use until %s\n", key, until.Format(time.RFC3339))
	return err
}

// asUsage makes a refusal of what was typed a wrong usage.
func asUsage(err error) error {
	if e, ok := errors.AsType[*innsigli.Error](err); ok && (e.Kind == innsigli.Invalid || e.Kind == innsigli.NotFound) {
		return usageError{err}
	}
	return err
}
