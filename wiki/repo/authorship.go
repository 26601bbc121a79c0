package repo

import (
	"fmt"
	"strconv"
	"strings"
)

// AuthorshipTrailer is the key of the trailer that says which person wrote which
// line, where several people wrote one version together. Its value is
//
//	[PATH] PERSON RANGES [PERSON RANGES …]
//
// for example
//
//	Authorship: p7k2 1-3,7 q9x4 4-6
//	Authorship: closing/plan.md p7k2 2
//
// RANGES are 1-based line numbers of the file as committed, single or FROM-TO,
// separated by commas. PERSON is a person's id, the part of their git address
// before the @. PATH, told apart by its slash or dot, names the file; without
// it the trailer speaks of every file of the commit. Only lines that the commit
// brought in count. Lines nobody is named for are the author's. What cannot be
// read is passed over.
const AuthorshipTrailer = "Authorship"

// Authorship returns the value of the trailer for a file, given the person id of
// each of its lines, in order; lines with "" are left to the author. It is ""
// when nobody is named. Path may be "".
func Authorship(path string, lines []string) string {
	var order []string
	ranges := map[string][]string{}
	for i := 0; i < len(lines); {
		j := i + 1
		for j < len(lines) && lines[j] == lines[i] {
			j++
		}
		if who := lines[i]; validPersonID(who) {
			if ranges[who] == nil {
				order = append(order, who)
			}
			if j == i+1 {
				ranges[who] = append(ranges[who], strconv.Itoa(j))
			} else {
				ranges[who] = append(ranges[who], fmt.Sprintf("%d-%d", i+1, j))
			}
		}
		i = j
	}
	if len(order) == 0 {
		return ""
	}
	var words []string
	if path != "" && !strings.ContainsAny(path, " \t\n") {
		words = append(words, path)
	}
	for _, who := range order {
		words = append(words, who, strings.Join(ranges[who], ","))
	}
	return strings.Join(words, " ")
}

func validPersonID(s string) bool {
	return s != "" && !strings.ContainsAny(s, "/. \t\r\n<>@,")
}

// share is the lines of a file that one person wrote.
type share struct {
	path     string // "": any
	person   string
	from, to int
}

// parseShares reads the values of Authorship trailers, one a line.
func parseShares(values string) []share {
	var list []share
	for value := range strings.SplitSeq(values, "\n") {
		words := strings.Fields(value)
		path := ""
		if len(words) > 0 && strings.ContainsAny(words[0], "/.") {
			path, words = words[0], words[1:]
		}
		for ; len(words) >= 2; words = words[2:] {
			if !validPersonID(words[0]) {
				continue
			}
			for r := range strings.SplitSeq(words[1], ",") {
				a, b, both := strings.Cut(r, "-")
				if !both {
					b = a
				}
				from, err1 := strconv.Atoi(a)
				to, err2 := strconv.Atoi(b)
				if err1 == nil && err2 == nil && from >= 1 && to >= from {
					list = append(list, share{path, words[0], from, to})
				}
			}
		}
	}
	return list
}

// credited returns who wrote a line of a file in a commit: the person that the
// shares name, found among the people of the commit, or else the author.
func credited(shares []share, path string, line int, author Person, co []Person) Person {
	for _, s := range shares {
		if line < s.from || line > s.to || s.path != "" && s.path != path {
			continue
		}
		for _, p := range append([]Person{author}, co...) {
			if id, _, _ := strings.Cut(p.Email, "@"); id == s.person {
				return p
			}
		}
		return Person{Name: s.person, Email: s.person + "@users.invalid"}
	}
	return author
}

// Wrote answers who wrote a line that the commit brought into a file: whom its
// Authorship trailers name, else its author.
func (c Commit) Wrote(path string, line int) Person {
	return credited(parseShares(strings.Join(c.trailers(AuthorshipTrailer), "\n")), path, line, c.Author, c.CoAuthors())
}
