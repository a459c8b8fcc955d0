package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Limits on handing a bounce over.
const (
	bounceTime = time.Minute
	bounceSize = 256 << 10 // what the server looks at
)

// bounceCmd hands a mail from standard input to the server, as the pipe of a mail server does.
type bounceCmd struct {
	PublicURL     string `name:"public-url" required:"" help:"How the server is reached." placeholder:"URL"`
	InboundSecret string `hidden:""` // never from the command line: see run
}

// Run posts the mail to /inbound/mail. When the server cannot take it now the exit code tells the mail server to keep
// the mail and try again.
func (c bounceCmd) Run(ctx context.Context) error {
	return c.hand(ctx, os.Stdin)
}

func (c bounceCmd) hand(ctx context.Context, in io.Reader) error {
	if c.InboundSecret == "" {
		return wrongUsage("bounce: INNSIGLI_INBOUND_SECRET or the config file's inbound-secret is missing")
	}
	b, err := io.ReadAll(io.LimitReader(in, bounceSize))
	if err == nil {
		_, err = io.Copy(io.Discard, in) // whoever writes into the pipe must not see it break
	}
	if err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, bounceTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.PublicURL, "/")+"/inbound/mail", bytes.NewReader(b))
	if err != nil {
		return wrongUsage("--public-url: no address")
	}
	req.Header.Set("Content-Type", "message/rfc822")
	req.Header.Set("Authorization", "Bearer "+c.InboundSecret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return laterError{fmt.Errorf("bounce: %w", err)}
	}
	defer resp.Body.Close() //nolint:errcheck // a reader
	switch {
	case resp.StatusCode == http.StatusOK:
		return nil
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= http.StatusInternalServerError:
		return laterError{fmt.Errorf("bounce: the server answers %d", resp.StatusCode)}
	}
	return errors.New("bounce: the server answers " + resp.Status)
}

// laterError is a failure that may be over when the same is tried again.
type laterError struct{ error }
