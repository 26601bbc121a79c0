package web

import (
	"context"
	"html/template"
	"regexp"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// commentDrawer draws the comments of one page for one reader. What links and
// handles lead to, and how people are shown, is for whoever makes it.
type commentDrawer struct {
	ctx   context.Context
	c     people.Caller
	side  *wiki.Side
	world content.Resolver
	name  func(ctx context.Context, id, name string) Person // as they are called now, else as they were then
	known map[string]Person
}

func (f *frame) commentDrawer(ctx context.Context, side *wiki.Side, place wiki.Place) (*commentDrawer, error) {
	r, err := f.resolver(ctx, place)
	if err != nil {
		return nil, err
	}
	return &commentDrawer{ctx: ctx, c: f.c, side: side, world: r, name: f.s.commenter, known: map[string]Person{}}, nil
}

// commenter draws who commented, for staff.
func (s *Server) commenter(ctx context.Context, id, name string) Person {
	if id == "" {
		return PersonOf(name, name, false)
	}
	if known, err := s.people.Get(ctx, id); err == nil {
		return personView(known)
	}
	return PersonOf(id, name, false)
}

// elementID is a name that rendering gives to a heading or fact. In a comment
// it would stand in the way of the page's own.
var elementID = regexp.MustCompile(` id="[^"]*"`)

func (d *commentDrawer) html(c *wiki.Comment) template.HTML {
	html := content.Parse(c.Source()).HTML(d.world, content.RenderOptions{})
	return template.HTML(elementID.ReplaceAll(html, nil))
}

func (d *commentDrawer) person(id, name string) Person {
	if p, ok := d.known[id+"\x00"+name]; ok {
		return p
	}
	p := d.name(d.ctx, id, name)
	d.known[id+"\x00"+name] = p
	return p
}

func (d *commentDrawer) mine(c *wiki.Comment) bool { return c.By != "" && c.By == d.c.Person.ID }

func (d *commentDrawer) mayRemove(c *wiki.Comment) bool { return d.side.MayRemove(d.ctx, d.c, c.By) }
