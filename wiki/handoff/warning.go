package handoff

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

const warningsFile = "warnings.yaml"

// Warning tells people early that a deal is coming.
type Warning struct {
	Stage string    `yaml:"stage" json:"stage"`
	At    time.Time `yaml:"at" json:"at"`
	Jobs  []string  `yaml:"jobs" json:"jobs"`
	Told  []string  `yaml:"told" json:"told"`                       // person ids; the owner where nobody has the job
	Start string    `yaml:"start,omitempty" json:"start,omitempty"` // expected, YYYY-MM-DD
	Acks  []Ack     `yaml:"acks,omitempty" json:"acks"`
}

// Ack is somebody's answer to a warning.
type Ack struct {
	By   string    `yaml:"by" json:"by"`
	At   time.Time `yaml:"at" json:"at"`
	Days int       `yaml:"ramp_up_days" json:"ramp_up_days"`
	Note string    `yaml:"note,omitempty" json:"note,omitempty"`
}

// warn writes down who is told that the deal has entered a stage.
func (b *Book) warn(tx *wiki.Transaction, n names, st *wiki.Stage, h *Handoff) error {
	if len(st.Warn) == 0 || h.Kind == Back {
		return nil
	}
	list, err := readWarnings(tx.Read)
	if err != nil {
		return err
	}
	w, err := b.warning(n.ctx, tx, st, h.Holder)
	if err != nil {
		return err
	}
	data, err := yaml.Marshal(append(list, w))
	if err != nil {
		return err
	}
	return tx.Write(warningsFile, data)
}

// warning is addressed to everybody who has a job that the stage names and may
// see the deal; to its owner when there is nobody.
func (b *Book) warning(ctx context.Context, tx *wiki.Transaction, st *wiki.Stage, owner string) (Warning, error) {
	w := Warning{Stage: st.Key, At: b.now(), Jobs: st.Warn, Start: tx.Prospect().ExpectedClose}
	all, err := b.people.List(ctx)
	if err != nil {
		return w, err
	}
	for _, p := range all {
		sees := b.people.LevelOn(ctx, people.Caller{Person: p, Scopes: people.AllScopes}, tx.Prospect().Slug) >= people.Viewer
		if sees && !p.Disabled && !p.Guest && slices.Contains(st.Warn, string(p.Job)) {
			w.Told = append(w.Told, p.ID)
		}
	}
	if w.Told == nil && owner != "" {
		w.Told = []string{owner}
	}
	return w, nil
}

func readWarnings(read func(string) ([]byte, error)) ([]Warning, error) {
	data, err := read(warningsFile)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, wiki.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Warning
	if err := yaml.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("reading %s: %w", warningsFile, err)
	}
	return list, nil
}

// Warnings lists the warnings of a deal, oldest first.
func (b *Book) Warnings(ctx context.Context, caller people.Caller, sp *wiki.Space) ([]Warning, error) {
	files, err := sp.Internal().Folder(ctx, caller, warningsFile)
	if err != nil {
		return nil, err
	}
	return readWarnings(files.Read)
}

// AcknowledgeWarning answers the newest warning of a deal with the days that
// the team needs to ramp up.
func (b *Book) AcknowledgeWarning(ctx context.Context, caller people.Caller, sp *wiki.Space, days int, note string) error {
	if days < 0 || days > 730 {
		return &wiki.Invalid{Field: "ramp_up_days", Problem: "is a number of days from 0 to 730"}
	}
	if err := checkNote(note); err != nil {
		return err
	}
	_, err := sp.Transact(ctx, caller, people.Viewer, func(tx *wiki.Transaction) (string, error) {
		list, err := readWarnings(tx.Read)
		if err != nil {
			return "", err
		}
		if len(list) == 0 {
			return "", wiki.ErrNotFound
		}
		w := &list[len(list)-1]
		w.Acks = slices.DeleteFunc(w.Acks, func(a Ack) bool { return a.By == caller.Person.ID })
		w.Acks = append(w.Acks, Ack{By: caller.Person.ID, At: b.now(), Days: days, Note: strings.TrimSpace(note)})
		data, err := yaml.Marshal(list)
		if err != nil {
			return "", err
		}
		return "Answer the early warning", tx.Write(warningsFile, data)
	})
	return err
}

// Incoming is a deal that is coming to the people who deliver.
type Incoming struct {
	wiki.Entry
	Stage string // title
	Start string // expected, YYYY-MM-DD or ""
	Last  *Warning
	// Offered is the handoff that waits to be answered, nil when there is none.
	Offered *Handoff
}

// Incoming lists the deals that the caller may see and that have entered a
// stage with a warning, by expected start; those without a date last.
func (b *Book) Incoming(ctx context.Context, caller people.Caller) ([]Incoming, error) {
	funnel, err := b.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	var out []Incoming
	for _, e := range b.w.Prospects(ctx, caller) {
		st := funnel.Stage(e.Prospect.Stage)
		if st == nil || len(st.Warn) == 0 || e.Outcome != wiki.OutcomeOpen && e.Outcome != wiki.OutcomeWon || e.Nurture != nil {
			continue
		}
		sp, err := b.w.Space(ctx, caller, e.Slug)
		if errors.Is(err, wiki.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := b.Warnings(ctx, caller, sp)
		if err != nil {
			return nil, err
		}
		in := Incoming{Entry: e, Stage: st.Title, Start: e.ExpectedClose}
		all, err := b.List(ctx, caller, sp)
		if err != nil {
			return nil, err
		}
		if len(all) > 0 && all[0].State.Open() {
			in.Offered = &all[0]
		}
		if len(list) > 0 {
			in.Last = &list[len(list)-1]
		}
		out = append(out, in)
	}
	slices.SortStableFunc(out, func(a, b Incoming) int {
		if (a.Start == "") != (b.Start == "") {
			return strings.Compare(b.Start, a.Start)
		}
		return strings.Compare(a.Start, b.Start)
	})
	return out, nil
}

// Nurturing lists the sleeping deals that the caller may see, the first to wake
// first.
func (b *Book) Nurturing(ctx context.Context, caller people.Caller) []wiki.Entry {
	out := slices.DeleteFunc(b.w.Prospects(ctx, caller), func(e wiki.Entry) bool { return e.Nurture == nil })
	slices.SortStableFunc(out, func(a, b wiki.Entry) int { return strings.Compare(a.Nurture.Wake, b.Nurture.Wake) })
	return out
}

// Wake takes a deal off the nurturing list; it goes on in the stage that it
// slept in.
func (b *Book) Wake(ctx context.Context, caller people.Caller, sp *wiki.Space) error {
	_, err := sp.Transact(ctx, caller, people.Editor, func(tx *wiki.Transaction) (string, error) {
		if tx.Prospect().Nurture == nil {
			return "", ErrStale
		}
		tx.Prospect().Nurture = nil
		tx.Prospect().Since = b.w.Now().UTC().Format(time.DateOnly)
		return "Wake the deal", nil
	})
	return err
}
