package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pki"
)

type verifyCmd struct {
	Trust  string   `help:"PEM file with certificates to trust, besides what the system trusts." placeholder:"FILE"`
	Online bool     `help:"Ask the authorities that certificates name whether they were revoked, where the document does not say."`
	Allow  string   `name:"pki-allow" help:"Private networks that such authorities may be in, separated by commas." placeholder:"CIDR"`
	JSON   bool     `name:"json" help:"Print a JSON array with one report for each file."`
	Files  []string `arg:"" name:"file" help:"PDF files."`
}

// judged is what the command says of one file.
type judged struct {
	File   string        `json:"file"`
	Error  string        `json:"error,omitempty"`
	Report *pades.Report `json:"report,omitempty"`
}

var errNotAllPassed = errors.New("not everything passed")

// Run verifies files. The error says that not all of them passed; what is wrong was printed.
func (c verifyCmd) Run(ctx context.Context, con console) error {
	roots, err := c.roots()
	if err != nil {
		return err
	}
	o := pades.VerifyOptions{Now: time.Now(), Roots: roots}
	if c.Online {
		allow, err := networks("--pki-allow", c.Allow)
		if err != nil {
			return err
		}
		o.Revocations = pki.NewCollector(pki.CollectorOptions{ClientOptions: pki.ClientOptions{Transport: newReach(allow)}})
	}
	passed := true
	var all []judged
	for _, name := range c.Files {
		j := judgeFile(ctx, name, o)
		passed = passed && j.Report != nil && j.Report.Passed()
		all = append(all, j)
		if !c.JSON {
			if _, err := con.out.Write(j.text()); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
	}
	if c.JSON {
		if err := json.MarshalWrite(con.out, all, jsontext.WithIndent("  ")); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		fmt.Fprintln(con.out) //nolint:errcheck // as above, it would have failed there
	}
	if !passed {
		return errNotAllPassed
	}
	return nil
}

// roots are what the system trusts and what the user names.
func (c verifyCmd) roots() (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if c.Trust == "" {
		return roots, nil
	}
	text, err := os.ReadFile(c.Trust)
	if err != nil {
		return nil, wrongUsage("--trust: %w", err)
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, wrongUsage("--trust: there is no certificate in %s", c.Trust)
	}
	return roots, nil
}

func judgeFile(ctx context.Context, name string, o pades.VerifyOptions) judged {
	j := judged{File: name}
	f, err := os.Open(name) //nolint:gosec // G304: whoever runs the command names the file
	if err != nil {
		j.Error = err.Error()
		return j
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err == nil {
		j.Report, err = pades.Verify(ctx, f, info.Size(), o)
	}
	if refused, ok := errors.AsType[*pades.Refusal](err); ok {
		j.Error = refused.Reason
	} else if err != nil {
		j.Error = err.Error()
	}
	return j
}

// text is for people. What comes from the file is printed without control characters: they would be the file's words to
// the terminal.
func (j judged) text() []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = printable(s)
			}
		}
		fmt.Fprintf(&b, format+"\n", args...)
	}
	if j.Report == nil {
		line("%s: %s", j.File, j.Error)
		return b.Bytes()
	}
	line("%s: %s %s", j.File, string(j.Report.Indication), j.Report.Text)
	for i := range j.Report.Signatures {
		s := &j.Report.Signatures[i]
		line("")
		line("  %s %s %s", s.Kind, s.Field, strings.TrimSpace(string(s.Indication)+" "+s.SubIndication))
		line("    %s", s.Text)
		if p := s.Signer; p != nil {
			line("    by      %s, certificate from %s, until %s", p.Name, p.Issuer, p.NotAfter.UTC().Format(time.DateOnly))
		}
		switch {
		case s.Time != nil:
			line("    time    %s, by the %s", s.Time.UTC().Format(time.RFC3339), s.TimeBy)
		case s.ClaimedTime != nil:
			line("    time    %s, as the signer says", s.ClaimedTime.UTC().Format(time.RFC3339))
		}
		if s.Trusted {
			line("    trust   %s", s.Anchor)
		}
		if s.Level != "" {
			line("    level   %s", s.Level)
		}
		line("    covers  revision %d of %d, since then %s", s.Revision, j.Report.Revisions, sinceThen(s.Changes))
		for _, f := range s.Findings {
			if f.Severity == pades.Info {
				continue
			}
			line("    %-7s %s: %s (%s)", string(f.Severity), f.Rule, strings.TrimSpace(f.Text+" "+f.Detail), f.Clause)
		}
	}
	return b.Bytes()
}

func sinceThen(e pades.Extent) string {
	if e == "" {
		return "unknown"
	}
	return string(e)
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\ufffd'
		}
		return r
	}, s)
}
