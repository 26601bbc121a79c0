// Package need finds what some tests need and not every machine has. Without it
// a test is skipped; where the environment says CI=true it fails, so that
// nothing goes untested unseen.
package need

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Program answers where the first of some programs is.
func Program(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, strings.Join(names, ", "), "install it")
	return ""
}

// File reads a file that something else has put there.
func File(t testing.TB, path, how string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		missing(t, path, how)
	}
	return data
}

// OK says what is missing when err is not nil.
func OK(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		missing(t, what, err.Error())
	}
}

func missing(t testing.TB, what, how string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: %s", what, how)
	}
	t.Skipf("%s is missing: %s", what, how)
}
