package brief

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/repo"
)

// Brief is the carried-forward context of a deal, for one reader.
type Brief struct {
	Prospect  wiki.Prospect `json:"prospect"`
	Stage     string        `json:"stage"`         // its title
	Days      int           `json:"days_in_stage"` // 1 on the first; 0: not known
	Typical   int           `json:"typical_days,omitempty"`
	Owner     *Person       `json:"owner"`
	Computed  time.Time     `json:"computed"`
	Pages     int           `json:"pages"` // that it was made from
	Lead      string        `json:"lead"`  // the first paragraph of the account page
	Lines     []Line        `json:"lines"` // the deal in a few lines
	Since     *Since        `json:"since"` // null for somebody who was never here
	Facts     []Group       `json:"facts"` // what stands open, by kind
	Settled   []Fact        `json:"settled"`
	Yours     []Fact        `json:"yours"` // what stands open in the reader's name
	Answers   []Answer      `json:"answers"`
	Openings  []Opening     `json:"openings"`
	Sections  []Section     `json:"sections"`
	Log       []Entry       `json:"log"`
	Possible  []Possible    `json:"possible"`
	Weak      []Weak        `json:"weak_spots"`
	People    []Person      `json:"people"`
	Reading   []Reading     `json:"reading"`
	Missing   []Missing     `json:"missing"`
	Minutes   int           `json:"minutes"`      // to read the brief
	Left      int           `json:"minutes_left"` // of the reading list
	ReadCount int           `json:"read"`
}

// Line is one line of the deal in a few lines.
type Line struct {
	What   string  `json:"what"`
	Text   string  `json:"text"`
	Source *Source `json:"source,omitempty"`
}

// Group is the facts of one kind that stand open.
type Group struct {
	Kind  string `json:"kind"`
	Facts []Fact `json:"facts"`
}

// Fact is a fact with what a reader needs to find it.
type Fact struct {
	register.Fact
	At   string  `json:"place"` // Place, as programs read it
	Life []Event `json:"life"`  // oldest first
	Page string  `json:"page"`  // title
	New  bool    `json:"new"`   // raised or changed since the reader was last here
	Late bool    `json:"late"`  // past its date
}

// Event is something that happened to a fact, and who did it.
type Event struct {
	register.Event
	By Person `json:"by"`
}

// Answer is what the pages seem to say to a newcomer's question.
type Answer struct {
	Topic    Topic     `json:"topic"`
	Question string    `json:"question"`
	Passages []Passage `json:"passages"`
}

// Passage is a sentence and where it stands.
type Passage struct {
	Text   string `json:"text"`
	Source Source `json:"source"`
}

// Opening is how a needed page begins.
type Opening struct {
	Stage  string `json:"stage"`
	Text   string `json:"text"`
	Source Source `json:"source"`
}

// Entry is an entry of the communications log.
type Entry struct {
	Date   string `json:"date"`
	Text   string `json:"text"`
	Source Source `json:"source"`
}

// Possible is a sentence that looks like a fact that nobody has confirmed or
// dismissed.
type Possible struct {
	Key    string `json:"key"`
	Kind   string `json:"kind"`
	Text   string `json:"text"`
	Source Source `json:"source"`
}

// Missing is a page that the funnel asks for and that is not there.
type Missing struct {
	Place wiki.Place `json:"-"`
	At    string     `json:"place"` // the same, as programs read it
	Title string     `json:"title"`
}

// Maker makes briefs. It is safe for concurrent use.
type Maker struct {
	w        *wiki.Wiki
	people   *people.DB
	register *register.Register
	criteria LastCriteria // may be nil

	mu   sync.Mutex
	kept map[noteKey]*notes // so that the table is not read each time
	made bool               // the table is there
	who  map[wiki.SideID]contributors
}

// New makes a maker of briefs.
func New(w *wiki.Wiki, r *register.Register) *Maker {
	return &Maker{w: w, people: w.People(), register: r, kept: map[noteKey]*notes{}, who: map[wiki.SideID]contributors{}}
}

// Ask lets briefs tell what the last handoff left unproven. It is called before
// the first brief is made.
func (m *Maker) Ask(criteria LastCriteria) { m.criteria = criteria }

const (
	perTopic    = 5
	maxPossible = 12
	maxSections = 12
	maxGuesses  = 60 // of a kind, that are looked at closely
	logEntries  = 5
	wordsMinute = 220 // read by an adult, of plain prose
)

// page is a page of either side and its notes.
type page struct {
	wiki.PageInfo
	notes *notes
}

// Make makes the brief of a prospect for a member of staff. What counts as new
// is told by since, "" for the reader's last visit: see [ParseSince].
func (m *Maker) Make(ctx context.Context, caller people.Caller, sp *wiki.Space, since string) (*Brief, error) {
	entry, err := m.w.Prospect(ctx, caller, sp.Prospect())
	if err != nil {
		return nil, err
	}
	funnel, err := m.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	now := m.w.Now()
	b := &Brief{Prospect: entry.Prospect, Computed: now, Days: entry.DaysInStage(now), Stage: entry.Stage}
	if st := funnel.Stage(entry.Stage); st != nil {
		b.Stage, b.Typical = st.Title, st.TypicalDays
	}
	pages, err := m.pages(ctx, caller, sp.Sides())
	if err != nil {
		return nil, err
	}
	b.Pages = len(pages)
	facts, err := m.register.Space(ctx, caller, sp)
	if err != nil {
		return nil, fmt.Errorf("reading facts: %w", err)
	}
	from, err := m.since(ctx, caller, sp, since)
	if err != nil {
		return nil, err
	}
	titles := map[wiki.Place]string{}
	for _, p := range pages {
		titles[p.Place] = p.Title
	}
	b.facts(facts, titles, from, now.UTC().Format(time.DateOnly))
	b.yours(caller.Person)
	answers := knownOf(facts, titles, now.UTC().Format(time.DateOnly))
	goal := ""
	if side, err := sp.Side(wiki.External); err == nil {
		info, err := side.Info(ctx, caller)
		if err != nil {
			return nil, err
		}
		goal = info.Goal
	}
	answers.record(entry.Prospect, goal)
	b.answer(pages, answers, now.UTC().Format(time.DateOnly))
	b.carry(pages, funnel)
	dismissed, err := m.dismissed(ctx, caller, sp)
	if err != nil {
		return nil, err
	}
	b.guess(pages, facts, dismissed, now.UTC().Format(time.DateOnly))
	needs, err := sp.Needs(ctx, caller)
	if err != nil {
		return nil, err
	}
	b.needs(needs, pages)
	if err := m.whoIsWho(ctx, caller, sp, b, pages); err != nil {
		return nil, err
	}
	if err := m.reading(ctx, caller, sp, b, needs, pages); err != nil {
		return nil, err
	}
	b.weak(facts, titles, needs, now.UTC().Format(time.DateOnly))
	b.differ(facts, titles)
	if err := m.unread(ctx, sp, b, needs); err != nil {
		return nil, err
	}
	if err := m.unproven(ctx, caller, sp, b); err != nil {
		return nil, err
	}
	if from != nil {
		if b.Since, err = m.changes(ctx, caller, sp, *from, pages, facts, titles); err != nil {
			return nil, err
		}
	}
	b.lines(caller.Person, needs)
	b.Minutes = b.readingTime()
	b.whole()
	b.name(func(who repo.Person) Person { return m.person(ctx, who) })
	return b, nil
}

// kinds is the order in which open facts are shown.
var kinds = []string{"commitment", "decision", "requirement", "risk", "question", "stakeholder", register.Action}

func (b *Brief) facts(all []register.Fact, titles map[wiki.Place]string, from *time.Time, today string) {
	for _, kind := range kinds {
		g := Group{Kind: kind}
		for _, f := range all {
			if f.Kind != kind || f.Copy || f.State == register.StateGone {
				continue
			}
			fact := Fact{Fact: f, Page: titles[f.Place], New: from != nil && f.Last().At.After(*from), Late: f.Overdue(today)}
			switch {
			case f.State.Stands():
				g.Facts = append(g.Facts, fact)
			case fact.New:
				b.Settled = append(b.Settled, fact)
			}
		}
		// Late ones first, then by date, then the youngest.
		slices.SortStableFunc(g.Facts, func(x, y Fact) int {
			if x.Due != y.Due {
				if x.Due == "" || y.Due == "" {
					return strings.Compare(y.Due, x.Due)
				}
				return strings.Compare(x.Due, y.Due)
			}
			return y.Last().At.Compare(x.Last().At)
		})
		if len(g.Facts) > 0 {
			b.Facts = append(b.Facts, g)
		}
	}
}

// answer answers each topic by what is known, and lets it choose the best
// sentences of all pages.
func (b *Brief) answer(pages []page, known known, today string) {
	var said []claim
	for _, t := range Topics() {
		var all []claim
		for _, p := range pages {
			for _, c := range p.notes.claims[t] {
				s := p.notes.sentences[c.Sentence]
				all = append(all, claim{s, float64(c.Points) * s.weight})
			}
		}
		var found []Passage
		chosen := pick(all, said, perTopic)
		for _, c := range chosen {
			found = append(found, Passage{c.text, c.source})
		}
		said = append(said, chosen[:min(1, len(chosen))]...)
		found = known.fill(t, found, today)
		if found != nil {
			b.Answers = append(b.Answers, Answer{t, t.Question(), found})
		}
	}
}

// carry takes over what stands under telling headings, and the latest of the
// log.
func (b *Brief) carry(pages []page, funnel *wiki.Funnel) {
	for _, p := range pages {
		if p.Untouched || p.notes.weight < 0.5 {
			continue
		}
		if p.Stage == wiki.StageLog {
			date := p.Page
			if len(date) > len(time.DateOnly) {
				date = date[:len(time.DateOnly)]
			}
			b.Log = append(b.Log, Entry{date, p.notes.opening, Source{Place: p.Place, Title: p.Title, Line: 1}})
			continue
		}
		b.Sections = append(b.Sections, p.notes.sections...)
	}
	slices.SortStableFunc(b.Log, func(x, y Entry) int { return strings.Compare(y.Date, x.Date) })
	b.Log = b.Log[:min(len(b.Log), logEntries)]
	// The newest stage first: that is where the work is. Of one stage, drafts last.
	slices.SortStableFunc(b.Sections, func(x, y Section) int {
		return cmp.Or(funnel.Index(y.Source.Place.Stage)-funnel.Index(x.Source.Place.Stage), cmp.Compare(y.weight, x.weight))
	})
	var kept []Section
	for _, s := range b.Sections {
		drafted := func(o Section) bool { return o.Kind == s.Kind && alike(wordSet(o.Lines[0]), wordSet(s.Lines[0])) }
		if len(kept) < maxSections && !slices.ContainsFunc(kept, drafted) {
			kept = append(kept, s)
		}
	}
	b.Sections = kept
}

// guess lists sentences that look like facts, apart from those that are: some
// of each kind, what has a date first.
func (b *Brief) guess(pages []page, facts []register.Fact, dismissed map[string]bool, today string) {
	type candidate struct {
		*sentence
		dated bool
	}
	byKind := map[string][]candidate{}
	for _, p := range pages {
		for _, g := range p.notes.possible {
			// A day that is over binds nobody any more.
			over := g.Kind == "commitment" && g.Dated && !ahead(p.notes.sentences[g.Sentence].text, today)
			if !p.Untouched && !over {
				byKind[g.Kind] = append(byKind[g.Kind], candidate{p.notes.sentences[g.Sentence], g.Dated})
			}
		}
	}
	var known [][]uint32
	if len(byKind) > 0 {
		for _, f := range facts {
			known = append(known, wordSet(f.Title+" "+f.Body))
		}
	}
	for kind, list := range byKind {
		slices.SortStableFunc(list, func(x, y candidate) int {
			if x.dated != y.dated {
				if x.dated {
					return -1
				}
				return 1
			}
			return cmp.Compare(y.weight, x.weight)
		})
		byKind[kind] = list[:min(len(list), maxGuesses+len(dismissed))]
	}
	next := func(kind string) bool {
		for list := byKind[kind]; len(list) > 0; list = byKind[kind] {
			c := list[0]
			byKind[kind] = list[1:]
			if slices.ContainsFunc(known, func(words []uint32) bool { return alike(words, c.words) }) {
				continue
			}
			key := possibleKey(c.text)
			if dismissed[key] {
				continue
			}
			known = append(known, c.words)
			b.Possible = append(b.Possible, Possible{key, kind, c.text, c.source})
			return true
		}
		return false
	}
	for found := true; found; {
		found = false
		for _, kind := range kinds {
			if len(b.Possible) < maxPossible && next(kind) {
				found = true
			}
		}
	}
	slices.SortStableFunc(b.Possible, func(x, y Possible) int { return slices.Index(kinds, x.Kind) - slices.Index(kinds, y.Kind) })
}

func (b *Brief) needs(needs []wiki.Need, pages []page) {
	notes := map[wiki.Place]*notes{}
	for _, p := range pages {
		notes[p.Place] = p.notes
	}
	for _, n := range needs {
		switch {
		case n.Missing():
			b.Missing = append(b.Missing, Missing{Place: n.Place(), Title: n.Title})
		case n.Present && notes[n.Place()] != nil && notes[n.Place()].opening != "":
			b.Openings = append(b.Openings, Opening{n.Stage, notes[n.Place()].opening, Source{Place: n.Place(), Title: n.Info.Title, Line: 1}})
			if n.Stage == wiki.StageAccount && b.Lead == "" {
				b.Lead = notes[n.Place()].opening
			}
		}
	}
}

// lines are the deal in a few lines: its record, and the best sentence of the
// first topics.
func (b *Brief) lines(reader people.Person, needs []wiki.Need) {
	first := func(what string, t Topic) {
		for _, a := range b.Answers {
			if a.Topic == t {
				src := a.Passages[0].Source
				b.Lines = append(b.Lines, Line{what, a.Passages[0].Text, &src})
			}
		}
	}
	if b.Lead != "" {
		b.Lines = append(b.Lines, Line{What: "In short", Text: b.Lead})
	}
	first("What", TopicWhat)
	first("Who", TopicBuyer)
	first("Why", TopicWhy)
	b.Lines = append(b.Lines, Line{What: "Where it stands", Text: b.standing()})
	if text := b.part(reader, needs); text != "" {
		b.Lines = append(b.Lines, Line{What: "Your part", Text: text})
	}
}

// standing is the deal's record in a sentence or two.
func (b *Brief) standing() string {
	p := b.Prospect
	var s strings.Builder
	switch p.Outcome {
	case wiki.OutcomeOpen:
		if b.Days == 0 {
			fmt.Fprintf(&s, "In %s", b.Stage)
		} else {
			fmt.Fprintf(&s, "Day %d in %s", b.Days, b.Stage)
		}
		if b.Typical > 0 {
			fmt.Fprintf(&s, " (typical: %d)", b.Typical)
		}
	default:
		fmt.Fprintf(&s, "%s on %s, in %s", upperFirst(strings.ReplaceAll(p.Outcome, "-", " ")), content.Day(p.OutcomeDate), b.Stage)
		if p.OutcomeReason != "" {
			fmt.Fprintf(&s, ": %s", strings.TrimSuffix(p.OutcomeReason, "."))
		}
	}
	s.WriteString(".")
	if p.Value > 0 {
		fmt.Fprintf(&s, " Worth %s %s.", p.Currency, grouped(p.Value))
	}
	if p.ExpectedClose != "" && p.Outcome == wiki.OutcomeOpen {
		fmt.Fprintf(&s, " Expected to close on %s.", content.Day(p.ExpectedClose))
	}
	open := 0
	for _, g := range b.Facts {
		if g.Kind == "question" {
			open = len(g.Facts)
		}
	}
	if open == 1 {
		s.WriteString(" One question is open.")
	} else if open > 1 {
		fmt.Fprintf(&s, " %d questions are open.", open)
	}
	return s.String()
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// readingTime is how many minutes the brief takes.
func (b *Brief) readingTime() int {
	n := 0
	count := func(s string) { n += len(strings.Fields(s)) }
	for _, l := range b.Lines {
		count(l.Text)
	}
	for _, g := range b.Facts {
		for _, f := range g.Facts {
			count(f.Title)
			count(f.Body)
		}
	}
	for _, a := range b.Answers {
		for _, p := range a.Passages {
			count(p.Text)
		}
	}
	for _, o := range b.Openings {
		count(o.Text)
	}
	for _, s := range b.Sections {
		for _, l := range s.Lines {
			count(l)
		}
	}
	return minutes(n)
}

func minutes(words int) int { return max(1, (words+wordsMinute/2)/wordsMinute) }

// grouped writes an amount in whole units, by thousands.
func grouped(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
