package store

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/ledger"
)

// verifyBatch is how many lines one read of a verification brings.
const verifyBatch = 500

// LogReport is what a verification of the log found.
type LogReport struct {
	Lines       int64 // that have their place in the tree
	Waiting     int64 // that have none yet
	Checkpoints int
	Erased      int64 // lines whose personal part was erased, as lines of their own say
	// Fault is the first thing that is not as it was written; nil when there is none.
	Fault *LogFault
}

// LogFault says where the log was tampered with or damaged. Seq is the place of the first line that is wrong, or the
// number of lines when what is wrong lies behind the last.
type LogFault struct { //nolint:errname // a finding of the report first
	Seq  int64
	What string
}

func (f *LogFault) Error() string { return fmt.Sprintf("at line %d of the log: %s", f.Seq, f.What) }

func fault(seq int64, format string, a ...any) *LogFault {
	return &LogFault{seq, fmt.Sprintf(format, a...)}
}

// VerifyLog computes the whole tree anew from the lines and compares it with everything that was kept: places without
// gaps, the chain of each process, the nodes, all checkpoints with their signatures by the public key, and the commitments
// to the personal parts that are there. kept are signed notes that somebody kept elsewhere: only they show that the end of
// the log was cut off, or all of it written anew by who has the private key. It reads in batches, so it runs beside a
// server at work; what is added meanwhile waits for the next run.
func (d *DB) VerifyLog(ctx context.Context, public string, kept []string) (LogReport, error) {
	v := &verification{d: d, public: public, tree: &ledger.Tree{}}
	for _, note := range kept {
		c, err := ledger.OpenCheckpoint(note, public)
		if err != nil {
			return LogReport{}, fmt.Errorf("kept checkpoint: %w", err)
		}
		v.kept = append(v.kept, c)
	}
	err := d.get(ctx, "size of log", qHeadSize, into(&v.size))
	for err == nil && v.report.Fault == nil && v.tree.Size() < v.size {
		err = v.next(ctx)
	}
	if err == nil && v.report.Fault == nil {
		err = v.end(ctx)
	}
	v.report.Lines = v.tree.Size()
	return v.report, err
}

// verification is the work of VerifyLog.
type verification struct {
	d      *DB
	public string
	kept   []ledger.Checkpoint
	size   int64 // the log's, at the beginning
	tree   *ledger.Tree
	report LogReport
}

// logRows are what one batch brings.
type logRows struct {
	lines []ledgerLine
	prevs [][]byte // the leaf of the process's line before each
	told  []bool   // whether an erasure of the process is told behind each
	nodes map[int64][]byte
	notes map[int64]string
}

// qVerify brings a line, the leaf of the line before it in its process, and whether its process has a line behind it that
// tells of an erasure.
const qVerify = `select l.id, l.at, l.company, l.process, l.flow, l.signee, l.kind, l.detail,
	l.seq, coalesce(l.process_seq, 0), l.commitment, l.leaf,
	case when o.log is null then 0 else 1 end, coalesce(o.company, ''), coalesce(o.actor, ''), coalesce(o.address, ''), coalesce(o.agent, ''), coalesce(o.mail, ''), o.salt,
	b.leaf,
	case when o.log is null and exists (select 1 from log x where x.process = l.process and x.process_seq > l.process_seq and x.kind = $3) then 1 else 0 end
	from log l left join log_person o on o.log = l.id
	left join log b on b.process = l.process and b.process_seq = l.process_seq - 1 and b.process_seq is not null and b.seq < l.seq
	where l.seq >= $1 and l.seq < $2 and l.seq is not null order by l.seq`

func (v *verification) read(ctx context.Context, from, to int64) (logRows, error) {
	var rows logRows
	err := v.d.read(ctx, "verify log", func(ctx context.Context, r runner) error {
		rows = logRows{nodes: map[int64][]byte{}, notes: map[int64]string{}}
		var b batch
		b.query("lines", qVerify, func(r row) error {
			var prev []byte
			var told int64
			l, err := scanLedgerLine(tail{r, []any{&prev, &told}})
			rows.lines, rows.prevs, rows.told = append(rows.lines, l), append(rows.prevs, prev), append(rows.told, told != 0)
			return err
		}, from, to, string(innsigli.LogErased))
		b.query("nodes", `select id, hash from log_hash where id >= $1 and id < $2`, func(r row) error {
			var id int64
			var hash []byte
			err := r.Scan(&id, &hash)
			rows.nodes[id] = hash
			return err
		}, tlog.StoredHashCount(from), tlog.StoredHashCount(to))
		b.query("checkpoints", `select size, note from log_checkpoint where size > $1 and size <= $2`, func(r row) error {
			var size int64
			var note string
			err := r.Scan(&size, &note)
			rows.notes[size] = note
			return err
		}, from, to)
		return r.run(ctx, b)
	})
	return rows, err
}

// tail reads a row that has more columns than its reader knows.
type tail struct {
	row
	more []any
}

func (t tail) Scan(dest ...any) error { return t.row.Scan(append(dest, t.more...)...) }

// next verifies one batch.
func (v *verification) next(ctx context.Context) error {
	from := v.tree.Size()
	to := min(from+verifyBatch, v.size)
	rows, err := v.read(ctx, from, to)
	if err != nil {
		return err
	}
	for i := range rows.lines {
		if v.report.Fault = v.line(&rows, i); v.report.Fault != nil {
			return nil //nolint:nilerr // it is what the report says, and verifying did not fail
		}
	}
	switch {
	case v.tree.Size() < to:
		v.report.Fault = fault(v.tree.Size(), "the line is missing")
	case len(rows.nodes) > 0:
		v.report.Fault = fault(to, "the tree has nodes that belong to no line")
	}
	return nil
}

// line verifies one line and what it completes.
func (v *verification) line(rows *logRows, i int) *LogFault {
	l, seq := &rows.lines[i], v.tree.Size()
	if l.Seq != seq {
		return fault(seq, "the line is missing")
	}
	if first := l.ProcessSeq == 1; first != (len(rows.prevs[i]) == 0) || l.ProcessSeq < 1 {
		return fault(seq, "the line of its process before it is missing")
	}
	copy(l.Prev[:], rows.prevs[i])
	leaf := l.Leaf()
	if !slices.Equal(l.leaf, leaf[:]) {
		return fault(seq, "the line is not as it was written")
	}
	if f := v.person(l, rows.told[i]); f != nil {
		return f
	}
	for _, n := range v.tree.Append(leaf) {
		if !slices.Equal(rows.nodes[n.ID], n.Hash[:]) {
			return fault(seq, "a node of the tree above it is not as it was written")
		}
		delete(rows.nodes, n.ID)
	}
	return v.checkpoints(rows.notes[v.tree.Size()])
}

// person verifies what a line says about a person, or that its absence is told.
func (v *verification) person(l *ledgerLine, told bool) *LogFault {
	switch {
	case l.hasPersonal && (l.personal.Commit(l.salt) != l.Commitment || l.company != l.Public.Company):
		return fault(l.Seq, "what the line says about a person is not as it was written")
	case !l.hasPersonal && l.Commitment != ledger.Hash{} && !told:
		return fault(l.Seq, "what the line said about a person is gone, and no later line of the process tells of an erasure")
	case !l.hasPersonal && l.Commitment != ledger.Hash{}:
		v.report.Erased++
	}
	return nil
}

// checkpoints compares the tree as it has grown with the checkpoints of that size, the log's own and those kept elsewhere.
func (v *verification) checkpoints(note string) *LogFault {
	size, root := v.tree.Size(), v.tree.Root()
	if note != "" {
		c, err := ledger.OpenCheckpoint(note, v.public)
		if err != nil {
			return fault(size-1, "its checkpoint is not signed by the log's key: %v", err)
		}
		if c.Size != size || c.Root != root {
			return fault(size-1, "the log up to it is not what the checkpoint of %s says", c.At.Format("2006-01-02 15:04:05"))
		}
		v.report.Checkpoints++
	}
	for _, c := range v.kept {
		if c.Size == size && c.Root != root {
			return fault(size-1, "the log up to it is not what the kept checkpoint of %s says", c.At.Format("2006-01-02 15:04:05"))
		}
	}
	return nil
}

// end looks for what lies behind the last line, and for what belongs to no line. What was added since the beginning is
// left out by asking for the size again in the same read.
func (v *verification) end(ctx context.Context) error {
	var size, newest, before, beyond, nodes, orphans int64
	err := v.d.read(ctx, "verify log", func(ctx context.Context, r runner) error {
		var b batch
		b.query("size", qHeadSize, into(&size))
		b.query("newest checkpoint", `select coalesce(max(size), 0) from log_checkpoint`, into(&newest))
		b.query("newest line", `select coalesce(max(seq), -1) from log where seq is not null`, into(&beyond))
		b.query("oldest line", `select coalesce(min(seq), 0) from log where seq is not null`, into(&before))
		b.query("newest node", `select coalesce(max(id), -1) from log_hash`, into(&nodes))
		b.query("orphans", `select count(*) from log_person o where not exists (select 1 from log l where l.id = o.log)`, into(&orphans))
		b.query("waiting", `select count(*) from log where seq is null`, into(&v.report.Waiting))
		return r.run(ctx, b)
	})
	if err != nil {
		return err
	}
	switch {
	case newest > size:
		v.report.Fault = fault(size, "the log was cut off: a checkpoint speaks of %d lines", newest)
	case before < 0 || beyond >= size || nodes >= tlog.StoredHashCount(size):
		v.report.Fault = fault(size, "lines or nodes lie outside of the log")
	case size < v.size:
		v.report.Fault = fault(size, "the log has become shorter")
	case orphans > 0:
		v.report.Fault = fault(size, "%d personal parts belong to no line", orphans)
	}
	for _, c := range v.kept {
		if c.Size > size && v.report.Fault == nil {
			v.report.Fault = fault(size, "the log was cut off, or is an old copy: the kept checkpoint of %s speaks of %d lines", c.At.Format("2006-01-02 15:04:05"), c.Size)
		}
	}
	return nil
}
