package people

import (
	"strings"

	"dealwiki/wiki/guard"
)

// Scope is a set of the things a door lets its caller do.
type Scope uint8

// Scopes. What a caller may do is never more than what its person may do.
const (
	Read       Scope = 1 << iota // see what the person sees
	Write                        // change what the person may change; includes Read
	Git                          // clone and push
	Feed                         // read feeds
	Administer                   // what administrators do; nothing for anybody else

	AllScopes = Read | Write | Git | Feed | Administer
)

var scopeNames = []struct {
	scope Scope
	name  string
}{{Read, "read"}, {Write, "write"}, {Git, "git"}, {Feed, "feed"}, {Administer, "admin"}}

// ParseScopes reads a comma-separated list: "read", "write" (includes read),
// "git", "feed", "admin". An empty list means all of them.
func ParseScopes(list string) (Scope, error) {
	if strings.TrimSpace(list) == "" {
		return AllScopes, nil
	}
	var set Scope
next:
	for word := range strings.SplitSeq(list, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		for _, s := range scopeNames {
			if s.name == word {
				set |= s.scope
				continue next
			}
		}
		return 0, invalid("scope", "must be of read, write, git, feed, admin, separated by commas")
	}
	return set.closed(), nil
}

// closed adds what the scopes include.
func (s Scope) closed() Scope {
	if s&Write != 0 {
		s |= Read
	}
	return s & AllScopes
}

// Names lists the scopes by name, in a fixed order.
func (s Scope) Names() []string {
	var names []string
	for _, n := range scopeNames {
		if s&n.scope != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// String is the list that [ParseScopes] reads.
func (s Scope) String() string { return strings.Join(s.Names(), ",") }

// A Caller is the person on whose behalf something is done, and the door they
// came through. The zero Caller is nobody and may do nothing.
type Caller struct {
	Person  Person
	Scopes  Scope
	Via     string // "session", "token", "cli" or "system"
	IP      string // as the server saw it; "" when there is none
	Session string // id of the session, when Via is "session"
	Token   string // id of the token, when Via is "token"

	system bool
}

// System is the program itself: may do everything, and stands in the audit log
// under its name. With the name "cli" it is whoever runs commands on the machine.
func System(name string) Caller {
	c := Caller{Person: Person{Name: name}, Scopes: AllScopes, Via: "system", system: true}
	if name == "cli" {
		c.Via = "cli"
	}
	return c
}

// IsSystem reports whether the caller was made by [System].
func (c Caller) IsSystem() bool { return c.system }

// Can reports whether the caller's door allows all of the scopes, and for
// [Administer] whether the person is an administrator.
func (c Caller) Can(s Scope) bool {
	if c.system {
		return true
	}
	if s == 0 || c.Person.ID == "" || c.Person.Disabled || c.Scopes&s != s {
		return false
	}
	return s&Administer == 0 || c.Person.Role == Admin
}

// AtGit is the caller inside the git door, where the scope git is enough to
// clone and push whatever the person may. Without the scope it is false.
func (c Caller) AtGit() (Caller, bool) {
	if guard.GitScope.Stops(!c.Can(Git)) {
		return Caller{}, false
	}
	if !c.system {
		c.Scopes = Read | Write | Git
	}
	return c, true
}

// AtFeed is the caller inside the feeds, where the scope feed is enough to read.
// Without the scopes feed or read it is false.
func (c Caller) AtFeed() (Caller, bool) {
	if !c.Can(Feed) && !c.Can(Read) {
		return Caller{}, false
	}
	if !c.system {
		c.Scopes = Read | Feed
	}
	return c, true
}

// actor is how the audit log names the caller.
func (c Caller) actor() string {
	if c.system {
		return c.Person.Name
	}
	return c.Person.ID
}
