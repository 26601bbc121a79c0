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
	finish(root)
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

// finish completes every command: it takes flags from the environment, and tells
// what commands return from what reading the flags does.
func finish(c *command.C) {
	if run := c.Run; run != nil {
		if c.SetFlags != nil {
			c.Init = func(env *command.Env) error { return fromEnvironment(&env.Command.Flags) }
		}
		c.Run = func(env *command.Env) error {
			if err := run(env); err != nil {
				return &failure{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands {
		finish(sub)
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

// flags binds a command's flags.
func flags(bind func(*flag.FlagSet)) func(*command.Env, *flag.FlagSet) {
	return func(_ *command.Env, fs *flag.FlagSet) { bind(fs) }
}

// fromEnvironment gives flags that the command line leaves out the values that
// the environment has for them.
func fromEnvironment(fs *flag.FlagSet) (err error) {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	fs.VisitAll(func(f *flag.Flag) {
		name := "DEALWIKI_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		v, ok := os.LookupEnv(name)
		if !ok || given[f.Name] || err != nil {
			return
		}
		if e := fs.Set(f.Name, v); e != nil {
			err = usagef("the environment's %s is %q: %v", name, v, e)
		}
	})
	return err
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
