package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki"
)

// File is where the playbook keeps the sources.
const File = "sources.yaml"

// Kinds of sources.
const (
	Feed = "feed" // Atom, RSS or JSON Feed, whichever it turns out to be
	JSON = "json"
	CSV  = "csv"
)

// Placeholder stands in an address where the prospect's search words go.
const Placeholder = "{prospect}"

// Limits of the settings.
const (
	MaxSources  = 50
	maxSettings = 256 << 10 // bytes
	maxName     = 80        // characters
	maxAddress  = 2000      // bytes
	minEvery    = time.Hour
	maxEvery    = 30 * 24 * time.Hour
	usualEvery  = 6 * time.Hour
)

// Source is one outside source as sources.yaml has it.
type Source struct {
	Key    string `yaml:"key,omitempty" json:"key"` // stays when the name changes; made of the name when it is left out
	Name   string `yaml:"name" json:"name"`
	Kind   string `yaml:"kind,omitempty" json:"kind"`
	URL    string `yaml:"url,omitempty" json:"url,omitempty"`
	File   string `yaml:"file,omitempty" json:"file,omitempty"` // in the folder sources of the data folder
	Every  Span   `yaml:"every,omitempty" json:"every"`
	Paused bool   `yaml:"paused,omitempty" json:"paused,omitempty"`
	Fields Fields `yaml:"fields,omitempty" json:"fields,omitzero"`
}

// Fields say where the parts of an item stand: in JSON by names joined with
// dots, in CSV by the names of columns. An empty one is looked for under usual
// names.
type Fields struct {
	Items string `yaml:"items,omitempty" json:"items,omitempty"` // of JSON: the list; "" is the whole answer
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
	Link  string `yaml:"link,omitempty" json:"link,omitempty"`
	Text  string `yaml:"text,omitempty" json:"text,omitempty"`
	Date  string `yaml:"date,omitempty" json:"date,omitempty"`
	ID    string `yaml:"id,omitempty" json:"id,omitempty"`
}

// Span is a length of time such as 6h or 2d.
type Span time.Duration

// String writes a span as sources.yaml has it.
func (s Span) String() string {
	d := time.Duration(s)
	switch {
	case d > 0 && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d > 0 && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return d.String()
}

// ParseSpan reads a span of hours, minutes or days.
func ParseSpan(s string) (Span, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 3650 {
			return Span(time.Duration(n) * 24 * time.Hour), nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time such as 6h or 1d", s)
	}
	return Span(d), nil
}

// MarshalYAML writes the span as text.
func (s Span) MarshalYAML() (any, error) { return s.String(), nil }

// UnmarshalYAML reads the span from text.
func (s *Span) UnmarshalYAML(n *yaml.Node) error {
	var err error
	if *s, err = ParseSpan(n.Value); err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: every: %v", n.Line, err)}}
	}
	return nil
}

// MarshalText writes the span as text.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Each reports whether the source is asked once for each prospect.
func (s *Source) Each() bool {
	return strings.Contains(s.URL, Placeholder) || strings.Contains(s.File, Placeholder)
}

// Where is the address or the file.
func (s *Source) Where() string {
	if s.File != "" {
		return s.File
	}
	return s.URL
}

// address is what is asked for a prospect that is searched by a word. The word
// is escaped as its place in the address asks for.
func (s *Source) address(word string) string {
	path, query, found := strings.Cut(s.URL, "?")
	// A word of dots alone would climb in a path.
	inPath := url.PathEscape(word)
	if strings.Trim(word, ".") == "" {
		inPath = strings.ReplaceAll(word, ".", "%2E")
	}
	path = strings.ReplaceAll(path, Placeholder, inPath)
	if !found {
		return path
	}
	return path + "?" + strings.ReplaceAll(query, Placeholder, url.QueryEscape(word))
}

// Settings are all sources, in their order.
type Settings struct {
	Sources []Source `yaml:"sources"`
}

// Source answers a source by its key, nil when there is none.
func (s *Settings) Source(key string) *Source {
	for i := range s.Sources {
		if s.Sources[i].Key == key {
			return &s.Sources[i]
		}
	}
	return nil
}

// Wrong says what is wrong with a source: its position, the setting, and why.
type Wrong struct {
	At      int    // index of the source
	Setting string // such as "url"
	Line    int    // 0 where it is not known
	Name    string
	Problem string
}

func (e *Wrong) Error() string {
	where := fmt.Sprintf("source %d", e.At+1)
	if e.Name != "" {
		where += fmt.Sprintf(" (%s)", clip(e.Name, 40))
	}
	if e.Line > 0 {
		where = fmt.Sprintf("line %d, %s", e.Line, where)
	}
	return where + ": " + e.Setting + " " + e.Problem
}

// unknown is how the reader of YAML tells of a setting that does not exist.
var unknown = regexp.MustCompile(`field (\S+) (?:not found|already set) in type \S+`)

// Parse reads and checks sources.yaml. Its errors are *wiki.Invalid and name the
// line and the reason; where one setting of one source is to blame they wrap
// *Wrong.
func Parse(data []byte) (*Settings, error) {
	if len(data) > maxSettings {
		return nil, invalid(fmt.Errorf("is larger than 256 kB"))
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, invalid(fmt.Errorf("cannot be read: %s", strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	var s Settings
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "yaml: "), "unmarshal errors:\n")
		text = strings.ReplaceAll(strings.TrimSpace(text), "\n  ", "; ")
		return nil, invalid(fmt.Errorf("cannot be read: %s", unknown.ReplaceAllString(text, "$1 is no setting here, or stands twice")))
	}
	if err := s.check(lines(&root)); err != nil {
		return nil, invalid(err)
	}
	return &s, nil
}

func invalid(err error) error {
	return &invalidFile{wiki.Invalid{Field: File, Problem: err.Error()}, err}
}

// invalidFile is a *wiki.Invalid that still knows its cause.
type invalidFile struct {
	wiki.Invalid
	cause error
}

func (e *invalidFile) Unwrap() []error { return []error{&e.Invalid, e.cause} }

// lines answers where the settings of each source stand; "" is its beginning.
func lines(root *yaml.Node) []map[string]int {
	if len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	top := root.Content[0].Content
	var out []map[string]int
	for i := 0; i+1 < len(top); i += 2 {
		if top[i].Value != "sources" {
			continue
		}
		for _, n := range top[i+1].Content {
			at := map[string]int{"": n.Line}
			for k := 0; n.Kind == yaml.MappingNode && k+1 < len(n.Content); k += 2 {
				at[n.Content[k].Value] = n.Content[k].Line
			}
			out = append(out, at)
		}
	}
	return out
}

// check fills in what was left out and reports the first thing that is wrong.
func (s *Settings) check(lines []map[string]int) error {
	if len(s.Sources) > MaxSources {
		return fmt.Errorf("has %d sources; use at most %d", len(s.Sources), MaxSources)
	}
	keys := map[string]bool{}
	for i := range s.Sources {
		src := &s.Sources[i]
		wrong := func(setting, format string, args ...any) error {
			w := &Wrong{At: i, Setting: setting, Name: oneLine(src.Name), Problem: fmt.Sprintf(format, args...)}
			if i < len(lines) {
				if w.Line = lines[i][setting]; w.Line == 0 {
					w.Line = lines[i][""]
				}
			}
			return w
		}
		src.Name = strings.TrimSpace(src.Name)
		switch {
		case src.Name == "":
			return wrong("name", "is missing; say what people see beside an item")
		case utf8.RuneCountInString(src.Name) > maxName || oneLine(src.Name) != src.Name:
			return wrong("name", "is one line of at most %d characters", maxName)
		}
		if src.Key == "" {
			src.Key = wiki.Slug(src.Name)
		}
		switch {
		case wiki.Slug(src.Key) != src.Key:
			return wrong("key", "is of lower-case letters, digits and hyphens, such as %q", wiki.Slug(src.Key))
		case keys[src.Key]:
			return wrong("key", "%q belongs to two sources; give this one another name or a key of its own", src.Key)
		}
		keys[src.Key] = true
		switch src.Kind {
		case "", "rss", "atom":
			src.Kind = Feed
		case Feed, JSON, CSV:
		default:
			return wrong("kind", "is feed (RSS, Atom or JSON Feed), json or csv")
		}
		if src.Every == 0 {
			src.Every = Span(usualEvery)
		}
		if d := time.Duration(src.Every); d < minEvery || d > maxEvery {
			return wrong("every", "is between 1h and 30d")
		}
		if problem := checkURL(src.URL); src.URL != "" && problem != "" {
			return wrong("url", "%s", problem)
		}
		if problem := checkFile(src.File); src.File != "" && problem != "" {
			return wrong("file", "%s", problem)
		}
		switch {
		case src.URL == "" && src.File == "":
			return wrong("url", "is missing; give an address that begins with https://, or a file")
		case src.URL != "" && src.File != "":
			return wrong("file", "stands beside a url; give one of them")
		}
		for setting, path := range map[string]string{"items": src.Fields.Items, "title": src.Fields.Title, "link": src.Fields.Link, "text": src.Fields.Text, "date": src.Fields.Date, "id": src.Fields.ID} {
			if len(path) > 200 || oneLine(path) != path {
				return wrong("fields", "has a name for %s that is longer than 200 bytes or not one line", setting)
			}
		}
		if src.Kind == Feed && src.Fields != (Fields{}) {
			return wrong("fields", "are for json and csv; a feed has its own")
		}
		if src.Kind == CSV && src.Fields.Items != "" {
			return wrong("fields", "of csv have no items; every row is one")
		}
	}
	return nil
}

// checkURL says what is wrong with an address, "" when nothing is. Whether its
// host is public is seen when it is asked.
func checkURL(s string) string {
	if len(s) > maxAddress {
		return fmt.Sprintf("is longer than %d bytes", maxAddress)
	}
	u, err := url.Parse(strings.ReplaceAll(s, Placeholder, "x"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "" {
		return "is not an address such as https://news.example/rss?q={prospect}"
	}
	if u.User != nil {
		return "holds a name or password; leave them out"
	}
	if v, err := url.Parse(strings.ReplaceAll(s, Placeholder, "y")); err != nil || v.Host != u.Host {
		return "may have {prospect} after its host only"
	}
	return ""
}

// checkFile says what is wrong with the name of a file, "" when nothing is.
func checkFile(s string) string {
	if len(s) > 200 || strings.ContainsAny(s, "/\\:") || strings.HasPrefix(s, ".") || oneLine(s) != s {
		return "is the name of a file in the folder sources of the data folder, without a path"
	}
	return ""
}

// YAML writes settings as sources.yaml has them. The comment at the top of what
// was there before is kept; comments further down are not.
func (s *Settings) YAML(before []byte) ([]byte, error) {
	var out bytes.Buffer
	for len(before) > 0 && (before[0] == '#' || before[0] == '\n' || before[0] == '\r') {
		line, rest, _ := bytes.Cut(before, []byte("\n"))
		out.Write(bytes.TrimRight(line, "\r"))
		out.WriteByte('\n')
		before = rest
	}
	if s.Sources == nil {
		s.Sources = []Source{}
	}
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("writing the sources: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("writing the sources: %w", err)
	}
	return out.Bytes(), nil
}
