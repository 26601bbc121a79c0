package brief

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
)

// notes is what a brief takes from one page. It depends on the text and name of
// the page alone, so it is kept by them.
type notes struct {
	sentences []*sentence
	claims    map[Topic][]claimed // the best of a topic
	sections  []Section
	possible  []guess
	opening   string  // the first paragraph
	weight    float64 // how much the page counts
}

// Section is what stands under a heading that promises something worth
// carrying, such as Decisions or Open questions.
type Section struct {
	Kind   string   `json:"kind"` // of fact that it speaks of
	Source Source   `json:"source"`
	Lines  []string `json:"lines"` // its first passages
	More   int      `json:"more,omitempty"`
	weight float64  // of its page
}

// claimed is a sentence of a page that a topic claims.
type claimed struct {
	Sentence int // index
	Points   int
}

type guess struct {
	Sentence int
	Kind     string
	Dated    bool
}

const sectionLines = 5

// sectionKinds tells by its heading what a section speaks of.
var sectionKinds = []struct {
	kind    string
	heading *regexp.Regexp
}{
	{"decision", words(`decisions?|decided|agreed|settled`)},
	{"commitment", words(`commitments?|promises|what we promised|we promised`)},
	{"risk", words(`risks?|red flags?|concerns|objections`)},
	{"question", words(`open questions?|questions?|open points?|unclear|to clarify`)},
	{"assumption", words(`assumptions?`)},
	{"requirement", words(`requirements?|constraints|acceptance criteria|success criteria|tasks`)},
	{"stakeholder", words(`stakeholders?|who decides|roles?(?: and| &)? responsibilities|key people`)},
}

// guesses are the sentences that look like facts that nobody has written down
// as such yet.
var guesses = []struct {
	kind string
	cue  *regexp.Regexp
	date bool // only with a date in it
}{
	{"commitment", words(`we (?:will|promise[d]?|commit(?:ted)? to|guarantee[d]?|agreed to) \w+|(?:we|I) (?:have )?promised|(?:contractor|vendor|supplier) (?:shall|will|must) (?:deliver|provide|submit|complete|begin|transfer)`), false},
	{"decision", words(`(?:we|they|the customer|the board|it was) (?:have |has )?(?:decided|agreed|chosen|chose|settled|approved)|award (?:was|has been) made|has been (?:decided|approved|awarded)`), false},
	{"commitment", words(`(?:due|by|no later than|before|deadline|reply by|target date|go-live|received|submitted)`), true},
	{"risk", words(`(?:the|a|big|main) risk|at risk|may slip|will not be (?:considered|accepted)|worried|concerned that`), false},
	{"question", words(`to be (?:determined|decided|confirmed|clarified)|tbd|not yet (?:known|clear|decided)|we (?:do not|don't) know`), false},
	{"requirement", words(`must (?:be|have|support|not)|is required to|at a minimum`), false},
}

const maxClaims = 12 // of one topic on one page

// take makes the notes of a page.
func take(info wiki.PageInfo, text []byte, imported string) *notes {
	doc := mend(text)
	n := &notes{claims: map[Topic][]claimed{}, opening: clip(doc.Lead()), weight: weigh(info, imported)}
	n.sentences = read(info, doc, imported, 0)
	for _, t := range Topics() {
		cues := topics[t]
		for i, s := range n.sentences {
			if t == TopicWhen && isOver(s.text) {
				continue
			}
			if p := cues.score(s.text, s.headings); p >= enough {
				n.claims[t] = append(n.claims[t], claimed{i, p})
			}
		}
		slices.SortStableFunc(n.claims[t], func(a, b claimed) int {
			return cmp.Compare(float64(b.Points)*n.sentences[b.Sentence].weight, float64(a.Points)*n.sentences[a.Sentence].weight)
		})
		n.claims[t] = n.claims[t][:min(len(n.claims[t]), maxClaims)]
	}
	for i, s := range n.sentences {
		if s.weight < 0.6 || len(strings.Fields(s.text)) > 45 || isOver(s.text) {
			continue // says how to take part, is a table, or is over
		}
		for _, g := range guesses {
			if g.cue.MatchString(s.text) && (!g.date || fullDate.MatchString(s.text)) {
				n.possible = append(n.possible, guess{i, g.kind, fullDate.MatchString(s.text)})
				break
			}
		}
	}
	n.sections = sectionsOf(info, doc, imported)
	n.unlink(anchors(content.Parse(text)))
	n.prune()
	return n
}

// fullDate is a day that can be put into a calendar.
var fullDate = regexp.MustCompile(`(?i)\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}(?:st|nd|rd|th)?\.? (?:of )?` + months + `,? \d{4}|` + months + `\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})\b`)

func sectionsOf(info wiki.PageInfo, doc *content.Doc, imported string) []Section {
	weight := weigh(info, imported)
	var out []Section
	last := ""
	for _, p := range doc.Passages() {
		if len(p.Headings) == 0 {
			continue
		}
		heading := p.Headings[len(p.Headings)-1]
		kind := ""
		for _, k := range sectionKinds {
			if k.heading.MatchString(heading) && len(strings.Fields(heading)) <= 8 {
				kind = k.kind
				break
			}
		}
		if kind == "" || p.Kind == content.QuotePassage {
			continue
		}
		if last != p.Anchor {
			last = p.Anchor
			out = append(out, Section{weight: weight, Kind: kind, Source: Source{Place: info.Place, Title: info.Title, Heading: heading, Anchor: p.Anchor, Line: p.Line}})
		}
		s := &out[len(out)-1]
		if len(s.Lines) < sectionLines {
			s.Lines = append(s.Lines, clip(p.Text))
		} else {
			s.More++
		}
	}
	return out
}

// unlink takes out links to headings that the page as it is drawn has not.
func (n *notes) unlink(there map[string]bool) {
	for _, s := range n.sentences {
		if !there[s.source.Anchor] {
			s.source.Anchor = ""
		}
	}
	for i := range n.sections {
		if s := &n.sections[i]; !there[s.Source.Anchor] {
			s.Source.Anchor = ""
		}
	}
}

// prune drops the sentences that nobody claims.
func (n *notes) prune() {
	to := map[int]int{}
	var kept []*sentence
	move := func(i *int) {
		j, ok := to[*i]
		if !ok {
			j = len(kept)
			to[*i] = j
			kept = append(kept, n.sentences[*i])
		}
		*i = j
	}
	for _, t := range Topics() {
		for i := range n.claims[t] {
			move(&n.claims[t][i].Sentence)
		}
	}
	for i := range n.possible {
		move(&n.possible[i].Sentence)
	}
	n.sentences = kept
	for _, s := range kept {
		s.words = wordSet(s.text)
	}
}
