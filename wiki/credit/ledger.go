package credit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// Ledger is who did what, those who helped others most first.
type Ledger struct {
	Rows   []Row `json:"rows"`
	Unread int   `json:"unread,omitempty"` // pages whose words are not counted yet
}

// Row is what one person did.
type Row struct {
	Person people.Person `json:"-"`
	ID     string        `json:"id"`
	Name   string        `json:"name"`
	Help   Deeds         `json:"help"` // on deals that others own
	Own    Deeds         `json:"own"`  // on their own
	Stages []StageDeeds  `json:"stages"`
	Words  int           `json:"words"` // of theirs that stand
	Pages  []Source      `json:"pages"` // with most of their words first
}

// Deeds are what helps others; each list is as long as its number says.
type Deeds struct {
	Answered []Source `json:"answered"` // questions of somebody else
	Carried  []Source `json:"carried"`  // facts they raised that an accepted handoff carried on
	Accepted []Source `json:"accepted"` // handoffs from somebody else that they took
}

// Count is how many there are.
func (d *Deeds) Count() int { return len(d.Answered) + len(d.Carried) + len(d.Accepted) }

// StageDeeds are what somebody did in one stage.
type StageDeeds struct {
	Stage  string `json:"stage"`
	Raised int    `json:"raised"` // facts and actions
	Closed int    `json:"closed"` // answered or done
	Words  int    `json:"words"`
}

// readWords is how many pages that have changed one question counts anew.
const readWords = 300

// Deal makes the ledger of one deal.
func (b *Book) Deal(ctx context.Context, caller people.Caller, sp *wiki.Space) (*Ledger, error) {
	m := newMaker(b, ctx, caller)
	if err := m.deal(sp); err != nil {
		return nil, err
	}
	return m.ledger()
}

// All makes the ledger over all deals that the caller may see.
func (b *Book) All(ctx context.Context, caller people.Caller) (*Ledger, error) {
	if caller.Person.Guest || !caller.Can(people.Read) {
		return nil, people.ErrForbidden
	}
	m := newMaker(b, ctx, caller)
	for _, e := range b.w.Prospects(ctx, caller) {
		sp, err := b.w.Space(ctx, caller, e.Slug)
		if err == nil {
			err = m.deal(sp)
		}
		if err != nil && !errors.Is(err, wiki.ErrNotFound) { // gone in between
			return nil, fmt.Errorf("reading who helped on %s: %w", e.Slug, err)
		}
	}
	return m.ledger()
}

type maker struct {
	b      *Book
	ctx    context.Context
	caller people.Caller
	budget int
	unread int
	rows   map[string]*Row
	stages map[string]map[string]*StageDeeds // by person, stage
}

func newMaker(b *Book, ctx context.Context, caller people.Caller) *maker {
	return &maker{b: b, ctx: ctx, caller: caller, budget: readWords, rows: map[string]*Row{}, stages: map[string]map[string]*StageDeeds{}}
}

// row is the line of a person; nil for guests and people without an account.
func (m *maker) row(id string) *Row {
	if id == "" {
		return nil
	}
	if r, ok := m.rows[id]; ok {
		return r
	}
	p, err := m.b.people.Get(m.ctx, id)
	if err != nil || p.Guest {
		m.rows[id] = nil
		return nil
	}
	none := func() Deeds { return Deeds{Answered: []Source{}, Carried: []Source{}, Accepted: []Source{}} }
	r := &Row{Person: p, ID: id, Name: p.Name, Help: none(), Own: none(), Pages: []Source{}}
	m.rows[id] = r
	m.stages[id] = map[string]*StageDeeds{}
	return r
}

func (m *maker) stage(id, stage string) *StageDeeds {
	s := m.stages[id][stage]
	if s == nil {
		s = &StageDeeds{Stage: stage}
		m.stages[id][stage] = s
	}
	return s
}

func (m *maker) deal(sp *wiki.Space) error {
	access, err := m.b.people.Access(m.ctx, sp.Prospect())
	if err != nil {
		return err
	}
	deeds := func(r *Row) *Deeds {
		if r.ID == access.Owner {
			return &r.Own
		}
		return &r.Help
	}
	facts, err := m.b.register.Space(m.ctx, m.caller, sp)
	if err != nil {
		return err
	}
	byKey := map[string]*register.Fact{}
	for i := range facts {
		if f := &facts[i]; !f.Copy {
			byKey[f.Key] = f
			m.fact(f, deeds)
		}
	}
	handoffs, err := m.b.handoffs.List(m.ctx, m.caller, sp)
	if err != nil {
		return err
	}
	carried := map[string]bool{}
	for i := range handoffs {
		h := &handoffs[i]
		if h.State != handoff.StateAccepted || h.Self() {
			continue
		}
		if r := m.row(h.Holder); r != nil {
			// Whoever takes a deal over owns it from then on; it was help to the
			// one who handed it over.
			r.Help.Accepted = append(r.Help.Accepted, Source{Prospect: sp.Prospect(), Handoff: h.Number, Title: fmt.Sprintf("Handoff %d", h.Number)})
		}
		for _, at := range h.Facts {
			f := byKey[at.ID]
			if at.As != handoff.Carry || f == nil || carried[at.ID] {
				continue
			}
			carried[at.ID] = true
			if r := m.row(wiki.PersonID(f.Raised().By)); r != nil {
				d := deeds(r)
				d.Carried = append(d.Carried, source(f))
			}
		}
	}
	return m.text(sp)
}

func source(f *register.Fact) Source {
	s := Source{Prospect: f.Prospect, Place: f.Place, Fact: f.Key, Title: f.Title}
	if f.State != register.StateGone {
		s.Line = f.Line
	}
	return s
}

// fact notes who raised a fact, and who answered it.
func (m *maker) fact(f *register.Fact, deeds func(*Row) *Deeds) {
	by := wiki.PersonID(f.Raised().By)
	if r := m.row(by); r != nil && f.Raised().Stage != "" {
		m.stage(by, f.Raised().Stage).Raised++
	}
	// Of a fact that was reopened and closed again the last one counts.
	for i := len(f.Life) - 1; i >= 0; i-- {
		e := f.Life[i]
		if e.What != register.EventAnswered && e.What != register.EventDone {
			continue
		}
		closer := wiki.PersonID(e.By)
		r := m.row(closer)
		if r == nil {
			return
		}
		if e.Stage != "" {
			m.stage(closer, e.Stage).Closed++
		}
		if f.Kind == "question" && closer != by && f.State == register.StateAnswered {
			d := deeds(r)
			d.Answered = append(d.Answered, source(f))
		}
		return
	}
}

// text counts the words that stand.
func (m *maker) text(sp *wiki.Space) error {
	for _, side := range sp.Sides() {
		contents, err := side.Contents(m.ctx, m.caller)
		if err != nil {
			return err
		}
		for i := range contents.Pages {
			p := &contents.Pages[i]
			words, err := m.b.words(m.ctx, m.caller, side, p, &m.budget)
			if errors.Is(err, errBudget) {
				m.unread++
				continue
			}
			if err != nil && !errors.Is(err, wiki.ErrNotFound) {
				return err
			}
			for id, n := range words {
				r := m.row(id)
				if r == nil {
					continue
				}
				r.Words += n
				if p.Stage != wiki.StageAccount && p.Stage != wiki.StageLog {
					m.stage(id, p.Stage).Words += n
				}
				r.Pages = append(r.Pages, Source{Prospect: sp.Prospect(), Place: p.Place, Title: p.Title, Lines: n})
			}
		}
	}
	return nil
}

func (m *maker) ledger() (*Ledger, error) {
	funnel, err := m.b.w.Funnel(m.ctx)
	if err != nil {
		return nil, err
	}
	out := &Ledger{Rows: []Row{}, Unread: m.unread}
	for id, r := range m.rows {
		if r == nil {
			continue
		}
		r.Stages = []StageDeeds{}
		for _, s := range m.stages[id] {
			r.Stages = append(r.Stages, *s)
		}
		slices.SortFunc(r.Stages, func(a, b StageDeeds) int {
			return cmp.Or(funnel.Index(a.Stage)-funnel.Index(b.Stage), cmp.Compare(a.Stage, b.Stage))
		})
		slices.SortStableFunc(r.Pages, func(a, b Source) int { return b.Lines - a.Lines })
		r.Pages = r.Pages[:min(len(r.Pages), shownPages)]
		out.Rows = append(out.Rows, *r)
	}
	slices.SortFunc(out.Rows, func(a, b Row) int {
		return cmp.Or(b.Help.Count()-a.Help.Count(), b.Own.Count()-a.Own.Count(), b.Words-a.Words, cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}
