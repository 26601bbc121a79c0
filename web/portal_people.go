package web

import (
	"context"
	"errors"
	"slices"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// voiceKey names the state of a shared space in which its voices were found.
type voiceKey struct {
	prospect string
	head     repo.Hash
}

// voicesOf is how many versions of a page are looked at for their authors.
const voicesOf = 500

// knownPeople are the ids of those who may be named in the shared space: its
// guests, whoever wrote or commented on a page that is shared now, and whoever a
// member of staff named on a line of such a page. Anybody else's handle stays
// what was typed, so that nobody learns from the wiki who else works here.
func (ro *room) knownPeople(ctx context.Context) (map[string]bool, error) {
	head, err := ro.side.Head(ctx, ro.c)
	if err != nil {
		return nil, err
	}
	key := voiceKey{ro.prospect, head}
	known, ok := ro.p.voices.get(key)
	if !ok {
		known = map[string]bool{}
		for i := range ro.pages {
			if err := ro.listen(ctx, ro.pages[i].Place, known); err != nil {
				return nil, err
			}
		}
		ro.p.voices.put(key, known)
	}
	all := make(map[string]bool, len(known)+len(ro.here)+1)
	for id := range known {
		all[id] = true
	}
	for _, g := range ro.here {
		all[g.ID] = true
	}
	all[ro.c.Person.ID] = true
	return all, nil
}

// listen adds the voices of one page.
func (ro *room) listen(ctx context.Context, place wiki.Place, known map[string]bool) error {
	versions, err := ro.side.History(ctx, ro.c, place, voicesOf, repo.Hash{})
	if err != nil {
		return passGone(err)
	}
	add := func(id string) {
		if id != "" {
			known[id] = true
		}
	}
	for i := range versions {
		if versions[i].Deleted {
			break // what staff see besides is of a page that was taken away
		}
		add(wiki.PersonID(versions[i].Author))
		for _, p := range versions[i].CoAuthors {
			add(wiki.PersonID(p))
		}
	}
	threads, err := ro.side.Comments(ctx, ro.c, place)
	var invalid *wiki.Invalid
	if err != nil && !errors.As(err, &invalid) {
		return passGone(err)
	}
	for i := range threads {
		for k := range threads[i].Comments {
			c := &threads[i].Comments[k]
			add(c.By)
			if ro.isStaff(ctx, c.By) {
				ro.named(ctx, c.Mentions(), add)
			}
		}
	}
	page, err := ro.side.Read(ctx, ro.c, place)
	if err != nil {
		return passGone(err)
	}
	if len(ro.p.doc(page).Mentions()) == 0 {
		return nil
	}
	lines, page, err := ro.side.Blame(ctx, ro.c, place)
	if err != nil {
		return passGone(err)
	}
	for i, text := range strings.Split(string(page.Text), "\n") {
		if i < len(lines) && strings.Contains(text, "@") && ro.isStaff(ctx, wiki.PersonID(lines[i].Author)) {
			for _, handle := range content.Parse([]byte(text)).Mentions() {
				p, err := ro.p.who.ByHandle(ctx, handle)
				if err != nil || p.Guest || known[p.ID] {
					continue
				}
				meant, err := ro.meant(ctx, place, versions, handle)
				if err != nil {
					return err
				}
				if meant {
					add(p.ID)
				}
			}
		}
	}
	return nil
}

// maxMeant bounds what is read of a page's past to learn who put a name there.
const maxMeant = 16 << 20 // bytes

// meant reports that a member of staff put a name on a page, once more than it
// was there before. Whoever has since ticked or mended a line on which a guest
// guessed it has named nobody.
func (ro *room) meant(ctx context.Context, place wiki.Place, versions []repo.Version, handle string) (bool, error) {
	left, after := maxMeant, 0
	for i := range versions {
		n := 0
		if !versions[i].Deleted {
			page, err := ro.side.ReadAt(ctx, ro.c, place, versions[i].Commit)
			if err != nil && !errors.Is(err, wiki.ErrNotFound) {
				return false, err
			}
			if err == nil {
				n = strings.Count(strings.ToLower(string(page.Text)), "@"+handle)
				left -= len(page.Text)
			}
		}
		if i > 0 && after > n && ro.byStaff(ctx, &versions[i-1]) {
			return true, nil
		}
		if after = n; n == 0 || left < 0 {
			return false, nil
		}
	}
	return after > 0 && ro.byStaff(ctx, &versions[len(versions)-1]), nil
}

// byStaff reports whether anybody but guests has made a version.
func (ro *room) byStaff(ctx context.Context, v *repo.Version) bool {
	return slices.ContainsFunc(append([]repo.Person{v.Author}, v.CoAuthors...), func(p repo.Person) bool { return !ro.isGuest(ctx, wiki.PersonID(p)) })
}

func (ro *room) isGuest(ctx context.Context, id string) bool {
	p, err := ro.p.who.Get(ctx, id)
	return err == nil && p.Guest
}

// passGone forgives a page that has gone meanwhile.
func passGone(err error) error {
	if errors.Is(err, wiki.ErrNotFound) {
		return nil
	}
	return err
}

func (ro *room) isStaff(ctx context.Context, id string) bool {
	if id == "" {
		return false
	}
	p, err := ro.p.who.Get(ctx, id)
	return err == nil && !p.Guest
}

func (ro *room) named(ctx context.Context, handles []string, add func(id string)) {
	for _, handle := range handles {
		if p, err := ro.p.who.ByHandle(ctx, handle); err == nil && !p.Guest {
			add(p.ID)
		}
	}
}

// byHandle answers who a handle is, as far as the shared space may know.
func (ro *room) byHandle(ctx context.Context, handle string) (people.Person, bool) {
	p, err := ro.p.who.ByHandle(ctx, handle)
	if err != nil || !ro.known[p.ID] {
		return people.Person{}, false
	}
	return p, true
}

// person draws somebody as the shared space shows them: by name, and with nothing
// to open.
func (ro *room) person(p people.Person) Person {
	return PersonOf(p.ID, p.Name, p.Guest)
}

// author draws the person that a version names.
func (ro *room) author(ctx context.Context, p repo.Person) Person {
	if id := wiki.PersonID(p); id != "" {
		if known, err := ro.p.who.Get(ctx, id); err == nil {
			return ro.person(known)
		}
		return PersonOf(id, p.Name, false)
	}
	return PersonOf(p.Name, p.Name, false) // an address is nobody's business
}

// commenter draws who commented: as they are called now, else as they were then.
func (ro *room) commenter(ctx context.Context, id, name string) Person {
	if id != "" {
		if known, err := ro.p.who.Get(ctx, id); err == nil {
			return ro.person(known)
		}
		return PersonOf(id, name, false)
	}
	return PersonOf(name, name, false)
}

// company are those who are in the shared space, staff first, by name.
func (ro *room) people(ctx context.Context) []people.Person {
	var out []people.Person
	for id := range ro.known {
		if p, err := ro.p.who.Get(ctx, id); err == nil && !p.Disabled {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b people.Person) int {
		switch {
		case a.Guest != b.Guest:
			if a.Guest {
				return 1
			}
			return -1
		case a.Name != b.Name:
			return strings.Compare(a.Name, b.Name)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}
