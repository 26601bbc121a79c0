package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
)

const (
	logThreads  = 60 // on one screen
	maxMails    = 20 // in one upload
	logPeopleIn = 6  // names shown of an entry
)

// logHref is where the log of the prospect is read.
func (f *frame) logHref() string { return f.base() + "/log" }

// logPage shows what was said with the customer, on both sides of the wall.
func (s *Server) logPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openLog(r, c)
	if err != nil {
		return err
	}
	form := Form{Values: map[string]string{}}
	if name := r.URL.Query().Get("template"); name != "" {
		all, err := s.talks.Templates(r.Context(), c, f.space)
		if err != nil {
			return err
		}
		for _, t := range all {
			if t.Name == name {
				// A template of the external side says how it is written, not
				// where to: that stays a choice of its own.
				form.Values["text"], form.Values["kind"], form.Values["title"] = t.Text+"\n", string(t.Kind), t.Title+" with "
			}
		}
	}
	v, err := f.logView(w, r, form)
	if err != nil {
		return err
	}
	private(w)
	s.render(w, r, http.StatusOK, "log", v)
	return nil
}

func (s *Server) openLog(r *http.Request, c people.Caller) (*frame, error) {
	f, err := s.open(r, c)
	if err == nil && f.playbook() {
		return nil, notFound()
	}
	return f, err
}

func (f *frame) logView(w http.ResponseWriter, r *http.Request, form Form) (*LogView, error) {
	ctx := r.Context()
	all, err := f.s.talks.List(ctx, f.c, f.space)
	if err != nil {
		return nil, err
	}
	v := &LogView{Shell: f.shellOf(r, "Log", wiki.Place{}, "log"), Form: form, Today: f.s.now().UTC().Format("2006-01-02"), Count: len(all), MaxMail: sizeOf(f.s.talks.MaxMail())}
	v.Flash = f.s.flash(w, r)
	kind := form.Values["kind"]
	if kind == "" {
		kind = string(maillog.Call)
	}
	for _, k := range maillog.Kinds() {
		v.Kinds = append(v.Kinds, Option{Value: string(k), Label: upperFirst(string(k)), Selected: string(k) == kind})
	}
	if err := f.addMailbox(r, v); err != nil {
		return nil, err
	}
	external := form.Values["section"] == string(wiki.External)
	v.Sections = []Option{{Value: string(wiki.Internal), Label: "Internal", Hint: "Staff only.", Selected: !external},
		{Value: string(wiki.External), Label: "External", Hint: "The customer’s people read it too.", Selected: external}}
	if f.canWrite() {
		v.Action, v.Mail = f.logHref(), f.logHref()+"/mail"
		templates, err := f.s.talks.Templates(ctx, f.c, f.space)
		if err != nil {
			return nil, err
		}
		for _, t := range templates {
			v.Templates = append(v.Templates, Choice{Label: t.Title, Href: f.logHref() + "?" + url.Values{"template": {t.Name}}.Encode() + "#entry"})
		}
	}
	q := r.URL.Query()
	side, only := q.Get("side"), q.Get("kind")
	kinds := map[maillog.Kind]int{}
	sides := map[wiki.Section]int{}
	var shown []maillog.Entry
	for _, e := range all {
		kinds[e.Kind]++
		sides[e.Section]++
		if (side == "" || side == string(e.Section)) && (only == "" || only == string(e.Kind)) {
			shown = append(shown, e)
		}
	}
	filter := func(label, side, kind string, count int, on bool) {
		to := url.Values{}
		if side != "" {
			to.Set("side", side)
		}
		if kind != "" {
			to.Set("kind", kind)
		}
		href := f.logHref()
		if len(to) > 0 {
			href += "?" + to.Encode()
		}
		v.Filters = append(v.Filters, Choice{Label: label, Href: href, Count: count, On: on})
	}
	filter("Everything", "", "", len(all), side == "" && only == "")
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		to := string(section)
		if side == to {
			to = ""
		}
		filter(upperFirst(string(section)), to, only, sides[section], side == string(section))
	}
	for _, k := range maillog.Kinds() {
		to := string(k)
		if only == to {
			to = ""
		}
		if kinds[k] > 0 {
			filter(upperFirst(string(k))+"s", side, to, kinds[k], only == string(k))
		}
	}
	f.logDays(ctx, v, shown, q)
	return v, nil
}

// logDays groups entries by thread, and threads by the day of their newest.
func (f *frame) logDays(ctx context.Context, v *LogView, shown []maillog.Entry, q url.Values) {
	var order []string
	threads := map[string]*LogThread{}
	label := map[string]string{}
	for i := range shown {
		e := &shown[i]
		if t := threads[e.Thread]; t != nil {
			t.Earlier = append(t.Earlier, f.logItem(ctx, e))
			continue
		}
		order = append(order, e.Thread)
		threads[e.Thread] = &LogThread{First: f.logItem(ctx, e)}
		label[e.Thread] = dayLabel(e.At, f.s.now())
	}
	from, _ := strconv.Atoi(q.Get("from")) // anything else is the beginning
	from = min(max(from, 0), len(order))
	to := min(from+logThreads, len(order))
	page := func(from int) string {
		next := url.Values{"from": {strconv.Itoa(from)}}
		for _, key := range []string{"side", "kind"} {
			if q.Get(key) != "" {
				next.Set(key, q.Get(key))
			}
		}
		return f.logHref() + "?" + next.Encode()
	}
	if from > 0 {
		v.Pager.Prev = page(max(0, from-logThreads))
	}
	if to < len(order) {
		v.Pager.Next = page(to)
	}
	for _, key := range order[from:to] {
		if n := len(v.Days); n == 0 || v.Days[n-1].Label != label[key] {
			v.Days = append(v.Days, LogDay{Label: label[key]})
		}
		day := &v.Days[len(v.Days)-1]
		t := *threads[key]
		if t.First.Day == day.Label {
			t.First.Day = "" // it stands above
		}
		day.Threads = append(day.Threads, t)
	}
}

func (f *frame) logItem(ctx context.Context, e *maillog.Entry) LogItem {
	item := LogItem{Kind: string(e.Kind), Title: e.Title, Href: pagePath(f.slug(), e.Place), Audience: string(e.Section), By: f.s.author(ctx, e.Author), Day: dayLabel(e.At, f.s.now()), Lead: e.Lead}
	if e.Timed {
		item.At = e.At
	}
	names := make([]string, 0, logPeopleIn)
	for i, p := range e.People {
		if i == logPeopleIn {
			names = append(names, fmt.Sprintf("%d more", len(e.People)-i))
			break
		}
		name, _, _ := strings.Cut(p, " <")
		names = append(names, name)
	}
	item.People = strings.Join(names, ", ")
	return item
}

// postLog adds an entry by its form.
func (s *Server) postLog(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openLog(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	e, err := s.talks.Add(r.Context(), c, f.space, maillog.NewEntry{Section: wiki.Section(form.Get("section")), Kind: maillog.Kind(form.Get("kind")),
		Date: form.Get("date"), People: []string{form.Get("people")}, Title: form.Get("title"), Text: form.Get("text")})
	if err == nil {
		return s.goWith(w, r, f.logHref(), Flash{Kind: "ok", Text: "“" + clip(e.Title, 80) + "” is in the log.", Href: pagePath(f.slug(), e.Place), Label: "Open it"})
	}
	again, ok := again(form, err, nil)
	if !ok {
		return err
	}
	status, _, _ := s.errorStatus(err)
	v, err := f.logView(w, r, again)
	if err != nil {
		return err
	}
	s.render(w, r, status, "log", v)
	return nil
}

// postLogMail adds mails by a form with files, or dropped on it.
func (s *Server) postLogMail(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openLog(r, c)
	if err != nil {
		return err
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	reader, err := r.MultipartReader()
	if err != nil {
		return refuse(http.StatusUnsupportedMediaType, "This form cannot be read", "Send it as a browser does, as multipart/form-data.")
	}
	var section wiki.Section
	var mails [][]byte
	total := int64(0)
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return bodyError(err)
		}
		switch part.FormName() {
		case "section":
			data, err := io.ReadAll(io.LimitReader(part, 20))
			if err != nil {
				return bodyError(err)
			}
			section = wiki.Section(data)
		case "file":
			if part.FileName() == "" {
				continue // no file was chosen
			}
			if len(mails) == maxMails {
				return refuse(http.StatusRequestEntityTooLarge, "Too many mails", fmt.Sprintf("Add at most %d mails at a time.", maxMails))
			}
			limit := s.talks.MaxMail()
			data, err := io.ReadAll(io.LimitReader(part, limit-total+1))
			if err != nil {
				return bodyError(err)
			}
			if total += int64(len(data)); total > limit {
				return refuse(http.StatusRequestEntityTooLarge, "Too large", "Mails may have "+sizeOf(limit)+" together. Nothing was added.")
			}
			mails = append(mails, data)
		}
	}
	if len(mails) == 0 {
		return badRequest("No mail was chosen. Choose a file that ends in .eml, then press the button.")
	}
	var last *maillog.Entry
	added, knew := 0, 0
	for i, raw := range mails {
		e, known, err := s.talks.AddMail(r.Context(), c, f.space, section, raw)
		var invalid *wiki.Invalid
		if errors.As(err, &invalid) && i > 0 {
			return &wiki.Invalid{Field: invalid.Field, Problem: invalid.Problem + fmt.Sprintf(" The %d before it were added.", i)}
		}
		if err != nil {
			return err
		}
		last = e
		if known {
			knew++
		} else {
			added++
		}
	}
	text := fmt.Sprintf("%d mails are in the log.", added+knew)
	switch {
	case added+knew == 1 && knew == 1:
		text = "This mail was in the log already."
	case added+knew == 1:
		text = "“" + clip(last.Title, 80) + "” is in the log."
	case knew > 0:
		text += fmt.Sprintf(" %d of them were there already.", knew)
	}
	return s.goWith(w, r, f.logHref(), Flash{Kind: "ok", Text: text, Href: pagePath(f.slug(), last.Place), Label: "Open it"})
}
