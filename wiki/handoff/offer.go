package handoff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Offer is what somebody says who hands over.
type Offer struct {
	To       string
	Receiver string // person id; for Nurture "" means the sender
	Last     *int   // the number of the newest handoff that the form showed; nil is not checked
	From     string // the stage that the form showed; "" is not checked
	// Evidence and Met say of exit criteria, by id, what shows that they are
	// met; Waived gives the reason for a criterion (id) or a needed page
	// (place) that is passed over.
	Met      []string
	Evidence map[string]string
	Waived   map[string]string
	Facts    map[string]string // id → carry, close, not-sold; the others are carried
	// Documents says which external pages, by place, were sent or agreed.
	Documents                                                map[string]string
	Why, Success, Sold, NotSold, Unclear, Terms, Keeps, Note string
	Wake                                                     string // YYYY-MM-DD, for Nurture
}

const (
	maxText   = 20_000 // bytes of one answer
	maxReason = 4_000  // bytes of what shows that a criterion is met, or why it is waived
)

// Silent tells whether a deal would be handed over without a word: no criterion
// has evidence or is waived, and nothing is written.
func (o *Offer) Silent() bool {
	said := o.Why + o.Success + o.Sold + o.NotSold + o.Unclear + o.Terms + o.Keeps + o.Note
	return o.To != string(Nurture) && len(o.Evidence) == 0 && len(o.Waived) == 0 && strings.TrimSpace(said) == ""
}

func (o *Offer) check() error {
	for name, s := range map[string]string{"why": o.Why, "success": o.Success, "sold": o.Sold, "not_sold": o.NotSold, "unclear": o.Unclear, "terms": o.Terms, "sales_keeps": o.Keeps, "note": o.Note} {
		if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return &wiki.Invalid{Field: name, Problem: fmt.Sprintf("is longer than %d bytes or is no text; put long things on a page and link it", maxText)}
		}
	}
	// A record is read whenever its deal is opened: all that stands in it has
	// a bound.
	for name, said := range map[string]map[string]string{"evidence": o.Evidence, "waived": o.Waived} {
		for what, s := range said {
			if len(s) > maxReason || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				return &wiki.Invalid{Field: name, Problem: fmt.Sprintf("of %.80q is longer than %d bytes or is no text; put long things on a page and link it", what, maxReason)}
			}
		}
	}
	for id, as := range o.Facts {
		if as != Carry && as != Close && as != NotSold {
			return &wiki.Invalid{Field: "facts", Problem: fmt.Sprintf("%s is %q; a fact is carry, close or not-sold", id, as)}
		}
	}
	for place, state := range o.Documents {
		if state != "sent" && state != "agreed" && state != "" {
			return &wiki.Invalid{Field: "documents", Problem: fmt.Sprintf("%s is %q; a document was sent or agreed", place, state)}
		}
	}
	for what, reason := range o.Waived {
		if strings.TrimSpace(reason) == "" {
			return &wiki.Invalid{Field: "waived", Problem: what + " needs a reason; a few words will do"}
		}
	}
	return nil
}

// Offer hands a deal over. Whatever is being typed is saved first, so that the
// record names all of it. The receiver can read the deal from then on. Handing
// over to oneself accepts at once. An offer with Last that is made twice answers
// the handoff that it has made.
func (b *Book) Offer(ctx context.Context, caller people.Caller, sp *wiki.Space, o Offer) (*Handoff, error) {
	if caller.Person.Guest {
		return nil, wiki.ErrNotFound
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	funnel, err := b.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	if o.To == string(Nurture) {
		if err := b.checkWake(o); err != nil {
			return nil, err
		}
		if o.Receiver == "" {
			o.Receiver = caller.Person.ID
		}
	}
	receiver, err := b.staff(ctx, o.Receiver)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		h, err := b.offer(ctx, caller, sp, funnel, o, receiver, try == maxTries)
		switch {
		case errors.Is(err, errMoved):
			continue
		case errors.Is(err, ErrStale):
			if again, found := b.repeated(ctx, caller, sp, o); found {
				return again, nil
			}
		}
		return h, err
	}
}

// errMoved says that somebody has changed a page while an offer was made of it.
var errMoved = errors.New("the deal has changed meanwhile")

// maxTries is how often an offer is made anew of what has changed meanwhile.
// Then it is made of what was read last.
const maxTries = 5

// repeated finds the handoff that was made by the very same offer: a form that
// was sent twice.
func (b *Book) repeated(ctx context.Context, caller people.Caller, sp *wiki.Space, o Offer) (*Handoff, bool) {
	all, err := b.List(ctx, caller, sp)
	if err != nil || o.Last == nil || len(all) == 0 {
		return nil, false
	}
	h := &all[0]
	same := h.Previous == *o.Last && h.By == caller.Person.ID && h.To == o.To && h.Receiver == o.Receiver && h.Wake == o.Wake && h.Note == o.Note &&
		h.Why == o.Why && h.Success == o.Success && h.Sold == o.Sold && h.NotSold == o.NotSold && h.Unclear == o.Unclear && h.Terms == o.Terms && h.Keeps == o.Keeps
	return h, same
}

// offer is one try of Offer.
func (b *Book) offer(ctx context.Context, caller people.Caller, sp *wiki.Space, funnel *wiki.Funnel, o Offer, receiver people.Person, anyway bool) (*Handoff, error) {
	if err := sp.Flush(ctx); err != nil {
		return nil, err
	}
	// What the form is made of is read outside the transaction, which waits for
	// nobody; the transaction then sees to it that it is still so.
	var heads [2]repo.Hash
	for i, side := range sp.Sides() {
		var err error
		if heads[i], err = side.Head(ctx, caller); err != nil {
			return nil, err
		}
	}
	e, err := b.w.Prospect(ctx, caller, sp.Prospect())
	if err != nil {
		return nil, err
	}
	all, err := b.List(ctx, caller, sp)
	if err != nil {
		return nil, err
	}
	if o.Last != nil && (len(all) > 0 && *o.Last != all[0].Number || len(all) == 0 && *o.Last != 0) || o.From != "" && o.From != e.Stage {
		return nil, ErrStale
	}
	// Said here too: an offer that is refused lets nobody read the deal.
	if len(all) > 0 && all[0].State.Open() {
		return nil, fmt.Errorf("handoff %d is open: %w", all[0].Number, ErrStale)
	}
	form, err := begin(funnel, e, all, o.To)
	if err != nil {
		return nil, err
	}
	if err := b.fill(ctx, caller, sp, funnel, form); err != nil {
		return nil, err
	}
	if err := o.fits(form); err != nil {
		return nil, err
	}
	record := b.record(caller, form, o, receiver.ID)
	if err := b.people.GrantReader(ctx, caller, sp.Prospect(), receiver.ID); err != nil {
		return nil, fmt.Errorf("letting %s read the deal: %w", receiver.Name, err)
	}
	n := names{ctx, b, funnel, sp.Prospect()}
	var made Handoff
	_, err = sp.Transact(ctx, caller, people.Editor, func(tx *wiki.Transaction) (string, error) {
		now, err := readAll(sp.Prospect(), tx.Files(dir), plain(tx.Read))
		if err != nil {
			return "", err
		}
		record.Number = 1
		if len(now) > 0 {
			record.Number, record.Previous = now[0].Number+1, now[0].Number
			if now[0].State.Open() {
				return "", fmt.Errorf("handoff %d is open: %w", now[0].Number, ErrStale)
			}
			if now[0].State == StateReturned && now[0].To == record.To {
				record.Again = now[0].Number
			}
		}
		if tx.Prospect().Stage != e.Stage || len(now) != len(all) {
			return "", ErrStale
		}
		internal, external := tx.Heads()
		if (internal != heads[0] || external != heads[1]) && !anyway {
			return "", errMoved
		}
		record.Internal, record.External = internal.String(), external.String()
		data, err := record.encode(n)
		if err != nil {
			return "", err
		}
		if err := tx.Write(recordFile(record.Number), data); err != nil {
			return "", err
		}
		made = standing(sp.Prospect(), *record, nil)
		tx.Tag(tagName(record.Number))
		if !made.Self() {
			return fmt.Sprintf("Offer handoff %d: %s to %s", record.Number, n.stage(record.From), n.stage(record.To)), nil
		}
		answer := Answer{At: record.Offered, By: caller.Person.ID, What: Accepted}
		return fmt.Sprintf("Hand over %s to %s", n.stage(record.From), n.stage(record.To)), b.accept(tx, n, sp, &made, answer)
	})
	if err != nil {
		return nil, err
	}
	if made.State == StateAccepted {
		return &made, b.accepted(ctx, caller, sp, &made)
	}
	return &made, nil
}

// fits wants an offer to speak of nothing that is not there.
func (o *Offer) fits(f *Form) error {
	for what := range o.Waived {
		if !slices.ContainsFunc(f.Criteria, func(c Criterion) bool { return c.ID == what }) && !slices.ContainsFunc(f.Needed, func(n Needed) bool { return n.Place == what }) {
			return &wiki.Invalid{Field: "waived", Problem: fmt.Sprintf("names %q, which is no exit criterion and no needed page of this stage", what)}
		}
	}
	for place, state := range o.Documents {
		if state != "" && !slices.ContainsFunc(f.Documents, func(d Document) bool { return d.Place == place }) {
			return &wiki.Invalid{Field: "documents", Problem: fmt.Sprintf("names %q, which is no page on the external side", place)}
		}
	}
	return nil
}

// checkWake wants a day to wake a sleeping deal, and why it sleeps.
func (b *Book) checkWake(o Offer) error {
	wake, err := time.Parse(time.DateOnly, o.Wake)
	if err != nil || o.Wake <= b.w.Now().UTC().Format(time.DateOnly) || wake.Year() > 2200 {
		return &wiki.Invalid{Field: "wake", Problem: "is the day on which to look at this deal again, such as 2027-03-01, and lies ahead"}
	}
	if strings.TrimSpace(o.Note) == "" {
		return &wiki.Invalid{Field: "note", Problem: "is missing; say in a few words why the deal sleeps"}
	}
	return nil
}

// staff answers somebody who can take a deal.
func (b *Book) staff(ctx context.Context, id string) (people.Person, error) {
	if id == "" {
		return people.Person{}, &wiki.Invalid{Field: "receiver", Problem: "is missing; a handoff goes to somebody"}
	}
	p, err := b.people.Get(ctx, id)
	if errors.Is(err, people.ErrNotFound) || err == nil && p.Guest {
		return p, &wiki.Invalid{Field: "receiver", Problem: "is nobody of this wiki's staff"}
	}
	if err == nil && p.Disabled {
		return p, &wiki.Invalid{Field: "receiver", Problem: "has left; choose somebody else"}
	}
	return p, err
}

func (b *Book) record(caller people.Caller, f *Form, o Offer, receiver string) *Record {
	r := &Record{Kind: f.Kind, From: f.From, To: o.To, By: caller.Person.ID, Receiver: receiver, Offered: b.w.Now().UTC().Truncate(time.Second),
		Why: o.Why, Success: o.Success, Sold: o.Sold, NotSold: o.NotSold, Unclear: o.Unclear, Terms: o.Terms, Keeps: o.Keeps, Note: o.Note, Wake: o.Wake}
	for _, c := range f.Criteria {
		c.Evidence, c.Waived = strings.TrimSpace(o.Evidence[c.ID]), strings.TrimSpace(o.Waived[c.ID])
		c.Met = slices.Contains(o.Met, c.ID) || c.Evidence != ""
		r.Criteria = append(r.Criteria, c)
	}
	for _, n := range f.Needed {
		n.Waived = strings.TrimSpace(o.Waived[n.Place])
		r.Needed = append(r.Needed, n)
	}
	for _, fact := range f.Facts {
		if as := o.Facts[fact.ID]; as != "" {
			fact.As = as
		}
		r.Facts = append(r.Facts, fact)
	}
	for _, d := range f.Documents {
		if d.State = o.Documents[d.Place]; d.State != "" {
			r.Documents = append(r.Documents, d)
		}
	}
	return r
}

// answer adds to what was said to a handoff.
func (b *Book) answer(tx *wiki.Transaction, h *Handoff, a Answer) error {
	answers := append(slices.Clone(h.Answers), a)
	data, err := yaml.Marshal(answers)
	if err != nil {
		return fmt.Errorf("writing an answer: %w", err)
	}
	*h = standing(h.Prospect, h.Record, answers)
	return tx.Write(responseFile(h.Number), data)
}
