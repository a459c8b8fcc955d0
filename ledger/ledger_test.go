package ledger_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/innsigli/innsigli/ledger"
)

// log is a whole log in memory, hashed by the code of Go's checksum database alone.
type log struct {
	lines  []ledger.Line
	hashes []tlog.Hash
}

func (l *log) read(ids []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, id := range ids {
		out = append(out, l.hashes[id])
	}
	return out, nil
}

func grown(tb testing.TB, n int) *log {
	tb.Helper()
	l := &log{}
	tails := map[string]ledger.Line{}
	for i := range int64(n) {
		p := fmt.Sprintf("sp%02d", i%3)
		line := ledger.Line{
			Seq: i, Process: p, ProcessSeq: tails[p].ProcessSeq + 1, At: time.Unix(1_800_000_000+i, 1000), Type: "Viewed",
			Public: ledger.Public{Company: "c", ID: i, Detail: `a "quoted" <word>` + "\n"},
		}
		if i >= 3 {
			line.Prev = tails[p].Leaf()
		}
		tails[p] = line
		more, err := tlog.StoredHashes(i, line.Text(), tlog.HashReaderFunc(l.read))
		if err != nil {
			tb.Fatal(err)
		}
		l.lines, l.hashes = append(l.lines, line), append(l.hashes, more...)
	}
	return l
}

// TestTreeIsThatOfGo grows a tree beside that of another's code, and restores it at each size.
func TestTreeIsThatOfGo(t *testing.T) {
	t.Parallel()
	l := grown(t, 130)
	tree := &ledger.Tree{}
	for i, line := range l.lines {
		edge, err := l.read(ledger.Edge(int64(i)))
		if err != nil {
			t.Fatal(err)
		}
		again := ledger.Restore(int64(i), edge)
		for _, n := range tree.Append(line.Leaf()) {
			if l.hashes[n.ID] != n.Hash {
				t.Errorf("node %d at size %d", n.ID, i+1)
			}
		}
		again.Append(line.Leaf())
		want, err := tlog.TreeHash(int64(i+1), tlog.HashReaderFunc(l.read))
		if err != nil || tree.Root() != want || again.Root() != want || tree.Size() != int64(i+1) {
			t.Fatalf("root at size %d: %v %v %v %v", i+1, tree.Root(), again.Root(), want, err)
		}
	}
}

func proofOf(tb testing.TB) (ledger.Proof, ledger.Key) {
	tb.Helper()
	l := grown(tb, 40)
	key, err := ledger.NewKey()
	if err != nil {
		tb.Fatal(err)
	}
	root, err := tlog.TreeHash(40, tlog.HashReaderFunc(l.read))
	if err != nil {
		tb.Fatal(err)
	}
	note, err := key.Sign(ledger.Checkpoint{Size: 40, Root: root, At: time.Unix(1_800_000_100, 0)})
	if err != nil {
		tb.Fatal(err)
	}
	p := ledger.Proof{Version: ledger.ProofVersion, Process: "sp01", Key: key.Public, Checkpoint: note}
	for _, line := range l.lines {
		if line.Process != p.Process {
			continue
		}
		one, err := ledger.Prove(40, line.Seq, line.Text(), tlog.HashReaderFunc(l.read))
		if err != nil {
			tb.Fatal(err)
		}
		p.Lines = append(p.Lines, one)
	}
	return p, key
}

func TestProofs(t *testing.T) {
	t.Parallel()
	other, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	p, key := proofOf(t)
	told, err := p.Verify(key.Public)
	if err != nil || len(told.Lines) != 13 || told.Lines[12].Seq != 37 || told.Checkpoint.Size != 40 || !strings.Contains(told.Lines[0].Public.Detail, "<word>\n") {
		t.Fatalf("%+v %v", told, err)
	}
	for name, change := range map[string]func(*ledger.Proof){
		"another key": func(p *ledger.Proof) {
			p.Checkpoint = strings.Replace(p.Checkpoint, "innsigli.log/", "innsigli.log/0", 1)
		},
		"another size":       func(p *ledger.Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n40\n", "\n41\n", 1) },
		"another time":       func(p *ledger.Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "2027", "2028", 1) },
		"another word":       func(p *ledger.Proof) { p.Lines[3].Leaf = strings.Replace(p.Lines[3].Leaf, "Viewed", "Signed", 1) },
		"another path":       func(p *ledger.Proof) { p.Lines[3].Path = p.Lines[4].Path },
		"a short path":       func(p *ledger.Proof) { p.Lines[3].Path = p.Lines[3].Path[1:] },
		"no hash":            func(p *ledger.Proof) { p.Lines[3].Path[0] = "x" },
		"first left out":     func(p *ledger.Proof) { p.Lines = p.Lines[1:] },
		"middle left out":    func(p *ledger.Proof) { p.Lines = append(p.Lines[:3:3], p.Lines[4:]...) },
		"swapped":            func(p *ledger.Proof) { p.Lines[3], p.Lines[4] = p.Lines[4], p.Lines[3] },
		"nothing":            func(p *ledger.Proof) { p.Lines = nil },
		"of another process": func(p *ledger.Proof) { p.Process = "sp02" },
		"a person that was not there": func(p *ledger.Proof) {
			p.Lines[3].Tell(ledger.Personal{Actor: "eve@example.com"}, ledger.NewSalt())
		},
	} {
		p, key := proofOf(t)
		change(&p)
		if _, err := p.Verify(key.Public); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := p.Verify(other.Public); err == nil {
		t.Error("a proof is taken under another key")
	}
	if strings.Contains(fmt.Sprint(key, other), "PRIVATE") {
		t.Error("a private key is printed")
	}
}

// TestCommitmentsHideAndBind: another salt or another person is another commitment.
func TestCommitmentsHideAndBind(t *testing.T) {
	t.Parallel()
	salt, p := ledger.NewSalt(), ledger.Personal{Actor: "ann@example.com"}
	c := p.Commit(salt)
	if c != p.Commit(salt) || c == p.Commit(ledger.NewSalt()) || c == (ledger.Personal{Address: "ann@example.com"}).Commit(salt) {
		t.Error("commitments do not bind")
	}
}

// FuzzProof takes proofs of strangers: they are refused or hold under the key, and never break anything.
func FuzzProof(f *testing.F) {
	p, key := proofOf(f)
	whole, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(whole))
	f.Add(`{"checkpoint":"x\n1\nAAAA\n\n","lines":[{"leaf":"[]","path":[]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var q ledger.Proof
		if json.Unmarshal([]byte(text), &q) != nil {
			return
		}
		if told, err := q.Verify(key.Public); err == nil && told.Checkpoint.Size != 40 {
			t.Errorf("holds under a checkpoint that was never signed: %+v", told.Checkpoint)
		}
	})
}
