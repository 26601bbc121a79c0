package brief

import (
	"regexp"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
)

// Source is where something in a brief was read.
type Source struct {
	Place   wiki.Place `json:"place"`
	Title   string     `json:"title"`             // of the page
	Heading string     `json:"heading,omitempty"` // innermost
	Anchor  string     `json:"anchor,omitempty"`  // of that heading in the HTML
	Line    int        `json:"line"`
}

// dull pages say how to take part, not what the deal is about.
var (
	dull  = regexp.MustCompile(`(?i)licen[cs]e|contributing|issue.?template|code.of.conduct|changelog|template`)
	draft = regexp.MustCompile(`(?i)\bdraft|pre.?solicitation|old|superseded|archive`)
	final = regexp.MustCompile(`(?i)final|signed|agreed|posted`)
)

// weigh is how much a page counts, by what it is called.
func weigh(info wiki.PageInfo, imported string) float64 {
	name := info.Page + " " + info.Title + " " + imported
	switch {
	case dull.MatchString(name):
		return 0.3
	case draft.MatchString(name):
		return 0.8
	case final.MatchString(name):
		return 1.1
	case info.Stage == wiki.StageLog:
		return 0.9
	}
	return 1
}

// read splits a page into sentences.
func read(info wiki.PageInfo, doc *content.Doc, imported string, from int) []*sentence {
	weight := weigh(info, imported)
	var out []*sentence
	for _, p := range doc.Passages() {
		headings := p.Headings
		text := p.Text
		if m := runIn.FindStringSubmatch(text); m != nil && len(strings.Fields(m[1])) <= 7 && !label.MatchString(text[:min(len(text), 20)]) {
			headings, text = append(headings[:len(headings):len(headings)], m[1]), m[2]
		}
		src := Source{Place: info.Place, Title: info.Title, Anchor: p.Anchor, Line: p.Line}
		if len(headings) > 0 {
			src.Heading = headings[len(headings)-1]
		}
		for _, s := range sentences(text) {
			if len(strings.Fields(s)) < shortest {
				continue
			}
			w := weight
			if p.Kind == content.QuotePassage {
				w *= 1.1 // somebody's own words
			}
			out = append(out, &sentence{text: clip(s), headings: headings, source: src, weight: w, words: wordSet(s), order: from + len(out)})
		}
	}
	return out
}
