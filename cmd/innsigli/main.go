// Command innsigli is the e-signing server: one binary, one command to run it.
//
//	innsigli serve            runs the server, with everything it needs embedded
//	innsigli company create   makes a company and prints its keys; works while the server runs
//	innsigli company set      changes a company's name, address or language, and for how long it keeps personal data and documents
//	innsigli webhook list     lists events that receivers did not take; replay sends them again, rotate exchanges the key
//	innsigli dkim             prints the DNS records of the keys that mails are signed with
//	innsigli bounce           hands a mail from standard input to the server: a bounce or a complaint
//	innsigli keys rotate      exchanges the key-encryption key, so that what was deleted cannot be read from old copies
//	innsigli verify FILE      tells who signed a PDF, and whether anything was changed since
//	innsigli log verify       proves that the activity log is as it was written; log prove, check, checkpoint, key
//	innsigli config           prints what is in force, without secrets
//
// Exit codes: 0 done, 1 failed, 2 wrong usage; 75 of bounce: try again later.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/innsigli/innsigli/render"
)

// Exit codes (design: the outside of the program is stable).
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitLater  = 75 // EX_TEMPFAIL of sysexits.h, of bounce alone: mail servers keep what they piped and try again
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "render-child" {
		os.Exit(render.ChildMain(os.Args[len(os.Args)-1], os.Stdin, os.Stdout))
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// cli is the command line. Every flag is also INNSIGLI_<FLAG> and a line of the config file.
type cli struct {
	Config string `help:"Config file: lines of 'flag value'. Secrets belong there, since flags show in ps." type:"existingfile" env:"INNSIGLI_CONFIG" placeholder:"FILE"`

	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Company companyCmd `cmd:"" help:"Companies."`
	Webhook webhookCmd `cmd:"" help:"What is sent to programs."`
	Dkim    dkimCmd    `cmd:"" name:"dkim" help:"Print the DNS records of the keys that mails are signed with."`
	Bounce  bounceCmd  `cmd:"" help:"Hand a bounce or complaint, a mail from standard input, to the server; for the pipe of a mail server."`
	Keys    keysCmd    `cmd:"" help:"The key-encryption key."`
	Verify  verifyCmd  `cmd:"" help:"Tell who signed PDF files, when, and whether anything was changed since."`
	Log     logCmd     `cmd:"" help:"The activity log and its proofs."`
	Show    configCmd  `cmd:"" name:"config" help:"Print what is in force, without secrets."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// secretFlags are settings that the command line does not take.
var secretFlags = []string{"seal-password", "inbound-secret", "mailgun-key"}

// console is where commands print; given to every Run.
type console struct {
	out, err io.Writer
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	code := exitDone
	left := false
	parser, err := kong.New(&c, kong.Name("innsigli"), kong.Description("Self-hosted e-signing."), kong.Writers(out, errOut),
		kong.DefaultEnvars("INNSIGLI"), kong.Exit(func(n int) { code, left = n, true }), kong.UsageOnError(),
		kong.Bind(console{out, errOut}), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(errOut, "innsigli:", err) //nolint:errcheck // there is nowhere else to say it
		return exitFailed
	}
	if file, err := configResolver(args); err != nil {
		fmt.Fprintln(errOut, "innsigli:", err) //nolint:errcheck // there is nowhere else to say it
		return exitUsage
	} else if file != nil {
		if err := kong.Resolvers(file).Apply(parser); err != nil {
			fmt.Fprintln(errOut, "innsigli:", err) //nolint:errcheck // there is nowhere else to say it
			return exitFailed
		}
	}
	for _, name := range secretFlags {
		if slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--"+name) }) {
			fmt.Fprintf(errOut, "innsigli: %s is INNSIGLI_%s or a line of the config file: flags show in ps\n", name, strings.ToUpper(strings.ReplaceAll(name, "-", "_"))) //nolint:errcheck // as above
			return exitUsage
		}
	}
	parsed, err := parser.Parse(args)
	if left {
		return code
	}
	if err == nil {
		if err = parsed.Run(); err == nil {
			return exitDone
		}
	}
	fmt.Fprintln(errOut, "innsigli:", err) //nolint:errcheck // there is nowhere else to say it
	if _, later := errors.AsType[laterError](err); later {
		return exitLater
	}
	var usage usageError
	if _, wrong := errors.AsType[*kong.ParseError](err); wrong || errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// usageError is a setting that cannot be right.
type usageError struct{ error }

func wrongUsage(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }
