package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"dealwiki/realtime/journal"
	"dealwiki/wiki/repo"
)

// repoCache answers which versions repositories have. Documents are asked for
// in the order of their names, so one repository is open at a time.
type repoCache struct {
	dir  string
	o    repo.Options
	name string     // of the open one, "northwind/internal"
	repo *repo.Repo // nil: it is not there
}

func (c *repoCache) close() error {
	if c.repo == nil {
		return nil
	}
	err := c.repo.Close()
	c.repo = nil
	return err
}

// has says whether the repository of a document has a commit. Of one repository
// it answers as of when that was opened.
func (c *repoCache) has(document, commit string) (bool, error) {
	parts := strings.SplitN(document, "/", 3)
	if len(parts) != 3 {
		return false, fmt.Errorf("the journal has a document of the name %q", document)
	}
	if name := parts[0] + "/" + parts[1]; name != c.name {
		if err := c.close(); err != nil {
			return false, err
		}
		r, err := repo.Open(filepath.Join(c.dir, spacesDir, parts[0], parts[1]+".git"), c.o)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		c.name, c.repo = name, r
		if err != nil {
			c.repo = nil
		}
	}
	hash, err := repo.ParseHash(commit)
	if err != nil {
		return false, fmt.Errorf("the journal has a version %q of %s", commit, document)
	}
	if c.repo == nil {
		return false, nil
	}
	_, err = c.repo.Lookup(hash)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return false, nil
	}
	return err == nil, err
}

// journal checks the live documents, and compares them with the repositories.
func (d *doctor) journal(ctx context.Context) error {
	file := filepath.Join(d.dir, journalFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := journal.CheckFile(ctx, file); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f := Finding{Where: journalFile, Repairable: true,
			Problem: fmt.Sprintf("%v; -repair keeps the documents that are whole and makes the others anew from git, without their edits since the last version", err)}
		if d.o.Repair {
			kept, aside, err := journal.Repair(ctx, file, journal.Options{Logger: d.o.Logger, Now: d.o.Now})
			if err != nil {
				return fmt.Errorf("repairing %s: %w", journalFile, err)
			}
			f.Problem += fmt.Sprintf("; %d documents were kept, the damaged file is %s", kept, filepath.Base(aside))
			f.Repaired = true
		}
		d.found = append(d.found, f)
		if !d.o.Repair {
			return nil
		}
	}
	// The journal learns of a version after git has it: list first, then look.
	list, err := journal.ListFile(ctx, file)
	if err != nil {
		return err
	}
	repos := repoCache{dir: d.dir, o: repo.Options{Logger: d.o.Logger, ReadOnly: true}}
	var behind []journal.Brief
	for _, b := range list {
		if b.Last == "" {
			continue
		}
		has, err := repos.has(b.Name, b.Last)
		if err != nil {
			return errors.Join(err, repos.close())
		}
		if !has && (d.o.Repair || d.still(ctx, file, b)) {
			behind = append(behind, b)
		}
	}
	if err := repos.close(); err != nil {
		return err
	}
	for _, b := range behind {
		err := d.mendable(journalFile, fmt.Sprintf("has version %.10s of %s, which git has not; it is made again from its edits", b.Last, b.Name), func() error {
			return d.rewind(ctx, file, b)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// still says whether a document is what it was when it was listed; beside a
// server it may have been moved or removed.
func (d *doctor) still(ctx context.Context, file string, b journal.Brief) bool {
	list, err := journal.ListFile(ctx, file)
	if err != nil {
		return true
	}
	for _, now := range list {
		if now.ID == b.ID {
			return now.Name == b.Name
		}
	}
	return false
}

func (d *doctor) rewind(ctx context.Context, file string, b journal.Brief) (err error) {
	j, err := journal.Open(file, journal.Options{Logger: d.o.Logger, Now: d.o.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	repos := repoCache{dir: d.dir, o: repo.Options{Logger: d.o.Logger, ReadOnly: true}}
	defer func() { err = errors.Join(err, repos.close()) }()
	if _, err := j.Rewind(ctx, b.ID, func(commit string) (bool, error) { return repos.has(b.Name, commit) }); err != nil {
		return err
	}
	return j.Recover(ctx, b.ID)
}
