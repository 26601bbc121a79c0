package content

import (
	"bytes"
	"regexp"
	"strings"
	"time"
)

// maxReading is how much text is put into words line by line, in bytes; what is
// longer is left as it was written.
const maxReading = 256 << 10

var (
	taskLine    = regexp.MustCompile(`^\s*[-*+] \[[ xX]\] `)
	bulletLine  = regexp.MustCompile(`^\s*[-*+] `)
	quoteLine   = regexp.MustCompile(`^\s*(?:>\s?)+`)
	headingLine = regexp.MustCompile(`^#{1,6} `)
	ruleLine    = regexp.MustCompile(`^\s*\|?(?:\s*:?-{3,}:?\s*\|)+\s*(?::?-{3,}:?\s*)?$`)
)

// Reading is a text as a reader has it before them: line for line, without what
// markdown is made of and without ids. It keeps headings' signs, code and front
// matter, and has as many lines as the text. It is for showing what differs
// between two versions to people who do not write markdown; two different texts
// may read the same.
func Reading(text []byte) []byte {
	if len(text) > maxReading {
		return text
	}
	lines := bytes.Split(text, []byte("\n"))
	front, _ := splitFront(text)
	skip := 0
	if front != nil {
		skip = bytes.Count(front, []byte("\n")) + 2
	}
	fence := ""
	for i, l := range lines {
		line := strings.TrimRight(string(l), "\r")
		switch mark := fenceOf(line); {
		case i < skip:
		case fence != "":
			if strings.HasPrefix(mark, fence) {
				fence, line = "", ""
			}
		case mark != "":
			fence, line = mark, ""
		default:
			line = readLine(line)
		}
		lines[i] = []byte(line)
	}
	return bytes.Join(lines, []byte("\n"))
}

// fenceOf is the run of signs that opens or closes a block of code.
func fenceOf(line string) string {
	line = strings.TrimLeft(line, " >")
	for _, sign := range []string{"`", "~"} {
		if rest := strings.TrimLeft(line, sign); len(line)-len(rest) >= 3 {
			return line[:len(line)-len(rest)]
		}
	}
	return ""
}

// readLine says what one line says.
func readLine(line string) string {
	if ruleLine.MatchString(line) {
		return ""
	}
	doc := Parse([]byte(line))
	switch {
	case headingLine.MatchString(line):
		sign, _, _ := strings.Cut(line, " ")
		return sign + " " + oneLine(doc)
	case taskLine.MatchString(line) && len(doc.Tasks()) == 1:
		t := doc.Tasks()[0]
		box := "☐ "
		if t.Done {
			box = "☑ "
		}
		if len(doc.Actions()) == 1 {
			a := doc.Actions()[0]
			return box + a.Text + whose(a.Owner, a.Due, "")
		}
		return box + t.Text
	case len(doc.Facts()) == 1:
		f := doc.Facts()[0]
		return strings.ToUpper(f.Kind[:1]) + f.Kind[1:] + ": " + f.Title + whose(f.Owner, f.Due, f.Status)
	case quoteLine.MatchString(line):
		return readLine(quoteLine.ReplaceAllString(line, ""))
	case bulletLine.MatchString(line):
		return "• " + oneLine(doc)
	case strings.HasPrefix(strings.TrimSpace(line), "|"):
		return strings.TrimSpace(strings.Trim(strings.TrimSpace(oneLine(doc)), "|"))
	}
	if said := oneLine(doc); said != "" {
		return said
	}
	return line
}

func oneLine(doc *Doc) string { return strings.Join(strings.Fields(doc.Text()), " ") }

// whose is who a fact or a task belongs to, by when, and how it stands.
func whose(owner, due, status string) string {
	out := ""
	if owner != "" {
		out += " @" + owner
	}
	if due != "" {
		if t, err := time.Parse("2006-01-02", due); err == nil {
			due = t.Format("2 January 2006")
		}
		out += ", due " + due
	}
	if status != "" {
		out += ", " + status
	}
	return out
}
