package store

import (
	"context"

	"github.com/innsigli/innsigli"
)

// listedBatch is how many ids one query asks for.
const listedBatch = 200

// Blobs lists what lies in the blob store for a process.
func (d *DB) Blobs(ctx context.Context, p innsigli.ProcessKey) ([]string, error) {
	var all []string
	err := d.get(ctx, "blobs", `select blob from document where process = $1
		union all select blob from attachment where process = $1
		union all select drawing from signee where process = $1 and drawing <> ''`, func(r row) error {
		var id string
		err := r.Scan(&id)
		all = append(all, id)
		return err
	}, string(p))
	return all, err
}

// Listed says which of the ids some process lists. What is listed nowhere and is old is an orphan.
func (d *DB) Listed(ctx context.Context, ids []string) (map[string]bool, error) {
	all := map[string]bool{}
	for len(ids) > 0 {
		n := min(len(ids), listedBatch)
		args := make([]any, listedBatch)
		for i := range args { // always the same text: the rest asks for nothing
			if args[i] = ""; i < n {
				args[i] = ids[i]
			}
		}
		err := d.get(ctx, "listed blobs", `select blob from document where blob in (`+list(1, listedBatch)+`)
			union all select blob from attachment where blob in (`+list(1, listedBatch)+`)
			union all select drawing from signee where drawing <> '' and drawing in (`+list(1, listedBatch)+`)`, func(r row) error {
			var id string
			err := r.Scan(&id)
			all[id] = true
			return err
		}, args...)
		if err != nil {
			return nil, err
		}
		ids = ids[n:]
	}
	return all, nil
}
