package realtime

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"dealwiki/wiki"
)

// noteLife is how long a reader's note counts.
const noteLife = 45 * time.Second

type noteKey struct {
	person string
	place  wiki.Place
}

type note struct {
	who Presence
	at  time.Time
}

// Note says that a person, by id, reads a page outside the editor; or is in the
// space, at a place without a page. It counts for 45 seconds, or until the
// person reads something else in the space.
func (h *Hub) Note(prospect string, place wiki.Place, person, name, color string, guest bool) {
	side := wiki.SideID{Prospect: prospect, Section: place.Section}
	p := Presence{Person: person, Name: name, Color: color, Guest: guest, Place: place}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		maps.DeleteFunc(h.notes[wiki.SideID{Prospect: prospect, Section: section}], func(k noteKey, _ note) bool { return k.person == person })
	}
	if h.notes[side] == nil {
		h.notes[side] = map[noteKey]note{}
	}
	h.notes[side][noteKey{p.Person, p.Place}] = note{p, time.Now()}
}

// Present answers who has which page of a side open: one entry for each person
// and page, by name. Whoever asks has to be allowed to read the side.
func (h *Hub) Present(prospect string, section wiki.Section) []Presence {
	side := wiki.SideID{Prospect: prospect, Section: section}
	found := map[noteKey]Presence{}
	h.mu.Lock()
	for key, n := range h.notes[side] {
		if time.Since(n.at) < noteLife {
			found[key] = n.who
		}
	}
	for s := range h.sides[side] {
		key := noteKey{s.who.Caller.Person.ID, s.who.Place}
		p := Presence{Person: key.person, Name: s.who.Name, Color: s.who.Color, Guest: s.who.Guest, Place: s.who.Place, Editing: s.write.Load()}
		p.Editing = p.Editing || found[key].Editing
		found[key] = p
	}
	h.mu.Unlock()
	list := make([]Presence, 0, len(found))
	for _, p := range found {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Presence) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Place.String(), b.Place.String()))
	})
	return list
}

// forgetNotes drops notes that count no more.
func (h *Hub) forgetNotes() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for side, notes := range h.notes {
		for key, n := range notes {
			if time.Since(n.at) >= noteLife {
				delete(notes, key)
			}
		}
		if len(notes) == 0 {
			delete(h.notes, side)
		}
	}
}
