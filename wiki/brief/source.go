package brief

import (
	"regexp"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
)

// Source is where something in a brief was read.
type Source struct {
	Place   wiki.Place `json:"-"`
	At      string     `json:"place"`             // the same, as programs read it
	Title   string     `json:"title"`             // of the page
	Heading string     `json:"heading,omitempty"` // innermost
	Anchor  string     `json:"anchor,omitempty"`  // of that heading in the HTML
	Line    int        `json:"line"`
}

// dull pages say how to take part, not what the deal is about.
var (
	dull  = regexp.MustCompile(`(?i)licen[cs]e|contributing|issue.?template|code.of.conduct|changelog|template`)
	draft = regexp.MustCompile(`(?i)\bdraft|pre.?solicitation|\bold\b|superseded|archive`)
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

// boilerplate is what stands in every contract of its kind, or how to hand in an
// offer or an invoice: true, and no news of this deal.
var boilerplate = regexp.MustCompile(`(?i)\bFAR \d|\bFAR (?:part|subpart|clause)|paragraph \(|this (?:provision|clause)|U\.S\.C|\d{2}\.\d{3}-\d|hereinafter|notwithstanding|pursuant to|standard form \d|exercise the option|extend the term|preliminary written notice|indemnif|warrants? that|section 508|rehabilitation act|appointment letter|with respect to the evaluation factor`)

// errands are about handing in papers.
var errands = regexp.MustCompile(`(?i)invoic|letterhead|\be-?buy\b|portal|page limit|cover page|\bfont\b|single sided|resum[eé]s?\b|letters? of intent|help desk|registration information|\bNo Quote\b|burn rate|oral (?:presentation|interview)|evaluation board|addendum|similar (?:size|experience)|periodic reports`)

// hypothetical sentences are about what may never be.
var hypothetical = regexp.MustCompile(`^(?:Should|If|In the event|In case|Unless|Where)\b`)

// weighSentence is how much a sentence counts beside others of its page.
func weighSentence(s string) float64 {
	w := 1.0
	if boilerplate.MatchString(s) {
		w *= 0.3
	}
	if errands.MatchString(s) {
		w *= 0.6
	}
	if strings.HasSuffix(s, ":") || strings.HasSuffix(s, ";") {
		w *= 0.5 // what it speaks of follows
	}
	if hypothetical.MatchString(s) {
		w *= 0.7
	}
	if strings.Contains(s, " · ") {
		w *= 0.7 // a row of a table
	}
	if n := len(strings.Fields(s)); n > 60 {
		w *= 0.8
	}
	return w
}

// read splits a page into sentences.
func read(info wiki.PageInfo, doc *content.Doc, imported string, from int) []*sentence {
	weight := weigh(info, imported)
	var out []*sentence
	mail := false
	for _, p := range doc.Passages() {
		if info.Stage == wiki.StageLog {
			mail = mail || strings.HasPrefix(p.Text, "From: ")
			if mail && p.Kind == content.QuotePassage {
				continue // an earlier mail, which is in the log itself
			}
		}
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
			if len(strings.Fields(s)) < shortest || mailHead.MatchString(s) && (info.Stage == wiki.StageLog || strings.Contains(s, "@")) {
				continue
			}
			w := weight * weighSentence(s)
			if p.Kind == content.QuotePassage {
				w *= 1.1 // somebody's own words
			}
			out = append(out, &sentence{text: clip(s), headings: headings, source: src, weight: w, order: from + len(out)})
		}
	}
	return out
}
