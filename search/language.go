package search

import (
	"strings"
	"unicode"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/da"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fi"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/lang/nl"
	"github.com/blevesearch/bleve/v2/analysis/lang/no"
	"github.com/blevesearch/bleve/v2/analysis/lang/pt"
	"github.com/blevesearch/bleve/v2/analysis/lang/sv"
)

// language is one whose words are stemmed. The common words tell it from the
// others.
type language struct {
	code    string
	stemmer func() analysis.TokenFilter
	common  string
}

// languages are those with a stemmer here; English is first and what a text is
// taken for when nothing speaks for another.
var languages = []language{
	{"en", func() analysis.TokenFilter { return en.NewEnglishStemmerFilter() }, "the of and to is for with that this are from was not have it by"},
	{"de", func() analysis.TokenFilter { return de.NewGermanStemmerFilter() }, "der die und das ist nicht mit den von für ein eine wir auf dem zu"},
	{"fr", func() analysis.TokenFilter { return fr.NewFrenchStemmerFilter() }, "le la les et des est une pour dans que du pas nous sur avec au"},
	{"es", func() analysis.TokenFilter { return es.NewSpanishStemmerFilter() }, "el los las y que una para con del por es no se su como más"},
	{"it", func() analysis.TokenFilter { return it.NewItalianStemmerFilter() }, "il di che e della per una con non del sono gli dei nel alla è"},
	{"pt", func() analysis.TokenFilter { return pt.NewPortugueseLightStemmerFilter() }, "o os que e uma para com não do da em por dos ao mais são"},
	{"nl", func() analysis.TokenFilter { return nl.NewDutchStemmerFilter() }, "de het een en van is niet voor met dat op zijn wij aan bij naar"},
	{"sv", func() analysis.TokenFilter { return sv.NewSwedishStemmerFilter() }, "och att det som är för med inte av den till ett på har vi om"},
	{"da", func() analysis.TokenFilter { return da.NewDanishStemmerFilter() }, "og at det som er for med ikke af den til et på har vi efter"},
	{"no", func() analysis.TokenFilter { return no.NewNorwegianStemmerFilter() }, "og å det som er for med ikke av den til et på har vi etter"},
	{"fi", func() analysis.TokenFilter { return fi.NewFinnishStemmerFilter() }, "ja on ei se että joka mutta ovat kun niin myös hän tämä sekä olla"},
}

// detector guesses the language of a text by its commonest words.
type detector struct {
	words map[string]uint16 // word → bit set of languages
	known map[string]bool
}

func newDetector() *detector {
	d := &detector{words: map[string]uint16{}, known: map[string]bool{}}
	for i, l := range languages {
		d.known[l.code] = true
		for _, w := range strings.Fields(l.common) {
			d.words[w] |= 1 << i
		}
	}
	return d
}

// detect takes the language a page names, if it is known here, else what the
// first words of the text speak for.
func (d *detector) detect(named, text string) string {
	named, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(named)), "-")
	if named == "nb" || named == "nn" {
		named = "no"
	}
	if d.known[named] {
		return named
	}
	const enough = 400
	var votes [16]int
	n := 0
	for rest := text; n < enough; n++ {
		start := strings.IndexFunc(rest, unicode.IsLetter)
		if start < 0 {
			break
		}
		rest = rest[start:]
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
		if end < 0 {
			end = len(rest)
		}
		if set := d.words[strings.ToLower(rest[:end])]; set != 0 {
			for i := range languages {
				if set&(1<<i) != 0 {
					votes[i]++
				}
			}
		}
		rest = rest[end:]
	}
	best := 0
	for i := range languages {
		if votes[i] > votes[best] {
			best = i
		}
	}
	// A few foreign words in a short or technical text say little.
	if votes[best] < 3 || votes[best]*12 < n || votes[best]*4 < votes[0]*5 {
		best = 0
	}
	return languages[best].code
}
