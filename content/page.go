package content

import (
	"bytes"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// Doc is a parsed page. It is immutable and safe for concurrent use.
type Doc struct {
	src    []byte
	body   []byte // src without byte order mark and front matter
	base   int    // lines of src before body
	starts []int  // offsets in body at which lines begin
	root   ast.Node
	notice string
	front  Front

	title    string
	titleAt  ast.Node // the heading the title was taken from, or nil
	lead     string
	text     string
	words    int
	headings []Heading
	facts    []Fact
	tasks    []Task
	actions  []Action
	links    []Link
	mentions []string
	ids      map[ast.Node]string // headings, callouts and task items by their HTML id
	callouts map[ast.Node]*Fact  // blockquote to its fact
	items    map[ast.Node]*item  // list item to its task
}

// Heading is one entry of the outline.
type Heading struct {
	Level int    // 1 to 6
	Text  string // plain text
	ID    string // the id of the element in the HTML
	Line  int    // 1-based line in the source
}

// utf8BOM is kept in the source and never parsed.
var utf8BOM = []byte("\xef\xbb\xbf")

// Parse reads a page. It never fails: a page that is past a limit has a
// [Doc.Notice] and is shown as its source, and front matter that cannot be
// read leaves an error in [Front.Err] while the body renders. The caller must
// not change src afterwards.
func Parse(src []byte) *Doc {
	d := &Doc{src: src}
	head, body := splitFront(src)
	d.body = body
	d.base = bytes.Count(src[:len(src)-len(body)], []byte{'\n'})
	d.front = parseFront(head)
	d.starts = lineStarts(body)
	if d.notice = overLimit(src, body); d.notice == "" {
		d.parse()
	}
	if d.notice != "" {
		d.forget()
	}
	if d.front.Title != "" && d.front.Title != d.title {
		d.title, d.titleAt = d.front.Title, nil
	}
	return d
}

func (d *Doc) parse() {
	m := &meter{left: workBudget}
	root := parseBody(d.body, m)
	if m.over == "" {
		d.root = root
		c := &collector{doc: d, meter: m}
		c.run(root)
	}
	d.notice = m.over
}

// forget drops what was learned of a body that turned out to be past a limit.
func (d *Doc) forget() {
	d.root, d.title, d.titleAt, d.lead = nil, "", nil, ""
	d.headings, d.facts, d.tasks, d.actions = nil, nil, nil, nil
	d.links, d.mentions, d.ids, d.callouts, d.items = nil, nil, nil, nil, nil
	body := d.body
	if len(body) > maxSize {
		body = body[:maxSize]
	}
	d.text = strings.ToValidUTF8(string(body), "\uFFFD")
	d.words = countWords(d.text)
}

// Source is the text exactly as it was given to [Parse].
func (d *Doc) Source() []byte { return d.src }

// Notice says, in a sentence for readers, why the page is shown as its source.
// It is empty for a page within the limits.
func (d *Doc) Notice() string { return d.notice }

// Front is the front matter.
func (d *Doc) Front() Front { return d.front }

// Title is the title in the front matter, else the first heading of level 1,
// else empty.
func (d *Doc) Title() string { return d.title }

// Lead is the first paragraph as plain text; after labels such as "**Who:**
// Ingrid" what stands below them.
func (d *Doc) Lead() string { return d.lead }

// Outline lists the headings in order.
func (d *Doc) Outline() []Heading { return d.headings }

// Text is the plain text of the body: one line per block, without markup,
// ids and attributes.
func (d *Doc) Text() string { return d.text }

// Words counts the words of the body.
func (d *Doc) Words() int { return d.words }

// Facts lists the facts in order.
func (d *Doc) Facts() []Fact { return d.facts }

// Actions lists the tasks that have an owner or a date.
func (d *Doc) Actions() []Action { return d.actions }

// Tasks lists every task.
func (d *Doc) Tasks() []Task { return d.tasks }

// Links lists links and images in order.
func (d *Doc) Links() []Link { return d.links }

// Mentions lists the handles mentioned, each once, in order of appearance.
func (d *Doc) Mentions() []string { return d.mentions }

// line is the 1-based line of the source at which an offset of the body lies.
func (d *Doc) line(offset int) int {
	return d.base + sort.SearchInts(d.starts, offset+1)
}

func lineStarts(b []byte) []int {
	starts := make([]int, 1, 1+bytes.Count(b, []byte{'\n'}))
	for i, c := range b {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func parseBody(body []byte, m *meter) ast.Node {
	pc := newContext(m)
	return dialect.Parse(text.NewReader(body), withContext(pc))
}

func countWords(s string) int {
	n, in := 0, false
	for _, r := range s {
		word := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || r == '\'' || r == '’' || r == '-'
		if word && !in && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			n++
			in = true
		} else if !word {
			in = false
		}
	}
	return n
}

// clip shortens s to at most n bytes at a rune boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
