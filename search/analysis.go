package search

import (
	"strings"
	"unicode"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/token/edgengram"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/single"
	unicodetok "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"golang.org/x/text/unicode/norm"
)

// maxToken is the longest word that is indexed, in bytes; longer ones are
// data, not words.
const maxToken = 128

// maxTitlePrefix is how many letters of a title's words the palette can match
// while they are typed.
const maxTitlePrefix = 16

// analyzers make the terms of the fields.
type analyzers struct {
	keyword analysis.Analyzer            // the value as it is
	exact   analysis.Analyzer            // words as written, and without accents
	prefix  analysis.Analyzer            // the beginnings of words
	stemmed map[string]analysis.Analyzer // words, and those without accents, without their endings, by language
	titles  map[string]analysis.Analyzer // exact and stemmed together
}

func newAnalyzers() *analyzers {
	words := unicodetok.NewUnicodeTokenizer()
	lower := lowercase.NewLowerCaseFilter()
	base := []analysis.TokenFilter{shortFilter{}, lower, en.NewPossessiveFilter()}
	with := func(more ...analysis.TokenFilter) analysis.Analyzer {
		return &analysis.DefaultAnalyzer{Tokenizer: words, TokenFilters: append(append([]analysis.TokenFilter{}, base...), more...)}
	}
	a := &analyzers{
		keyword: &analysis.DefaultAnalyzer{Tokenizer: single.NewSingleTokenTokenizer()},
		exact:   with(foldFilter{}),
		prefix:  with(foldFilter{}, edgengram.NewEdgeNgramFilter(edgengram.FRONT, 1, maxTitlePrefix)),
		stemmed: map[string]analysis.Analyzer{},
		titles:  map[string]analysis.Analyzer{},
	}
	for _, l := range languages {
		a.stemmed[l.code] = with(foldFilter{}, l.stemmer())
		a.titles[l.code] = with(foldFilter{}, alsoFilter{l.stemmer()})
	}
	return a
}

// terms returns the words of a text as the exact field holds them, accents
// kept, in order.
func (a *analyzers) terms(text string) []string {
	var out []string
	last := 0
	for _, t := range a.exact.Analyze([]byte(normal(text))) {
		if t.Position == last {
			continue // the same word without accents
		}
		last = t.Position
		out = append(out, string(t.Term))
	}
	return out
}

// stem returns a word without its ending in a language.
func (a *analyzers) stem(lang, word string) string {
	an, ok := a.stemmed[lang]
	if !ok {
		return word
	}
	if ts := an.Analyze([]byte(word)); len(ts) > 0 {
		return string(ts[0].Term)
	}
	return word
}

// normal composes accents, so that equal text has equal bytes.
func normal(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	return norm.NFC.String(s)
}

// fold takes accents off; it returns s itself when there are none.
func fold(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return strings.Map(func(r rune) rune {
				switch {
				case unicode.Is(unicode.Mn, r):
					return -1
				case r == 'ß':
					return 's'
				case r == 'ø':
					return 'o'
				case r == 'æ':
					return 'a'
				case r == 'ł':
					return 'l'
				case r == 'đ':
					return 'd'
				}
				return r
			}, norm.NFD.String(s))
		}
	}
	return s
}

// foldFilter adds to a word with accents the word without.
type foldFilter struct{}

func (foldFilter) Filter(in analysis.TokenStream) analysis.TokenStream {
	out := in
	copied := false
	for i, t := range in {
		folded := fold(string(t.Term))
		if folded == string(t.Term) || folded == "" {
			if copied {
				out = append(out, t)
			}
			continue
		}
		if !copied {
			out, copied = append(make(analysis.TokenStream, 0, len(in)+8), in[:i]...), true
		}
		twin := *t
		twin.Term = []byte(folded)
		out = append(out, t, &twin)
	}
	return out
}

// alsoFilter keeps each word and adds what another filter makes of it.
type alsoFilter struct{ f analysis.TokenFilter }

func (a alsoFilter) Filter(in analysis.TokenStream) analysis.TokenStream {
	out := make(analysis.TokenStream, 0, 2*len(in))
	for _, t := range in {
		before := string(t.Term)
		twin := *t
		twin.Term = append([]byte(nil), t.Term...)
		out = append(out, t)
		for _, u := range a.f.Filter(analysis.TokenStream{&twin}) {
			if string(u.Term) != before {
				out = append(out, u)
			}
		}
	}
	return out
}

// shortFilter drops what is too long to be a word.
type shortFilter struct{}

func (shortFilter) Filter(in analysis.TokenStream) analysis.TokenStream {
	out := in[:0]
	for _, t := range in {
		if len(t.Term) <= maxToken {
			out = append(out, t)
		}
	}
	return out
}
