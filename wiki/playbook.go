package wiki

import (
	"context"
	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"errors"
	"fmt"
	"io/fs"
)

// Playbook is the name under which the company's own space is addressed.
const Playbook = "playbook"

const stageTemplates = "templates"

// ensurePlaybook makes the playbook when there is none.
func (w *Wiki) ensurePlaybook(ctx context.Context, files fs.FS) error {
	_, err := w.side(Playbook, Internal)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return err
	}
	var edits []repo.Edit
	err = fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, p)
		if err != nil {
			return err
		}
		edits = append(edits, repo.Edit{Path: p, Data: data})
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the starting playbook: %w", err)
	}
	return w.makeRepos(ctx, people.System("dealwiki"), Playbook, firstCommit{Internal, edits, "Start the playbook"})
}

// playbook answers the playbook's files as they are now, and which commit that is.
func (w *Wiki) playbook() (repo.Hash, *repo.Tree, error) {
	s, err := w.side(Playbook, Internal)
	if err != nil {
		return repo.Zero, nil, fmt.Errorf("opening the playbook: %w", err)
	}
	head, tree, err := s.latest()
	if err != nil {
		return repo.Zero, nil, fmt.Errorf("reading the playbook: %w", err)
	}
	return head, tree, nil
}

// Template answers the text with which the playbook would begin a page at a
// place of this side, and the page's title; ErrNotFound where it asks for none.
func (sd *Side) Template(ctx context.Context, caller people.Caller, place Place) ([]byte, string, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, "", err
	}
	if place.Section != sd.s.section || caller.Person.Guest {
		return nil, "", ErrNotFound // guests know nothing of the playbook
	}
	return sd.s.w.template(ctx, sd.s.prospect, place)
}

// template answers the text of a playbook's template for a place, filled in
// for a prospect, and the page's title.
func (w *Wiki) template(ctx context.Context, prospect string, place Place) ([]byte, string, error) {
	funnel, err := w.Funnel(ctx)
	if err != nil {
		return nil, "", err
	}
	needed := funnel.Account.Needed
	stage := ""
	if st := funnel.Stage(place.Stage); st != nil {
		needed, stage = st.Needed, st.Title
	} else if place.Stage != StageAccount {
		return nil, "", ErrNotFound
	}
	for _, n := range needed {
		if n.Section != place.Section || n.Page != place.Page {
			continue
		}
		values := map[string]string{"date": w.now().UTC().Format(dateFormat), "stage": stage, "title": n.Title}
		if e := w.cat.get(prospect); e != nil {
			values["prospect"], values["customer"] = e.Title, e.Title
		}
		if access, err := w.people.Access(ctx, prospect); err == nil && access.Owner != "" {
			if p, err := w.people.Get(ctx, access.Owner); err == nil {
				values["owner"] = p.Name
			}
		}
		values["company"] = w.company
		if n.Template == "" {
			return []byte("# " + n.Title + "\n"), n.Title, nil
		}
		_, tree, err := w.playbook()
		if err != nil {
			return nil, "", err
		}
		data, err := tree.ReadFile(stageTemplates + "/" + n.Template)
		if errors.Is(err, fs.ErrNotExist) {
			return []byte("# " + n.Title + "\n"), n.Title, nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("reading the template %s: %w", n.Template, err)
		}
		return content.Expand(data, values), n.Title, nil
	}
	return nil, "", ErrNotFound
}
