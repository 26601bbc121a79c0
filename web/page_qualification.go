package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/qualification"
	"dealwiki/wiki/repo"
)

// qualificationPage is the name of the page that the answers stand on.
const qualificationPage = "qualification"

// qualificationPlace is where the funnel wants the page of the questions, or
// where it lies already.
func qualificationPlace(funnel *wiki.Funnel, pages []wiki.PageInfo) wiki.Place {
	for i := range pages {
		if pages[i].Section == wiki.Internal && pages[i].Page == qualificationPage {
			return pages[i].Place
		}
	}
	for _, st := range funnel.Stages {
		for _, n := range st.Needed {
			if n.Section == wiki.Internal && n.Page == qualificationPage {
				return wiki.Place{Section: wiki.Internal, Stage: st.Key, Page: qualificationPage}
			}
		}
	}
	return wiki.Place{Section: wiki.Internal, Stage: wiki.StageAccount, Page: qualificationPage}
}

// askedPage is a deal's page of questions with what was answered. Where there is no
// page yet, the questions are those of the playbook's template, and version is
// the zero hash.
type askedPage struct {
	place     wiki.Place
	version   repo.Hash
	text      []byte
	questions []qualification.Question
}

func (s *Server) questionsOf(ctx context.Context, c people.Caller, space *wiki.Space) (*askedPage, error) {
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	side := space.Internal()
	pages, err := side.Pages(ctx, c)
	if err != nil {
		return nil, err
	}
	a := &askedPage{place: qualificationPlace(funnel, pages)}
	page, err := side.Read(ctx, c, a.place)
	switch {
	case err == nil:
		a.text, a.version = page.Text, page.Version
	case !errors.Is(err, wiki.ErrNotFound):
		return nil, err
	default:
		if a.text, _, err = side.Template(ctx, c, a.place); err != nil && !errors.Is(err, wiki.ErrNotFound) {
			return nil, err
		}
		if a.text == nil {
			a.text = []byte("# Qualification questions\n")
		}
	}
	a.questions = qualification.Parse(a.text)
	return a, nil
}

// keepAnswer writes an answer down, as an edit of the page by the caller.
func (s *Server) keepAnswer(ctx context.Context, c people.Caller, space *wiki.Space, question string, answer qualification.Answer) error {
	a, err := s.questionsOf(ctx, c, space)
	if err != nil {
		return err
	}
	text, err := qualification.Add(a.text, question, answer)
	if err != nil {
		return &wiki.Invalid{Field: "answer", Problem: "cannot be kept: " + err.Error()}
	}
	_, err = space.Internal().Edit(ctx, c, wiki.Edit{Place: a.place, Text: text, Base: a.version, Message: "Answer: " + clipText(question, 80)})
	return err
}

func (s *Server) qualification(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	if f.playbook() {
		return notFound()
	}
	v, err := f.qualificationView(w, r, Form{Values: map[string]string{}})
	if err != nil {
		return err
	}
	private(w)
	s.render(w, r, http.StatusOK, "qualification", v)
	return nil
}

func (f *frame) qualificationView(w http.ResponseWriter, r *http.Request, form Form) (*QualificationView, error) {
	a, err := f.s.questionsOf(r.Context(), f.c, f.space)
	if err != nil {
		return nil, err
	}
	v := &QualificationView{Shell: f.shellOf(r, "Qualification", wiki.Place{}, "qualification"), Page: pagePath(f.slug(), a.place), There: !a.version.IsZero(), Form: form,
		Today: f.s.now().UTC().Format("2006-01-02")}
	v.Flash = f.s.flash(w, r)
	if f.canWrite() {
		v.Action = f.base() + "/qualification"
	}
	v.Coverage = coverageLine(qualification.Cover(a.questions))
	for i := range a.questions {
		q := &a.questions[i]
		row := QuestionRow{Text: q.Text, ID: "q" + strconv.Itoa(i+1), Differ: q.Differ(), Open: form.Values["question"] == q.Text}
		for _, ans := range q.Answers {
			view := AnswerView{Text: string(content.Reading([]byte(ans.Text))), Who: ans.Who, When: ans.When, Evidence: ans.Evidence, Line: ans.Line, Href: v.Page + "/blame#L" + strconv.Itoa(ans.Line)}
			if place, ok := f.evidence(ans.Evidence); ok {
				view.EvidenceTo = pagePath(f.slug(), place)
			}
			row.Answers = append(row.Answers, view)
		}
		v.Questions = append(v.Questions, row)
	}
	return v, nil
}

// evidence is the page that an evidence link names.
func (f *frame) evidence(s string) (wiki.Place, bool) {
	if len(s) < 5 || s[:2] != "[[" || s[len(s)-2:] != "]]" {
		return wiki.Place{}, false
	}
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		for i := range f.pages[section] {
			if p := &f.pages[section][i]; p.Stage+"/"+p.Page == s[2:len(s)-2] {
				return p.Place, true
			}
		}
	}
	return wiki.Place{}, false
}

// coverageLine says how far the questions were asked: never a score.
func coverageLine(c qualification.Coverage) string {
	line := strconv.Itoa(c.Asked) + " of " + strconv.Itoa(c.Questions) + " asked"
	if c.Several > 0 {
		line += ", " + strconv.Itoa(c.Several) + " of more than one person"
	}
	if c.Differ > 0 {
		line += "; the answers to " + strconv.Itoa(c.Differ) + " differ"
	}
	return line
}

func (s *Server) postQualification(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	if f.playbook() {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	question := form.Get("question")
	err = s.keepAnswer(r.Context(), c, f.space, question, qualification.Answer{Text: form.Get("answer"), Who: form.Get("who"), When: form.Get("when"), Evidence: form.Get("evidence")})
	if err != nil {
		shown, ok := again(form, err, nil)
		if !ok {
			return err
		}
		v, err := f.qualificationView(w, r, shown)
		if err != nil {
			return err
		}
		s.render(w, r, http.StatusUnprocessableEntity, "qualification", v)
		return nil
	}
	return s.done(w, r, f.base()+"/qualification", "Answer kept: "+clipText(question, 100))
}
