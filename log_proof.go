package innsigli

import "context"

// EvidenceLog shows that the lines of the process's log stand in the log of the whole server, as it was when the document
// was sealed: each line's leaf with its path to the root of a signed checkpoint. Whoever holds the document can hold the
// server to it (docs/log.md).
type EvidenceLog struct {
	Key        string            `json:"key"` // public, in the text form of signed notes
	Checkpoint string            `json:"checkpoint"`
	Lines      []EvidenceLogLine `json:"lines"`
}

// EvidenceLogLine is one line: the text that is hashed, and base64 of the hashes beside the way to the root.
type EvidenceLogLine struct {
	Leaf string   `json:"leaf"`
	Path []string `json:"path"`
}

// LogProver proves the lines of a process.
type LogProver interface {
	// ProveLog proves the lines that have their place in the tree; it waits only briefly for those that have none yet, and
	// gives nil when none has.
	ProveLog(ctx context.Context, p ProcessKey) (*EvidenceLog, error)
}

// proveLog gives the proof for an evidence. A document is sealed without it rather than late.
func (s *Service) proveLog(ctx context.Context, p ProcessKey) *EvidenceLog {
	if s.Prover == nil {
		return nil
	}
	proof, err := s.Prover.ProveLog(ctx, p)
	if err != nil {
		s.Log.Warn("no proof of the log in an evidence", "cause", err.Error())
		return nil
	}
	return proof
}
