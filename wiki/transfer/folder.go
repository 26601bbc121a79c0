package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"dealwiki/wiki/repo"
)

// openFolder reads a folder of files as a history of one commit. Links are not
// followed, and files and folders whose names begin with a dot are left out.
func openFolder(ctx context.Context, dir string, o SourceOptions) (_ *Source, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the source: %w", err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("opening the source: %w", err)
	}
	defer func() {
		if err != nil {
			root.Close()
		}
	}()
	src := &Source{Name: o.name(dir), folder: true, atHead: map[int]repo.Hash{}, close: root.Close}
	left := map[string]int{}
	files := map[repo.Hash]string{} // where each content is
	commit := sourceCommit{}
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case path == ".":
			return nil
		case strings.HasPrefix(d.Name(), "."):
			left["hidden files"]++
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			if strings.Count(path, "/") >= maxDepth {
				return refuse("it has more than %d folders within one another", maxDepth)
			}
			return nil
		case !d.Type().IsRegular():
			left["links and special files"]++
			return nil
		}
		if len(src.paths) >= maxPaths {
			return refuse("it has more than %d files", maxPaths)
		}
		data, err := readFile(root, path, o.MaxFile)
		if err != nil {
			return err
		}
		h := plumbing.ComputeHash(plumbing.BlobObject, data)
		files[h] = path
		src.atHead[len(src.paths)] = h
		commit.changes = append(commit.changes, sourceChange{len(src.paths), h})
		src.paths = append(src.paths, path)
		if n := len(src.paths); n%100 == 0 {
			o.Progress(n, n, "reading files")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the folder: %w", err)
	}
	if len(src.paths) == 0 {
		return nil, refuse("the folder holds no files")
	}
	state := sha256.New()
	for i, p := range src.paths {
		fmt.Fprintf(state, "%s\x00%s\x00", p, src.atHead[i])
	}
	src.head = "folder:" + hex.EncodeToString(state.Sum(nil)[:20])
	src.ID = "folder:" + src.Name
	if o.Name == "" {
		place := sha256.Sum256([]byte(abs))
		src.ID += "-" + hex.EncodeToString(place[:6])
	}
	src.commits = []sourceCommit{commit}
	src.blob = func(h repo.Hash) ([]byte, error) {
		data, err := readFile(root, files[h], o.MaxFile)
		if err == nil && plumbing.ComputeHash(plumbing.BlobObject, data) != h {
			err = refuse("%q was changed while it was read; try again", files[h])
		}
		return data, err
	}
	for why, n := range left {
		src.Notes = append(src.Notes, fmt.Sprintf("left out: %s (%d)", why, n))
	}
	sort.Strings(src.Notes)
	return src, nil
}

func readFile(root *os.Root, path string, limit int64) ([]byte, error) {
	f, err := root.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = refuse("%q is larger than %d bytes", path, limit)
	}
	return data, err
}
