package transfer

import (
	"bytes"
	"fmt"
	"path"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"dealwiki/wiki"
)

// target is what a path of the source becomes.
type target struct {
	section wiki.Section
	stage   string
	name    string // page slug, or name of the attachment
	page    bool
}

// String is SECTION/STAGE/PAGE, or SECTION/STAGE/files/NAME.
func (t target) String() string {
	if t.page {
		return wiki.Place{Section: t.section, Stage: t.stage, Page: t.name}.String()
	}
	return string(t.section) + "/" + t.file().Path()
}

func (t target) file() wiki.File {
	return wiki.File{Section: t.section, Stage: t.stage, Name: t.name}
}

// path is where the file is in its section's repository.
func (t target) path() string {
	if t.page {
		return wiki.Place{Section: t.section, Stage: t.stage, Page: t.name}.Path()
	}
	return t.file().Path()
}

func (t target) check() error {
	if t.page {
		return wiki.Place{Section: t.section, Stage: t.stage, Page: t.name}.Check()
	}
	return t.file().Check()
}

// key is what no two targets may share: names are unique in a stage, on the
// external side over all of it, attachments without regard to case.
func (t target) key() string {
	stage := t.stage
	if t.section == wiki.External {
		stage = "*"
	}
	if t.page {
		return string(t.section) + "/" + stage + "/" + t.name
	}
	return string(t.section) + "/" + stage + "/files/" + foldName(t.name)
}

// foldName makes names alike that are the same without regard to case.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		// The smallest rune of the orbit stands for all of it.
		low := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			low = min(low, f)
		}
		return low
	}, s)
}

func parseTargetPath(to string) (target, bool) {
	section, file, ok := wiki.ImportTarget(to)
	if !ok {
		return target{}, false
	}
	return targetOf(section, file)
}

// targetOf reads a path of a section's repository; ok is false for what is
// neither page nor attachment.
func targetOf(section wiki.Section, file string) (target, bool) {
	parts := strings.Split(file, "/")
	switch {
	case len(parts) == 2 && strings.HasSuffix(parts[1], ".md"):
		return target{section: section, stage: parts[0], name: strings.TrimSuffix(parts[1], ".md"), page: true}, true
	case len(parts) == 3 && parts[1] == "files":
		return target{section: section, stage: parts[0], name: parts[2]}, true
	}
	return target{}, false
}

// namer gives the paths of a source their targets, one to one.
type namer struct {
	m     *Map
	taken map[string]bool
}

// name finds the plainest free target of a path.
func (n *namer) name(from string, page bool) (target, error) {
	rule := n.m.target(from)
	t := target{section: rule.section, stage: rule.stage, page: page}
	folders := strings.Split(path.Dir(from), "/")
	if path.Dir(from) == "." {
		folders = nil
	}
	base := path.Base(from)
	if isMarkdown(base) && page {
		base = base[:len(base)-len(".md")]
	}
	if rule.page != "" {
		base = rule.page
		if !page {
			base += path.Ext(from)
		}
	}
	make := wiki.Slug
	if !page {
		make = cleanName
	}
	plain := make(base)
	candidates := []string{plain}
	for i := len(folders) - 1; i >= 0; i-- {
		candidates = append(candidates, make(strings.Join(folders[i:], "-")+"-"+base))
	}
	for _, name := range candidates {
		t.name = name
		if n.free(t) {
			return n.take(t)
		}
	}
	for i := 2; i <= maxPaths+1; i++ {
		t.name = numbered(plain, i, page)
		if n.free(t) {
			return n.take(t)
		}
	}
	return t, refuse("%q finds no free name", from)
}

func (n *namer) free(t target) bool { return !n.taken[t.key()] && t.check() == nil }

func (n *namer) take(t target) (target, error) {
	n.taken[t.key()] = true
	if t.page && t.stage == wiki.StageLog {
		if _, err := time.Parse("2006-01-02", t.name[:min(len(t.name), 10)]); err != nil {
			return t, &wiki.Invalid{Field: "the map", Problem: fmt.Sprintf("puts %q into the log, where names begin with the date, such as 2026-11-12-call; name it so in the map or choose another stage", t.name)}
		}
	}
	return t, nil
}

func isMarkdown(name string) bool { return strings.EqualFold(path.Ext(name), ".md") }

func numbered(name string, i int, page bool) string {
	suffix := fmt.Sprintf("-%d", i)
	if page {
		return strings.TrimRight(cut(name, 80-len(suffix), 200-len(suffix)), "-") + suffix
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	return cut(stem, 200, 200-len(suffix)-len(ext)) + suffix + ext
}

// cut shortens s to so many runes and bytes, between runes.
func cut(s string, runes, bytes int) string {
	for n := range s {
		if runes == 0 || n > bytes {
			s = s[:n]
			break
		}
		runes--
	}
	for len(s) > bytes {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// cleanName makes a name that every system can hold out of any bytes.
func cleanName(s string) string {
	const maxName, maxExt = 150, 20
	s = norm.NFC.String(strings.ToValidUTF8(s, "-"))
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune(`/\:*?"<>|`, r):
			b.WriteByte('-')
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200d' && r != '\u200c', r == '\u2028', r == '\u2029', r == utf8.RuneError:
		default:
			b.WriteRune(r)
		}
	}
	s = strings.TrimLeft(b.String(), ".- ")
	s = strings.TrimRight(s, ". ")
	if len(s) > maxName {
		ext := path.Ext(s)
		if len(ext) > maxExt {
			ext = ""
		}
		s = strings.TrimRight(cut(strings.TrimSuffix(s, ext), maxName, maxName-len(ext)), ". ") + ext
	}
	if s == "" {
		return "file"
	}
	if (wiki.File{Section: wiki.Internal, Stage: wiki.StageAccount, Name: s}).Check() != nil {
		// A name that Windows or git keeps for itself.
		s = "file-" + s
	}
	return s
}

// fit reports whether a text can be a page.
func fit(text []byte) bool {
	return len(text) <= wiki.MaxPage && utf8.Valid(text) && bytes.IndexByte(text, 0) < 0
}

// buildMapping gives every path of the source its target. What known says
// stays; taken are the names that the prospect has used.
func buildMapping(src *Source, m *Map, known map[string]target, taken map[string]bool) ([]target, []string, error) {
	n := &namer{m: m, taken: taken}
	for _, t := range known {
		n.taken[t.key()] = true
	}
	out := make([]target, len(src.paths))
	var order []int
	for i, p := range src.paths {
		if t, ok := known[p]; ok {
			out[i] = t
		} else {
			order = append(order, i)
		}
	}
	// The plainest names go to the newest files, of these to the ones that
	// stand highest, whatever order the history brought them in.
	sort.Slice(order, func(a, b int) bool {
		i, j := order[a], order[b]
		_, ih := src.atHead[i]
		_, jh := src.atHead[j]
		if ih != jh {
			return ih
		}
		p, q := src.paths[i], src.paths[j]
		if dp, dq := strings.Count(p, "/"), strings.Count(q, "/"); dp != dq {
			return dp < dq
		}
		return p < q
	})
	var notes []string
	for _, i := range order {
		page := isMarkdown(path.Base(src.paths[i]))
		if blob, ok := src.atHead[i]; ok && page {
			text, err := src.blob(blob)
			if err != nil {
				return nil, nil, err
			}
			if !fit(text) {
				page = false
				notes = append(notes, fmt.Sprintf("%q is larger than a page may be, or is no UTF-8 text; it becomes an attachment", src.paths[i]))
			}
		}
		var err error
		if out[i], err = n.name(src.paths[i], page); err != nil {
			return nil, nil, err
		}
	}
	// A page that is known already cannot turn into an attachment.
	for i, blob := range src.atHead {
		if _, ok := known[src.paths[i]]; !ok || !out[i].page {
			continue
		}
		text, err := src.blob(blob)
		if err != nil {
			return nil, nil, err
		}
		if !fit(text) {
			return nil, nil, refuse("%q in commit %s is larger than a page may be (%d bytes), or is no UTF-8 text", src.paths[i], src.head, wiki.MaxPage)
		}
	}
	return out, notes, nil
}
