package wiki

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Section is a side of the wall.
type Section string

// The two sides of the wall.
const (
	Internal Section = "internal" // staff only
	External Section = "external" // the customer sees it too
)

// Stages that belong to no step of the funnel.
const (
	StageAccount = "account" // what belongs to the prospect as such
	StageLog     = "log"     // the communications log, one page an entry
)

const (
	pageExt  = ".md"
	filesDir = "files"
)

// Place is where a page lives. Its text form is SECTION/STAGE/PAGE.
type Place struct {
	Section Section
	Stage   string
	Page    string
}

func (p Place) String() string { return string(p.Section) + "/" + p.Stage + "/" + p.Page }

// Path is the page's file in the repository of its section.
func (p Place) Path() string { return p.Stage + "/" + p.Page + pageExt }

// ParsePlace reads SECTION/STAGE/PAGE and checks the names. It does not know
// the funnel: whether the stage exists is for the space to say.
func ParsePlace(s string) (Place, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return Place{}, &Invalid{Field: "page", Problem: "name it as SECTION/STAGE/PAGE, for example internal/closing/close-plan"}
	}
	p := Place{Section(parts[0]), parts[1], parts[2]}
	return p, p.Check()
}

// Check reports whether the names are valid.
func (p Place) Check() error {
	if p.Section != Internal && p.Section != External {
		return &Invalid{Field: "section", Problem: "is internal or external"}
	}
	if p.Stage != StageAccount && p.Stage != StageLog && p.Stage != stageTemplates {
		if err := checkStageKey(p.Stage); err != nil {
			return err
		}
	}
	if err := checkSlug("page", p.Page); err != nil {
		return err
	}
	if p.Section == External && reservedExternal[p.Page] {
		return &Invalid{Field: "page", Problem: fmt.Sprintf("%q has a meaning of its own on the external side; choose another name", p.Page)}
	}
	return nil
}

// PlaceOf reads a repository path as a page's place; ok is false for files that
// are no pages.
func PlaceOf(section Section, file string) (Place, bool) {
	stage, name, ok := strings.Cut(file, "/")
	if !ok || strings.Contains(name, "/") || !strings.HasSuffix(name, pageExt) || stage == "handoffs" {
		return Place{}, false
	}
	p := Place{section, stage, strings.TrimSuffix(name, pageExt)}
	return p, checkSlug("page", p.Page) == nil && checkSlug("stage", stage) == nil
}

// File is where an attachment lives: beside the pages of a stage.
type File struct {
	Section Section
	Stage   string
	Name    string
}

func (f File) String() string { return string(f.Section) + "/" + f.Stage + "/" + f.Name }

// Path is the attachment's file in the repository of its section.
func (f File) Path() string { return path.Join(f.Stage, filesDir, f.Name) }

// compare orders attachments of one section by stage, then name.
func (f File) compare(g File) int {
	return cmp.Or(strings.Compare(f.Stage, g.Stage), strings.Compare(f.Name, g.Name))
}

// Check reports whether the names are valid.
func (f File) Check() error {
	if err := (Place{f.Section, f.Stage, "page"}).Check(); err != nil {
		return err
	}
	return checkFileName(f.Name)
}

// checkFileName keeps to names that every system can hold and that no browser,
// header or terminal misreads.
func checkFileName(name string) error {
	invalid := func(problem string) error { return &Invalid{Field: "file", Problem: problem} }
	switch {
	case name == "" || strings.TrimSpace(name) == "":
		return invalid("has no name")
	case len(name) > maxFileBytes:
		return invalid(fmt.Sprintf("has a name that is too long; use at most %d bytes", maxFileBytes))
	case !utf8.ValidString(name) || !norm.NFC.IsNormalString(name):
		return invalid("has a name that is not in normal form (Unicode NFC)")
	case strings.ContainsAny(name, `/\:*?"<>|`):
		return invalid(`may not have any of / \ : * ? " < > | in its name`)
	case name[0] == '.' || name[0] == '-' || name[0] == ' ' || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return invalid("may not have a name that begins with a dot, hyphen or space or ends with a dot or space")
	case reservedWindows[strings.ToLower(strings.SplitN(name, ".", 2)[0])]:
		return invalid("has a reserved name; choose another")
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d' && r != '\u200c' || r == '\u2028' || r == '\u2029' || r == utf8.RuneError {
			return invalid("has a control character in its name")
		}
	}
	if isGitName(name) {
		return invalid("has a name that git keeps for itself")
	}
	return nil
}

// isGitName tells names that some file systems take for .git.
func isGitName(name string) bool {
	s := strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name))
	return strings.HasPrefix(s, ".git") || strings.HasPrefix(s, "git~")
}

// fileOf reads a repository path as an attachment.
func fileOf(section Section, p string) (File, bool) {
	parts := strings.Split(p, "/")
	if len(parts) != 3 || parts[1] != filesDir {
		return File{}, false
	}
	return File{section, parts[0], parts[2]}, true
}
