package maillog

import (
	"context"
	"errors"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Template is what the playbook offers to begin an entry with: a page
// templates/SECTION-log-KIND of the playbook.
type Template struct {
	Name    string // of the page
	Title   string
	Section wiki.Section
	Kind    Kind
	Text    string // without its heading, filled in
}

// Templates lists what the playbook offers for entries of a prospect.
func (l *Log) Templates(ctx context.Context, caller people.Caller, sp *wiki.Space) ([]Template, error) {
	book, err := l.wiki.Space(ctx, caller, wiki.Playbook)
	if errors.Is(err, wiki.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pages, err := book.Internal().Pages(ctx, caller)
	if err != nil {
		return nil, err
	}
	values := map[string]string{"date": l.wiki.Now().UTC().Format(dayFormat), "company": l.wiki.Company(), "owner": caller.Person.Name}
	if e, err := l.wiki.Prospect(ctx, caller, sp.Prospect()); err == nil {
		values["prospect"], values["customer"], values["stage"] = e.Title, e.Title, e.Stage
	}
	var out []Template
	for _, info := range pages {
		section, kind, ok := strings.Cut(info.Page, "-log-")
		if info.Stage != "templates" || !ok || section != string(wiki.Internal) && section != string(wiki.External) {
			continue
		}
		page, err := book.Internal().Read(ctx, caller, info.Place)
		if errors.Is(err, wiki.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		t := Template{Name: info.Page, Section: wiki.Section(section), Kind: Kind(kind)}
		if !t.Kind.valid() {
			t.Kind = guessKind(kind)
		}
		t.Title = strings.ToUpper(kind[:1]) + strings.ReplaceAll(kind[1:], "-", " ")
		t.Text = string(content.Expand(page.Text, values))
		if strings.HasPrefix(t.Text, "# ") {
			_, t.Text, _ = strings.Cut(t.Text, "\n")
		}
		t.Text = strings.TrimSpace(t.Text)
		out = append(out, t)
	}
	return out, nil
}
