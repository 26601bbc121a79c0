package query_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/search/query"
)

func word(s string) query.Group { return query.Group{Any: []query.Term{{Text: s}}} }

func TestParse(t *testing.T) {
	tests := []struct {
		name, in string
		want     query.Query
		canon    string // "" when in is canonical already
	}{
		{"nothing", "  \t ", query.Query{}, ""},
		{"words", "penalty cap", query.Query{Groups: []query.Group{word("penalty"), word("cap")}}, ""},
		{"phrase", `"penalty  cap" x`, query.Query{Groups: []query.Group{{Any: []query.Term{{Text: "penalty cap", Phrase: true}}}, word("x")}}, `"penalty cap" x`},
		{"open quote", `a "b c`, query.Query{Groups: []query.Group{word("a"), {Any: []query.Term{{Text: "b c", Phrase: true}}}}}, `a "b c"`},
		{"typographic quotes", `„b c“`, query.Query{Groups: []query.Group{{Any: []query.Term{{Text: "b c", Phrase: true}}}}}, `"b c"`},
		{"prefix", "migrat*", query.Query{Groups: []query.Group{{Any: []query.Term{{Text: "migrat", Prefix: true}}}}}, ""},
		{"exclusion", `cap -draft -"old plan"`, query.Query{Groups: []query.Group{word("cap"), {Not: true, Any: []query.Term{{Text: "draft"}}}, {Not: true, Any: []query.Term{{Text: "old plan", Phrase: true}}}}}, ""},
		{"or", "a OR b OR c d", query.Query{Groups: []query.Group{{Any: []query.Term{{Text: "a"}, {Text: "b"}, {Text: "c"}}}, word("d")}}, ""},
		{"and is implied", "a AND b", query.Query{Groups: []query.Group{word("a"), word("b")}}, "a b"},
		{"lower case or is a word", "a or b", query.Query{Groups: []query.Group{word("a"), word("or"), word("b")}}, ""},
		{"lone dash", "a - b", query.Query{Groups: []query.Group{word("a"), word("b")}}, "a b"},
		{"inner dash", "follow-up", query.Query{Groups: []query.Group{word("follow-up")}}, ""},
		{"filters", "in:external stage:closing by:@Dana kind:risks prospect:acme tag:x before:2026-11-01 after:2026-10 has:attachment type:file is:open", query.Query{Filters: []query.Filter{
			{Name: query.In, Values: []string{"external"}}, {Name: query.Stage, Values: []string{"closing"}}, {Name: query.By, Values: []string{"dana"}},
			{Name: query.Kind, Values: []string{"risk"}}, {Name: query.Prospect, Values: []string{"acme"}}, {Name: query.Tag, Values: []string{"x"}},
			{Name: query.Before, Values: []string{"2026-11-01"}}, {Name: query.After, Values: []string{"2026-10-01"}}, {Name: query.Has, Values: []string{"attachment"}},
			{Name: query.Type, Values: []string{"file"}}, {Name: query.Is, Values: []string{"open"}}}},
			"in:external stage:closing by:dana kind:risk prospect:acme tag:x before:2026-11-01 after:2026-10-01 has:attachment type:file is:open"},
		{"filter twice", "stage:closing a stage:pricing stage:closing", query.Query{Groups: []query.Group{word("a")}, Filters: []query.Filter{{Name: query.Stage, Values: []string{"closing", "pricing"}}}}, "a stage:closing stage:pricing"},
		{"excluding filter", "-kind:page", query.Query{Filters: []query.Filter{{Name: query.Kind, Not: true, Values: []string{"page"}}}}, ""},
		{"quoted value", `tag:"legal review"`, query.Query{Filters: []query.Filter{{Name: query.Tag, Values: []string{"legal review"}}}}, ""},
		{"other names", "section:internal author:tom", query.Query{Filters: []query.Filter{{Name: query.In, Values: []string{"internal"}}, {Name: query.By, Values: []string{"tom"}}}}, "in:internal by:tom"},
		{"unknown names are text", "https://example.org 10:30 note:x", query.Query{Groups: []query.Group{word("https://example.org"), word("10:30"), word("note:x")}}, ""},
		{"regexp is text", "(a+)+$", query.Query{Groups: []query.Group{word("(a+)+$")}}, ""},
		{"punctuation is nothing", "?? !! +", query.Query{}, ""},
		{"composed", "cafe\u0301", query.Query{Groups: []query.Group{word("café")}}, "café"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := query.Parse(tt.in)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			canon := tt.canon
			if canon == "" && !got.Empty() {
				canon = tt.in
			}
			assert.Equal(t, canon, got.String())
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, in string
		pos      int
		says     string
	}{
		{"leading wildcard", "a *x", 2, "end of a word"},
		{"inner wildcard", "a*b", 0, "end of a word"},
		{"only wildcard", "*", 0, "end of a word"},
		{"empty filter", "x stage: closing", 2, "stage:closing"},
		{"bad section", "in:secret", 0, "internal, external"},
		{"bad kind", "kind:foo", 0, "decision"},
		{"bad date", "before:yesterday", 0, "date"},
		{"no such day", "before:2026-02-30", 0, "date"},
		{"before twice", "before:2026 before:2025", 12, "once"},
		{"not before", "-before:2026", 0, "after:"},
		{"or first", "OR a", 0, "both sides"},
		{"or last", "a OR", 2, "both sides"},
		{"or twice", "a OR OR b", 5, "both sides"},
		{"or with filter", "a OR in:internal", 5, "twice"},
		{"or with exclusion", "a OR -b", 5, "excluded"},
		{"control", "a\x00b", 1, "control"},
		{"bytes", "a\xc3\x28", 1, "UTF-8"},
		{"64 KB", strings.Repeat("a ", 32<<10), query.MaxLength, "too long"},
		{"too many words", strings.Repeat("a ", 65), -1, "64"},
		{"long word", strings.Repeat("a", 300), 0, "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := query.Parse(tt.in)
			var e *query.Error
			require.True(t, errors.As(err, &e), "%v", err)
			if tt.pos >= 0 {
				assert.Equal(t, tt.pos, e.Pos)
			}
			assert.Contains(t, e.Msg, tt.says)
		})
	}
}

func TestNarrowing(t *testing.T) {
	q, err := query.Parse("cap stage:closing")
	require.NoError(t, err)
	n, err := q.With(query.In, "external")
	require.NoError(t, err)
	assert.Equal(t, "cap stage:closing in:external", n.String())
	assert.Equal(t, "cap stage:closing", q.String(), "the first query stays as it was")
	assert.Equal(t, "cap in:external", n.Without(query.Stage, "closing").String())
	assert.Equal(t, "cap stage:closing", n.Without(query.In, "").String())
	_, err = q.With(query.In, "nowhere")
	assert.Error(t, err)
	assert.Equal(t, []string{"closing"}, q.Filter(query.Stage, false))
	assert.Nil(t, q.Filter(query.Stage, true))
}

func TestTyping(t *testing.T) {
	for in, want := range map[string]string{"pen": "pen*", "penalty ca": "penalty ca*", `"pen`: `"pen"`, "a -b": "a -b", "a OR b": "a OR b*", "": ""} {
		q, err := query.Parse(in)
		require.NoError(t, err)
		assert.Equal(t, want, q.Typing().String(), "%q", in)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`a "b c" -d OR e`, "in:external by:@dana", "tag:\"x y\"", "(a+)+$", "*x", "a* -b*", "before:2026", "“x”«y»", "-\u0301a", "stage:\u212a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := query.Parse(s)
		if err != nil {
			var e *query.Error
			if !errors.As(err, &e) || e.Msg == "" || e.Pos < 0 || e.Pos > len(s) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		text := q.String()
		again, err := query.Parse(text)
		if len(text) > query.MaxLength {
			return // writing it plainly may lengthen it a little
		}
		if err != nil {
			t.Fatalf("%q gives %q: %v", s, text, err)
		}
		if !assert.ObjectsAreEqual(q, again) {
			t.Fatalf("%q gives %q: %#v, then %#v", s, text, q, again)
		}
	})
}
