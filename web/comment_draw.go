package web

import (
	"context"
	"html/template"
	"regexp"

	"dealwiki/content"
	"dealwiki/wiki"
)

// commentDrawer draws the comments of one page for one reader.
type commentDrawer struct {
	ctx   context.Context
	f     *frame
	side  *wiki.Side
	world *resolver
	known map[string]Person
}

func (f *frame) commentDrawer(ctx context.Context, side *wiki.Side, place wiki.Place) (*commentDrawer, error) {
	r, err := f.resolver(ctx, place)
	if err != nil {
		return nil, err
	}
	return &commentDrawer{ctx: ctx, f: f, side: side, world: r, known: map[string]Person{}}, nil
}

// elementID is a name that rendering gives to a heading or fact. In a comment
// it would stand in the way of the page's own.
var elementID = regexp.MustCompile(` id="[^"]*"`)

func (d *commentDrawer) html(c *wiki.Comment) template.HTML {
	html := content.Parse(c.Source()).HTML(d.world, content.RenderOptions{})
	return template.HTML(elementID.ReplaceAll(html, nil))
}

// person is who commented: as they are called now, else as they were then.
func (d *commentDrawer) person(id, name string) Person {
	if p, ok := d.known[id+"\x00"+name]; ok {
		return p
	}
	p := PersonOf(id, name, false)
	if id == "" {
		p = PersonOf(name, name, false)
	} else if known, err := d.f.s.people.Get(d.ctx, id); err == nil {
		p = personView(known)
	}
	d.known[id+"\x00"+name] = p
	return p
}

func (d *commentDrawer) mine(c *wiki.Comment) bool { return c.By != "" && c.By == d.f.c.Person.ID }

func (d *commentDrawer) mayRemove(c *wiki.Comment) bool { return d.side.MayRemove(d.ctx, d.f.c, c.By) }
