package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Flag asks the owner of a deal: alive, lost, or to be nurtured?
type Flag struct {
	Prospect string    `json:"prospect"`
	Name     string    `json:"name"`
	Owner    string    `json:"owner,omitempty"` // person id
	Stage    string    `json:"stage"`
	Value    float64   `json:"value,omitempty"`
	Currency string    `json:"currency,omitempty"`
	Quiet    int       `json:"quiet_days,omitempty" doc:"Days without any change, where they are too many"`
	Typical  int       `json:"typical_days,omitempty" doc:"Of its stage"`
	Past     string    `json:"expected_close,omitempty" doc:"The expected close, where it has passed"`
	Updated  time.Time `json:"updated"`
}

// usualDays is typical of a stage where the playbook says nothing.
const usualDays = 30

// flag answers what is odd about an open deal; nil for nothing.
func flag(d *Deal, funnel *wiki.Funnel, now time.Time) *Flag {
	if d.Outcome != wiki.OutcomeOpen && d.Outcome != "" || d.Nurture != nil {
		return nil
	}
	f := &Flag{Prospect: d.Slug, Name: d.Title, Owner: d.Owner, Stage: d.Stage, Value: d.Value, Currency: d.Currency, Updated: d.Updated, Typical: usualDays}
	if st := funnel.Stage(d.Stage); st != nil && st.TypicalDays > 0 {
		f.Typical = st.TypicalDays
	}
	today := dayOf(now)
	if n := int(today.Sub(dayOf(d.Updated)) / day); !d.Updated.IsZero() && n >= 2*f.Typical {
		f.Quiet = n
	}
	if t := parseDay(d.ExpectedClose); !t.IsZero() && t.Before(today) {
		f.Past = d.ExpectedClose
	}
	if f.Quiet == 0 && f.Past == "" {
		return nil
	}
	return f
}

// Flags lists the deals that the caller may see and whose owners have to be
// asked, those longest past first.
func (b *Book) Flags(ctx context.Context, caller people.Caller) ([]Flag, error) {
	funnel, err := b.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	deals, _, err := b.Deals(ctx, caller)
	if err != nil {
		return nil, err
	}
	return flags(deals, funnel, b.w.Now()), nil
}

func flags(deals []Deal, funnel *wiki.Funnel, now time.Time) []Flag {
	out := []Flag{}
	for i := range deals {
		if f := flag(&deals[i], funnel, now); f != nil {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b Flag) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Prospect, b.Prospect))
	})
	return out
}

// Alive says that a flagged deal goes on, with a new expected close where the
// old one has passed. It is a commit of the caller's, so the deal is no longer
// quiet.
func (b *Book) Alive(ctx context.Context, caller people.Caller, sp *wiki.Space, expected string) error {
	today := b.w.Now().UTC().Format(time.DateOnly)
	_, err := sp.Transact(ctx, caller, people.Editor, func(tx *wiki.Transaction) (string, error) {
		p := tx.Prospect()
		if expected = strings.TrimSpace(expected); expected != "" {
			p.ExpectedClose = expected
			if err := p.Validate(); err != nil {
				return "", err
			}
		}
		if p.ExpectedClose != "" && p.ExpectedClose < today {
			return "", &wiki.Invalid{Field: "expected close", Problem: "has passed; say when the deal is likely to close now"}
		}
		if p.Extra == nil {
			p.Extra = map[string]any{}
		}
		p.Extra["confirmed"] = today
		return fmt.Sprintf("Say that the deal is alive%s", expects(p.ExpectedClose)), nil
	})
	return err
}

func expects(date string) string {
	if date == "" {
		return ""
	}
	return ", expected to close on " + date
}
