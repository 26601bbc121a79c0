package handoff

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/repo"
)

// ErrStale says that the deal has moved on since the form was made: another
// handoff is open, or the stage is another one.
var ErrStale = errors.New("the deal has moved on: load the page again")

// ErrDone says that a handoff was answered already.
var ErrDone = errors.New("this handoff was answered already")

// State is how a handoff stands.
type State string

// States of a handoff.
const (
	StateOffered      State = "offered"
	StateAcknowledged State = "acknowledged"
	StateAccepted     State = "accepted"
	StateReturned     State = "returned"
	StateWithdrawn    State = "withdrawn"
)

// Open reports whether the handoff waits for its receiver.
func (s State) Open() bool { return s == StateOffered || s == StateAcknowledged }

// Handoff is a record and what was said to it.
type Handoff struct {
	Record
	Prospect     string    `json:"prospect"`
	State        State     `json:"state"`
	Holder       string    `json:"holder"`            // who has to answer: the receiver, or whom they delegated to
	Acknowledged []string  `json:"acknowledged"`      // ids of facts
	Answered     time.Time `json:"answered,omitzero"` // when it was accepted or returned
	Ratings      *Ratings  `json:"ratings,omitempty"`
	Missing      string    `json:"missing,omitempty"` // of a returned one
	Reply        string    `json:"reply,omitempty"`   // the receiver's note
	Answers      []Answer  `json:"answers"`
}

// Self reports whether somebody handed over to themselves.
func (h *Handoff) Self() bool { return h.By == h.Holder }

// Commitments are the ids of the carried commitments, which the receiver
// acknowledges one by one.
func (h *Handoff) Commitments() []string {
	var out []string
	for _, f := range h.Facts {
		if f.Kind == "commitment" && f.As == Carry {
			out = append(out, f.ID)
		}
	}
	return out
}

// Unacknowledged are those that nobody has acknowledged yet.
func (h *Handoff) Unacknowledged() []string {
	return slices.DeleteFunc(h.Commitments(), func(id string) bool { return slices.Contains(h.Acknowledged, id) })
}

// Book is the handoffs of all deals. It is safe for concurrent use.
type Book struct {
	w        *wiki.Wiki
	people   *people.DB
	register *register.Register
	shelf    *shelf
}

// New makes a book of handoffs.
func New(w *wiki.Wiki, r *register.Register) *Book {
	return &Book{w: w, people: w.People(), register: r, shelf: newShelf()}
}

// List answers the handoffs of a deal, the newest first.
func (b *Book) List(ctx context.Context, caller people.Caller, sp *wiki.Space) ([]Handoff, error) {
	files, err := sp.Internal().Folder(ctx, caller, dir)
	if err != nil {
		return nil, err
	}
	return readAll(sp.Prospect(), slices.Collect(maps.Keys(files.Blobs)), shelved{b.shelf, files})
}

// Get answers one handoff; wiki.ErrNotFound when there is none of the number.
func (b *Book) Get(ctx context.Context, caller people.Caller, sp *wiki.Space, number int) (*Handoff, error) {
	all, err := b.List(ctx, caller, sp)
	if err != nil {
		return nil, err
	}
	return find(all, number)
}

func find(all []Handoff, number int) (*Handoff, error) {
	for i := range all {
		if all[i].Number == number {
			return &all[i], nil
		}
	}
	return nil, wiki.ErrNotFound
}

// source is where records and answers are read.
type source interface {
	record(path string) (*Record, error)
	answers(path string) ([]Answer, error)
}

// readAll reads the handoffs among some files, the newest first.
func readAll(prospect string, paths []string, from source) ([]Handoff, error) {
	var out []Handoff
	for _, p := range paths {
		name, ok := strings.CutPrefix(p, dir)
		if !ok || path.Ext(name) != ".md" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSuffix(name, ".md"))
		if err != nil || n <= 0 || recordFile(n) != p {
			continue
		}
		record, err := from.record(p)
		if err != nil {
			return nil, fmt.Errorf("handoff %d: %w", n, err)
		}
		record.Number = n
		var answers []Answer
		if slices.Contains(paths, responseFile(n)) {
			if answers, err = from.answers(responseFile(n)); err != nil {
				return nil, fmt.Errorf("handoff %d: %w", n, err)
			}
		}
		out = append(out, standing(prospect, *record, answers))
	}
	slices.SortFunc(out, func(a, b Handoff) int { return b.Number - a.Number })
	return out, nil
}

// standing works out how a handoff stands from what was said to it.
func standing(prospect string, r Record, answers []Answer) Handoff {
	h := Handoff{Record: r, Prospect: prospect, State: StateOffered, Holder: r.Receiver, Answers: answers}
	for _, a := range answers {
		for _, id := range a.Facts {
			if a.By == h.Holder && !slices.Contains(h.Acknowledged, id) {
				h.Acknowledged = append(h.Acknowledged, id)
			}
		}
		switch a.What {
		case Acknowledged:
			if h.State == StateOffered {
				h.State = StateAcknowledged
			}
		case Accepted:
			h.State, h.Answered, h.Ratings, h.Reply = StateAccepted, a.At, a.Ratings, a.Note
		case Returned:
			h.State, h.Answered, h.Missing, h.Ratings, h.Reply = StateReturned, a.At, a.Missing, a.Ratings, a.Note
		case Withdrawn:
			h.State, h.Answered = StateWithdrawn, a.At
		case Delegated:
			// Whoever has it now has read nothing of it yet.
			h.Holder, h.State, h.Acknowledged = a.To, StateOffered, nil
		case Rated:
			h.Ratings = a.Ratings
		}
	}
	return h
}

// names answers what stages and people are called, and where pages are.
type names struct {
	ctx      context.Context
	b        *Book
	funnel   *wiki.Funnel
	prospect string
}

var plainLabel = strings.NewReplacer("[", "(", "]", ")", "<", "‹", ">", "›", "`", "'", "\\", "/")

// link leads to a page. To an internal one it also does in a clone of the
// repository, where the record lies beside the stages.
func (n names) link(place, fragment, label string) string {
	label = plainLabel.Replace(oneLine(label))
	p, err := wiki.ParsePlace(place)
	if err != nil {
		return label
	}
	to := "../" + p.Path()
	if p.Section == wiki.External {
		to = "/p/" + n.prospect + "/" + p.String()
	}
	if fragment != "" {
		to += "#" + fragment
	}
	return "[" + label + "](" + to + ")"
}

func (n names) stage(key string) string {
	if st := n.funnel.Stage(key); st != nil {
		return st.Title
	}
	switch key {
	case "":
		return "Marketing"
	case string(Nurture):
		return "Nurturing"
	}
	return key
}

func (n names) person(id string) string {
	if p, err := n.b.people.Get(n.ctx, id); err == nil {
		return p.Name
	}
	return "Somebody who has left"
}

// At answers both sides of the space as they were at a handoff.
func (b *Book) At(ctx context.Context, caller people.Caller, sp *wiki.Space, h *Handoff) ([]*wiki.Past, error) {
	var out []*wiki.Past
	for _, side := range sp.Sides() {
		id := h.Internal
		if side.Section() == wiki.External {
			id = h.External
		}
		at, err := repo.ParseHash(id)
		if err != nil {
			return nil, wiki.ErrNotFound
		}
		past, err := side.At(ctx, caller, at)
		if err != nil {
			return nil, err
		}
		out = append(out, past)
	}
	return out, nil
}

// Text is the readable part of a record, in markdown.
func (b *Book) Text(ctx context.Context, caller people.Caller, sp *wiki.Space, number int) ([]byte, error) {
	files, err := sp.Internal().Folder(ctx, caller, dir)
	if err != nil {
		return nil, err
	}
	data, err := files.Read(recordFile(number))
	if err != nil {
		return nil, wiki.ErrNotFound
	}
	return Readable(data), nil
}
