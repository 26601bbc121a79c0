package qualification

import (
	"errors"
	"regexp"
	"strings"
	"time"
)

// ErrAnswer says that an answer cannot be written; the text around it says why.
var ErrAnswer = errors.New("the answer cannot be written")

// Answer is what somebody said to a question.
type Answer struct {
	Text     string `json:"answer"`
	Who      string `json:"who,omitempty"`
	When     string `json:"when,omitempty"` // as written; YYYY-MM-DD from the form
	Evidence string `json:"evidence,omitempty"`
	Line     int    `json:"line"` // 1-based
}

// Question is a question with the answers there are.
type Question struct {
	Text    string   `json:"question"` // without its number
	Line    int      `json:"line"`     // 1-based
	Answers []Answer `json:"answers"`

	table bool
	last  int // 1-based line after which a new answer stands
}

// People counts who has answered; answers without a name count as one person.
func (q *Question) People() int {
	seen := map[string]bool{}
	for _, a := range q.Answers {
		seen[fold(a.Who)] = true
	}
	return len(seen)
}

// Differ reports that two people gave different answers.
func (q *Question) Differ() bool {
	// An answer that neither names the person nor says the text of the first
	// differs from it. All others share one of the two with it, and of those two
	// differ where one shares only the person, the other only the text. A page
	// may hold many thousand answers, so they are not compared pair by pair.
	var otherText, otherWho bool
	for _, a := range q.Answers {
		who, text := fold(a.Who) == fold(q.Answers[0].Who), fold(a.Text) == fold(q.Answers[0].Text)
		if !who && !text {
			return true
		}
		otherText, otherWho = otherText || who && !text, otherWho || text && !who
	}
	return otherText && otherWho
}

// Coverage is how far the questions were asked. It says nothing of how good a
// deal is.
type Coverage struct {
	Questions int `json:"questions"`
	Asked     int `json:"asked"`
	Several   int `json:"several"` // asked of more than one person
	Differ    int `json:"differ"`  // where their answers differ
}

// Cover counts.
func Cover(all []Question) Coverage {
	c := Coverage{Questions: len(all)}
	for i := range all {
		if len(all[i].Answers) > 0 {
			c.Asked++
		}
		if all[i].People() > 1 {
			c.Several++
		}
		if all[i].Differ() {
			c.Differ++
		}
	}
	return c
}

func fold(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune(" \t.,;!*_", r) }), " ")
}

var (
	heading  = regexp.MustCompile(`^ {0,3}(#{2,6})[ \t]+(.*?)[ \t#]*$`)
	numbered = regexp.MustCompile(`^[0-9]{1,3}[.)][ \t]+`)
	item     = regexp.MustCompile(`^ {0,3}[-*+][ \t]+(.*)$`)
	fence    = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	rule     = regexp.MustCompile(`^[ \t|:-]+$`)
)

// Parse answers the questions of a text, in its order. Of a question that
// stands there twice, in a table and as a heading, the answers are joined.
func Parse(text []byte) []Question {
	var out []Question
	at := -1 // the question whose list we are in
	open := ""
	var columns []string
	known := map[string]int{} // by its folded text, where in out a question is
	find := func(name string, line int, table bool) int {
		if i, ok := known[fold(name)]; ok {
			if out[i].table && !table {
				out[i].table, out[i].last = false, line
			}
			return i
		}
		known[fold(name)] = len(out)
		out = append(out, Question{Text: name, Line: line, Answers: []Answer{}, table: table, last: line})
		return len(out) - 1
	}
	for i, line := range lines(text) {
		n := i + 1
		line = strings.TrimRight(line, "\r\n")
		if m := fence.FindStringSubmatch(line); m != nil {
			switch {
			case open == "":
				open = m[1]
			case m[1][0] == open[0] && len(m[1]) >= len(open):
				open = ""
			}
			continue
		}
		if open != "" {
			continue
		}
		if strings.HasPrefix(strings.TrimSpace(line), "|") {
			at = -1
			if rule.MatchString(line) {
				continue
			}
			cells := row(line)
			if columns == nil {
				columns = cells
				continue
			}
			if q := question(cells[0]); q != "" && strings.HasPrefix(fold(columns[0]), "question") {
				a := Answer{Line: n}
				for c := 1; c < len(cells) && c < len(columns); c++ {
					switch name := fold(columns[c]); {
					case strings.HasPrefix(name, "answer"):
						a.Text = cells[c]
					case strings.HasPrefix(name, "who"):
						a.Who = cells[c]
					case strings.HasPrefix(name, "when"), strings.HasPrefix(name, "date"):
						a.When = cells[c]
					case strings.HasPrefix(name, "evidence"):
						a.Evidence = cells[c]
					}
				}
				i := find(q, n, true)
				if a.Text != "" {
					out[i].Answers = append(out[i].Answers, a)
				}
			}
			continue
		}
		columns = nil
		if m := heading.FindStringSubmatch(line); m != nil {
			at = -1
			if q := question(m[2]); q != "" && len(m[1]) > 2 {
				at = find(q, n, false)
			}
			continue
		}
		if m := item.FindStringSubmatch(line); m != nil && at >= 0 {
			if a, ok := answer(m[1]); ok {
				a.Line = n
				out[at].Answers, out[at].last = append(out[at].Answers, a), n
			}
		}
	}
	return out
}

func lines(text []byte) []string { return strings.SplitAfter(string(text), "\n") }

// question is what a heading or cell asks, "" if it asks nothing.
func question(s string) string {
	s = strings.TrimSpace(numbered.ReplaceAllString(strings.TrimSpace(s), ""))
	if !strings.HasSuffix(s, "?") {
		return ""
	}
	return s
}

func row(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
	var cells []string
	var b strings.Builder
	var opened, closed int // links, whose own bars divide no cells
	var half byte          // a bracket that waits for its twin
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line) && line[i+1] == '|':
			b.WriteByte('|')
			half = 0
			i++
		case c == '|' && opened == closed:
			cells = append(cells, strings.TrimSpace(b.String()))
			b.Reset()
			opened, closed, half = 0, 0, 0
		default:
			b.WriteByte(c)
			switch {
			case c == '[' && half == '[':
				opened++
				half = 0
			case c == ']' && half == ']':
				closed++
				half = 0
			default:
				half = c
			}
		}
	}
	return append(cells, strings.TrimSpace(b.String()))
}

const between = " · "

func answer(s string) (Answer, bool) {
	var a Answer
	for i, part := range strings.Split(s, between) {
		part = strings.TrimSpace(part)
		who, isWho := strings.CutPrefix(part, "said by ")
		when, isWhen := strings.CutPrefix(part, "on ")
		evidence, isEvidence := strings.CutPrefix(part, "evidence: ")
		switch {
		case i == 0:
			a.Text = part
		case isWho:
			a.Who = strings.TrimSpace(who)
		case isWhen:
			a.When = strings.TrimSpace(when)
		case isEvidence:
			a.Evidence = strings.TrimSpace(evidence)
		default:
			a.Text += between + part
		}
	}
	return a, a.Text != ""
}

// Add puts an answer to a question into a text, as the last item of its list.
// A question that the text does not ask as a heading is added at the end.
func Add(text []byte, name string, a Answer) ([]byte, error) {
	clean := func(s string) string { return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), between, ", ") }
	name, a.Text, a.Who, a.When, a.Evidence = question(clean(name)), clean(a.Text), clean(a.Who), clean(a.When), clean(a.Evidence)
	switch {
	case name == "":
		return nil, wrong("a question ends with a question mark")
	case a.Text == "":
		return nil, wrong("the answer is empty")
	case a.Who == "":
		return nil, wrong("say who said so; an answer without a source is a guess")
	}
	if a.When != "" {
		if _, err := time.Parse(time.DateOnly, a.When); err != nil {
			return nil, wrong("the day is a date such as 2026-11-12")
		}
	}
	line := "- " + a.Text + between + "said by " + a.Who
	if a.When != "" {
		line += between + "on " + a.When
	}
	if a.Evidence != "" {
		line += between + "evidence: " + a.Evidence
	}
	for _, q := range Parse(text) {
		if fold(q.Text) != fold(name) || q.table {
			continue
		}
		all := lines(text)
		var b strings.Builder
		for i, l := range all {
			b.WriteString(l)
			if i+1 != q.last {
				continue
			}
			if !strings.HasSuffix(l, "\n") {
				b.WriteString("\n")
			}
			if q.last == q.Line || len(q.Answers) == 0 {
				b.WriteString("\n")
			}
			b.WriteString(line + "\n")
			if len(q.Answers) == 0 && i+1 < len(all) && strings.TrimSpace(all[i+1]) != "" {
				b.WriteString("\n")
			}
		}
		return []byte(b.String()), nil
	}
	out := strings.TrimRight(string(text), "\n")
	if out != "" {
		out += "\n\n"
	}
	return []byte(out + "### " + name + "\n\n" + line + "\n"), nil
}

func wrong(why string) error { return &Wrong{why} }

// Wrong is an ErrAnswer with what is wrong.
type Wrong struct{ Why string }

func (e *Wrong) Error() string { return e.Why }

// Is makes it an [ErrAnswer].
func (e *Wrong) Is(target error) bool { return target == ErrAnswer }
