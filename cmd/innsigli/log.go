package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/ledger"
)

// logCmd is what proves the activity log (docs/log.md).
type logCmd struct {
	Verify     logVerifyCmd     `cmd:"" help:"Compute the whole log anew and tell the first line that was tampered with."`
	Prove      logProveCmd      `cmd:"" help:"Write a proof of one process's lines that can be checked without the database."`
	Check      logCheckCmd      `cmd:"" help:"Check such a proof, or the one in an evidence, without a database."`
	Checkpoint logCheckpointCmd `cmd:"" help:"Print the newest signed checkpoint, to be kept elsewhere."`
	Key        logKeyCmd        `cmd:"" help:"Print the public key that checkpoints are signed with, to be kept elsewhere."`
}

// opened opens an installation for one of the commands.
func (b base) opened(ctx context.Context, con console) (*installation, *logKeeper, error) {
	in, err := b.open(ctx, con)
	if err != nil {
		return nil, nil, err
	}
	k, err := newLogKeeper(ctx, in)
	if err != nil {
		return nil, nil, errors.Join(err, in.close())
	}
	return in, k, nil
}

type logVerifyCmd struct {
	base
	Kept []string `name:"checkpoint" help:"A checkpoint that was kept elsewhere: only it tells that the end was cut off or all written anew." type:"existingfile" placeholder:"FILE"`
	Key  string   `name:"log-key" help:"The public key that was kept elsewhere, instead of the one in the database." placeholder:"KEY"`
}

// Run verifies beside a running server.
func (c logVerifyCmd) Run(ctx context.Context, con console) error {
	in, k, err := c.opened(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // only read
	var kept []string
	for _, name := range c.Kept {
		text, err := os.ReadFile(name) //nolint:gosec // the administrator names the file
		if err != nil {
			return err
		}
		kept = append(kept, string(text))
	}
	public := c.Key
	if public == "" {
		public = k.key.Public
	}
	r, err := in.db.VerifyLog(ctx, public, kept)
	if err != nil {
		return err
	}
	if r.Fault != nil {
		return r.Fault
	}
	_, err = fmt.Fprintf(con.out, "The log is as it was written: %d lines, %d checkpoints. %d more lines wait for their place. Of %d lines the personal part was erased.\n",
		r.Lines, r.Checkpoints, r.Waiting, r.Erased)
	return err
}

type logProveCmd struct {
	base
	Process string `arg:"" help:"The process's key."`
	Out     string `short:"o" help:"File to write; standard output when there is none." placeholder:"FILE"`
}

// Run makes a proof, with what the lines say about people.
func (c logProveCmd) Run(ctx context.Context, con console) error {
	key := innsigli.ProcessKey(c.Process)
	if !key.Valid() {
		return wrongUsage("%q is not the key of a process", c.Process)
	}
	in, k, err := c.opened(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // what was to be kept was committed
	if err := k.sequence(ctx); err != nil {
		return err
	}
	proof, err := k.prove(ctx, key, true)
	if err != nil {
		return err
	}
	if len(proof.Lines) == 0 {
		return errors.New("the log has no lines of that process")
	}
	text, err := json.MarshalIndent(proof, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if c.Out != "" {
		return os.WriteFile(c.Out, text, 0o600)
	}
	_, err = con.out.Write(text)
	return err
}

type logCheckCmd struct {
	File string `arg:"" help:"A proof, or the evidence.json of a sealed document." type:"existingfile"`
	Key  string `name:"log-key" help:"The log's public key, kept elsewhere. Without it the one in the file is taken, which proves only that the file agrees with itself." placeholder:"KEY"`
}

// maxProof bounds a file that is given as a proof.
const maxProof = 64 << 20

// Run checks a proof.
func (c logCheckCmd) Run(con console) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, maxProof))
	if err != nil {
		return err
	}
	var file struct {
		ledger.Proof
		Process json.RawMessage `json:"process"` // a key in a proof, an object in an evidence
		Log     *ledger.Proof   `json:"log"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("read proof: %w", err)
	}
	proof := file.Proof
	if file.Log != nil {
		proof = *file.Log
	} else if err := json.Unmarshal(file.Process, &proof.Process); err != nil {
		return errors.New("read proof: it names no process")
	}
	public := c.Key
	if public == "" {
		public = proof.Key
	}
	told, err := proof.Verify(public)
	if err != nil {
		return err
	}
	for _, l := range told.Lines {
		fmt.Fprintf(con.out, "%8d  %s  %s", l.Seq, l.At.Format("2006-01-02 15:04:05.000000Z"), l.Type) //nolint:errcheck // the next one tells
		if l.Public.Signee != "" {
			fmt.Fprintf(con.out, "  signee …%s", l.Public.Signee) //nolint:errcheck // as above
		}
		if l.Personal != nil && l.Personal.Actor != "" {
			fmt.Fprintf(con.out, "  by %q", l.Personal.Actor) //nolint:errcheck // as above
		}
		fmt.Fprintln(con.out) //nolint:errcheck // as above
	}
	_, err = fmt.Fprintf(con.out, "These %d lines of process %s stand in the log %s of %d lines as of %s.\n",
		len(told.Lines), told.Lines[0].Process, told.Checkpoint.Origin, told.Checkpoint.Size, told.Checkpoint.At.Format("2006-01-02 15:04:05Z"))
	if err == nil && c.Key == "" {
		_, err = fmt.Fprintln(con.err, "The key was taken from the file itself; give the one that you kept with --log-key.")
	}
	return err
}

type logCheckpointCmd struct{ base }

// Run prints the newest checkpoint, of now.
func (c logCheckpointCmd) Run(ctx context.Context, con console) error {
	in, k, err := c.opened(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // what was to be kept was committed
	if err := k.sequence(ctx); err != nil {
		return err
	}
	if _, err := in.db.KeepCheckpoint(ctx, k.key.Sign); err != nil {
		return err
	}
	note, err := in.db.NewestCheckpoint(ctx)
	if err == nil && note == "" {
		err = errors.New("the log is empty")
	}
	if err == nil {
		_, err = fmt.Fprint(con.out, note)
	}
	return err
}

type logKeyCmd struct{ base }

// Run prints the public key.
func (c logKeyCmd) Run(ctx context.Context, con console) error {
	in, k, err := c.opened(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // only read
	_, err = fmt.Fprintln(con.out, k.key.Public)
	return err
}
