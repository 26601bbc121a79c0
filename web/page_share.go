package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
)

// crossPage moves a page through the wall, or shows what would be seen. It
// answers the view to show again, nil when it has answered.
func (f *frame) crossPage(w http.ResponseWriter, r *http.Request, from, to wiki.Place, form url.Values) (*Reveal, string, error) {
	ctx := r.Context()
	confirm := form.Get("confirm")
	customer := f.customer(ctx)
	named := sameWords(form.Get("typed"), customer)
	if confirm != "" && to.Section == wiki.External && !named {
		confirm = "" // shown again, with a word
	}
	page, err := f.space.Cross(ctx, f.c, from, to, confirm)
	var not *wiki.Unconfirmed
	if errors.As(err, &not) {
		v, err := f.reveal(ctx, not.Crossing, customer)
		if err != nil {
			return nil, "", err
		}
		problem := ""
		switch {
		case not.Changed:
			problem = "Something has changed since you looked: the page, its files, or the place. Nothing was moved. This is how it is now; look at it again."
		case form.Get("confirm") != "" && form.Get("confirm") == not.Crossing.Digest:
			problem, v.Typed = "Type the customer’s name as it stands here, so that a page is not shared by a slip of the hand.", form.Get("typed")
		}
		return v, problem, nil
	}
	if err != nil {
		return nil, "", err
	}
	said := "Shared. " + customer + " can read it now. Its history and comments from before stay with you."
	if to.Section == wiki.Internal {
		said = "It is with you alone again. What was read before cannot be taken back."
	}
	return nil, "", f.s.done(w, r, pagePath(f.slug(), page.Place), said)
}

func sameWords(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

// customer is the name by which the customer's side of the prospect goes.
func (f *frame) customer(ctx context.Context) string {
	if side, err := f.side(wiki.External); err == nil {
		if info, err := side.Info(ctx, f.c); err == nil && info.Customer != "" {
			return info.Customer
		}
	}
	return f.entry.Title
}

// reveal draws what would be on the other side.
func (f *frame) reveal(ctx context.Context, c *wiki.Crossing, customer string) (*Reveal, error) {
	v := &Reveal{To: c.To.String(), Customer: customer, Digest: c.Digest, Back: !c.Shares(), Threads: c.Threads, Resumed: c.Resumed, Source: string(c.Text)}
	for _, file := range c.Files {
		name := file.To.Name
		if file.To.Name != file.From.Name {
			name += " (here: " + file.From.Name + ")"
		}
		if file.Kept {
			name += ", also stays here for other pages"
		}
		v.Files = append(v.Files, name+", "+sizeOf(file.Size))
	}
	doc := content.Parse(c.Text)
	for _, fact := range doc.Facts() {
		v.Facts = append(v.Facts, f.factLink(fact, pagePath(f.slug(), c.From)))
	}
	for _, w := range c.Warnings {
		text := w.Text
		if w.Line > 0 {
			text = fmt.Sprintf("Line %d: %s", w.Line, text)
		}
		v.Warnings = append(v.Warnings, text)
	}
	html, err := f.crossingHTML(ctx, c)
	if err != nil {
		return nil, err
	}
	v.Body = template.HTML(html)
	if v.Back {
		return v, nil
	}
	v.Readers, err = f.guestNames(ctx)
	return v, err
}

// crossingHTML is the page as it would be shown on the other side.
func (f *frame) crossingHTML(ctx context.Context, c *wiki.Crossing) ([]byte, error) {
	r, err := f.resolver(ctx, c.To)
	if err != nil {
		return nil, err
	}
	world := &crossingResolver{resolver: r, c: c}
	return content.Parse(c.Text).HTML(world, content.RenderOptions{}), nil
}

// crossingResolver knows the attachments that go along, which are still here.
type crossingResolver struct {
	*resolver
	c *wiki.Crossing
}

// Dest implements content.Resolver.
func (r *crossingResolver) Dest(dest string) (href string, missing bool) {
	target := wiki.JoinLink(r.c.To.Path(), dest)
	for _, file := range r.c.Files {
		if target == file.To.Path() {
			return filePath(r.f.slug(), file.From) + "?raw", false
		}
	}
	return r.resolver.Dest(dest)
}

// guestNames are the guests who can read what is shared from the next moment on.
func (f *frame) guestNames(ctx context.Context) ([]string, error) {
	guests, err := f.s.people.Guests(ctx, f.c, f.slug())
	if err != nil {
		return nil, fmt.Errorf("listing guests: %w", err)
	}
	var names []string
	for _, g := range guests {
		if !g.Active(f.s.now()) {
			continue
		}
		if p, err := f.s.people.Get(ctx, g.Person); err == nil && !p.Disabled {
			names = append(names, p.Name)
		}
	}
	return names, nil
}

// crossings are lines of the record of who shared a page when.
func (f *frame) crossings(ctx context.Context, place wiki.Place) ([]CrossingRow, error) {
	if f.playbook() {
		return nil, nil
	}
	all, err := f.space.Crossings(ctx, f.c, place)
	if err != nil {
		return nil, err
	}
	var rows []CrossingRow
	for _, c := range all {
		row := CrossingRow{At: c.At, Shared: c.Shares(), From: c.From.String(), To: c.To.String(), Past: pagePath(f.slug(), c.From) + "/history"}
		if p, err := f.s.people.Get(ctx, c.By); err == nil {
			row.By = personView(p)
		} else {
			row.By = PersonOf("", c.By, false)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// CrossingRow says who shared a page, or brought it back, and when.
type CrossingRow struct {
	By       Person
	At       time.Time
	Shared   bool
	From, To string // places
	Past     string // address of the history on the side it came from
}
