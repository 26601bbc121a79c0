package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/creachadair/command"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

// withWiki runs f on a data folder that no server works on, or with beside next
// to one.
func withWiki(ctx context.Context, data string, beside bool, std stdio, f func(*wiki.Wiki) error) error {
	return withPeople(data, func(db *people.DB) error {
		conf, err := readConfig(data)
		if err != nil {
			return err
		}
		w, err := wiki.Open(ctx, wiki.Config{Dir: data, People: db, Logger: logger(std.err), Company: conf.Company, MaxFile: conf.maxFile(), Beside: beside})
		if err != nil {
			return err
		}
		return errors.Join(f(w), w.Close())
	})
}

func importCommand(std stdio) *command.C {
	var data, prospect, mapFile, owner, csvFile, columns, currency string
	var dryRun bool
	return &command.C{
		Name: "import",
		Usage: `import -data DIR -prospect NAME [-map FILE] [-owner E] [-dry-run] SOURCE
import -data DIR -csv FILE [-columns title=Name,value=Amount] [-currency EUR]`,
		Help: `Bring what is already there.

SOURCE is a folder of markdown, a git repository or a git bundle. It becomes a
prospect with its whole history. -map names a YAML file that says which paths go
to which section, stage and page; what it does not name goes to internal/account,
never to external. Running it again adds nothing twice. With -dry-run the mapping
is printed and nothing is changed.

-csv makes or updates prospects from a CRM's export.`,
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.StringVar(&prospect, "prospect", "", "name of a new prospect, or name or slug of one that is there")
			fs.StringVar(&mapFile, "map", "", "a YAML file with rules")
			fs.StringVar(&owner, "owner", "", "who owns a new prospect: address, handle or id")
			fs.StringVar(&csvFile, "csv", "", "a CSV file of prospects")
			fs.StringVar(&columns, "columns", "", "which column holds what, for a CSV file of another program")
			fs.StringVar(&currency, "currency", "", "currency of rows that name none")
			fs.BoolVar(&dryRun, "dry-run", false, "only print what would go where")
		}),
		Run: command.Adapt(func(env *command.Env, args ...string) error {
			if err := needData(data); err != nil {
				return err
			}
			if err := os.MkdirAll(data, 0o700); err != nil {
				return fmt.Errorf("making the data folder: %w", err)
			}
			switch {
			case csvFile != "" && (len(args) > 0 || prospect != ""):
				return usagef("-csv goes without -prospect and SOURCE")
			case csvFile != "":
				return withWiki(env.Context(), data, false, std, func(w *wiki.Wiki) error {
					return importCSV(env.Context(), w, csvFile, columns, currency, dryRun, std)
				})
			case prospect == "":
				return usagef("name the prospect with -prospect NAME")
			case len(args) != 1:
				return usagef("name one SOURCE: a folder, a repository or a bundle")
			}
			return withWiki(env.Context(), data, false, std, func(w *wiki.Wiki) error {
				return importSource(env.Context(), w, args[0], mapFile, prospect, owner, dryRun, std)
			})
		}),
	}
}

func importSource(ctx context.Context, w *wiki.Wiki, source, mapFile, prospect, owner string, dryRun bool, std stdio) error {
	var rules *transfer.Map
	if mapFile != "" {
		data, err := os.ReadFile(mapFile)
		if err != nil {
			return fmt.Errorf("reading the map: %w", err)
		}
		if rules, err = transfer.ParseMap(data); err != nil {
			return fmt.Errorf("reading the map %s: %w", mapFile, err)
		}
	}
	progress := printProgress(std.err)
	path, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	src, err := transfer.OpenSource(ctx, path, transfer.SourceOptions{MaxFile: w.MaxFile(), Progress: progress})
	if err != nil {
		return err
	}
	defer src.Close()
	res, err := transfer.Import(ctx, w, cli, src, transfer.ImportOptions{Prospect: prospect, Owner: owner, Map: rules, DryRun: dryRun, Progress: progress})
	if err != nil {
		return err
	}
	if dryRun {
		for _, p := range res.Pairs {
			fmt.Fprintln(std.out, p)
		}
		return nil
	}
	for _, n := range res.Notes {
		fmt.Fprintln(std.err, "note:", n)
	}
	if !res.Changed {
		_, err = fmt.Fprintf(std.out, "%s: everything is there already\n", res.Slug)
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: %d commits, %d files\n", res.Slug, res.Commits, len(res.Pairs))
	return err
}

func importCSV(ctx context.Context, w *wiki.Wiki, file, columns, currency string, dryRun bool, std stdio) error {
	named, err := transfer.ParseColumns(columns)
	if err != nil {
		return usagef("-columns: %v", err)
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("reading the CSV file: %w", err)
	}
	defer f.Close()
	res, err := transfer.ImportCSV(ctx, w, cli, f, transfer.CSVOptions{Columns: named, Currency: currency, DryRun: dryRun, Progress: printProgress(std.err)})
	if err != nil {
		return err
	}
	for _, n := range res.Notes {
		fmt.Fprintln(std.err, "note:", n)
	}
	_, err = fmt.Fprintf(std.out, "%d created, %d updated, %d as they were\n", len(res.Created), len(res.Updated), res.Unchanged)
	return err
}

// printProgress prints how far long work is, at most once a second.
func printProgress(w io.Writer) func(done, total int, what string) {
	var last time.Time
	return func(done, total int, what string) {
		now := time.Now()
		if now.Sub(last) < time.Second {
			return
		}
		last = now
		if total > 0 {
			fmt.Fprintf(w, "%s: %d of %d\n", what, done, total)
		} else {
			fmt.Fprintf(w, "%s: %d\n", what, done)
		}
	}
}
