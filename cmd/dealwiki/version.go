package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/creachadair/command"
)

// version is set by the linker in released builds.
var version = "development"

func versionCommand(std stdio) *command.C {
	return &command.C{
		Name: "version",
		Help: "Print version, commit and Go version.",
		Run: command.Adapt(func(*command.Env) error {
			_, err := fmt.Fprintf(std.out, "dealwiki %s, commit %s, %s\n", version, commit(), runtime.Version())
			return err
		}),
	}
}

// commit is what the program was built from, "unknown" outside of git.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = " (changed)"
		}
	}
	return rev + dirty
}
