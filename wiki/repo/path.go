package repo

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrPath says that a path cannot be stored.
var ErrPath = errors.New("this name cannot be used for a file")

// Limits of a path, in bytes and in folders.
const (
	maxPath     = 1024
	maxSegment  = 255
	maxSegments = 16
)

// CheckPath is the last line against names that would harm a clone on some
// system: it holds whatever the layers above have let through. A path is
// slash-separated and relative.
func CheckPath(path string) error {
	if len(path) == 0 || len(path) > maxPath {
		return fmt.Errorf("%w: it is empty or longer than %d bytes", ErrPath, maxPath)
	}
	segments := strings.Split(path, "/")
	if len(segments) > maxSegments {
		return fmt.Errorf("%w: it has more than %d folders", ErrPath, maxSegments)
	}
	for _, s := range segments {
		if err := checkSegment(s); err != nil {
			return err
		}
	}
	return nil
}

func checkSegment(s string) error {
	switch {
	case s == "" || s == "." || s == "..":
		return fmt.Errorf("%w: a part of it is empty, . or ..", ErrPath)
	case len(s) > maxSegment:
		return fmt.Errorf("%w: a part of it is longer than %d bytes", ErrPath, maxSegment)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: it is not UTF-8", ErrPath)
	case gitLike(s):
		return fmt.Errorf("%w: git keeps that name for itself", ErrPath)
	}
	for _, r := range s {
		if r == '\\' || unicode.IsControl(r) || hiddenRune(r) && !joiner(r) {
			return fmt.Errorf("%w: it holds a backslash or a character that cannot be seen", ErrPath)
		}
	}
	return nil
}

// gitLike finds every spelling of .git that some file system takes for it:
// upper case, the short name of Windows, trailing dots, spaces and streams, and
// characters that HFS+ ignores.
func gitLike(s string) bool {
	var b strings.Builder
	for _, r := range s {
		if !hiddenRune(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	t := b.String()
	if i := strings.IndexByte(t, ':'); i >= 0 {
		t = t[:i]
	}
	t = strings.TrimRight(t, ". ")
	if t == ".git" || t == "git~1" {
		return true
	}
	// Files that git reads from a tree: their look-alikes are refused by its
	// own strict check, and they have no business in a wiki.
	switch t {
	case ".gitmodules", ".gitattributes", ".gitignore", ".mailmap":
		return t != s && t != ".mailmap" || t == ".gitmodules"
	}
	return false
}

// joiner reports the two characters without which many a word and emoji cannot
// be written.
func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// hiddenRune reports format characters: joiners, marks that turn the direction
// of text, byte order marks.
func hiddenRune(r rune) bool {
	return unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
}
