package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/creachadair/command"
	"gopkg.in/yaml.v3"

	"dealwiki/realtime/journal"
	"dealwiki/web/notify"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/sample"
)

// demoLinks is how long the personas' sign-in links work.
const demoLinks = 24 * time.Hour

func demoCommand(std stdio) *command.C {
	var data, addr string
	return &command.C{
		Name:  "demo",
		Usage: "demo [-addr HOST:PORT] [-data DIR]",
		Help: `Run a server on a sample company with months of history, and print one sign-in
link per person. The data is gone when the server stops, unless -data names a
folder to keep it in.`,
		SetFlags: flags(func(fs *flag.FlagSet) {
			fs.StringVar(&data, "data", "", "a folder to keep the data in; without it a temporary one is used")
			fs.StringVar(&addr, "addr", "localhost:8420", "the address to listen on")
		}),
		Run: command.Adapt(func(env *command.Env) (err error) {
			kept := data != ""
			if !kept {
				if data, err = os.MkdirTemp("", "dealwiki-demo-"); err != nil {
					return fmt.Errorf("making a temporary folder: %w", err)
				}
				defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
			}
			o := options{data: data, addr: addr, log: logger(std.err)}
			company, err := sample.Load(time.Now())
			if err != nil {
				return err
			}
			fresh, err := isFresh(data)
			if err != nil {
				return err
			}
			if fresh {
				if err := writeDemoConfig(data, company.Name); err != nil {
					return err
				}
				fmt.Fprintln(std.out, "Writing the sample company, a few seconds …")
				if err := writeSample(env.Context(), data, kept, company); err != nil {
					return err
				}
			}
			return serve(env.Context(), o, std.out, func(ctx context.Context, s *server) error {
				if fresh {
					if err := readOldNews(ctx, s, company); err != nil {
						return err
					}
					if err := addDemoSources(ctx, s, company); err != nil {
						return err
					}
				}
				return printPersonas(ctx, s, company, std)
			})
		}),
	}
}

// writeSample writes the company before there is a server: what follows commits
// there then follows all of them at once, which is much faster than one by one.
func writeSample(ctx context.Context, dir string, kept bool, company *sample.Company) (err error) {
	clock := &sample.Clock{}
	var open []io.Closer
	defer func() {
		for _, c := range slices.Backward(open) {
			err = errors.Join(err, c.Close())
		}
		if err != nil {
			err = fmt.Errorf("writing the sample company: %w", err)
		}
	}()
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Now: clock.Now})
	if err != nil {
		return err
	}
	open = append(open, db)
	volatile := clock.Past // who begins anew next time has nothing to lose
	if kept {
		volatile = nil
	}
	w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db, Now: clock.Now, Company: company.Name, Volatile: volatile})
	if err != nil {
		return err
	}
	open = append(open, w)
	facts, err := register.Open(ctx, w, nil)
	if err != nil {
		return err
	}
	open = append(open, facts)
	// Nothing was typed yet, and nothing is lost of it.
	edits, err := journal.Open(filepath.Join(dir, "journal.db"), journal.Options{})
	if err != nil {
		return err
	}
	open = append(open, edits)
	book := handoff.New(w, facts)
	// What was news on its day comes into the inboxes as it happens.
	notices := notify.New(notify.Config{Wiki: w, People: db, Handoffs: book})
	notices.CatchUp(ctx)
	following, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = notices.Run(following) })
	_, err = company.Apply(ctx, w, book, clock)
	stop()
	wg.Wait()
	if err == nil {
		notices.CatchUp(ctx)
	}
	notices.Close()
	return err
}

// news is how far back the personas have not looked into their inboxes.
const news = 4 * 24 * time.Hour

// readOldNews empties the inboxes of what is older than some days.
func readOldNews(ctx context.Context, s *server, company *sample.Company) error {
	s.notices.CatchUp(ctx)
	for _, p := range company.People {
		person, err := s.people.ByEmail(ctx, p.Email)
		if err != nil {
			return fmt.Errorf("finding %s: %w", p.Name, err)
		}
		caller := people.Caller{Person: person, Scopes: people.AllScopes, Via: "demo"}
		if err := s.notices.SeeBefore(ctx, caller, time.Now().Add(-news)); err != nil {
			return fmt.Errorf("reading the inbox of %s: %w", p.Name, err)
		}
	}
	return nil
}

// isFresh reports whether a demo's folder has no wiki yet.
func isFresh(dir string) (bool, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "spaces"))
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return len(entries) == 0, err
}

// writeDemoConfig gives the demo its company's name. A configuration that is
// there already stays as it is.
func writeDemoConfig(dir, name string) error {
	data, err := yaml.Marshal(config{Company: name})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	file := filepath.Join(dir, "config.yaml")
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// printPersonas prints a sign-in link for everybody on the staff, and for the
// guests.
func printPersonas(ctx context.Context, s *server, company *sample.Company, std stdio) error {
	fmt.Fprintf(std.out, "\nSign in as one of the people at %s (each link works once, for a day):\n", company.Name)
	personas := company.People
	for _, g := range company.Guests {
		g.Person.Title = "Guest, " + g.Level
		personas = append(personas[:len(personas):len(personas)], g.Person)
	}
	for _, p := range personas {
		person, err := s.people.ByEmail(ctx, p.Email)
		if err != nil {
			return fmt.Errorf("finding %s: %w", p.Name, err)
		}
		token, err := s.people.NewLoginLink(ctx, people.System("demo"), person.ID, demoLinks)
		if err != nil {
			return fmt.Errorf("making a link for %s: %w", p.Name, err)
		}
		title := p.Title
		if person.Role == people.Admin {
			title += ", administrator"
		}
		fmt.Fprintf(std.out, "  %-16s %-34s %s/login/%s\n", p.Name, title, s.url, token)
	}
	fmt.Fprintln(std.out)
	return nil
}
