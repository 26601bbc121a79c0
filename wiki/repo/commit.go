package repo

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Person is an identity as git writes it: Name <Email>.
type Person struct{ Name, Email string }

func (p Person) String() string { return p.Name + " <" + p.Email + ">" }

// Commit is one commit. Text is the whole message, trailers included.
type Commit struct {
	ID, Tree                Hash
	Parents                 []Hash
	Author, Committer       Person
	AuthoredAt, CommittedAt time.Time
	Text                    string
	Extra                   []string // names of further headers, such as gpgsig
}

// Subject is the first paragraph of the message on one line, as git shows it.
func (c Commit) Subject() string {
	text := strings.TrimLeft(c.Text, "\n")
	if i := strings.Index(text, "\n\n"); i >= 0 {
		text = text[:i]
	}
	return strings.Join(strings.Fields(text), " ")
}

var trailerLine = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)$`)

// trailers returns the lines "Key: value" of the last paragraph.
func (c Commit) trailers(key string) []string {
	text := strings.TrimSpace(c.Text)
	i := strings.LastIndex(text, "\n\n")
	if i < 0 {
		return nil
	}
	var values []string
	for line := range strings.SplitSeq(text[i+2:], "\n") {
		if m := trailerLine.FindStringSubmatch(line); m != nil && strings.EqualFold(m[1], key) {
			values = append(values, strings.TrimSpace(m[2]))
		}
	}
	return values
}

// Trailer returns the first trailer with that key, in any case, or "".
func (c Commit) Trailer(key string) string {
	if v := c.trailers(key); len(v) > 0 {
		return v[0]
	}
	return ""
}

// CoAuthors are the people named by Co-authored-by trailers, once each.
func (c Commit) CoAuthors() []Person {
	var list []Person
	seen := map[Person]bool{c.Author: true}
	for _, v := range c.trailers("Co-authored-by") {
		p := parsePerson(v)
		if !seen[p] && p != (Person{}) {
			seen[p] = true
			list = append(list, p)
		}
	}
	return list
}

func parsePerson(s string) Person {
	name, rest, ok := strings.Cut(s, "<")
	if !ok {
		return Person{Name: strings.TrimSpace(s)}
	}
	email, _, _ := strings.Cut(rest, ">")
	return Person{Name: strings.TrimSpace(name), Email: strings.TrimSpace(email)}
}

// Lookup reads a commit.
func (r *Repo) Lookup(h Hash) (Commit, error) {
	data, err := r.store.typed(h, plumbing.CommitObject)
	if err != nil {
		return Commit{}, err
	}
	c, err := parseCommit(data)
	if err != nil {
		return Commit{}, fmt.Errorf("reading commit %s: %w", h, err)
	}
	c.ID = h
	return c, nil
}

func parseCommit(data []byte) (Commit, error) {
	var c Commit
	for {
		line, rest, ok := bytes.Cut(data, []byte("\n"))
		data = rest
		if len(line) == 0 || !ok {
			break
		}
		key, value, _ := bytes.Cut(line, []byte(" "))
		switch string(key) {
		case "tree", "parent":
			h, err := ParseHash(string(value))
			if err != nil {
				return c, err
			}
			if string(key) == "tree" {
				c.Tree = h
			} else {
				c.Parents = append(c.Parents, h)
			}
		case "author":
			c.Author, c.AuthoredAt = parseIdentity(value)
		case "committer":
			c.Committer, c.CommittedAt = parseIdentity(value)
		case "": // goes on from the line before
		default:
			c.Extra = append(c.Extra, string(key))
		}
	}
	c.Text = string(data)
	return c, nil
}

// parseIdentity reads "Name <email> seconds zone"; what cannot be read is left
// empty, as git does.
func parseIdentity(b []byte) (Person, time.Time) {
	open, shut := bytes.IndexByte(b, '<'), bytes.LastIndexByte(b, '>')
	if open < 0 || shut < open {
		return Person{Name: string(bytes.TrimSpace(b))}, time.Unix(0, 0).UTC()
	}
	p := Person{Name: strings.TrimSpace(string(b[:open])), Email: strings.TrimSpace(string(b[open+1 : shut]))}
	stamp, zone, _ := strings.Cut(strings.TrimSpace(string(b[shut+1:])), " ")
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || sec < -1<<40 || sec > 1<<40 {
		sec = 0
	}
	return p, time.Unix(sec, 0).In(parseZone(strings.TrimSpace(zone)))
}

func parseZone(s string) *time.Location {
	n, err := strconv.Atoi(s)
	if err != nil || n == 0 || n < -9999 || n > 9999 {
		return time.UTC
	}
	sign := 1
	if n < 0 {
		sign, n = -1, -n
	}
	return time.FixedZone(s, sign*(n/100*3600+n%100*60))
}

// encode writes a commit as git stores it. The identities are cleaned of what
// would break their line.
func (c Commit) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", c.Tree)
	for _, p := range c.Parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\n", identity(c.Author, c.AuthoredAt))
	fmt.Fprintf(&b, "committer %s\n\n", identity(c.Committer, c.CommittedAt))
	b.WriteString(strings.ReplaceAll(c.Text, "\x00", ""))
	return b.Bytes()
}

func identity(p Person, at time.Time) string {
	_, offset := at.Zone()
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%s <%s> %d %c%02d%02d", clean(p.Name), clean(p.Email), max(at.Unix(), 0), sign, offset/3600, offset/60%60)
}

func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '<' || r == '>' || r == '\n' || r == '\r' || r == 0 {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
