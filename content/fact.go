package content

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// Fact is a decision, commitment, requirement, risk, question or stakeholder,
// written as a callout.
type Fact struct {
	ID      string // without the ^; empty until [AssignIDs]
	Kind    string // "decision", …
	Title   string // first line as plain text without attributes; else the first block
	Body    string // the rest as plain text
	Owner   string // handle
	Status  string // "" while nothing was said
	Due     string // YYYY-MM-DD or ""
	Attrs   map[string]string
	Line    int // 1-based, first line
	EndLine int // 1-based, last line

	spot spot
}

// Open reports whether the fact still stands: its status is none of done,
// dropped and answered. An evaded question is open.
func (f Fact) Open() bool {
	switch f.Status {
	case "done", "dropped", "answered":
		return false
	}
	return true
}

// Task is an item of a task list.
type Task struct {
	Line int // 1-based
	Done bool
	Text string // plain text of the item without attributes and nested lists

	at int // offset in the source of the character between the brackets
}

// Action is a task that has an owner or a date.
type Action struct {
	ID    string // without the ^; empty until [AssignIDs]
	Text  string
	Owner string // handle
	Due   string // YYYY-MM-DD or ""
	Done  bool
	Line  int // 1-based

	spot spot
}

// spot is where a fact or action can be edited: offsets in the source.
type spot struct {
	end   int // where an attribute can be added
	attrs []attrSpan
}

type attrSpan struct {
	key         string
	start, stop int
}

// meta is what stands in attributes and mentions of a first line.
type meta struct {
	id     string
	owner  string
	attrs  map[string]string
	spans  []attrSpan
	hidden map[ast.Node]bool // trailing mentions, shown beside the text only
}

func (m *meta) get(key string) string { return m.attrs[key] }

// readMeta reads the attributes among the inline children of n. The owner is
// the first mention of those that end the line, else the first of all.
func readMeta(n ast.Node, body []byte, base int) *meta {
	m := &meta{attrs: map[string]string{}, hidden: map[ast.Node]bool{}}
	first := ""
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch c := c.(type) {
		case *mention:
			if first == "" {
				first = c.handle
			}
		case *attribute:
			if _, twice := m.attrs[c.key]; !twice {
				m.attrs[c.key] = c.value
				m.spans = append(m.spans, attrSpan{c.key, c.start + base, c.stop + base})
			}
		}
		return ast.WalkContinue, nil
	})
	m.id = m.attrs["^"]
	delete(m.attrs, "^")
	end := n.FirstChild() // what follows the first line
	for end != nil {
		t, ok := end.(*ast.Text)
		end = end.NextSibling()
		if ok && (t.SoftLineBreak() || t.HardLineBreak()) {
			break
		}
	}
	c := n.LastChild()
	if end != nil {
		c = end.PreviousSibling()
	}
	last := ""
	for ; c != nil; c = c.PreviousSibling() {
		switch c := c.(type) {
		case *attribute:
			continue
		case *mention:
			m.hidden[c] = true
			last = c.handle
			continue
		case *ast.Text:
			if strings.TrimSpace(string(c.Segment.Value(body))) == "" && !c.IsRaw() {
				continue
			}
		}
		break
	}
	m.owner = last
	if m.owner == "" {
		m.owner = first
	}
	return m
}

// item is a task list item as rendering needs it.
type item struct {
	task   Task
	action *Action
	meta   *meta
}

// checkBox returns the check box of a list item, nil when it is no task.
func checkBox(li ast.Node) *east.TaskCheckBox {
	first := li.FirstChild()
	if first == nil {
		return nil
	}
	box, _ := first.FirstChild().(*east.TaskCheckBox)
	return box
}

// IsFactKind reports whether a callout of a kind is a fact.
func IsFactKind(kind string) bool { return calloutKinds[kind].fact }
