package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/creachadair/command"

	"dealwiki/search"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

func doctorCommand(std stdio) *command.C {
	var data string
	var repair bool
	return &command.C{
		Name:  "doctor",
		Usage: "doctor -data DIR [-repair]",
		Help: `Check every repository, the databases and the indexes against one another. Exit
status 1 when something is wrong. With -repair, which needs the server stopped,
what can be rebuilt is rebuilt.`,
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.BoolVar(&repair, "repair", false, "rebuild what can be rebuilt")
		}),
		Run: command.Adapt(func(env *command.Env) error {
			if err := needData(data); err != nil {
				return err
			}
			git, _ := exec.LookPath("git") // without one the checks are our own
			findings, err := transfer.Doctor(env.Context(), data, transfer.DoctorOptions{Repair: repair, Git: git, Logger: logger(std.err), Progress: printProgress(std.err),
				Checks: []func(context.Context, string, bool) ([]transfer.Finding, error){func(ctx context.Context, dir string, repair bool) ([]transfer.Finding, error) {
					return checkIndex(ctx, dir, repair, std)
				}}})
			if err != nil {
				return err
			}
			left := 0
			for _, f := range findings {
				fmt.Fprintln(std.out, f)
				if !f.Repaired {
					left++
				}
			}
			if left > 0 {
				return fmt.Errorf("%d of %d findings are not mended", left, len(findings))
			}
			if len(findings) == 0 {
				fmt.Fprintln(std.out, "everything is sound")
			}
			return nil
		}),
	}
}

// checkIndex compares the search indexes with the repositories. Beside a server,
// which holds them, it only says that it did not.
func checkIndex(ctx context.Context, dir string, repair bool, std stdio) (findings []transfer.Finding, err error) {
	index := filepath.Join(dir, "index")
	if _, err := os.Stat(index); errors.Is(err, os.ErrNotExist) {
		return nil, nil // the next start builds it
	}
	lock, err := wiki.Lock(dir)
	switch {
	case repair: // the doctor itself holds the lock
	case errors.Is(err, wiki.ErrLocked):
		fmt.Fprintln(std.err, "note: a server is running; the search index was not checked")
		return nil, nil
	case err != nil:
		return nil, err
	default:
		defer func() { err = errors.Join(err, lock.Unlock()) }()
	}
	problems, err := indexProblems(ctx, dir, index)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, p := range problems {
		findings = append(findings, transfer.Finding{Where: "index", Problem: p, Repairable: true})
	}
	if len(findings) == 0 || !repair {
		return findings, nil
	}
	if err := os.RemoveAll(index); err != nil {
		return findings, fmt.Errorf("removing the search index: %w", err)
	}
	for i := range findings {
		findings[i].Repaired = true
	}
	return findings, nil
}

func indexProblems(ctx context.Context, dir, index string) (problems []string, err error) {
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{})
	if err != nil {
		return nil, fmt.Errorf("opening the accounts: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db, Beside: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	source := search.NewSource(w)
	defer source.Stop()
	x, err := search.Open(index, source, search.Options{})
	if err != nil {
		return nil, fmt.Errorf("opening the search index: %w", err)
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	if err := x.Sync(ctx); err != nil {
		return nil, fmt.Errorf("bringing the search index up to date: %w", err)
	}
	return x.Check(ctx)
}
