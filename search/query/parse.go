package query

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Error is a query that cannot be understood.
type Error struct {
	Pos int    // byte in the text where it goes wrong
	Msg string // what is wrong and what to do, for people
}

func (e *Error) Error() string { return e.Msg }

// names maps what people type before a colon to the filter meant.
var names = map[string]Name{
	"in": In, "section": In, "stage": Stage, "by": By, "author": By, "kind": Kind,
	"prospect": Prospect, "deal": Prospect, "tag": Tag, "before": Before, "after": After,
	"since": After, "has": Has, "type": Type, "is": Is, "state": Is,
}

// FactKinds are the kinds of facts a page may hold, as kind: and has: take
// them.
func FactKinds() []string {
	return []string{"decision", "commitment", "requirement", "risk", "question", "stakeholder"}
}

// choices lists the values of the filters that have a closed set of them.
var choices = map[Name][]string{
	In:   {"internal", "external"},
	Kind: append([]string{"page", "file", "prospect", "fact", "action"}, FactKinds()...),
	Has:  append([]string{"attachment", "fact", "action"}, FactKinds()...),
	Type: {"page", "file", "fact", "prospect"},
	Is:   {"open", "closed"},
}

// Parse reads a query. The error is always an *Error. An open quote ends with
// the text, so that a query can be read while it is being typed.
func Parse(text string) (Query, error) {
	if len(text) > MaxLength {
		return Query{}, &Error{Pos: MaxLength, Msg: fmt.Sprintf("The search is too long: use at most %d characters.", MaxLength)}
	}
	for i, r := range text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(text[i:]); n == 1 {
				return Query{}, &Error{Pos: i, Msg: "The search is not valid text (UTF-8)."}
			}
		}
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return Query{}, &Error{Pos: i, Msg: "The search holds a control character: remove it."}
		}
	}
	p := parser{text: text}
	if err := p.run(); err != nil {
		return Query{}, err
	}
	return p.q, nil
}

type parser struct {
	text string
	pos  int
	q    Query
	or   int // position + 1 of an OR that waits for its right side
	last bool
	// last tells that the token before was a word, which OR may join on to.
}

func (p *parser) run() error {
	for {
		p.space()
		if p.pos >= len(p.text) {
			break
		}
		if err := p.token(); err != nil {
			return err
		}
		if p.q.terms() > MaxTerms {
			return tooManyTerms(p.pos)
		}
	}
	if p.or > 0 {
		return orSides(p.or - 1)
	}
	return nil
}

func (p *parser) token() error {
	start := p.pos
	not := false
	if p.text[p.pos] == '-' {
		not = true
		p.pos++
		if p.pos == len(p.text) || p.peekSpace() {
			return nil // a dash that stands alone is punctuation
		}
	}
	if r, n := p.rune(); isQuote(r) {
		p.pos += n
		phrase := p.untilQuote()
		if strings.TrimFunc(phrase, isSpace) == "" {
			return nil
		}
		return p.term(start, not, Term{Text: clean(phrase), Phrase: true})
	}
	word := p.word()
	if i := strings.IndexByte(word, ':'); i > 0 {
		if n, ok := names[strings.ToLower(word[:i])]; ok {
			return p.filter(start, n, not, word[i+1:])
		}
	}
	if !not && word == "AND" {
		return nil // words are joined by "and" anyway
	}
	if !not && word == "OR" {
		if !p.last || p.or > 0 {
			return orSides(start)
		}
		p.or = start + 1
		return nil
	}
	prefix := false
	if strings.ContainsRune(word, '*') {
		bare := strings.TrimRight(word, "*")
		if bare == "" || strings.ContainsRune(bare, '*') {
			return &Error{Pos: start, Msg: "A * can stand only at the end of a word, as in migrat*."}
		}
		word, prefix = bare, true
	}
	if len(word) > maxWord {
		return &Error{Pos: start, Msg: fmt.Sprintf("This word is too long: use at most %d characters.", maxWord)}
	}
	if strings.IndexFunc(word, isWordRune) < 0 {
		return nil // nothing in it can be found
	}
	// What is normalised may begin or read like syntax; then it is kept as a
	// phrase, which reads back as itself.
	word = norm.NFC.String(word)
	t := Term{Text: word, Prefix: prefix}
	if word[0] == '-' || word == "OR" || word == "AND" {
		t = Term{Text: word, Phrase: true}
	}
	return p.term(start, not, t)
}

func (p *parser) term(start int, not bool, t Term) error {
	if strings.IndexFunc(t.Text, isWordRune) < 0 {
		return nil
	}
	if p.or > 0 {
		if not {
			return &Error{Pos: start, Msg: "OR joins words that are looked for; an excluded word cannot stand beside it."}
		}
		g := &p.q.Groups[len(p.q.Groups)-1]
		g.Any = append(g.Any, t)
		p.or = 0
		return nil
	}
	p.q.Groups = append(p.q.Groups, Group{Not: not, Any: []Term{t}})
	p.last = !not
	return nil
}

func (p *parser) filter(start int, n Name, not bool, value string) error {
	if p.or > 0 {
		return &Error{Pos: start, Msg: fmt.Sprintf("OR joins words only. To allow several values write the filter twice: %s:one %s:two.", n, n)}
	}
	p.last = false
	if value == "" && p.pos < len(p.text) {
		if r, size := p.rune(); isQuote(r) {
			p.pos += size
			value = p.untilQuote()
		}
	}
	v, msg := filterValue(n, value)
	if msg == "" && not && (n == Before || n == After) {
		msg = "-" + string(n) + ": cannot be; use before: for earlier and after: for later."
	}
	if msg == "" {
		msg = p.q.add(n, not, v)
	}
	if msg != "" {
		return &Error{Pos: start, Msg: msg}
	}
	return nil
}

var dayForm = regexp.MustCompile(`^\d{4}(-\d{2}(-\d{2})?)?$`)

// filterValue checks and normalises a filter's value; msg says what is wrong.
func filterValue(n Name, value string) (v, msg string) {
	v = strings.ToLower(clean(value))
	v = norm.NFC.String(v)
	if n == By {
		v = strings.TrimLeft(v, "@")
	}
	if v == "" || strings.IndexFunc(v, isWordRune) < 0 {
		return "", fmt.Sprintf("%s: needs a value right after the colon, as in %s.", n, example(n))
	}
	if len(v) > maxWord {
		return "", fmt.Sprintf("The value of %s: is too long.", n)
	}
	if list, ok := choices[n]; ok {
		for _, c := range list {
			if v == c || v == c+"s" {
				return c, ""
			}
		}
		return "", fmt.Sprintf("%s: takes %s.", n, strings.Join(list, ", "))
	}
	if n == Before || n == After {
		if dayForm.MatchString(v) {
			if t, err := time.Parse("2006-01-02", v+dayTail(v)); err == nil && t.Year() > 0 {
				return t.Format("2006-01-02"), ""
			}
		}
		return "", fmt.Sprintf("%s: needs a date, as in %s.", n, example(n))
	}
	return v, ""
}

// dayTail is what makes a year or month the date of its first day.
func dayTail(v string) string {
	switch len(v) {
	case 4:
		return "-01-01"
	case 7:
		return "-01"
	}
	return ""
}

func example(n Name) string {
	switch n {
	case In:
		return "in:external"
	case Stage:
		return "stage:closing"
	case By:
		return "by:dana"
	case Kind:
		return "kind:risk"
	case Prospect:
		return "prospect:northwind"
	case Tag:
		return "tag:legal"
	case Has:
		return "has:attachment"
	case Type:
		return "type:file"
	case Is:
		return "is:open"
	}
	return string(n) + ":2026-11-01"
}

func tooManyTerms(pos int) *Error {
	return &Error{Pos: pos, Msg: fmt.Sprintf("The search has too many words: use at most %d.", MaxTerms)}
}

func orSides(pos int) *Error {
	return &Error{Pos: pos, Msg: `OR needs a word on both sides. To look for the word itself write "or".`}
}

func (p *parser) rune() (rune, int) { return utf8.DecodeRuneInString(p.text[p.pos:]) }

func (p *parser) peekSpace() bool { r, _ := p.rune(); return isSpace(r) }

func (p *parser) space() {
	for p.pos < len(p.text) {
		r, n := p.rune()
		if !isSpace(r) {
			return
		}
		p.pos += n
	}
}

// word takes what stands before the next space or quote.
func (p *parser) word() string {
	rest := p.text[p.pos:]
	end := strings.IndexFunc(rest, isBreak)
	if end < 0 {
		end = len(rest)
	}
	p.pos += end
	return rest[:end]
}

// untilQuote takes what stands before the next quote, and the quote.
func (p *parser) untilQuote() string {
	rest := p.text[p.pos:]
	end := strings.IndexFunc(rest, isQuote)
	if end < 0 {
		p.pos = len(p.text)
		return rest
	}
	_, n := utf8.DecodeRuneInString(rest[end:])
	p.pos += end + n
	return rest[:end]
}

// clean makes runs of spaces one and normalises.
func clean(s string) string {
	return norm.NFC.String(strings.Join(strings.FieldsFunc(s, isSpace), " "))
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }

// isQuote accepts the quotes that phones and word processors put in.
func isQuote(r rune) bool {
	return r == '"' || r == '“' || r == '”' || r == '„' || r == '«' || r == '»'
}

func isBreak(r rune) bool { return isSpace(r) || isQuote(r) }

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsNumber(r) }
