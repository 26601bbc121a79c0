package maillog

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// blocks begin and end on lines of their own.
var blocks = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.Tr: true, atom.Table: true, atom.Ul: true, atom.Ol: true, atom.H1: true, atom.H2: true, atom.H3: true,
	atom.H4: true, atom.H5: true, atom.H6: true, atom.Pre: true, atom.Hr: true, atom.Section: true, atom.Article: true, atom.Header: true, atom.Footer: true,
}

// unseen elements hold nothing to read.
var unseen = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Head: true, atom.Title: true, atom.Template: true, atom.Svg: true, atom.Math: true, atom.Noscript: true, atom.Iframe: true, atom.Object: true, atom.Textarea: true, atom.Select: true}

// textOfHTML reads HTML as text, in one pass over its tokens: what is nested
// how deep makes no difference.
func textOfHTML(src string) string {
	z := html.NewTokenizer(strings.NewReader(src))
	var b strings.Builder
	quote, hiding := 0, 0
	var hide atom.Atom
	atStart, space, gap := true, false, 0
	line := func(n int) {
		if b.Len() > 0 {
			gap = max(gap, n)
		}
		atStart, space = true, false
	}
	write := func(s string) {
		if gap > 0 {
			b.WriteString(strings.Repeat("\n", gap))
			gap = 0
		}
		if atStart && quote > 0 {
			b.WriteString(strings.Repeat("> ", min(quote, 5)))
		}
		if space && !atStart {
			b.WriteByte(' ')
		}
		atStart, space = false, false
		b.WriteString(s)
	}
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		tok := z.Token()
		switch kind {
		case html.TextToken:
			if hiding > 0 {
				continue
			}
			for i, word := range strings.Fields(tok.Data) {
				if i > 0 || startsWithSpace(tok.Data) {
					space = true
				}
				write(word)
			}
			if endsWithSpace(tok.Data) {
				space = true
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if hiding > 0 {
				if kind == html.StartTagToken && tok.DataAtom == hide {
					hiding++
				}
				continue
			}
			switch {
			case unseen[tok.DataAtom] && kind == html.StartTagToken:
				hiding, hide = 1, tok.DataAtom
			case tok.DataAtom == atom.Br:
				line(1)
			case tok.DataAtom == atom.Li:
				line(1)
				write("- ")
			case tok.DataAtom == atom.Td || tok.DataAtom == atom.Th:
				space = true
			case tok.DataAtom == atom.Blockquote:
				line(2)
				quote++
			case tok.DataAtom == atom.Div || tok.DataAtom == atom.Tr:
				line(1)
			case blocks[tok.DataAtom]:
				line(2)
			}
		case html.EndTagToken:
			if hiding > 0 {
				if tok.DataAtom == hide {
					hiding--
				}
				continue
			}
			switch {
			case tok.DataAtom == atom.Blockquote:
				quote = max(0, quote-1)
				line(2)
			case tok.DataAtom == atom.Div || tok.DataAtom == atom.Tr || tok.DataAtom == atom.Li:
				line(1)
			case blocks[tok.DataAtom]:
				line(2)
			}
		}
	}
}

func startsWithSpace(s string) bool { return s != "" && strings.ContainsRune(" \t\r\n\f", rune(s[0])) }
func endsWithSpace(s string) bool {
	return s != "" && strings.ContainsRune(" \t\r\n\f", rune(s[len(s)-1]))
}

// address is what may stand as it is: a web address without anything that
// markdown could read otherwise.
var address = regexp.MustCompile(`https?://[A-Za-z0-9][A-Za-z0-9.:-]*(?:/[A-Za-z0-9./?&=%+,;:#_~-]*)?`)

// literal writes one line of somebody's text so that markdown shows it as it is.
func literal(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		at := address.FindStringIndex(s)
		if at == nil {
			escape(&b, s)
			break
		}
		escape(&b, s[:at[0]])
		b.WriteString(s[at[0]:at[1]])
		s = s[at[1]:]
	}
	return b.String()
}

func escape(b *strings.Builder, s string) {
	for _, r := range s {
		if strings.ContainsRune("\\`*_[]<>&~|@", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
}

var (
	numbered = regexp.MustCompile(`^(\d{1,9})([.)])`)
	bullet   = regexp.MustCompile(`^[-*+•] `)
)

// filled is how long a line is at least that a program broke; a shorter one was
// ended on purpose.
const filled = 60

// markdown writes a mail's text as markdown that shows it line by line as text:
// quotes stay quotes, lists of hyphens stay lists, everything else is literal.
func markdown(text string) string {
	var out strings.Builder
	lines := strings.Split(strings.TrimSpace(text), "\n")
	blank, depth := 0, 0
	for i, line := range lines {
		line = strings.TrimSpace(strings.ReplaceAll(line, "\t", " "))
		quote := 0
		for quote < 5 && strings.HasPrefix(line, ">") {
			line = strings.TrimSpace(line[1:])
			quote++
		}
		line = strings.TrimLeft(line, "> ")
		if line == "" {
			blank++
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
			if blank > 0 || quote != depth {
				out.WriteByte('\n') // a quote ends where its marks do
			}
		}
		blank, depth = 0, quote
		out.WriteString(strings.Repeat("> ", quote))
		switch {
		case bullet.MatchString(line):
			_, size := utf8.DecodeRuneInString(line)
			out.WriteString("- " + literal(strings.TrimSpace(line[size:])))
			continue
		case numbered.MatchString(line):
			out.WriteString(numbered.ReplaceAllString(literal(line), `$1\$2`))
		case line[0] == '#' || line[0] == '-' || line[0] == '+' || line[0] == '=':
			out.WriteString("\\" + literal(line))
		default:
			out.WriteString(literal(line))
		}
		if i+1 < len(lines) && strings.TrimLeft(strings.TrimSpace(lines[i+1]), "> ") != "" && utf8.RuneCountInString(line) < filled {
			out.WriteByte('\\')
		}
	}
	return out.String()
}
