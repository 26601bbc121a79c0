package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dealwiki/wiki/repo"
)

// ErrSource says that something cannot be imported as it is.
var ErrSource = errors.New("cannot be imported")

func refuse(format string, args ...any) error {
	return fmt.Errorf("the source %w: %s", ErrSource, fmt.Sprintf(format, args...))
}

// Limits of a source, against those made to fill a machine.
const (
	maxCommits = 500_000
	maxPaths   = 200_000
	maxSteps   = 20_000_000 // folder entries compared over the whole history
	maxDepth   = 64         // folders within folders
	maxPathLen = 4096       // bytes
)

// Source is a history that can be imported, read and checked. Close it.
type Source struct {
	// ID is what the source is known by when it is imported again: its first
	// root commit, or name and place of a folder.
	ID string
	// Name is what a person would call it.
	Name string
	// Notes say what of the source is left out, and why.
	Notes []string

	head    string // the commit, or the state of the folder, that is imported
	folder  bool
	commits []sourceCommit // parents first; the last is the head
	paths   []string       // every path of every commit
	atHead  map[int]repo.Hash
	blob    func(repo.Hash) ([]byte, error)
	close   func() error
}

// sourceCommit is one commit of a source.
type sourceCommit struct {
	id                      repo.Hash
	parents                 []int // positions in Source.commits
	author, committer       repo.Person
	authoredAt, committedAt time.Time
	text                    string
	changes                 []sourceChange // against the first parent
}

type sourceChange struct {
	path int
	blob repo.Hash // zero: deleted
}

// Commits is how many commits the source has.
func (s *Source) Commits() int { return len(s.commits) }

// Close removes what opening the source has put aside.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// SourceOptions bound what is read.
type SourceOptions struct {
	// Name is what a folder or repository is called, where its place says
	// nothing, as with an upload. A folder is known by its name then when it is
	// imported again, and else by its place.
	Name string
	// Uploaded says that the source came from elsewhere: a repository may then
	// refer to nothing outside its folder, which could be anybody's here.
	Uploaded bool
	MaxFile  int64                              // largest file in bytes; zero: 50 MB
	Progress func(done, total int, what string) // optional
}

const defaultMaxFile = 50 << 20

func (o *SourceOptions) complete() {
	if o.MaxFile <= 0 {
		o.MaxFile = defaultMaxFile
	}
	if o.Progress == nil {
		o.Progress = func(int, int, string) {}
	}
}

// OpenSource reads a folder of markdown, a git repository, with or without a
// work tree, or a git bundle. It fails with ErrSource, naming file and commit,
// when it holds what cannot be imported.
func OpenSource(ctx context.Context, path string, o SourceOptions) (*Source, error) {
	o.complete()
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening the source: %w", err)
	}
	switch {
	case !st.IsDir():
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("opening the source: %w", err)
		}
		defer f.Close()
		return OpenBundle(ctx, f, o.name(path), o)
	case isRepository(path):
		return openRepository(ctx, path, o)
	}
	if child := onlyChild(path); child != "" && isRepository(child) {
		return openRepository(ctx, child, o) // as archives of a repository unpack
	}
	return openFolder(ctx, path, o)
}

// onlyChild is the folder that is alone in another one, or "".
func onlyChild(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || !entries[0].IsDir() {
		return ""
	}
	return filepath.Join(dir, entries[0].Name())
}

func (o SourceOptions) name(path string) string {
	if o.Name != "" {
		return oneLine(strings.ToValidUTF8(o.Name, "-"))
	}
	return sourceName(path)
}

func sourceName(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	name := filepath.Base(abs)
	if name == ".git" {
		name = filepath.Base(filepath.Dir(abs))
	}
	for _, ext := range []string{".git", ".bundle"} {
		name = strings.TrimSuffix(name, ext)
	}
	return strings.ToValidUTF8(name, "-")
}

func isRepository(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
		return true
	}
	for _, part := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, part)); err != nil {
			return false
		}
	}
	return true
}

// limitedReader fails instead of ending when there is more than it may read.
type limitedReader struct {
	r    io.Reader
	left int64
	err  error
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		var one [1]byte
		if n, err := l.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, l.err
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}
