package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// ProofVersion is the version of the JSON form of [Proof].
const ProofVersion = "1"

// Proof shows without the database that lines of one process stand in a log: each leaf as text, with its path to the root
// of one checkpoint.
type Proof struct {
	Version    string      `json:"version,omitempty"`
	Process    string      `json:"process,omitempty"`
	Key        string      `json:"key"`
	Checkpoint string      `json:"checkpoint"`
	Lines      []ProofLine `json:"lines"`
}

// ProofLine is one line. Personal and Salt are there when the line was not erased and the proof is to tell it.
type ProofLine struct {
	Leaf     string    `json:"leaf"`
	Path     []string  `json:"path"`
	Personal *Personal `json:"personal,omitempty"`
	Salt     string    `json:"salt,omitempty"` // base64
}

// Prove makes the proof of one line under a checkpoint of that size. read gives stored hashes, leaves among them.
func Prove(size, seq int64, text []byte, read tlog.HashReader) (ProofLine, error) {
	path, err := tlog.ProveRecord(size, seq, read)
	if err != nil {
		return ProofLine{}, fmt.Errorf("prove line %d: %w", seq, err)
	}
	p := ProofLine{Leaf: string(text), Path: []string{}}
	for _, h := range path {
		p.Path = append(p.Path, encode(h))
	}
	return p, nil
}

// Tell adds what the line says about a person, so that it can be read and checked.
func (p *ProofLine) Tell(personal Personal, salt []byte) {
	p.Personal, p.Salt = &personal, base64.StdEncoding.EncodeToString(salt)
}

// Proved is what a proof has shown.
type Proved struct {
	Checkpoint Checkpoint
	Lines      []Told
}

// Told is one proved line.
type Told struct {
	Seq        int64
	Process    string
	ProcessSeq int64
	At         time.Time
	Type       string
	Public     Public
	Personal   *Personal // nil when erased, or not told
}

// Verify checks a proof with the log's public key, which the caller has to have from elsewhere: the one in the proof proves
// nothing. The lines have to be those of one process from its first on, so that none is left out before the last.
func (p Proof) Verify(public string) (Proved, error) {
	c, err := OpenCheckpoint(p.Checkpoint, public)
	if err != nil {
		return Proved{}, err
	}
	out := Proved{Checkpoint: c}
	var prev Hash
	for i, l := range p.Lines {
		told, err := l.verify(c, prev)
		if err != nil {
			return Proved{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		if told.ProcessSeq != int64(i+1) || told.Process != out.process(told.Process) || p.Process != "" && told.Process != p.Process {
			return Proved{}, fmt.Errorf("line %d: it is not the next one of the process", i+1)
		}
		out.Lines = append(out.Lines, told)
		prev = tlog.RecordHash([]byte(l.Leaf))
	}
	if len(out.Lines) == 0 {
		return Proved{}, errors.New("the proof has no lines")
	}
	return out, nil
}

// process is the process of the lines so far, or that one for the first.
func (p Proved) process(first string) string {
	if len(p.Lines) == 0 {
		return first
	}
	return p.Lines[0].Process
}

func (p *ProofLine) verify(c Checkpoint, prev Hash) (Told, error) {
	told, commitment, before, err := parseLeaf([]byte(p.Leaf))
	if err != nil {
		return Told{}, err
	}
	var path tlog.RecordProof
	for _, s := range p.Path {
		h, err := tlog.ParseHash(s)
		if err != nil {
			return Told{}, fmt.Errorf("path: %w", err)
		}
		path = append(path, h)
	}
	if told.Seq < 0 || told.Seq >= c.Size {
		return Told{}, errors.New("it is not under the checkpoint")
	}
	if err := tlog.CheckRecord(path, c.Size, c.Root, told.Seq, tlog.RecordHash([]byte(p.Leaf))); err != nil {
		return Told{}, errors.New("its path does not lead to the checkpoint's root")
	}
	if before != encode(prev) {
		return Told{}, errors.New("it does not follow the line before")
	}
	if p.Personal != nil {
		salt, err := base64.StdEncoding.DecodeString(p.Salt)
		if err != nil || encode(p.Personal.Commit(salt)) != commitment {
			return Told{}, errors.New("what it says about a person is not what was kept")
		}
		told.Personal = p.Personal
	}
	return told, nil
}

// parseLeaf reads the canonical text of a line.
func parseLeaf(text []byte) (told Told, commitment, prev string, err error) {
	var first, at string
	members := []any{&first, &told.Seq, &told.Process, &told.ProcessSeq, &at, &told.Type, &told.Public, &commitment, &prev}
	want := len(members)
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&members); err != nil {
		return Told{}, "", "", fmt.Errorf("leaf: %w", err)
	}
	if len(members) != want || first != format || dec.More() {
		return Told{}, "", "", errors.New("leaf: it is not one of this format")
	}
	if told.At, err = time.Parse(timeFormat, at); err != nil {
		return Told{}, "", "", errors.New("leaf: its time cannot be read")
	}
	return told, commitment, prev, nil
}
