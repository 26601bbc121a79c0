package content

import (
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// lead keeps the words that tell what a page says: its first paragraph, or the
// first point of a list where a page has nothing but labels before. Labels
// ("**Who:** Ingrid") and greetings ("Dear Dana,") say who spoke, not what was
// said: they are the lead of a page only when nothing else is there.
func (c *collector) lead(b ast.Node, text string) {
	d := c.doc
	text = strings.ToValidUTF8(text, "\uFFFD")
	switch b := b.(type) {
	case *ast.Paragraph:
		if b.Parent() != d.root || d.lead != "" && !c.labels {
			return
		}
		labels := d.labelled(b) || greeting.MatchString(text)
		if d.lead == "" || !labels {
			d.lead, c.labels = text, labels
		}
	case *ast.TextBlock:
		item := b.Parent()
		if c.labels && item.Kind() == ast.KindListItem && item.Parent().Parent() == d.root {
			d.lead, c.labels = text, false
		}
	}
}

// greeting is a paragraph that holds nothing but how a letter begins.
var greeting = regexp.MustCompile(`^(?i:dear|hello|hi|hey|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|sehr geehrte\w*|liebe[rs]?|bonjour|hei|hej)\b[^.!?:;,]{0,60}[,!.:]?$`)

// callLabels are labels that stand alone above what was said.
var callLabels = []string{"who", "with", "when", "present"}

// labelled reports whether every line of a paragraph begins with a word in bold
// and a colon. A single line may as well be a sentence that begins so: then only
// the labels of calls and meetings count.
func (d *Doc) labelled(p *ast.Paragraph) bool {
	lines, label, begins := 0, "", true
	for n := p.FirstChild(); n != nil; n = n.NextSibling() {
		if begins {
			bold, ok := n.(*ast.Emphasis)
			if !ok || bold.Level != 2 {
				return false
			}
			if label, ok = strings.CutSuffix(d.plainInline(bold, nil), ":"); !ok {
				return false
			}
			lines++
		}
		t, ok := n.(*ast.Text)
		begins = ok && (t.SoftLineBreak() || t.HardLineBreak())
	}
	return lines > 1 || slices.Contains(callLabels, strings.ToLower(label))
}
