package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/creachadair/command"
	"gopkg.in/yaml.v3"

	"dealwiki/wiki/people"
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
			if data == "" {
				if data, err = os.MkdirTemp("", "dealwiki-demo-"); err != nil {
					return fmt.Errorf("making a temporary folder: %w", err)
				}
				defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
			}
			clock := &sample.Clock{}
			o := options{data: data, addr: addr, log: logger(std.err), now: clock.Now}
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
			}
			return serve(env.Context(), o, std.out, func(ctx context.Context, s *server) error {
				if fresh {
					fmt.Fprintln(std.out, "Writing the sample company, a few seconds …")
					if _, err := company.Apply(ctx, s.wiki, s.book, clock); err != nil {
						return fmt.Errorf("writing the sample company: %w", err)
					}
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
		all, err := s.notices.Inbox(ctx, caller, true, 2000)
		if err != nil {
			return fmt.Errorf("reading the inbox of %s: %w", p.Name, err)
		}
		for _, n := range all {
			if time.Since(n.At) < news {
				continue
			}
			if err := s.notices.See(ctx, caller, n.ID, true); err != nil {
				return fmt.Errorf("reading the inbox of %s: %w", p.Name, err)
			}
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

func writeDemoConfig(dir, name string) error {
	data, err := yaml.Marshal(config{Company: name})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "config.yaml"), data, 0o600)
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
		fmt.Fprintf(std.out, "  %-16s %-22s %s/login/%s\n", p.Name, p.Title, s.url, token)
	}
	fmt.Fprintln(std.out)
	return nil
}
