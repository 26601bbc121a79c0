package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"dealwiki/content"
	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/repo"
)

// many is how many files change at once by an import or a push of a whole past:
// nobody is told of each, but of all of them at once.
const many = 100

// manyGiven is of how many tasks and facts of one page that are theirs since
// somebody is told at once: a page can hold tens of thousands.
const manyGiven = 20

// batch is what was found between two commits of a side.
type batch struct {
	id       wiki.SideID
	head     string
	events   int64 // milliseconds; how far handoffs were told of
	notices  []found
	joined   map[string]bool // people who watch from now on
	watchers map[string]bool
	handles  map[string]string // person ids
	happened []webhook.Event   // what programs are told
}

type found struct {
	Notice
	person string
	key    string
	once   bool // told once, however often it is found
}

// follow tells of what has changed on a side since it was followed last.
func (c *Center) follow(ctx context.Context, id wiki.SideID, first bool) error {
	if id.Prospect == wiki.Playbook {
		return nil
	}
	stream, err := c.wiki.Stream(system, id)
	if errors.Is(err, wiki.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	head, err := stream.Head()
	if err != nil {
		return err
	}
	known, events, followed := "", int64(0), false
	err = c.people.AskAttention(ctx, func(rows *sql.Rows) error { followed = true; return rows.Scan(&known, &events) },
		`SELECT head, events FROM attention WHERE prospect=? AND section=?`, id.Prospect, string(id.Section))
	if err != nil {
		return err
	}
	if followed && known == head.String() {
		return nil
	}
	b := &batch{id: id, head: head.String(), events: events, joined: map[string]bool{}, handles: map[string]string{}}
	if first && !followed {
		return c.settle(ctx, stream, b)
	}
	from := repo.Zero
	if known != "" {
		if from, err = repo.ParseHash(known); err != nil {
			return err
		}
	}
	changes, err := stream.Changes(from, head)
	if errors.Is(err, fs.ErrNotExist) {
		return c.settle(ctx, stream, b) // another past: after a restore
	}
	if err != nil {
		return err
	}
	if b.watchers, err = c.watchers(ctx, id.Prospect); err != nil {
		return err
	}
	if len(changes) > many {
		if err := c.bulk(ctx, stream, b, head, len(changes)); err != nil {
			return err
		}
	} else {
		for _, ch := range changes {
			if err := c.change(ctx, stream, b, ch); err != nil {
				return fmt.Errorf("file %s: %w", ch.Path, err)
			}
		}
	}
	if id.Section == wiki.Internal {
		if err := c.handoffs(ctx, b); err != nil {
			return err
		}
	}
	return c.put(ctx, b)
}

// bulk tells watchers in one notice that very many files have changed.
func (c *Center) bulk(ctx context.Context, stream *wiki.Stream, b *batch, head repo.Hash, files int) error {
	if err := c.joinAuthors(ctx, stream, b); err != nil {
		return err
	}
	last, err := stream.Repo().Lookup(head)
	if err != nil {
		return err
	}
	n := Notice{Kind: KindMany, Section: b.id.Section, Path: "changes", Actor: wiki.PersonID(last.Author), Name: last.Author.Name,
		Title: fmt.Sprintf("%d files on the %s side", files, b.id.Section), Text: last.Subject(), At: last.CommittedAt, Times: 1}
	for person, watch := range b.watchers {
		if watch {
			c.tell(ctx, b, person, "many/"+string(b.id.Section), n)
		}
	}
	b.happen(webhook.Page+".many", n.At, webhook.Data{Path: n.Path, Title: n.Title, By: c.by(ctx, n.Actor, n.Name), Commit: head.String()})
	return nil
}

// settle takes what is there as known; whoever wrote the pages watches.
func (c *Center) settle(ctx context.Context, stream *wiki.Stream, b *batch) error {
	if err := c.joinAuthors(ctx, stream, b); err != nil {
		return err
	}
	b.events = c.wiki.Now().UnixMilli()
	return c.put(ctx, b)
}

// joinAuthors lets whoever wrote the pages watch.
func (c *Center) joinAuthors(ctx context.Context, stream *wiki.Stream, b *batch) error {
	pages, err := stream.Pages(ctx)
	if err != nil {
		return err
	}
	for i := range pages {
		for _, a := range append([]repo.Person{pages[i].Author}, pages[i].CoAuthors...) {
			c.join(ctx, b, wiki.PersonID(a))
		}
	}
	return nil
}

// join lets somebody watch from now on, if they have not said otherwise.
func (c *Center) join(ctx context.Context, b *batch, person string) {
	if person != "" && !b.joined[person] && c.sees(ctx, person, b.id.Prospect) {
		b.joined[person] = true
	}
}

func (c *Center) change(ctx context.Context, stream *wiki.Stream, b *batch, ch repo.Change) error {
	if place, ok := wiki.CommentsOf(b.id.Section, ch.Path); ok {
		return c.comments(ctx, stream, b, place, ch)
	}
	place, ok := wiki.PlaceOf(b.id.Section, ch.Path)
	if !ok {
		return nil
	}
	if ch.To.IsZero() {
		return c.deleted(ctx, stream, b, place, ch)
	}
	versions, err := stream.Versions(ctx, ch.Path, many)
	if err != nil {
		return err
	}
	// The versions since: down to the one whose text was there before.
	if i := slices.IndexFunc(versions, func(v repo.Version) bool { return v.Blob == ch.From }); i >= 0 && !ch.From.IsZero() {
		versions = versions[:i]
	}
	if len(versions) == 0 {
		return nil
	}
	now, err := stream.Repo().Blob(ch.To)
	if err != nil {
		return err
	}
	var before []byte
	switch {
	case !ch.From.IsZero():
		if before, err = stream.Repo().Blob(ch.From); err != nil {
			return err
		}
	case versions[0].Renamed != "" || versions[len(versions)-1].Renamed != "":
		before = now // moved: nothing in it is new
	}
	was, is := content.Parse(before), content.Parse(now)
	c.page(ctx, b, place, was, is, versions, ch.From.IsZero() || !content.OnlyTicks(before, now))
	c.pageHappened(ctx, b, place, was, is, ch, versions)
	return nil
}

// page tells of a page's changes: who was named, who was given what, and, where
// it is news, that it has changed.
func (c *Center) page(ctx context.Context, b *batch, place wiki.Place, before, now *content.Doc, versions []repo.Version, news bool) {
	last := versions[0]
	title := now.Title()
	if title == "" {
		title = strings.ReplaceAll(place.Page, "-", " ")
	}
	by := func(kind string, v repo.Version) Notice {
		return Notice{Kind: kind, Section: place.Section, Path: place.String(), Actor: wiki.PersonID(v.Author), Name: v.Author.Name, Title: title, At: v.When, Times: 1}
	}
	told := map[string]bool{}
	guests := c.byGuests(ctx, versions)
	c.assigned(ctx, b, by(KindAssigned, last), before, now, told, guests)
	had := before.Mentions()
	for _, handle := range now.Mentions() {
		if person := c.named(ctx, b, handle, guests); person != "" && !slices.Contains(had, handle) {
			if told[person] {
				continue
			}
			told[person] = true
			n := by(KindMention, last)
			c.tell(ctx, b, person, "mention/"+n.Path, n)
			c.join(ctx, b, person)
		}
	}
	authors := map[string]int{}
	for _, v := range versions {
		for _, a := range append([]repo.Person{v.Author}, v.CoAuthors...) {
			id := wiki.PersonID(a)
			c.join(ctx, b, id)
			if id == "" {
				id = a.Name
			}
			authors[id]++
		}
	}
	for person, watch := range b.watchers {
		if !news || !watch || told[person] {
			continue
		}
		for _, v := range versions {
			// One notice for a page and the person who changed it.
			id := wiki.PersonID(v.Author)
			if id == "" {
				id = v.Author.Name
			}
			if times := authors[id]; times > 0 && id != person {
				n := by(KindPage, v)
				n.Times, n.Text = times, v.Subject
				c.tell(ctx, b, person, "page/"+n.Path+"/"+id, n)
			}
			if id != person {
				break // the latest other person's is enough of one page
			}
		}
	}
}

// assigned tells people of the facts and actions that are theirs since.
func (c *Center) assigned(ctx context.Context, b *batch, n Notice, before, now *content.Doc, told map[string]bool, guests bool) {
	owner := map[string]string{}
	key := func(id, title string) string {
		if id != "" {
			return id
		}
		return "~" + title
	}
	for _, f := range before.Facts() {
		owner[key(f.ID, f.Title)], owner["~"+f.Title] = f.Owner, f.Owner
	}
	for _, a := range before.Actions() {
		owner[key(a.ID, a.Text)], owner["~"+a.Text] = a.Owner, a.Owner
	}
	given := map[string]int{}
	give := func(kind, id, handle, text string) {
		person := c.named(ctx, b, handle, guests)
		if person == "" || owner[key(id, text)] == handle {
			return
		}
		if given[person]++; given[person] > manyGiven {
			return // the page itself lists them all
		}
		at := n
		if at.Text = text; id != "" {
			at.Path += "#" + id
		}
		at.Kind = kind
		told[person] = true
		c.tell(ctx, b, person, "assigned/"+string(n.Section)+"/"+key(id, text), at)
		c.join(ctx, b, person)
	}
	for _, f := range now.Facts() {
		switch {
		case f.Open() && f.Kind == "question":
			give(KindAsked, f.ID, f.Owner, f.Title)
		case f.Open():
			give(KindAssigned, f.ID, f.Owner, f.Title)
		}
	}
	for _, a := range now.Actions() {
		if !a.Done {
			give(KindAssigned, a.ID, a.Owner, a.Text)
		}
	}
}

// byGuests reports that guests alone have made all of the versions.
func (c *Center) byGuests(ctx context.Context, versions []repo.Version) bool {
	for _, v := range versions {
		for _, a := range append([]repo.Person{v.Author}, v.CoAuthors...) {
			if !c.isGuest(ctx, wiki.PersonID(a)) {
				return false
			}
		}
	}
	return true
}

func (c *Center) isGuest(ctx context.Context, id string) bool {
	p, err := c.people.Get(ctx, id)
	return err == nil && p.Guest
}

// named is who is named by a handle. Guests name those who take part: whatever
// name they guess, nobody else gets mail for it or watches from then on.
func (c *Center) named(ctx context.Context, b *batch, handle string, guests bool) string {
	person := c.handle(ctx, b, handle)
	if _, watches := b.watchers[person]; guests && !watches && !b.joined[person] {
		return ""
	}
	return person
}

func (c *Center) handle(ctx context.Context, b *batch, handle string) string {
	handle = strings.TrimPrefix(handle, "@")
	if handle == "" {
		return ""
	}
	id, ok := b.handles[handle]
	if !ok {
		if p, err := c.people.ByHandle(ctx, handle); err == nil {
			id = p.ID
		}
		b.handles[handle] = id
	}
	return id
}

// tell adds a notice for somebody, unless they did it themselves or may not know.
func (c *Center) tell(ctx context.Context, b *batch, person, key string, n Notice) {
	if person != n.Actor && c.sees(ctx, person, b.id.Prospect) {
		b.notices = append(b.notices, found{Notice: n, person: person, key: key, once: n.Kind == KindHandoff || n.Kind == KindWarning})
	}
}

// commentsFile is what is read of a page's comments.
type commentsFile struct {
	Threads []struct {
		ID       string `yaml:"id"`
		Comments []struct {
			ID   string    `yaml:"id"`
			By   string    `yaml:"by"`
			Name string    `yaml:"name"`
			At   time.Time `yaml:"at"`
			Text string    `yaml:"text"`
		} `yaml:"comments"`
	} `yaml:"threads"`
}

// comments tells of what was said on a page: who was named, who takes part in
// the thread, and who watches.
func (c *Center) comments(ctx context.Context, stream *wiki.Stream, b *batch, place wiki.Place, ch repo.Change) error {
	if ch.To.IsZero() {
		return nil
	}
	read := func(h repo.Hash) (f commentsFile, err error) {
		if h.IsZero() {
			return f, nil
		}
		data, err := stream.Repo().Blob(h)
		if err == nil && yaml.Unmarshal(data, &f) != nil {
			return commentsFile{}, nil // told of on the page itself
		}
		return f, err
	}
	before, err := read(ch.From)
	if err != nil {
		return err
	}
	now, err := read(ch.To)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, t := range before.Threads {
		for _, cm := range t.Comments {
			known[cm.ID] = true
		}
	}
	title := strings.ReplaceAll(place.Page, "-", " ")
	if text, err := stream.Read(mustHead(stream), place.Path()); err == nil {
		if t := content.Parse(text).Title(); t != "" {
			title = t
		}
	}
	for _, t := range now.Threads {
		for _, cm := range t.Comments {
			if known[cm.ID] {
				continue
			}
			n := Notice{Kind: KindComment, Section: place.Section, Path: place.String() + "#c-" + t.ID, Actor: cm.By, Name: cm.Name, Title: title, Text: cm.Text, At: cm.At, Times: 1}
			c.join(ctx, b, cm.By)
			b.happen(webhook.Comment+".added", cm.At, webhook.Data{Path: n.Path, Title: title, By: c.by(ctx, cm.By, cm.Name), ID: t.ID})
			told := map[string]bool{}
			guest := c.isGuest(ctx, cm.By)
			for _, handle := range content.Parse([]byte("\n" + cm.Text)).Mentions() {
				if person := c.named(ctx, b, handle, guest); person != "" && !told[person] {
					told[person] = true
					m := n
					m.Kind = KindMention
					c.tell(ctx, b, person, "mention/"+n.Path, m)
					c.join(ctx, b, person)
				}
			}
			for _, other := range t.Comments {
				if other.By != "" && !told[other.By] {
					told[other.By] = true
					c.tell(ctx, b, other.By, "comment/"+n.Path, n)
				}
			}
			for person, watch := range b.watchers {
				if watch && !told[person] {
					c.tell(ctx, b, person, "comment/"+n.Path, n)
				}
			}
		}
	}
	return nil
}

// mustHead is the newest commit; the zero hash when it cannot be read, where
// nothing is found then.
func mustHead(stream *wiki.Stream) repo.Hash {
	h, err := stream.Head()
	if err != nil {
		return repo.Zero
	}
	return h
}

// handoffs tells of what was said to handoffs and of warnings since.
func (c *Center) handoffs(ctx context.Context, b *batch) error {
	if c.book == nil {
		return nil
	}
	sp, err := c.wiki.Space(ctx, system, b.id.Prospect)
	if errors.Is(err, wiki.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	// Records are dated to the second: what was told already is found again, and
	// told once.
	events, err := c.book.Events(ctx, system, sp, time.UnixMilli(b.events).Add(-2*time.Second))
	if err != nil {
		return wrap("reading handoffs", err)
	}
	for _, e := range events {
		n := Notice{Kind: KindHandoff, Section: wiki.Internal, Path: fmt.Sprintf("handoffs/%d", e.Handoff), Actor: e.By, Title: fmt.Sprintf("Handoff %d", e.Handoff), Text: e.What, At: e.At, Times: 1}
		if e.Handoff == 0 {
			n.Kind, n.Path, n.Title = KindWarning, "brief", "A deal is coming"
		}
		if e.Text != "" {
			n.Text += ": " + e.Text
		}
		if p, err := c.people.Get(ctx, e.By); err == nil {
			n.Name = p.Name
		}
		what := webhook.Event{Type: webhook.Handoff + "." + e.What, At: e.At, Once: fmt.Sprintf("handoff/%d/%s/%d/%s", e.Handoff, e.What, e.At.UnixMilli(), e.By),
			Data: webhook.Data{Section: string(wiki.Internal), Path: n.Path, Title: n.Title, By: c.by(ctx, e.By, n.Name)}}
		if e.Handoff != 0 {
			what.Data.ID = strconv.Itoa(e.Handoff)
		}
		b.happened = append(b.happened, what)
		for _, person := range e.To {
			// Each is an item of its own: what was said to a handoff is no noise.
			c.tell(ctx, b, person, fmt.Sprintf("handoff/%d/%s/%d", e.Handoff, e.What, e.At.UnixMilli()), n)
			if e.What != handoff.Warned {
				c.join(ctx, b, person)
			}
		}
		b.events = max(b.events, e.At.UnixMilli())
	}
	return nil
}
