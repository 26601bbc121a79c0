package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki"
)

// What a map says of commit messages and addresses that go to the external side.
const (
	MessagesReplace = "replace" // the default
	MessagesKeep    = "keep"
)

// Limits of a map file.
const (
	maxMapFile = 256 << 10
	maxRules   = 1000
)

// Map says where the files of a source go.
type Map struct {
	Messages string            `yaml:"messages"`
	Rules    []wiki.ImportRule `yaml:"rules"`
}

// ParseMap reads a map file. Its errors name the rule and say what would be
// right; whether a stage exists is for the wiki to say.
func ParseMap(data []byte) (*Map, error) {
	invalid := func(format string, args ...any) error {
		return &wiki.Invalid{Field: "the map", Problem: fmt.Sprintf(format, args...)}
	}
	if len(data) > maxMapFile {
		return nil, invalid("is larger than %d kB", maxMapFile>>10)
	}
	m := &Map{}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(m); err != nil && !errors.Is(err, io.EOF) {
		return nil, invalid("cannot be read: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	switch m.Messages {
	case "":
		m.Messages = MessagesReplace
	case MessagesReplace, MessagesKeep:
	default:
		return nil, invalid("says messages: %q; it is replace or keep", m.Messages)
	}
	if len(m.Rules) > maxRules {
		return nil, invalid("has more than %d rules", maxRules)
	}
	for i := range m.Rules {
		r := &m.Rules[i]
		if err := checkGlob(r.From); err != nil {
			return nil, invalid("rule %d: from %q %v", i+1, r.From, err)
		}
		if _, err := parseTarget(r.To); err != nil {
			return nil, invalid("rule %d: to %q: %v", i+1, r.To, err)
		}
	}
	return m, nil
}

// ruleTarget is the place that a rule names.
type ruleTarget struct {
	section wiki.Section
	stage   string
	page    string // "" where the file's own name decides
}

func parseTarget(to string) (ruleTarget, error) {
	parts := strings.Split(strings.TrimSuffix(to, "/"), "/")
	if len(parts) != 2 && len(parts) != 3 {
		return ruleTarget{}, errors.New("write SECTION/STAGE or SECTION/STAGE/PAGE, for example external/proposing")
	}
	t := ruleTarget{section: wiki.Section(parts[0]), stage: parts[1]}
	check := wiki.Place{Section: t.section, Stage: t.stage, Page: "page"}
	if len(parts) == 3 {
		t.page = parts[2]
		check.Page = t.page
	}
	return t, check.Check()
}

func checkGlob(glob string) error {
	if glob == "" {
		return errors.New("is empty; write a path of the source, with * and ** where anything may stand")
	}
	if len(glob) > 1000 || strings.Count(glob, "/") > maxDepth {
		return errors.New("is too long")
	}
	for part := range strings.SplitSeq(glob, "/") {
		if _, err := path.Match(part, ""); err != nil {
			return errors.New("has a bracket without its end")
		}
	}
	return nil
}

// matchGlob reports whether a path matches: * and ? within one name, ** any
// number of folders, also none. A glob that ends in a slash matches everything
// below that folder.
func matchGlob(glob, name string) bool {
	if strings.HasSuffix(glob, "/") {
		glob += "**"
	}
	g, n := strings.Split(strings.TrimPrefix(glob, "/"), "/"), strings.Split(name, "/")
	// ok[j]: the globs so far match the first j names. One row for each part of
	// the glob, so the work is bounded however many ** there are.
	ok := make([]bool, len(n)+1)
	ok[0] = true
	for i, part := range g {
		next := make([]bool, len(n)+1)
		if part == "**" {
			reached := false
			for j := range ok {
				reached = reached || ok[j]
				next[j] = reached
			}
			if i == len(g)-1 && i > 0 {
				// At the end it stands for something: docs/** is not docs.
				for j := range next {
					next[j] = j > 0 && anyTrue(ok[:j])
				}
			}
		} else {
			for j := 1; j <= len(n); j++ {
				if ok[j-1] {
					m, err := path.Match(part, n[j-1])
					next[j] = err == nil && m
				}
			}
		}
		ok = next
	}
	return ok[len(n)]
}

func anyTrue(list []bool) bool {
	for _, b := range list {
		if b {
			return true
		}
	}
	return false
}

// target finds the place of a path: the first rule that matches.
func (m *Map) target(name string) ruleTarget {
	for _, r := range m.Rules {
		if matchGlob(r.From, name) {
			if t, err := parseTarget(r.To); err == nil {
				return t
			}
		}
	}
	return ruleTarget{section: wiki.Internal, stage: wiki.StageAccount}
}
