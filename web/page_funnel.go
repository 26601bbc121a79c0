package web

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

const (
	mostStages = 12
	mostRows   = 100 // of tasks or pages that one stage's form reads
	spareRows  = 2   // empty rows for new tasks and pages
)

var funnelJobs = []people.Job{people.Sales, people.Technical, people.Delivery, people.Marketing, people.Manager}

// funnelForm edits the funnel by its stages.
func (s *Server) funnelForm(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	text, before, err := s.startFunnel(r, c)
	if err != nil {
		return err
	}
	f, err := wiki.ParseFunnel(text)
	if err != nil {
		return err
	}
	now, err := s.wiki.Funnel(r.Context())
	if err != nil {
		return err
	}
	d := funnelDraft{values: map[string]string{"target": strconv.FormatFloat(f.Target, 'f', -1, 64), "currency": f.Currency, "period": strconv.Itoa(f.PeriodDays)}}
	for _, st := range f.Stages {
		d.stages = append(d.stages, draftStage(st, now))
	}
	d.account = draftNeeds(f.Account.Needed)
	private(w)
	s.showFunnel(w, r, c, http.StatusOK, &d, funnelVersion(before), nil)
	return nil
}

func (s *Server) showFunnel(w http.ResponseWriter, r *http.Request, c people.Caller, status int, d *funnelDraft, base string, moves []FunnelMove) {
	v := &FunnelView{Shell: s.shell(r, c, "The funnel"), Action: "/playbook/funnel", Text: "/playbook/funnel/text", Base: base, Moves: moves,
		Form: Form{Values: d.values, Errors: d.errors, Error: d.problem}, Stages: d.stages, Account: needRows(d.account, "account-"), Full: len(d.stages) >= mostStages}
	v.Ready = readyFunnels(v.Action)
	v.Nav = "playbook"
	v.Crumbs = []Crumb{{"Playbook", "/playbook"}, {Label: "The funnel"}}
	for i := range v.Stages {
		st := &v.Stages[i]
		st.ID, st.At, st.Before, st.Number = fmt.Sprintf("s%d-", i), i, i-1, i+1
		st.First, st.Last = i == 0, i == len(v.Stages)-1
		for range spareRows {
			st.Tasks = append(st.Tasks, FunnelTask{Jobs: jobOptions("")})
		}
		for t := range st.Tasks {
			st.Tasks[t].ID = fmt.Sprintf("%stask%d-", st.ID, t)
		}
		st.Needed = needRows(st.Needed, st.ID)
	}
	s.render(w, r, status, "funnel", v)
}

// needRows names the rows of pages, with some to write new ones in.
func needRows(rows []FunnelNeed, prefix string) []FunnelNeed {
	for range spareRows {
		rows = append(rows, FunnelNeed{Sections: sectionOptions(wiki.Internal)})
	}
	for i := range rows {
		rows[i].ID = fmt.Sprintf("%sneed%d-", prefix, i)
	}
	return rows
}

func sectionOptions(section wiki.Section) []Option {
	return options(string(section), string(wiki.Internal), "internal", string(wiki.External), "external")
}

// draftStage is a stage as the form begins with it.
func draftStage(st wiki.Stage, now *wiki.Funnel) FunnelStage {
	d := FunnelStage{Key: st.Key, Title: st.Title, Buyer: st.Buyer, Is: st.Is, Watch: st.WatchOut, Days: strconv.Itoa(st.TypicalDays), Needed: draftNeeds(st.Needed)}
	if now.Stage(st.Key) != nil {
		d.Was = st.Key
	}
	for _, job := range funnelJobs {
		d.Warn = append(d.Warn, Option{Value: string(job), Label: string(job), Selected: slices.Contains(st.Warn, string(job))})
	}
	var lines []string
	for _, e := range st.Exit {
		line := e.Text
		if e.ID != "" {
			line += " ^" + e.ID
		}
		lines = append(lines, line)
	}
	d.Exit = strings.Join(lines, "\n")
	for _, t := range st.Tasks {
		d.Tasks = append(d.Tasks, FunnelTask{Text: t.Text, Jobs: jobOptions(people.Job(t.Job)), Due: strconv.Itoa(t.Due)})
	}
	return d
}

func draftNeeds(list []wiki.Needed) []FunnelNeed {
	var rows []FunnelNeed
	for _, n := range list {
		rows = append(rows, FunnelNeed{Sections: sectionOptions(n.Section), Page: n.Page, Title: n.Title, Template: n.Template, Optional: n.Optional})
	}
	return rows
}

// funnelDraft is a funnel as it was typed, which may be wrong.
type funnelDraft struct {
	values  map[string]string
	errors  map[string]string
	problem string
	account []FunnelNeed
	stages  []FunnelStage
}

// readFunnel reads what the form posted.
func readFunnel(form url.Values) (*funnelDraft, error) {
	d := &funnelDraft{values: map[string]string{}, account: readNeeds(form, "account-")}
	for _, name := range []string{"target", "currency", "period"} {
		d.values[name] = strings.TrimSpace(form.Get(name))
	}
	count, err := strconv.Atoi(form.Get("stages"))
	if err != nil || count < 0 || count > mostStages+1 {
		return nil, badRequest("The form cannot be read. Load the page again and repeat your change.")
	}
	for i := range count {
		id := fmt.Sprintf("s%d-", i)
		get := func(name string) string { return strings.TrimSpace(form.Get(id + name)) }
		st := FunnelStage{Was: get("was"), Key: get("key"), Title: get("title"), Buyer: get("buyer"), Is: get("is"), Watch: get("watch"), Days: get("days"),
			Exit: strings.TrimSpace(strings.ReplaceAll(form.Get(id+"exit"), "\r\n", "\n")), Needed: readNeeds(form, id), Errors: map[string]string{}}
		for _, job := range funnelJobs {
			st.Warn = append(st.Warn, Option{Value: string(job), Label: string(job), Selected: get("warn-"+string(job)) != ""})
		}
		for t := range mostRows {
			row := fmt.Sprintf("task%d-", t)
			if _, there := form[id+row+"text"]; !there {
				break
			}
			if get(row+"text") != "" {
				st.Tasks = append(st.Tasks, FunnelTask{Text: get(row + "text"), Jobs: jobOptions(people.Job(get(row + "job"))), Due: get(row + "due")})
			}
		}
		d.stages = append(d.stages, st)
	}
	return d, nil
}

func readNeeds(form url.Values, prefix string) []FunnelNeed {
	var rows []FunnelNeed
	for i := range mostRows {
		id := fmt.Sprintf("%sneed%d-", prefix, i)
		if _, there := form[id+"page"]; !there {
			break
		}
		get := func(name string) string { return strings.TrimSpace(form.Get(id + name)) }
		if get("page") == "" && get("title") == "" {
			continue
		}
		rows = append(rows, FunnelNeed{Sections: sectionOptions(wiki.Section(get("section"))), Page: get("page"), Title: get("title"), Template: get("template"), Optional: get("optional") != ""})
	}
	return rows
}

// change does what a button of the form says; ok is false for an unknown one.
func (d *funnelDraft) change(do string) (ok bool) {
	what, number, _ := strings.Cut(do, "-")
	if what == "add" {
		if len(d.stages) < mostStages {
			d.stages = append(d.stages, draftStage(wiki.Stage{TypicalDays: 14}, &wiki.Funnel{}))
			d.stages[len(d.stages)-1].Open = true
		}
		return true
	}
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(d.stages) {
		return false
	}
	switch what {
	case "up":
		if i > 0 {
			d.stages[i-1], d.stages[i] = d.stages[i], d.stages[i-1]
		}
	case "down":
		if i < len(d.stages)-1 {
			d.stages[i+1], d.stages[i] = d.stages[i], d.stages[i+1]
		}
	case "remove":
		d.stages = slices.Delete(d.stages, i, i+1)
	case "rows":
		d.stages[i].Open = true
	default:
		return false
	}
	return true
}

// wrong notes what is wrong with a field of a stage.
func (st *FunnelStage) wrong(field, problem string) {
	if st.Errors[field] == "" {
		st.Errors[field] = problem
	}
	st.Open = true
}

// funnel makes a funnel of the draft, and tells which stages are renamed. ok is
// false when something typed is wrong: the draft then says what and where.
func (d *funnelDraft) funnel(now *wiki.Funnel) (f *wiki.Funnel, moves map[string]string, ok bool) {
	f, moves, d.errors, ok = &wiki.Funnel{Currency: strings.ToUpper(d.values["currency"])}, map[string]string{}, map[string]string{}, true
	var err error
	if f.Target, err = number("target", d.values["target"]); err != nil {
		d.errors["target"], ok = "Give an amount such as 840000, or 0 for none.", false
	}
	if f.PeriodDays, err = strconv.Atoi(d.values["period"]); err != nil || f.PeriodDays < 1 || f.PeriodDays > 3650 {
		d.errors["period"], ok = "Give a number of days from 1 to 3650.", false
	}
	if f.Currency != "" && !currencyForm.MatchString(f.Currency) {
		d.errors["currency"], ok = "Give three letters such as EUR.", false
	}
	f.Account.Needed = makeNeeds(d.account)
	was := map[string]bool{}
	for _, st := range d.stages {
		was[st.Was] = true
	}
	for i := range d.stages {
		st := &d.stages[i]
		if st.Key == "" && st.Title != "" {
			st.Key = wiki.Slug(st.Title)
		}
		if st.Title == "" {
			st.wrong("title", "Give the stage a name.")
		}
		if st.Key != st.Was && was[st.Key] && st.Key != "" {
			st.wrong("key", "Another stage had this key until now. Choose a different one, or swap keys in two steps.")
		}
		next := wiki.Stage{Key: st.Key, Title: st.Title, Buyer: st.Buyer, Is: st.Is, WatchOut: st.Watch}
		var fine bool
		if next.TypicalDays, fine = dayCount(st.Days); !fine {
			st.wrong("days", wrongDays)
		}
		for _, o := range st.Warn {
			if o.Selected {
				next.Warn = append(next.Warn, o.Value)
			}
		}
		next.Exit = st.criteria(now)
		for t, row := range st.Tasks {
			task := wiki.EntryTask{Text: row.Text, Job: chosen(row.Jobs)}
			if task.Due, fine = dayCount(row.Due); !fine {
				st.wrong("tasks", fmt.Sprintf("Task %d: %s", t+1, wrongDays))
			}
			next.Tasks = append(next.Tasks, task)
		}
		next.Needed = makeNeeds(st.Needed)
		f.Stages = append(f.Stages, next)
		if st.Was != "" && st.Was != st.Key {
			moves[st.Was] = st.Key
		}
		ok = ok && len(st.Errors) == 0
	}
	if !ok {
		var where []string
		for i, st := range d.stages {
			if len(st.Errors) > 0 {
				where = append(where, fmt.Sprintf("stage %d (%s)", i+1, cmp.Or(st.Title, "no name")))
			}
		}
		d.problem = "Nothing is saved yet. Mend what is marked"
		if len(where) > 0 {
			d.problem += " in " + strings.Join(where, ", ")
		}
		d.problem += "."
	}
	return f, moves, ok
}

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

const wrongDays = "Give a number of days from 0 to 3650."

// dayCount reads a number of days; nothing is none.
func dayCount(s string) (n int, ok bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= 3650
}

func chosen(list []Option) string {
	for _, o := range list {
		if o.Selected {
			return o.Value
		}
	}
	return ""
}

var criterionLine = regexp.MustCompile(`^(.*?)\s+\^([A-Za-z0-9_-]{1,80})$`)

// criteria reads the exit criteria, a line each. A line without ^id that stood
// there before keeps its id; others get one from their words.
func (st *FunnelStage) criteria(now *wiki.Funnel) []wiki.Criterion {
	before := map[string]string{}
	if was := now.Stage(st.Was); was != nil {
		for _, c := range was.Exit {
			before[c.Text] = c.ID
		}
	}
	var all []wiki.Criterion
	taken := map[string]bool{}
	for line := range strings.Lines(st.Exit) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		c := wiki.Criterion{Text: line}
		if m := criterionLine.FindStringSubmatch(line); m != nil {
			c.Text, c.ID = m[1], m[2]
			if taken[c.ID] {
				st.wrong("exit", fmt.Sprintf("^%s stands on two lines. Take it away from the new one.", c.ID))
			}
			taken[c.ID] = true
		}
		if strings.HasPrefix(line, "^") {
			st.wrong("exit", fmt.Sprintf("%q has no words.", line))
		}
		all = append(all, c)
	}
	for i := range all {
		c := &all[i]
		if c.ID == "" && before[c.Text] != "" && !taken[before[c.Text]] {
			c.ID = before[c.Text]
			taken[c.ID] = true
		}
	}
	for i := range all {
		c := &all[i]
		if c.ID != "" {
			continue
		}
		words := strings.Split(wiki.Slug(c.Text), "-")
		stem := strings.Join(words[:min(len(words), 5)], "-")
		c.ID = stem
		for n := 2; taken[c.ID]; n++ {
			c.ID = fmt.Sprintf("%s-%d", stem, n)
		}
		taken[c.ID] = true
	}
	return all
}

func makeNeeds(rows []FunnelNeed) []wiki.Needed {
	var all []wiki.Needed
	for _, row := range rows {
		n := wiki.Needed{Section: wiki.Section(chosen(row.Sections)), Page: row.Page, Title: row.Title, Template: row.Template, Optional: row.Optional}
		if n.Page == "" {
			n.Page = wiki.Slug(n.Title)
		}
		if n.Template != "" && !strings.HasSuffix(n.Template, ".md") {
			n.Template += ".md"
		}
		all = append(all, n)
	}
	return all
}

func (s *Server) postFunnel(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	d, err := readFunnel(form)
	if err != nil {
		return err
	}
	if do := form.Get("do"); do != "" && do != "save" {
		if !d.change(do) {
			return badRequest("The form cannot be read. Load the page again and repeat your change.")
		}
		s.showFunnel(w, r, c, http.StatusOK, d, form.Get("base"), nil)
		return nil
	}
	ctx := r.Context()
	before, err := s.wiki.FunnelText(ctx, c)
	if err != nil {
		return err
	}
	now, err := s.wiki.Funnel(ctx)
	if err != nil {
		return err
	}
	version := funnelVersion(before)
	if base := form.Get("base"); base != "" && base != version {
		d.problem = funnelChanged
		s.showFunnel(w, r, c, http.StatusConflict, d, version, nil)
		return nil
	}
	next, moves, ok := d.funnel(now)
	if !ok {
		s.showFunnel(w, r, c, http.StatusUnprocessableEntity, d, version, nil)
		return nil
	}
	text, err := next.YAML(before)
	if err != nil {
		return err
	}
	maps.Copy(moves, funnelMoved(form))
	err = s.wiki.ChangeFunnel(ctx, c, text, moves)
	if err == nil {
		return s.done(w, r, "/playbook", "The funnel is saved. Every prospect follows it from now on.")
	}
	var gone *wiki.StagesGone
	var invalid *wiki.Invalid
	switch {
	case errors.As(err, &gone):
		d.problem = funnelGone
		s.showFunnel(w, r, c, http.StatusConflict, d, version, funnelMoves(gone, next))
		return nil
	case errors.As(err, &invalid):
		status, _, detail := s.errorStatus(err)
		d.problem = strings.Replace(detail, "funnel.yaml ", "", 1)
		for i := range d.stages {
			if st := &d.stages[i]; strings.Contains(detail, fmt.Sprintf("stage %q:", st.Key)) || strings.Contains(detail, fmt.Sprintf("stage %d:", i+1)) {
				st.Open = true
			}
		}
		s.showFunnel(w, r, c, status, d, version, nil)
		return nil
	}
	return err
}
