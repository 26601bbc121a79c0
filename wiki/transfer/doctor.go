package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// Finding is one thing that is wrong with a data folder.
type Finding struct {
	Where      string // file or folder, below the data folder
	Problem    string // what is wrong, and what can be done
	Repairable bool   // Repair can mend it without losing anything
	Repaired   bool
}

func (f Finding) String() string {
	s := f.Where + ": " + f.Problem
	if f.Repaired {
		s += " (repaired)"
	}
	return s
}

// DoctorOptions say what is checked. The zero value checks and repairs nothing.
type DoctorOptions struct {
	Repair bool   // needs the folder for itself; fails with wiki.ErrLocked beside a server
	Git    string // the system's git for its own check; "" does without
	Logger *slog.Logger
	Now    func() time.Time
	// Checks are what other parts of the program add, such as the search
	// indexes. They get the data folder.
	Checks   []func(ctx context.Context, dir string, repair bool) ([]Finding, error)
	Progress func(done, total int, what string)
}

// Doctor checks every repository of a data folder, the databases, and what is
// derived against what it is derived from. It answers what is wrong; with
// Repair what can be rebuilt is rebuilt: derived files are deleted, so that the
// next start makes them anew, and what interrupted work has left is removed.
func Doctor(ctx context.Context, dir string, o DoctorOptions) (_ []Finding, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(int, int, string) {}
	}
	if _, err := os.Stat(filepath.Join(dir, spacesDir)); err != nil {
		return nil, fmt.Errorf("%s is no data folder of dealwiki: %w", dir, err)
	}
	if o.Repair {
		lock, err := wiki.Lock(dir)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, lock.Unlock()) }()
	}
	d := &doctor{dir: dir, o: o}
	for _, check := range []func(context.Context) error{d.spaces, d.accounts, d.journal, d.derived} {
		if err := check(ctx); err != nil {
			return d.found, err
		}
	}
	for _, check := range o.Checks {
		found, err := check(ctx, dir, o.Repair)
		d.found = append(d.found, found...)
		if err != nil {
			return d.found, err
		}
	}
	return d.found, nil
}

type doctor struct {
	dir   string
	o     DoctorOptions
	found []Finding
	heads map[string]repo.Hash // "northwind/internal" → main
}

func (d *doctor) report(where, format string, args ...any) {
	d.found = append(d.found, Finding{Where: where, Problem: fmt.Sprintf(format, args...)})
}

// mendable reports something that repair mends.
func (d *doctor) mendable(where, problem string, repair func() error) error {
	f := Finding{Where: where, Problem: problem, Repairable: true}
	if d.o.Repair {
		if err := repair(); err != nil {
			return fmt.Errorf("repairing %s: %w", where, err)
		}
		f.Repaired = true
	}
	d.found = append(d.found, f)
	return nil
}

// freshFor is how long half-made folders may belong to work in progress.
const freshFor = time.Hour

func (d *doctor) spaces(ctx context.Context) error {
	d.heads = map[string]repo.Hash{}
	entries, err := os.ReadDir(filepath.Join(d.dir, spacesDir))
	if err != nil {
		return fmt.Errorf("listing prospects: %w", err)
	}
	playbook := false
	for i, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		name, where := e.Name(), spacesDir+"/"+e.Name()
		switch {
		case strings.HasPrefix(name, ".new-"), strings.HasPrefix(name, ".import-"):
			info, err := e.Info()
			if err != nil || !d.o.Repair && d.o.Now().Sub(info.ModTime()) < freshFor {
				continue
			}
			if err := d.mendable(where, "is left from making a prospect that was interrupted", func() error {
				return os.RemoveAll(filepath.Join(d.dir, spacesDir, name))
			}); err != nil {
				return err
			}
			continue
		case !e.IsDir(), name != wiki.Playbook && wiki.CheckProspect(name) != nil:
			d.report(where, "is not a prospect; move it out of the data folder")
			continue
		}
		playbook = playbook || name == wiki.Playbook
		if err := d.space(ctx, name); err != nil {
			return err
		}
		d.o.Progress(i+1, len(entries), "checking prospects")
	}
	if !playbook {
		d.found = append(d.found, Finding{Where: spacesDir + "/" + wiki.Playbook, Problem: "is missing; the next start makes it anew", Repairable: true})
	}
	return nil
}

func (d *doctor) space(ctx context.Context, name string) error {
	sections := []wiki.Section{wiki.Internal, wiki.External}
	if name == wiki.Playbook {
		sections = sections[:1]
	}
	allowed := map[string]bool{}
	for _, section := range sections {
		allowed[string(section)+".git"] = true
		if err := d.repository(ctx, name, section); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(filepath.Join(d.dir, spacesDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !allowed[e.Name()] {
			d.report(path3(name, e.Name(), ""), "does not belong into a prospect; move it out of the data folder")
		}
	}
	return nil
}

func path3(space, name, file string) string {
	s := spacesDir + "/" + space + "/" + name
	if file != "" {
		s += "/" + file
	}
	return s
}

func (d *doctor) repository(ctx context.Context, space string, section wiki.Section) (err error) {
	name := space + "/" + string(section)
	where := spacesDir + "/" + name + ".git"
	dir := filepath.Join(d.dir, filepath.FromSlash(where))
	if err := d.staleFiles(dir, where); err != nil {
		return err
	}
	r, err := repo.Open(dir, repo.Options{Logger: d.o.Logger, Git: d.o.Git, ReadOnly: !d.o.Repair})
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Stat(filepath.Join(d.dir, spacesDir, space)); gone == nil {
			d.report(where, "is missing or no repository; restore it from a backup")
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening %s: %w", where, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.Check(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.report(where, "%v; restore it from a backup", err)
		return nil
	}
	head, err := r.Head()
	if err != nil {
		d.report(where, "%v; restore it from a backup", err)
		return nil
	}
	d.heads[name] = head
	if head.IsZero() {
		d.report(where, "has no versions at all; restore it from a backup")
		return nil
	}
	return d.contents(r, head, space, section, where)
}

// staleFiles finds the locks and half-written objects of a process that died.
func (d *doctor) staleFiles(dir, where string) error {
	var stale []string
	for _, pattern := range []string{"*.lock", "refs/heads/*.lock", "refs/tags/*.lock", "objects/tmp_*", "objects/pack/tmp_*"} {
		list, err := filepath.Glob(filepath.Join(escapeGlob(dir), filepath.FromSlash(pattern)))
		if err != nil {
			return err
		}
		for _, p := range list {
			st, err := os.Stat(p)
			if err == nil && (d.o.Repair || d.o.Now().Sub(st.ModTime()) > freshFor) {
				stale = append(stale, p)
			}
		}
	}
	sort.Strings(stale)
	for _, p := range stale {
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if err := d.mendable(where+"/"+filepath.ToSlash(rel), "is left from a write that was interrupted", func() error { return os.Remove(p) }); err != nil {
			return err
		}
	}
	return nil
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// contents checks that a side's own files can be read and that its names obey
// the rules.
func (d *doctor) contents(r *repo.Repo, head repo.Hash, space string, section wiki.Section, where string) error {
	tree, err := r.Tree(head)
	if err != nil {
		return err
	}
	own := map[wiki.Section]string{wiki.Internal: "prospect.yaml", wiki.External: "space.yaml"}[section]
	if space == wiki.Playbook {
		own = "funnel.yaml"
	}
	data, err := tree.ReadFile(own)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.report(where, "has no %s", own)
	case err != nil:
		return err
	default:
		var v map[string]any
		if err := yaml.Unmarshal(data, &v); err != nil {
			d.report(where, "its %s cannot be read (%v)", own, err)
		} else if own == "funnel.yaml" {
			if _, err := wiki.ParseFunnel(data); err != nil {
				d.report(where, "%v", err)
			}
		}
	}
	names := map[string]string{}
	for p := range tree.Paths() {
		t, ok := targetOf(section, p)
		if !ok || t.stage == "handoffs" || space == wiki.Playbook {
			continue
		}
		if err := t.check(); err != nil {
			d.report(where, "%q has a name that cannot be: %v", p, err)
			continue
		}
		if other, taken := names[t.key()]; taken {
			d.report(where, "%q and %q have the same name; rename one of them", other, p)
		}
		names[t.key()] = p
	}
	return nil
}

func checkDatabase(ctx context.Context, file string) error {
	db, err := openSQLite(file)
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, `PRAGMA integrity_check(20)`)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	var problems []string
	for rows.Next() {
		var s string
		if err = rows.Scan(&s); err != nil {
			break
		}
		if s != "ok" {
			problems = append(problems, s)
		}
	}
	err = errors.Join(err, rows.Err(), rows.Close())
	if err == nil && len(problems) == 0 {
		var table, parent string
		var id, fk any
		switch scan := db.QueryRowContext(ctx, `PRAGMA foreign_key_check`).Scan(&table, &id, &parent, &fk); {
		case scan == nil:
			problems = append(problems, fmt.Sprintf("a row of %s refers to one of %s that is missing", table, parent))
		case !errors.Is(scan, sql.ErrNoRows):
			err = scan
		}
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

func (d *doctor) accounts(ctx context.Context) error {
	file := filepath.Join(d.dir, accountsFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		d.report(accountsFile, "is missing: nobody can sign in; restore it from a backup")
		return nil
	}
	if err := checkDatabase(ctx, file); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.report(accountsFile, "%v; restore it from a backup", err)
	}
	return nil
}

const derivedFile = "derived.db"

// derived compares the derived tables with the repositories.
func (d *doctor) derived(ctx context.Context) error {
	file := filepath.Join(d.dir, derivedFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	problem := ""
	if err := checkDatabase(ctx, file); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		problem = err.Error()
	} else if problem, err = d.cursors(ctx, file); err != nil {
		return err
	}
	if problem == "" {
		return nil
	}
	return d.mendable(derivedFile, problem+"; it is made anew when it is deleted", func() error { return removeDatabase(file) })
}

func removeDatabase(file string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// cursors answers what is wrong with how far the history table has followed.
func (d *doctor) cursors(ctx context.Context, file string) (problem string, err error) {
	db, err := openSQLite(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, `SELECT name, cursor FROM history_repos ORDER BY name`)
	if err != nil {
		return fmt.Sprintf("its tables are not those of this program (%v)", err), nil
	}
	at := map[string]repo.Hash{}
	var names []string
	for rows.Next() {
		var name string
		var cursor []byte
		if err := rows.Scan(&name, &cursor); err != nil {
			return "", errors.Join(err, rows.Close())
		}
		var h repo.Hash
		copy(h[:], cursor)
		at[name] = h
		names = append(names, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return "", err
	}
	for _, name := range names {
		head, ok := d.heads[name]
		if !ok || at[name].IsZero() {
			continue // a prospect that was deleted is forgotten when it is asked for
		}
		has, err := d.isAncestor(ctx, name, at[name], head)
		if err != nil {
			return "", err
		}
		if !has {
			return fmt.Sprintf("its history of %s has followed a version that is not there", name), nil
		}
	}
	return "", nil
}

func (d *doctor) isAncestor(ctx context.Context, name string, a, b repo.Hash) (has bool, err error) {
	if a == b {
		return true, nil
	}
	dir := filepath.Join(d.dir, spacesDir, filepath.FromSlash(name)+".git")
	r, err := repo.Open(dir, repo.Options{Logger: d.o.Logger, ReadOnly: true})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if _, err := r.Lookup(a); err != nil {
		return false, nil
	}
	// The server may have followed a commit made after its head was read here.
	now, err := r.Head()
	if err != nil {
		return false, err
	}
	return r.IsAncestor(ctx, a, now)
}
