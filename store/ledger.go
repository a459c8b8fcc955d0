package store

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/ledger"
)

// sequenceBatch is how many lines one transaction numbers: few enough that no verb waits long for it.
const sequenceBatch = 100

const (
	qAnyNew   = `select count(*) from (select 1 from log where seq is null limit 1) n`
	qSequence = `update log_head set node = $1, lease = $2 where id = 1 and (node = $1 or lease <= $3) returning size`
	qNewLines = lineColumns + ` where l.seq is null order by l.id limit $1`
	qTail     = `select process_seq, leaf from log where process = $1 and process_seq is not null order by process_seq desc limit 1`
	qNumber   = `update log set seq = $1, process_seq = $2, commitment = $3, leaf = $4 where id = $5 and seq is null`
	qSalt     = `update log_person set salt = $1 where log = $2`
	qLeafAt   = `select leaf from log where seq = $1`
	qHashAt   = `select hash from log_hash where id = $1`
	qGrown    = `update log_head set size = $1 where id = 1`
	qHeadSize = `select size from log_head where id = 1`
	qNewest   = `select note from log_checkpoint order by size desc limit 1`
	qKeepNote = `insert into log_checkpoint (size, note) values ($1, $2) on conflict (size) do nothing`
)

// lineColumns are a line with all that its leaf is made of.
const lineColumns = `select l.id, l.at, l.company, l.process, l.flow, l.signee, l.kind, l.detail,
	coalesce(l.seq, -1), coalesce(l.process_seq, 0), l.commitment, l.leaf,
	case when o.log is null then 0 else 1 end, coalesce(o.company, ''), coalesce(o.actor, ''), coalesce(o.address, ''), coalesce(o.agent, ''), coalesce(o.mail, ''), o.salt
	from log l left join log_person o on o.log = l.id`

// ledgerLine is such a row.
type ledgerLine struct {
	ledger.Line
	leaf        []byte
	hasPersonal bool
	company     string // as it stands beside the personal part
	personal    ledger.Personal
	salt        []byte
}

func scanLedgerLine(r row) (ledgerLine, error) {
	var l ledgerLine
	var at, has int64
	var signee string
	var commitment []byte
	err := r.Scan(&l.Public.ID, &at, &l.Public.Company, &l.Process, &l.Public.Flow, &signee, &l.Type, &l.Public.Detail,
		&l.Seq, &l.ProcessSeq, &commitment, &l.leaf,
		&has, &l.company, &l.personal.Actor, &l.personal.Address, &l.personal.Agent, &l.personal.Mail, &l.salt)
	l.At, l.hasPersonal = timeOf(at), has != 0
	if signee != "" {
		l.Public.Signee, l.Public.SigneeSHA256 = innsigli.SigneeKey(signee).Reference(), innsigli.LinkHash(innsigli.SigneeKey(signee))
	}
	copy(l.Commitment[:], commitment)
	if err == nil && len(commitment) != 0 && len(commitment) != len(l.Commitment) {
		l.Commitment = ledger.Hash{0: 1} // no commitment: a leaf of it is never found
	}
	return l, err
}

// SequenceLog gives the committed lines that have none yet their places in the log, a batch at most, and says how many.
// One node does it at a time: another finds the lease taken, and nothing is done. It is never part of a verb's transaction.
func (d *DB) SequenceLog(ctx context.Context, node string, lease time.Duration) (int, error) {
	var waiting int64
	if err := d.get(ctx, "new lines", qAnyNew, into(&waiting)); err != nil || waiting == 0 {
		return 0, err
	}
	n := 0
	err := d.write(ctx, "sequence log", func(ctx context.Context, r runner) error {
		n = 0
		size := int64(-1)
		var lines []ledgerLine
		var b batch
		b.query("lease", qSequence, into(&size), node, micros(d.now().Add(lease)), micros(d.now()))
		b.query("new lines", qNewLines, func(r row) error {
			l, err := scanLedgerLine(r)
			lines = append(lines, l)
			return err
		}, int64(sequenceBatch))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if size < 0 || len(lines) == 0 {
			return errNothing
		}
		n = len(lines)
		return sequence(ctx, r, size, lines)
	})
	return n, err
}

// sequence numbers lines behind a log of that size.
func sequence(ctx context.Context, r runner, size int64, lines []ledgerLine) error {
	tree, err := restore(ctx, r, size)
	if err != nil {
		return err
	}
	tails := map[string]*ledgerLine{}
	var read, b batch
	for i := range lines {
		p := lines[i].Process
		if tails[p] == nil {
			tail := &ledgerLine{}
			tails[p] = tail
			read.query("tail", qTail, into(&tail.ProcessSeq, &tail.leaf), p)
		}
	}
	if err := r.run(ctx, read); err != nil {
		return err
	}
	for i := range lines {
		l, tail := &lines[i], tails[lines[i].Process]
		if l.hasPersonal && len(l.salt) == 0 { // of before there was a tree
			l.salt = ledger.NewSalt()
			b.must("salt", qSalt, l.salt, l.Public.ID)
		}
		if l.hasPersonal {
			l.Commitment = l.personal.Commit(l.salt)
		}
		l.Seq, l.ProcessSeq = tree.Size(), tail.ProcessSeq+1
		copy(l.Prev[:], tail.leaf)
		leaf := l.Leaf()
		tail.ProcessSeq, tail.leaf = l.ProcessSeq, leaf[:]
		b.must("place", qNumber, l.Seq, l.ProcessSeq, stored(l.Commitment), leaf[:], l.Public.ID)
		for _, n := range tree.Append(leaf) {
			b.must("node of the tree", `insert into log_hash (id, hash) values ($1, $2)`, n.ID, n.Hash[:])
		}
	}
	b.must("size", qGrown, tree.Size())
	return r.run(ctx, b)
}

// stored is how a commitment is kept: nothing for none.
func stored(h ledger.Hash) []byte {
	if h == (ledger.Hash{}) {
		return []byte{}
	}
	return h[:]
}

// restore reads the edge of the tree of that size.
func restore(ctx context.Context, r runner, size int64) (*ledger.Tree, error) {
	edge, err := hashesIn(ctx, r)(ledger.Edge(size))
	if err != nil {
		return nil, err
	}
	return ledger.Restore(size, edge), nil
}

// hashesIn reads stored hashes in a transaction: of leaves from the lines themselves, of nodes from their table.
func hashesIn(ctx context.Context, r runner) tlog.HashReaderFunc {
	return func(ids []int64) ([]ledger.Hash, error) {
		raw := make([][]byte, len(ids))
		var b batch
		for i, id := range ids {
			if level, n := tlog.SplitStoredHashIndex(id); level == 0 {
				b.query("leaf", qLeafAt, into(&raw[i]), n)
			} else {
				b.query("node of the tree", qHashAt, into(&raw[i]), id)
			}
		}
		if len(b) > 0 {
			if err := r.run(ctx, b); err != nil {
				return nil, err
			}
		}
		out := make([]ledger.Hash, len(ids))
		for i := range raw {
			if len(raw[i]) != len(out[i]) {
				return nil, fmt.Errorf("hash %d of the log's tree is missing", ids[i])
			}
			out[i] = ledger.Hash(raw[i])
		}
		return out, nil
	}
}

// KeepCheckpoint keeps a checkpoint of the log as it is now, signed by sign, unless the newest is of the same size. It says
// whether there is a new one.
func (d *DB) KeepCheckpoint(ctx context.Context, sign func(ledger.Checkpoint) (string, error)) (bool, error) {
	var size, newest int64
	var root ledger.Hash
	err := d.read(ctx, "checkpoint", func(ctx context.Context, r runner) error {
		var b batch
		b.query("size", qHeadSize, into(&size))
		b.query("newest checkpoint", `select size from log_checkpoint order by size desc limit 1`, into(&newest))
		if err := r.run(ctx, b); err != nil || size == newest {
			return err
		}
		tree, err := restore(ctx, r, size)
		if err != nil {
			return err
		}
		root = tree.Root()
		return nil
	})
	if err != nil || size == newest {
		return false, err
	}
	note, err := sign(ledger.Checkpoint{Size: size, Root: root, At: d.now()})
	if err != nil {
		return false, err
	}
	err = d.write(ctx, "checkpoint", func(ctx context.Context, r runner) error {
		var b batch
		b.exec("checkpoint", qKeepNote, size, note)
		return r.run(ctx, b)
	})
	return err == nil, err
}

// NewestCheckpoint gives the newest signed note; empty when there is none.
func (d *DB) NewestCheckpoint(ctx context.Context) (string, error) {
	var note string
	err := d.get(ctx, "newest checkpoint", qNewest, into(&note))
	return note, err
}

// Sequenced says whether all lines of a process have their places, and under which size of the log all of them are.
func (d *DB) Sequenced(ctx context.Context, p innsigli.ProcessKey) (size int64, all bool, err error) {
	var waiting int64
	err = d.get(ctx, "places", `select coalesce(max(seq) + 1, 0), count(*) - count(seq) from log where process = $1`, into(&size, &waiting), string(p))
	return size, waiting == 0, err
}

// ProveLog makes the proof of the process's lines under a checkpoint of that size, from its first on and as far as they are
// under it. Personal parts are told when wanted and not erased.
func (d *DB) ProveLog(ctx context.Context, p innsigli.ProcessKey, size int64, personal bool) ([]ledger.ProofLine, error) {
	var out []ledger.ProofLine
	err := d.read(ctx, "prove log", func(ctx context.Context, r runner) error {
		out = nil
		var lines []ledgerLine
		var b batch
		b.query("lines", lineColumns+` where l.process = $1 and l.process_seq is not null and l.seq < $2 order by l.process_seq`, func(r row) error {
			l, err := scanLedgerLine(r)
			lines = append(lines, l)
			return err
		}, string(p), size)
		if err := r.run(ctx, b); err != nil {
			return err
		}
		for i := range lines {
			l := &lines[i]
			if i > 0 {
				l.Prev = lines[i-1].Leaf()
			}
			one, err := ledger.Prove(size, l.Seq, l.Text(), hashesIn(ctx, r))
			if err != nil {
				return err
			}
			if personal && l.hasPersonal {
				one.Tell(l.personal, l.salt)
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}
