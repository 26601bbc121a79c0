package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/creachadair/command"

	"dealwiki/wiki/people"
)

// withPeople runs f on the accounts of a data folder, beside a server or not.
func withPeople(data string, f func(*people.DB) error) error {
	if err := needData(data); err != nil {
		return err
	}
	if _, err := os.Stat(data); err != nil {
		return fmt.Errorf("no data folder at %s; start the server once, or make the folder", data)
	}
	db, err := people.Open(filepath.Join(data, "dealwiki.db"), people.Options{})
	if err != nil {
		return fmt.Errorf("opening the accounts: %w", err)
	}
	return errors.Join(f(db), db.Close())
}

func findPerson(ctx context.Context, db *people.DB, ref string) (people.Person, error) {
	if ref == "" {
		return people.Person{}, usagef("say who with -email ADDRESS")
	}
	p, err := db.Find(ctx, ref)
	if errors.Is(err, people.ErrNotFound) {
		return p, fmt.Errorf("nobody here is known as %s; see dealwiki user list", ref)
	}
	return p, err
}

// readSecret reads one line, the password, from standard input.
func readSecret(in io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", usagef("give the password as one line on standard input")
	}
	return line, nil
}

var cli = people.System("cli")

func userCommand(std stdio) *command.C {
	return &command.C{
		Name: "user",
		Help: "Manage accounts. Works beside a running server.",
		Commands: []*command.C{
			userAdd(std), userList(std),
			userSwitch("disable", "Close every door to a person: sessions, tokens and open pages, within a second.", std, (*people.DB).Disable),
			userSwitch("enable", "Let a disabled person in again.", std, (*people.DB).Enable),
			userPassword(std),
		},
	}
}

func userAdd(std stdio) *command.C {
	var data string
	var n people.NewPerson
	var role, job string
	var stdin bool
	return &command.C{
		Name:  "add",
		Usage: "add -data DIR -email E -name N [-role admin|member] [-job J] [-password-stdin]",
		Help: `Make an account.

Without -password-stdin a link is printed with which the person signs in once
and sets a password. Jobs: sales, technical, delivery, marketing, manager.`,
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.StringVar(&n.Email, "email", "", "mail address (required)")
			fs.StringVar(&n.Name, "name", "", "name as others read it (required)")
			fs.StringVar(&role, "role", "member", "admin or member")
			fs.StringVar(&job, "job", "sales", "what the person does")
			fs.BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
		}),
		Run: command.Adapt(func(env *command.Env) error {
			return withPeople(data, func(db *people.DB) error {
				n.Role, n.Job = people.Role(role), people.Job(job)
				if stdin {
					var err error
					if n.Password, err = readSecret(std.in); err != nil {
						return err
					}
				}
				p, err := db.Add(env.Context(), cli, n)
				if errors.Is(err, people.ErrExists) {
					return fmt.Errorf("there is an account with the address %s already", n.Email)
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(std.out, "%s\t@%s\t%s\n", p.ID, p.Handle, p.Email)
				if n.Password == "" {
					token, err := db.ResetPassword(env.Context(), cli, p.ID)
					if err != nil {
						return fmt.Errorf("making a sign-in link: %w", err)
					}
					fmt.Fprintf(std.out, "Sign in once, and set a password, at /login/%s\n", token)
				}
				return nil
			})
		}),
	}
}

func userList(std stdio) *command.C {
	var data string
	return &command.C{
		Name:     "list",
		Usage:    "list -data DIR",
		Help:     "List the accounts.",
		SetFlags: flags(func(fs *flag.FlagSet) { dataFlag(fs, &data) }),
		Run: command.Adapt(func(env *command.Env) error {
			return withPeople(data, func(db *people.DB) error {
				list, err := db.List(env.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
				fmt.Fprintln(w, "HANDLE\tNAME\tEMAIL\tROLE\tJOB\tSTATE")
				for _, p := range list {
					state := "active"
					if p.Disabled {
						state = "disabled"
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", p.Handle, p.Name, p.Email, p.Role, p.Job, state)
				}
				return w.Flush()
			})
		}),
	}
}

func userSwitch(name, help string, std stdio, do func(*people.DB, context.Context, people.Caller, string) error) *command.C {
	var data, email string
	return &command.C{
		Name:  name,
		Usage: name + " -data DIR -email E",
		Help:  help,
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.StringVar(&email, "email", "", "address, handle or id of the person (required)")
		}),
		Run: command.Adapt(func(env *command.Env) error {
			return withPeople(data, func(db *people.DB) error {
				p, err := findPerson(env.Context(), db, email)
				if err != nil {
					return err
				}
				if err := do(db, env.Context(), cli, p.ID); err != nil {
					return err
				}
				_, err = fmt.Fprintf(std.out, "%s: %sd\n", p.Email, name)
				return err
			})
		}),
	}
}

func userPassword(std stdio) *command.C {
	var data, email string
	return &command.C{
		Name:  "password",
		Usage: "password -data DIR -email E < file",
		Help:  "Set a password, read as one line from standard input. It ends the person's sessions.",
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.StringVar(&email, "email", "", "address, handle or id of the person (required)")
		}),
		Run: command.Adapt(func(env *command.Env) error {
			return withPeople(data, func(db *people.DB) error {
				p, err := findPerson(env.Context(), db, email)
				if err != nil {
					return err
				}
				secret, err := readSecret(std.in)
				if err != nil {
					return err
				}
				if err := db.SetPassword(env.Context(), cli, p.ID, secret); err != nil {
					return err
				}
				_, err = fmt.Fprintf(std.out, "%s: the password is set\n", p.Email)
				return err
			})
		}),
	}
}

func tokenCommand(std stdio) *command.C {
	var data, user, scopes, expires, name string
	create := &command.C{
		Name:  "create",
		Usage: "create -data DIR -user E [-scope S] [-expires D] [-name N]",
		Help: `Make an API token and print it, alone.

Scopes: read, write (includes read), git, feed, admin; several by comma; without
-scope all of them. -expires is a date such as 2027-03-01 or a time such as 90d
or 12h; without it the token does not expire.`,
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.StringVar(&user, "user", "", "address, handle or id of the person (required)")
			fs.StringVar(&scopes, "scope", "", "what the token may do")
			fs.StringVar(&expires, "expires", "", "when it ends")
			fs.StringVar(&name, "name", "command line", "what it is for")
		}),
		Run: command.Adapt(func(env *command.Env) error {
			set, err := people.ParseScopes(scopes)
			if err != nil {
				return usagef("-%v", err)
			}
			until, err := parseExpiry(expires, time.Now())
			if err != nil {
				return err
			}
			return withPeople(data, func(db *people.DB) error {
				p, err := findPerson(env.Context(), db, user)
				if err != nil {
					return err
				}
				secret, _, err := db.NewToken(env.Context(), cli, p.ID, name, set, until)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(std.out, secret)
				return err
			})
		}),
	}
	return &command.C{Name: "token", Help: "Manage API tokens. Works beside a running server.", Commands: []*command.C{create}}
}

// parseExpiry reads a date, at whose end it is over, or a time from now.
func parseExpiry(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return checkFuture(t.AddDate(0, 0, 1), now)
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days, "%d", &n); err == nil && n > 0 && n <= 36500 && fmt.Sprint(n) == days {
			return now.AddDate(0, 0, n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil {
		return checkFuture(now.Add(d), now)
	}
	return time.Time{}, usagef("-expires %q is neither a date such as 2027-03-01 nor a time such as 90d or 12h", s)
}

func checkFuture(t, now time.Time) (time.Time, error) {
	if !t.After(now) {
		return t, usagef("-expires lies in the past")
	}
	return t, nil
}
