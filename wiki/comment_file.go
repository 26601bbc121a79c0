package wiki

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki/repo"
)

// commentsHead begins every file of comments, for whoever reads it in a clone.
const commentsHead = "# Comments on the page of the same name. Each thread names the words that it is about.\n"

// commentFile is the file of a page's comments. Keys that are not known are
// kept as they are, so that a file written by a newer version loses nothing.
type commentFile struct {
	Threads []*fileThread  `yaml:"threads"`
	Extra   map[string]any `yaml:",inline"`
}

type fileThread struct {
	ID       string          `yaml:"id"`
	About    fileAnchor      `yaml:"about,omitempty"`
	Comments []*fileComment  `yaml:"comments"`
	Resolved *fileResolution `yaml:"resolved,omitempty"`
	Extra    map[string]any  `yaml:",inline"`
}

// fileAnchor is what a thread is about, as it was in a version of the page. It
// is empty when that is the page as a whole.
type fileAnchor struct {
	Quote   quoted         `yaml:"quote,omitempty"`
	Before  quoted         `yaml:"before,omitempty"`
	After   quoted         `yaml:"after,omitempty"`
	Heading string         `yaml:"heading,omitempty"`
	Version string         `yaml:"version,omitempty"`
	Line    int            `yaml:"line,omitempty"`
	Bytes   span           `yaml:"bytes,omitempty"`
	Extra   map[string]any `yaml:",inline"`
}

type fileComment struct {
	ID     string         `yaml:"id"`
	By     string         `yaml:"by,omitempty"`
	Name   string         `yaml:"name"`
	At     time.Time      `yaml:"at"`
	Edited time.Time      `yaml:"edited,omitempty"`
	Text   prose          `yaml:"text"`
	Extra  map[string]any `yaml:",inline"`
}

type fileResolution struct {
	By   string    `yaml:"by,omitempty"`
	Name string    `yaml:"name"`
	At   time.Time `yaml:"at"`
}

// quoted is written in quotes, so that spaces at its ends can be seen.
type quoted string

// MarshalYAML implements [yaml.Marshaler].
func (q quoted) MarshalYAML() (any, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: string(q), Style: yaml.DoubleQuotedStyle}, nil
}

// prose is written as a block where that keeps every character.
type prose string

// MarshalYAML implements [yaml.Marshaler].
func (p prose) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: string(p), Style: yaml.LiteralStyle}
	for i, line := range strings.Split(string(p), "\n") {
		if strings.TrimRight(line, " \t") != line || i == 0 && strings.TrimLeft(line, " \t") != line || !plain(line) {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	if p == "" || strings.HasSuffix(string(p), "\n") {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n, nil
}

// plain reports that a line can stand in a block of YAML as it is.
func plain(line string) bool {
	for _, r := range line {
		if r < ' ' && r != '\t' || r == 0x7f || r == 0x85 || r == 0xfeff || r == '\u2028' || r == '\u2029' || r >= 0x80 && r < 0xa0 || r > 0xffff {
			return false
		}
	}
	return true
}

// span is a range of bytes, [from, to).
type span struct{ Start, End int }

// IsZero leaves an empty range out of the file.
func (s span) IsZero() bool { return s == span{} }

// MarshalYAML implements [yaml.Marshaler].
func (s span) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, v := range []int{s.Start, s.End} {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(v)})
	}
	return n, nil
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (s *span) UnmarshalYAML(n *yaml.Node) error {
	var list []int
	if err := n.Decode(&list); err != nil {
		return err
	}
	if len(list) != 2 || list[0] < 0 || list[1] < list[0] {
		return fmt.Errorf("line %d: bytes is a pair of numbers, where the words begin and end", n.Line)
	}
	*s = span{list[0], list[1]}
	return nil
}

// parseComments reads a file of comments. Threads and comments that stand in it
// twice, as after a merge by hand, are joined by their ids; what has no id gets
// one made of what it says.
func parseComments(data []byte) (*commentFile, error) {
	file := &commentFile{}
	switch {
	case len(data) > maxCommentsFile:
		return nil, errors.New("is larger than 2 MB")
	case !utf8.Valid(data):
		return nil, errors.New("is not valid UTF-8; mend it in a clone and push")
	}
	for i, line := range bytes.Split(data, []byte{'\n'}) {
		if bytes.HasPrefix(line, []byte("<<<<<<< ")) {
			return nil, fmt.Errorf("holds a conflict of a merge on line %d; keep both sides' comments in a clone and push", i+1)
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	err := dec.Decode(&root)
	if errors.Is(err, io.EOF) {
		return file, nil
	}
	if err == nil {
		err = simple(&root)
	}
	if err == nil {
		err = few(&root)
	}
	if err == nil {
		err = root.Decode(file)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be read (%s); mend it in a clone and push", oneLine(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	var more yaml.Node
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one document; join them in a clone and push")
	}
	file.Threads = joinThreads(file.Threads)
	return file, nil
}

// simple refuses what these files never need and what can make a small file
// large or be read in two ways: references, joined mappings, keys that are no
// words.
func simple(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return fmt.Errorf("line %d: references with & and * are not taken", n.Line)
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && (c.Kind != yaml.ScalarNode || c.ShortTag() != "!!str") {
			return fmt.Errorf("line %d: a key is a word", c.Line)
		}
		if err := simple(c); err != nil {
			return err
		}
	}
	return nil
}

// few refuses a file with far more threads than a page can have, before they are
// read.
func few(root *yaml.Node) error {
	if len(root.Content) == 0 {
		return nil
	}
	file := root.Content[0]
	for i := 0; i+1 < len(file.Content); i += 2 {
		if file.Content[i].Value == "threads" && len(file.Content[i+1].Content) > 4*maxThreads {
			return fmt.Errorf("line %d: these are more than %d threads", file.Content[i].Line, 4*maxThreads)
		}
	}
	return nil
}

func joinThreads(all []*fileThread) []*fileThread {
	var out []*fileThread
	seen := map[string]*fileThread{}
	for _, t := range all {
		if t == nil {
			continue
		}
		for i, c := range t.Comments {
			if c != nil && c.ID == "" {
				c.ID = madeID(fmt.Sprint(t.ID, i), c.By, c.Name, string(c.Text))
			}
		}
		t.Comments = slices.DeleteFunc(t.Comments, func(c *fileComment) bool { return c == nil })
		if t.ID == "" && len(t.Comments) > 0 {
			t.ID = madeID("thread", t.Comments[0].ID, string(t.About.Quote))
		} else if t.ID == "" {
			t.ID = madeID("thread", string(t.About.Quote), t.About.Version)
		}
		first := seen[t.ID]
		if first == nil {
			seen[t.ID] = t
			out = append(out, t)
			continue
		}
		first.Comments = append(first.Comments, t.Comments...)
		if first.Resolved == nil {
			first.Resolved = t.Resolved
		}
		if first.About.Quote == "" {
			first.About = t.About
		}
	}
	for _, t := range out {
		t.Comments = joinComments(t.Comments)
	}
	return out
}

// joinComments keeps each comment once, the one edited last, in order of time.
func joinComments(all []*fileComment) []*fileComment {
	var out []*fileComment
	at := map[string]int{}
	for _, c := range all {
		if i, ok := at[c.ID]; ok {
			if c.Edited.After(out[i].Edited) {
				out[i] = c
			}
			continue
		}
		at[c.ID] = len(out)
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b *fileComment) int { return a.At.Compare(b.At) })
	return out
}

// madeID is the id of what has none: the same for the same words.
func madeID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:5])
}

// encode writes the file.
func (f *commentFile) encode() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(commentsHead)
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("writing comments: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("writing comments: %w", err)
	}
	return out.Bytes(), nil
}

// thread finds a thread by its id, nil when it is not there.
func (f *commentFile) thread(id string) *fileThread {
	for _, t := range f.Threads {
		if t.ID == id && len(t.Comments) > 0 {
			return t
		}
	}
	return nil
}

// comment finds a comment and its thread, nil when it is not there.
func (f *commentFile) comment(id string) (*fileThread, *fileComment) {
	for _, t := range f.Threads {
		for _, c := range t.Comments {
			if c.ID == id {
				return t, c
			}
		}
	}
	return nil, nil
}

func (t *fileThread) thread() Thread {
	out := Thread{ID: t.ID, Quote: string(t.About.Quote), Before: string(t.About.Before), After: string(t.About.After), Heading: t.About.Heading}
	if h, err := repo.ParseHash(t.About.Version); err == nil {
		out.Version = h
	}
	for _, c := range t.Comments {
		out.Comments = append(out.Comments, Comment{ID: c.ID, By: c.By, Name: cmp.Or(c.Name, "Somebody"), At: c.At, Edited: c.Edited, Text: string(c.Text)})
	}
	if t.Resolved != nil {
		out.Resolved = &Resolution{By: t.Resolved.By, Name: cmp.Or(t.Resolved.Name, "Somebody"), At: t.Resolved.At}
	}
	return out
}
