package brief

import (
	"bytes"
	"regexp"

	"dealwiki/content"
)

var (
	// tightHeading is a heading without the space that CommonMark asks for, as
	// older documents have it: "##1.0 BACKGROUND".
	tightHeading = regexp.MustCompile(`^ {0,3}(#{1,6})([^#\s].{0,100})$`)
	looseHeading = regexp.MustCompile(`^ {0,3}#{1,6}\s`)
	rule         = regexp.MustCompile(`^\s*(?:={3,}|-{3,})\s*$`)
	fence        = regexp.MustCompile("^ {0,3}(?:```|~~~)")
)

// mend reads a page as its author meant it: headings without a space are
// headings, and a line drawn below one is not text. Lines keep their numbers.
func mend(text []byte) *content.Doc {
	var out bytes.Buffer
	changed, code, heading := false, false, false
	for _, line := range content.SplitLines(text) {
		bare := bytes.TrimRight(line, "\r\n")
		end := line[len(bare):]
		switch {
		case fence.Match(bare):
			code, heading = !code, false
			out.Write(line)
		case code:
			out.Write(line)
		case heading && rule.Match(bare):
			changed, heading = true, false
			out.Write(end)
		default:
			if m := tightHeading.FindSubmatch(bare); m != nil {
				changed, heading = true, true
				out.Write(m[1])
				out.WriteByte(' ')
				out.Write(m[2])
				out.Write(end)
				continue
			}
			heading = looseHeading.Match(bare)
			out.Write(line)
		}
	}
	if !changed {
		return content.Parse(text)
	}
	return content.Parse(out.Bytes())
}

// anchors are those that the page as it is drawn has.
func anchors(doc *content.Doc) map[string]bool {
	out := map[string]bool{}
	for _, p := range doc.Passages() {
		out[p.Anchor] = true
	}
	return out
}
