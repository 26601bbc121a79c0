package web

import (
	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// postTask ticks or unticks tasks: one, named by its line, or with a plain form
// all that are ticked on the page.
func (s *Server) postTask(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, err := s.openSide(r, c, place.Section)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	base, err := repo.ParseHash(form.Get("version"))
	if err != nil {
		return badRequest("The form does not say which version it was made from. Load the page again.")
	}
	ctx := r.Context()
	href := pagePath(f.slug(), place)
	if form.Has("line") {
		line, tick, err := taskOf(form)
		if err != nil {
			return err
		}
		done, err := side.SetTask(ctx, c, place, base, line, tick)
		if err != nil {
			return err
		}
		s.markRead(ctx, c, f.slug(), place, done.Version)
		if wantsJSON(r) {
			return s.json(w, http.StatusOK, map[string]string{"version": done.Version.String()})
		}
		return goTo(w, r, href)
	}
	page, err := side.ReadAt(ctx, c, place, base)
	if err != nil {
		return err
	}
	text, err := ticked(page.Text, s.doc(page), form["task"])
	if err != nil {
		return err
	}
	done, err := side.Edit(ctx, c, wiki.Edit{Place: place, Text: text, Base: base, Message: "Tick tasks on " + page.Title})
	if err != nil {
		return err
	}
	s.markRead(ctx, c, f.slug(), place, done.Version)
	return s.done(w, r, href, "Saved.")
}

// taskOf reads which task a form ticks or unticks.
func taskOf(form url.Values) (line int, done bool, err error) {
	line, err = strconv.Atoi(form.Get("line"))
	if err != nil || line < 1 {
		return 0, false, badRequest("The task’s line is not a number.")
	}
	done = form.Get("done") == "true" || form.Get("done") == "on" || form.Get("done") == "1"
	return line, done, nil
}

// ticked is a text with exactly the tasks done whose lines are named.
func ticked(text []byte, doc *content.Doc, lines []string) ([]byte, error) {
	for _, t := range doc.Tasks() {
		done := slices.Contains(lines, strconv.Itoa(t.Line))
		if done == t.Done {
			continue
		}
		var err error
		if text, err = content.SetTask(text, t.Line, done); err != nil {
			return nil, badRequest("A task is not where it was. Load the page again.")
		}
	}
	return text, nil
}
