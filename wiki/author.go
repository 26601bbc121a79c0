package wiki

import (
	"strings"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Authors are the people whose edits a version holds.
type Authors struct {
	Author people.Person
	With   []people.Person
	// Lines is who wrote each line of the text, by person id, the first line
	// first: "" for the author, and for lines that this version does not bring
	// in. It may be shorter than the text, and matters only beside With.
	Lines []string
}

// identity is how commits name a person: never by address.
func identity(p people.Person) repo.Person {
	id := p.ID
	if id == "" {
		id = "dealwiki"
	}
	name := p.Name
	if name == "" {
		name = "dealwiki"
	}
	return repo.Person{Name: name, Email: id + "@" + emailHost}
}

// emailHost ends the address under which commits name a person: a domain that
// can never receive mail (RFC 2606).
const emailHost = "users.invalid"

// PersonID is the id of the person that a git identity names, "" when it names
// somebody from elsewhere.
func PersonID(p repo.Person) string {
	id, host, ok := strings.Cut(p.Email, "@")
	if !ok || host != emailHost {
		return ""
	}
	return id
}

func (w *Wiki) message(caller people.Caller, subject string) repo.Message {
	who := identity(caller.Person)
	return repo.Message{Author: who, Committer: who, When: w.now(), Text: oneLine(subject)}
}

// messageOf is message with the authors of an edit.
func (w *Wiki) messageOf(caller people.Caller, by *Authors, subject string) repo.Message {
	m := w.message(caller, subject)
	if by == nil {
		return m
	}
	m.Author = identity(by.Author)
	m.Committer = m.Author
	for i, p := range by.With {
		if i == 0 {
			m.Text += "\n"
		}
		who := identity(p)
		m.Text += "\nCo-authored-by: " + who.Name + " <" + who.Email + ">"
	}
	if len(by.With) > 0 {
		if value := repo.Authorship("", by.Lines); value != "" {
			m.Text += "\n" + repo.AuthorshipTrailer + ": " + value
		}
	}
	return m
}

// oneLine keeps a message to one line, so that nobody can write a trailer.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Identity is how commits on behalf of a caller name their author.
func (w *Wiki) Identity(caller people.Caller) repo.Person { return identity(caller.Person) }
