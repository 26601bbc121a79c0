package query

import "strings"

// Limits of one query.
const (
	MaxLength = 4 << 10 // bytes of the whole text
	MaxTerms  = 64      // words, phrases and filter values together
	maxWord   = 256     // bytes of one word or filter value
)

// Query is a parsed search: every group and every filter has to match.
type Query struct {
	Groups  []Group
	Filters []Filter
}

// Group is one word or phrase, or several joined by OR, of which one must
// match; with Not, none may.
type Group struct {
	Not bool
	Any []Term // never empty; exactly one when Not
}

// Term is one word or phrase.
type Term struct {
	Text   string // NFC, case as written
	Phrase bool   // in quotes: its words stand side by side
	Prefix bool   // a word that only begins so
}

// Name names a filter.
type Name string

// The filters. Section, Author and friends are accepted as other names of
// them, see Parse.
const (
	In       Name = "in"       // internal, external
	Stage    Name = "stage"    // a stage's key, or account, log
	By       Name = "by"       // a person's handle
	Kind     Name = "kind"     // page, file, prospect, fact, action or a kind of fact
	Prospect Name = "prospect" // a prospect's slug
	Tag      Name = "tag"      // a tag of a page
	Before   Name = "before"   // YYYY-MM-DD: changed before that day
	After    Name = "after"    // YYYY-MM-DD: changed on that day or later
	Has      Name = "has"      // attachment, fact, action or a kind of fact
	Type     Name = "type"     // page, file, fact, prospect
	Is       Name = "is"       // open, closed: the state of a fact or action
)

// Filter narrows by a property. With several values any of them will do; with
// Not none may hold.
type Filter struct {
	Name   Name
	Not    bool
	Values []string // lower case; never empty; exactly one for Before and After
}

// Empty tells that the query asks for nothing at all.
func (q Query) Empty() bool { return len(q.Groups) == 0 && len(q.Filters) == 0 }

// Filter returns the values of the filter n that are asked for, or that are
// excluded when not is true; nil when there is none.
func (q Query) Filter(n Name, not bool) []string {
	for _, f := range q.Filters {
		if f.Name == n && f.Not == not {
			return f.Values
		}
	}
	return nil
}

// With returns the query narrowed to one more value of a filter, checked as
// Parse checks it.
func (q Query) With(n Name, value string) (Query, error) {
	v, msg := filterValue(n, value)
	if msg != "" {
		return q, &Error{Msg: msg}
	}
	c := q.clone()
	if msg := c.add(n, false, v); msg != "" {
		return q, &Error{Msg: msg}
	}
	if c.terms() > MaxTerms {
		return q, tooManyTerms(0)
	}
	return c, nil
}

// Without returns the query without one value of a filter, or without the
// filter as a whole when value is "".
func (q Query) Without(n Name, value string) Query {
	c := q.clone()
	var filters []Filter
	for _, f := range c.Filters {
		if f.Name == n && !f.Not {
			var values []string
			for _, v := range f.Values {
				if value != "" && v != value {
					values = append(values, v)
				}
			}
			f.Values = values
		}
		if len(f.Values) > 0 {
			filters = append(filters, f)
		}
	}
	c.Filters = filters
	return c
}

// Typing returns the query as it is meant while it is still being typed: the
// last word, unless it is excluded or part of a phrase, only begins so. Call
// it when the text does not end in a space.
func (q Query) Typing() Query {
	if len(q.Groups) == 0 {
		return q
	}
	c := q.clone()
	g := &c.Groups[len(c.Groups)-1]
	t := &g.Any[len(g.Any)-1]
	if !g.Not && !t.Phrase {
		t.Prefix = true
	}
	return c
}

func (q Query) clone() Query {
	c := Query{}
	for _, g := range q.Groups {
		g.Any = append([]Term(nil), g.Any...)
		c.Groups = append(c.Groups, g)
	}
	for _, f := range q.Filters {
		f.Values = append([]string(nil), f.Values...)
		c.Filters = append(c.Filters, f)
	}
	return c
}

func (q Query) terms() int {
	n := 0
	for _, g := range q.Groups {
		n += len(g.Any)
	}
	for _, f := range q.Filters {
		n += len(f.Values)
	}
	return n
}

// add puts a checked value into the filters; the answer says why it cannot.
func (q *Query) add(n Name, not bool, value string) string {
	for i := range q.Filters {
		f := &q.Filters[i]
		if f.Name != n || f.Not != not {
			continue
		}
		for _, v := range f.Values {
			if v == value {
				return ""
			}
		}
		if n == Before || n == After {
			return string(n) + ": can be given once only"
		}
		f.Values = append(f.Values, value)
		return ""
	}
	q.Filters = append(q.Filters, Filter{Name: n, Not: not, Values: []string{value}})
	return ""
}

// String writes the query in its plainest form: words first, then filters.
// Parsing it again gives the same query.
func (q Query) String() string {
	var b strings.Builder
	sep := func() {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
	}
	for _, g := range q.Groups {
		for i, t := range g.Any {
			sep()
			if i > 0 {
				b.WriteString("OR ")
			}
			if g.Not {
				b.WriteByte('-')
			}
			b.WriteString(t.String())
		}
	}
	for _, f := range q.Filters {
		for _, v := range f.Values {
			sep()
			if f.Not {
				b.WriteByte('-')
			}
			b.WriteString(string(f.Name))
			b.WriteByte(':')
			if strings.IndexFunc(v, isBreak) >= 0 {
				b.WriteString(`"` + v + `"`)
			} else {
				b.WriteString(v)
			}
		}
	}
	return b.String()
}

// String writes one term as it is typed.
func (t Term) String() string {
	switch {
	case t.Phrase:
		return `"` + t.Text + `"`
	case t.Prefix:
		return t.Text + "*"
	}
	return t.Text
}
