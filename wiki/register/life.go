package register

import (
	"fmt"
	"maps"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// life follows the facts of one page from version to version.
type life struct {
	prospect string
	place    wiki.Place
	facts    map[string]*Fact // by key
	here     map[string]stand // as the last version had them
}

// step goes on to the next version, with its facts; none when it deleted the
// page. wrote tells who brought in a line.
func (l *life) step(v repo.Version, stage string, now []stand, wrote func(line int) repo.Person) {
	event := func(what string, by repo.Person, note string) Event {
		return Event{What: what, By: by, At: v.When, Commit: v.Commit.String(), Number: v.Number, Path: v.Path, Stage: stage, Note: note}
	}
	next := map[string]stand{}
	for _, s := range now {
		next[s.key()] = s
	}
	for _, s := range now {
		l.adopt(s, next)
		f := l.facts[s.key()]
		was, stood := l.here[s.key()]
		switch {
		case f == nil:
			f = &Fact{Prospect: l.prospect, Key: s.key(), ID: s.ID, Kind: s.Kind}
			l.facts[f.Key] = f
			f.Life = append(f.Life, event(EventRaised, wrote(s.Line), ""))
			if st := s.state(); st != StateOpen { // written down when it was over already
				f.Life = append(f.Life, event(string(st), wrote(s.Line), ""))
			}
		case !stood:
			f.Life = append(f.Life, event(EventRestored, wrote(s.Line), ""))
		default:
			if what, note := became(was, s); what != "" {
				f.Life = append(f.Life, event(what, wrote(s.Line), note))
			}
		}
		f.Place, f.Title, f.Body, f.Owner, f.Due, f.Attrs, f.State, f.Line, f.EndLine = l.place, s.Title, s.Body, s.Owner, s.Due, s.Attrs, s.state(), s.Line, s.EndLine
	}
	for key := range l.here {
		// Tables and page may disagree; that is no reason to fall.
		if f := l.facts[key]; f != nil && !stands(next, key) {
			f.State = StateGone
			f.Life = append(f.Life, event(EventRemoved, v.Author, ""))
		}
	}
	l.here = next
}

func stands(now map[string]stand, key string) bool {
	_, ok := now[key]
	return ok
}

// adopt carries the life of a fact that had no id over to the id it has now.
func (l *life) adopt(s stand, next map[string]stand) {
	if s.ID == "" || l.facts[s.ID] != nil {
		return
	}
	bare := s
	bare.ID = ""
	old := bare.key()
	was, stood := l.here[old]
	if _, still := next[old]; !stood || still {
		return
	}
	f := l.facts[old]
	if f == nil {
		return
	}
	delete(l.facts, old)
	delete(l.here, old)
	f.ID, f.Key = s.ID, s.ID
	l.facts[s.ID], l.here[s.ID] = f, was
}

// became tells what happened to a fact between two versions, "" if nothing.
func became(was, now stand) (what, note string) {
	from, to := was.state(), now.state()
	if from != to {
		if to == StateOpen {
			return EventReopened, ""
		}
		return string(to), ""
	}
	var notes []string
	differ := func(name, a, b string) {
		if a == b {
			return
		}
		notes = append(notes, fmt.Sprintf("%s %s → %s", name, orNone(a), orNone(b)))
	}
	if was.Title != now.Title {
		notes = append(notes, "reworded, was “"+was.Title+"”")
	}
	differ("owner", was.Owner, now.Owner)
	differ("due", content.Day(was.Due), content.Day(now.Due))
	if was.Body != now.Body {
		notes = append(notes, "details")
	}
	if !maps.Equal(was.Attrs, now.Attrs) {
		for _, key := range []string{"role", "influence", "access", "by", "met"} {
			differ(key, content.Day(was.Attrs[key]), content.Day(now.Attrs[key]))
		}
	}
	if was.Kind != now.Kind {
		differ("kind", was.Kind, now.Kind)
	}
	if notes == nil {
		return "", ""
	}
	return EventChanged, strings.Join(notes, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
