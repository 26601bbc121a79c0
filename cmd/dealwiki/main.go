// Command dealwiki serves a wiki that gives every sales prospect one living
// space. Run it with -h, or read docs/administration.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/creachadair/command"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// run carries out one command line and answers the exit status.
func run(ctx context.Context, args []string, std stdio) int {
	root := &command.C{
		Name:  "dealwiki",
		Usage: "command [flags] ...",
		Help: `One living space for every sales prospect.

Every flag may also be given in the environment: -data is DEALWIKI_DATA.`,
		Commands: []*command.C{
			serveCommand(std), demoCommand(std), importCommand(std), exportCommand(std),
			backupCommand(std), restoreCommand(std), doctorCommand(std),
			userCommand(std), tokenCommand(std), versionCommand(std),
			command.HelpCommand(nil),
		},
	}
	markFailures(root)
	env := root.NewEnv(nil).SetContext(ctx)
	env.Log = std.err
	err := command.Run(env, args)
	var usage command.UsageError
	var failed *failure
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, command.ErrRequestHelp):
		if wantsHelp(args) {
			return exitDone
		}
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintln(std.err, "dealwiki:", usage.Message)
		return exitUsage
	case errors.Is(err, errUsage):
		fmt.Fprintln(std.err, "dealwiki:", strings.TrimSuffix(err.Error(), ": "+errUsage.Error()))
		return exitUsage
	case errors.As(err, &failed):
		fmt.Fprintln(std.err, "dealwiki:", oneLine(err))
		return exitFailed
	}
	// What no command has returned is wrong in the flags themselves.
	fmt.Fprintf(std.err, "dealwiki: %s; see -h\n", oneLine(err))
	return exitUsage
}

// failure is an error of a command that was used rightly.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

// markFailures tells what commands return from what reading the flags does.
func markFailures(c *command.C) {
	if run := c.Run; run != nil {
		c.Run = func(env *command.Env) error {
			if err := run(env); err != nil {
				return &failure{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands {
		markFailures(sub)
	}
}

// errUsage marks errors in the command line itself.
var errUsage = errors.New("see -h")

func usagef(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), errUsage)
}

func wantsHelp(args []string) bool {
	for _, a := range args {
		switch a {
		case "-h", "-help", "--help", "help":
			return true
		case "--":
			return false
		}
	}
	return false
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// flags binds a command's flags and then takes those that the environment has.
func flags(bind func(*flag.FlagSet)) func(*command.Env, *flag.FlagSet) {
	return func(_ *command.Env, fs *flag.FlagSet) {
		bind(fs)
		fs.VisitAll(func(f *flag.Flag) {
			name := "DEALWIKI_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			if v, ok := os.LookupEnv(name); ok {
				if err := fs.Set(f.Name, v); err == nil {
					f.DefValue = v
				}
			}
		})
	}
}

// dataFlag binds -data, which almost every command needs.
func dataFlag(fs *flag.FlagSet, data *string) {
	fs.StringVar(data, "data", "", "the data folder (required)")
}

func needData(data string) error {
	if data == "" {
		return usagef("say where the data is with -data DIR")
	}
	return nil
}
