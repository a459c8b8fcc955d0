package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

const (
	// unfinished ends the name of a file that is being written. After a crash it stays, is listed, and is swept.
	unfinished = ".tmp"

	// The documents of other people: nobody but the server's own user may look.
	folderMode fs.FileMode = 0o700
	fileMode   fs.FileMode = 0o600

	// dirBatch is how many names are read at once, so that a list takes constant memory.
	dirBatch = 256
)

// FolderStore is a [Store] in a folder: one file a blob, in 256 subfolders by the first two digits of the id.
// It reaches nothing outside its folder, whatever links are put there ([os.Root]).
type FolderStore struct {
	root *os.Root
}

// Folder opens the store in dir, which is made if it is missing. The caller closes it.
func Folder(dir string) (*FolderStore, error) {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, fmt.Errorf("blob folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("blob folder: %w", err)
	}
	return &FolderStore{root: root}, nil
}

// Close ends the use of the folder. Blobs that are open stay open.
func (f *FolderStore) Close() error { return f.root.Close() }

// shard is the subfolder of a blob; name its path below the folder.
func shard(id ID) string { return string(id[:2]) }
func name(id ID) string  { return path.Join(shard(id), string(id)) }

// Create implements [Store].
func (f *FolderStore) Create(ctx context.Context) (Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	id := NewID()
	if err := f.makeShard(shard(id)); err != nil {
		return nil, err
	}
	file, err := f.root.OpenFile(name(id)+unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, fmt.Errorf("blob file: %w", err)
	}
	return &folderWriter{folder: f, id: id, file: file}, nil
}

// makeShard makes a subfolder durably: a file in a folder whose own entry is lost is lost with it.
func (f *FolderStore) makeShard(dir string) error {
	err := f.root.Mkdir(dir, folderMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("blob subfolder: %w", err)
	}
	return f.syncDir(".")
}

// syncDir makes the names in a folder durable; fsync of a file does not (fsync(2), "Calling fsync() does not
// necessarily ensure that the entry in the directory containing the file has also reached disk").
func (f *FolderStore) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return fmt.Errorf("blob folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync blob folder: %w", err)
	}
	return nil
}

// Open implements [Store].
func (f *FolderStore) Open(ctx context.Context, id ID) (Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !id.valid() {
		return nil, fmt.Errorf("malformed blob id: %w", ErrNotExist)
	}
	file, err := f.root.Open(name(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("blob %s: %w", id, ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("blob file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // it was only read
		return nil, fmt.Errorf("blob file: %w", err)
	}
	return &folderObject{File: file, size: info.Size()}, nil
}

// Delete implements [Store]. When it returns nil, the name is gone for good, after a loss of power too.
func (f *FolderStore) Delete(ctx context.Context, id ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !id.valid() {
		return nil // nothing can have that name
	}
	removed := false
	for _, n := range []string{name(id), name(id) + unfinished} {
		err := f.root.Remove(n)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove blob: %w", err)
		}
		removed = removed || err == nil
	}
	if !removed {
		return nil
	}
	return f.syncDir(shard(id))
}

// List implements [Store]. Files with other names than ours are left alone.
func (f *FolderStore) List(ctx context.Context, yield func(id ID, modified time.Time, size int64) error) error {
	return f.eachEntry(ctx, ".", func(dir fs.DirEntry) error {
		if !dir.IsDir() || len(dir.Name()) != 2 {
			return nil
		}
		return f.eachEntry(ctx, dir.Name(), func(file fs.DirEntry) error {
			id, err := ParseID(strings.TrimSuffix(file.Name(), unfinished))
			if err != nil || shard(id) != dir.Name() || !file.Type().IsRegular() {
				return nil //nolint:nilerr // a name that is no id is not ours
			}
			info, err := file.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted or committed meanwhile
			}
			if err != nil {
				return fmt.Errorf("blob file: %w", err)
			}
			return yield(id, info.ModTime(), info.Size())
		})
	})
}

// eachEntry reads a folder in batches.
func (f *FolderStore) eachEntry(ctx context.Context, dir string, do func(fs.DirEntry) error) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return fmt.Errorf("list blobs: %w", err)
	}
	defer func() { _ = d.Close() }() // it was only read
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := d.ReadDir(dirBatch)
		for _, e := range entries {
			if err := do(e); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
	}
}

// folderWriter writes the file of one blob.
type folderWriter struct {
	folder *FolderStore
	id     ID
	file   *os.File // nil when done
}

// ID implements [Writer].
func (w *folderWriter) ID() ID { return w.id }

// Write implements [Writer].
func (w *folderWriter) Write(p []byte) (int, error) {
	if w.file == nil {
		return 0, errDone
	}
	return w.file.Write(p)
}

// Commit implements [Writer]: content to disk, name to the content, name to disk, in that order. With another order
// a crash could leave a name with empty content.
func (w *folderWriter) Commit(ctx context.Context) error {
	if w.file == nil {
		return errDone
	}
	if err := ctx.Err(); err != nil {
		w.Abort()
		return err
	}
	if err := w.file.Sync(); err != nil {
		w.Abort()
		return fmt.Errorf("sync blob: %w", err)
	}
	err := w.file.Close()
	w.file = nil
	if err == nil {
		err = w.folder.root.Rename(name(w.id)+unfinished, name(w.id))
	}
	if err == nil {
		err = w.folder.syncDir(shard(w.id))
	}
	if err != nil {
		w.remove()
		return fmt.Errorf("commit blob: %w", err)
	}
	return nil
}

// Abort implements [Writer]. What cannot be removed now is left to the sweep.
func (w *folderWriter) Abort() {
	if w.file == nil {
		return
	}
	_ = w.file.Close() // thrown away
	w.file = nil
	w.remove()
}

func (w *folderWriter) remove() {
	_ = w.folder.root.Remove(name(w.id) + unfinished)
	_ = w.folder.root.Remove(name(w.id))
}

// folderObject is a committed file.
type folderObject struct {
	*os.File
	size int64
}

// Size implements [Object].
func (o *folderObject) Size() int64 { return o.size }
