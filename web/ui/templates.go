package ui

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// ErrNoTemplate is the answer to a screen that does not exist.
var ErrNoTemplate = errors.New("no such template")

// baseFiles are what all screens are made of: the frame, and pieces that several
// share.
var baseFiles = []string{"templates/layout.html", "templates/partials.html", "templates/shared_parts.html", "templates/live_parts.html"}

// Templates are the screens, one per file in templates/ besides the base. Each is
// named by its file without the ending, and says in its
// first line which view of package web it draws.
type Templates struct {
	screens map[string]*template.Template
	buffers sync.Pool
}

// NewTemplates parses all screens; their addresses of styles, scripts and
// icons are those of assets.
func NewTemplates(assets *Assets) (*Templates, error) {
	base := template.New("base").Funcs(funcs(assets)).Option("missingkey=error")
	for _, p := range baseFiles {
		if err := parse(base, assets, p); err != nil {
			return nil, err
		}
	}
	paths, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("listing templates: %w", err)
	}
	t := &Templates{screens: map[string]*template.Template{}}
	t.buffers.New = func() any { return new(bytes.Buffer) }
	for _, p := range paths {
		name := strings.TrimSuffix(path.Base(p), ".html")
		if slices.Contains(baseFiles, p) {
			continue
		}
		screen, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("copying layout: %w", err)
		}
		if err := parse(screen, assets, p); err != nil {
			return nil, err
		}
		t.screens[name] = screen
	}
	return t, nil
}

// constantIcon is an icon whose name stands in the template.
var constantIcon = regexp.MustCompile(`\{\{icon "([a-z0-9-]+)"( "sm")?\}\}`)

// parse adds a file to a set. Icons with constant names become text before that:
// a page has dozens of them, and drawing them anew each time is most of its cost.
func parse(set *template.Template, assets *Assets, path string) error {
	source, err := fs.ReadFile(templateFiles, path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	text := constantIcon.ReplaceAllStringFunc(string(source), func(call string) string {
		m := constantIcon.FindStringSubmatch(call)
		return iconHTML(assets, m[1], m[2] != "")
	})
	if _, err := set.Parse(text); err != nil {
		return fmt.Errorf("parsing %s: %w", path, err)
	}
	return nil
}

func iconHTML(assets *Assets, name string, small bool) string {
	class := "icon"
	if small {
		class = "icon icon-sm"
	}
	return `<svg class="` + class + `" aria-hidden="true"><use href="` + assets.URL("icons.svg") + `#` +
		template.HTMLEscapeString(name) + `"/></svg>`
}

// Names are the screens in alphabetical order.
func (t *Templates) Names() []string {
	names := make([]string, 0, len(t.screens))
	for name := range t.screens {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Execute draws the screen and writes it in one piece: when it fails, nothing
// was written, unless w itself failed.
func (t *Templates) Execute(w io.Writer, name string, view any) error {
	screen, ok := t.screens[name]
	if !ok {
		return fmt.Errorf("drawing %s: %w", name, ErrNoTemplate)
	}
	buf := t.buffers.Get().(*bytes.Buffer)
	defer t.buffers.Put(buf)
	buf.Reset()
	if err := screen.ExecuteTemplate(buf, "layout", view); err != nil {
		return fmt.Errorf("drawing %s: %w", name, err)
	}
	if _, err := w.Write(buf.Bytes()); err != nil {
		return fmt.Errorf("sending %s: %w", name, err)
	}
	return nil
}

// FactName is how a kind of fact is called on the screen.
func FactName(kind string) string {
	switch kind {
	case "":
		return "Fact"
	case "question":
		return "Open question"
	}
	return strings.ToUpper(kind[:1]) + kind[1:]
}

// FactNames is what several facts of a kind are called.
func FactNames(kind string) string { return FactName(kind) + "s" }

// FactIcon is the icon of a kind of fact.
func FactIcon(kind string) string {
	switch kind {
	case "decision":
		return "gavel"
	case "commitment":
		return "handshake"
	case "requirement":
		return "list-checks"
	case "risk":
		return "triangle-alert"
	case "question":
		return "circle-help"
	case "stakeholder":
		return "contact"
	case "action":
		return "list-checks"
	}
	return "info"
}

// pair hands a piece of a screen two values.
type pair struct{ A, B any }

func audienceName(audience string) string {
	if audience == "external" {
		return "External"
	}
	return "Internal"
}

func funcs(assets *Assets) template.FuncMap {
	icon := func(name string, size ...string) template.HTML {
		return template.HTML(iconHTML(assets, name, len(size) > 0))
	}
	return template.FuncMap{
		"asset":    assets.URL,
		"icon":     icon,
		"audience": audienceName,
		"audienceIcon": func(audience string) template.HTML {
			if audience == "external" {
				return icon("globe", "sm")
			}
			return icon("lock", "sm")
		},
		"factName":  FactName,
		"factNames": FactNames,
		"factIcon":  FactIcon,
		"when":      when,
		"day":       day,
		"plural":    plural,
		"inc":       func(i int) int { return i + 1 },
		"longDay":   func(t time.Time) string { return t.Format("2 January 2006") },
		"last":      isLast,
		"pair":      func(a, b any) pair { return pair{a, b} },
		"join":      strings.Join,
		"ms":        func(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) + " ms" },
		"numeric":   numeric,
	}
}

// when writes a moment for the browser's script to put into the reader's own
// zone and words; without the script it reads in UTC.
func when(t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	t = t.UTC()
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `" data-when>` +
		t.Format("2 Jan 2006 15:04") + ` UTC</time>`)
}

// day writes a date such as 2026-11-02 as people do; what is none stays as it is.
func day(date string) template.HTML {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return template.HTML(template.HTMLEscapeString(date))
	}
	return template.HTML(`<time datetime="` + date + `">` + t.Format("2 Jan 2006") + `</time>`)
}

// plural writes a count with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// isLast tells whether i is the last index of a list. The list is any slice:
// its elements belong to package web, which imports this one.
func isLast(i int, list any) bool { return i == reflect.ValueOf(list).Len()-1 }

// numeric tells whether a cell of a table reads as a number.
func numeric(cell string) bool {
	cell = strings.TrimSpace(cell)
	digits := 0
	for _, r := range cell {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case strings.ContainsRune("+-−.,' \u00a0\u202f%€$£()", r):
		default:
			return false
		}
	}
	// Dates such as 2026-11-20 and long numbers such as telephone numbers are
	// words to the eye.
	return digits > 0 && strings.Count(cell, "-") < 2 && !strings.HasPrefix(cell, "+")
}
