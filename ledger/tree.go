package ledger

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Node is a hash of the tree above the leaves, with its number among all stored hashes (tlog.StoredHashIndex).
type Node struct {
	ID   int64
	Hash Hash
}

// Tree is the right edge of a growing tree: the hashes of its whole subtrees, which is all that appending needs. The zero
// value is the empty tree.
type Tree struct {
	size int64
	edge [64]Hash // by level; meaningful where size has that bit
}

// Edge lists the numbers of the stored hashes that a tree of that size is restored from, highest level first.
func Edge(size int64) []int64 {
	var ids []int64
	for level := 63; level >= 0; level-- {
		if size>>level&1 == 1 {
			ids = append(ids, tlog.StoredHashIndex(level, size>>level-1))
		}
	}
	return ids
}

// Restore gives the tree of that size from the hashes that [Edge] lists, in its order.
func Restore(size int64, edge []Hash) *Tree {
	t := &Tree{size: size}
	for level := 63; level >= 0; level-- {
		if size>>level&1 == 1 {
			t.edge[level], edge = edge[0], edge[1:]
		}
	}
	return t
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf and gives the nodes above the leaves that it completes.
func (t *Tree) Append(leaf Hash) []Node {
	var done []Node
	level := 0
	for ; t.size>>level&1 == 1; level++ {
		leaf = tlog.NodeHash(t.edge[level], leaf)
		done = append(done, Node{tlog.StoredHashIndex(level+1, t.size>>(level+1)), leaf})
	}
	t.edge[level] = leaf
	t.size++
	return done
}

// Root is the hash of the whole tree (RFC 6962 2.1); of the empty tree it is zero.
func (t *Tree) Root() Hash {
	var root Hash
	first := true
	for level := range 64 - bits.LeadingZeros64(uint64(t.size)) { //nolint:gosec // a size is not negative
		switch {
		case t.size>>level&1 == 0:
		case first:
			root, first = t.edge[level], false
		default:
			root = tlog.NodeHash(t.edge[level], root)
		}
	}
	return root
}
