package wiki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

const (
	prospectFile = "prospect.yaml"
	spaceFile    = "space.yaml"
	importFile   = "import.yaml"
)

// Outcomes of a deal. They stand apart from the stage.
const (
	OutcomeOpen       = "open"
	OutcomeWon        = "won"
	OutcomeLost       = "lost"
	OutcomeNoDecision = "no-decision"
)

const dateFormat = "2006-01-02"

// Prospect is what prospect.yaml on the internal side says of a deal.
type Prospect struct {
	Slug          string         `yaml:"-" json:"slug"`
	Title         string         `yaml:"title" json:"name"`
	Stage         string         `yaml:"stage" json:"stage"`
	Since         string         `yaml:"since,omitempty" json:"since,omitempty"` // the day the stage was entered
	Outcome       string         `yaml:"outcome" json:"outcome"`
	OutcomeDate   string         `yaml:"outcome_date,omitempty" json:"outcome_date,omitempty"`
	OutcomeReason string         `yaml:"outcome_reason,omitempty" json:"outcome_reason,omitempty"`
	Value         float64        `yaml:"value,omitempty" json:"value,omitempty"` // in whole units of the currency
	Currency      string         `yaml:"currency,omitempty" json:"currency,omitempty"`
	ExpectedClose string         `yaml:"expected_close,omitempty" json:"expected_close,omitempty"`
	Tags          []string       `yaml:"tags,omitempty" json:"tags,omitempty"`
	Source        string         `yaml:"source,omitempty" json:"source,omitempty"`
	ExternalID    string         `yaml:"external_id,omitempty" json:"external_id,omitempty"`
	Links         []string       `yaml:"links,omitempty" json:"links,omitempty"` // other prospects and addresses, as ParseProspectLink reads them
	Created       string         `yaml:"created,omitempty" json:"created,omitempty"`
	Nurture       *Nurture       `yaml:"nurture,omitempty" json:"nurture,omitempty"` // set while the deal sleeps
	Extra         map[string]any `yaml:",inline" json:"-"`                           // what others wrote is kept
}

// Nurture says why a deal sleeps, and when to wake it.
type Nurture struct {
	Since  string `yaml:"since" json:"since"` // YYYY-MM-DD
	Wake   string `yaml:"wake" json:"wake"`   // YYYY-MM-DD
	Reason string `yaml:"reason" json:"reason"`
}

// DaysInStage is on which day of its stage the prospect is: 1 on the day that it
// came, in UTC, 0 when that is not known. Whoever tells how long a deal has been
// in its stage counts so.
func (p Prospect) DaysInStage(now time.Time) int { return dayOf(p.Since, now) }

// Age is on which day of its life the prospect is, counted in the same way.
func (p Prospect) Age(now time.Time) int { return dayOf(p.Created, now) }

// dayOf counts the days from a date on, with that day and today: 0 for no date.
func dayOf(date string, now time.Time) int {
	t, err := time.Parse(dateFormat, date)
	if err != nil {
		return 0
	}
	return max(0, int(now.UTC().Sub(t).Hours()/24)) + 1
}

func parseProspect(data []byte) (*Prospect, error) {
	var p Prospect
	if len(data) > 64<<10 {
		return nil, &Invalid{Field: prospectFile, Problem: "is larger than 64 kB"}
	}
	if err := yaml.Unmarshal(data, &p); err != nil {
		return nil, &Invalid{Field: prospectFile, Problem: fmt.Sprintf("is not valid YAML: %v", err)}
	}
	return &p, nil
}

// Validate reports what is wrong with the fields that a person or another
// program fills in, before anything is made of them. An empty outcome is open.
func (p Prospect) Validate() error {
	if p.Outcome == "" {
		p.Outcome = OutcomeOpen
	}
	return p.check()
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// check reports what is wrong with the fields that a person fills in.
func (p *Prospect) check() error {
	invalid := func(field, problem string) error { return &Invalid{Field: field, Problem: problem} }
	if err := checkTitle("name", p.Title); err != nil {
		return err
	}
	switch p.Outcome {
	case OutcomeOpen, OutcomeWon, OutcomeLost, OutcomeNoDecision:
	default:
		return invalid("outcome", "is open, won, lost or no-decision")
	}
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) || p.Value < 0 || p.Value > 1e15 {
		return invalid("value", "is an amount of money, zero or more")
	}
	if p.Currency != "" && !currencyCode.MatchString(p.Currency) {
		return invalid("currency", "is a code of three capital letters, such as EUR")
	}
	for _, d := range []struct{ field, date string }{{"expected close", p.ExpectedClose}, {"date", p.OutcomeDate}, {"since", p.Since}} {
		if d.date == "" {
			continue
		}
		if t, err := time.Parse(dateFormat, d.date); err != nil || t.Year() < 1970 || t.Year() > 9999 {
			return invalid(d.field, "is a date such as 2027-03-01")
		}
	}
	if len(p.Tags) > 50 {
		return invalid("tags", "are too many; use at most 50")
	}
	if len(p.Links) > maxLinks {
		return invalid("links", "are too many; use at most 50")
	}
	for _, s := range p.Links {
		if _, err := ParseProspectLink(s); err != nil {
			return err
		}
	}
	for _, s := range append([]string{p.Source, p.ExternalID, p.OutcomeReason}, p.Tags...) {
		if utf8.RuneCountInString(s) > 500 || !printable(s) {
			return invalid("text", "is too long or holds control characters")
		}
	}
	return nil
}

// blank reports that there is nothing to be seen in a text.
func blank(s string) bool {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }) == ""
}

func checkTitle(field, s string) error {
	switch {
	case !printable(s):
		return &Invalid{Field: field, Problem: "holds characters that cannot be shown"}
	case blank(s):
		return &Invalid{Field: field, Problem: "is empty"}
	case len(s) > 255:
		return &Invalid{Field: field, Problem: "is too long; use at most 255 bytes"}
	}
	return nil
}

// printable refuses control characters and those that turn the direction of
// the text around them.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 {
			return false
		}
	}
	return true
}

// SpaceInfo is what space.yaml on the external side tells the customer of the
// deal as such.
type SpaceInfo struct {
	Title    string            `yaml:"title"`
	Company  string            `yaml:"company,omitempty"`
	Customer string            `yaml:"customer,omitempty"`
	Steps    map[string]string `yaml:"steps,omitempty"` // stage key → the buyer's own name for the step
	Step     string            `yaml:"step,omitempty"`  // current step, if the owner sets it
	Goal     string            `yaml:"goal,omitempty"`  // goal date
	Extra    map[string]any    `yaml:",inline"`
}

// Patch changes fields of a prospect; nil leaves a field as it is.
type Patch struct {
	Title, Currency, ExpectedClose, Source, ExternalID *string
	Value                                              *float64
	Tags, Links                                        *[]string
}

// Update changes what prospect.yaml says.
func (w *Wiki) Update(ctx context.Context, caller people.Caller, slug string, patch Patch) (Entry, error) {
	return w.updateProspect(ctx, caller, slug, people.Editor, "Change the deal's facts", func(p *Prospect) {
		for _, f := range []struct {
			to   *string
			from *string
		}{{&p.Title, patch.Title}, {&p.Currency, patch.Currency}, {&p.ExpectedClose, patch.ExpectedClose}, {&p.Source, patch.Source}, {&p.ExternalID, patch.ExternalID}} {
			if f.from != nil {
				*f.to = strings.TrimSpace(*f.from)
			}
		}
		if patch.Value != nil {
			p.Value = *patch.Value
		}
		if patch.Tags != nil {
			p.Tags = *patch.Tags
		}
		if patch.Links != nil {
			p.Links = *patch.Links
		}
	})
}

// SetOutcome says how the deal ended. An empty date means today.
func (w *Wiki) SetOutcome(ctx context.Context, caller people.Caller, slug, outcome, date, reason string) (Entry, error) {
	if (outcome == OutcomeLost || outcome == OutcomeNoDecision) && strings.TrimSpace(reason) == "" {
		return Entry{}, &Invalid{Field: "reason", Problem: "is missing; say in a few words why, so that the next deal learns from it"}
	}
	return w.updateProspect(ctx, caller, slug, people.Owner, "Set the outcome: "+outcome, func(p *Prospect) {
		p.Outcome, p.OutcomeDate, p.OutcomeReason = outcome, date, reason
		switch {
		case outcome == OutcomeOpen:
			p.OutcomeDate, p.OutcomeReason = "", ""
		case date == "":
			p.OutcomeDate = w.now().UTC().Format(dateFormat)
		}
	})
}

// SetStage moves a prospect to a stage. Only the system does: for people the
// way to another stage is a handoff.
func (w *Wiki) SetStage(ctx context.Context, caller people.Caller, slug, stage string) (Entry, error) {
	if !caller.IsSystem() {
		return Entry{}, people.ErrForbidden
	}
	funnel, err := w.Funnel(ctx)
	if err != nil {
		return Entry{}, err
	}
	if funnel.Stage(stage) == nil {
		return Entry{}, &Invalid{Field: "stage", Problem: fmt.Sprintf("%q is not a stage of the funnel", stage)}
	}
	return w.updateProspect(ctx, caller, slug, people.Editor, "Move to "+funnel.Stage(stage).Title, func(p *Prospect) {
		p.Stage, p.Since = stage, w.now().UTC().Format(dateFormat)
	})
}

func (w *Wiki) updateProspect(ctx context.Context, caller people.Caller, slug string, level people.Level, subject string, change func(*Prospect)) (Entry, error) {
	if !w.cat.has(slug) {
		return Entry{}, ErrNotFound
	}
	if err := w.may(ctx, caller, slug, Internal, level); err != nil {
		return Entry{}, err
	}
	s, err := w.side(slug, Internal)
	if err != nil {
		return Entry{}, err
	}
	s.write.Lock()
	defer s.write.Unlock()
	head, tree, err := s.latest()
	if err != nil {
		return Entry{}, err
	}
	data, err := tree.ReadFile(prospectFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Entry{}, err
	}
	p, err := parseProspect(data)
	if err != nil {
		return Entry{}, err
	}
	if p.Outcome == "" {
		p.Outcome = OutcomeOpen
	}
	if p.Title == "" {
		p.Title = titleOf(slug)
	}
	change(p)
	if err := p.check(); err != nil {
		return Entry{}, err
	}
	next, err := yaml.Marshal(p)
	if err != nil {
		return Entry{}, err
	}
	if !bytes.Equal(next, data) {
		if _, err := s.commit(ctx, caller, head, []repo.Edit{{Path: prospectFile, Data: next}}, subject); err != nil {
			return Entry{}, err
		}
		w.moved.note(slug, External) // its title is shown there too
	}
	e, err := w.refresh(ctx, slug)
	if err != nil {
		return Entry{}, err
	}
	return *e, nil
}

// Delete takes a prospect out of the wiki. Its repositories are moved to the
// folder trash in the data folder, from where an administrator can move them
// back or remove them for good.
func (w *Wiki) Delete(ctx context.Context, caller people.Caller, slug string) error {
	if !w.cat.has(slug) {
		return ErrNotFound
	}
	if err := w.may(ctx, caller, slug, Internal, people.Owner); err != nil {
		return err
	}
	w.create.Lock()
	defer w.create.Unlock()
	var sides []*side
	for _, section := range []Section{Internal, External} {
		side, err := w.side(slug, section)
		if err != nil {
			return err
		}
		side.write.Lock()
		defer side.write.Unlock()
		sides = append(sides, side)
	}
	if w.rooms == nil {
		return w.trash(ctx, slug, sides)
	}
	return w.rooms.RemoveAll(ctx, slug, func(pending []Edit) error {
		// What was typed last goes to the trash with the rest.
		for _, e := range pending {
			for _, s := range sides {
				if s.section == e.Place.Section {
					if err := s.keepPending(ctx, caller, e); err != nil {
						return err
					}
				}
			}
		}
		return w.trash(ctx, slug, sides)
	})
}

// trash moves a prospect's repositories to the trash; the writer locks of both
// sides are held.
func (w *Wiki) trash(ctx context.Context, slug string, sides []*side) error {
	trash := filepath.Join(w.dir, "trash")
	if err := os.MkdirAll(trash, 0o700); err != nil {
		return fmt.Errorf("making the trash: %w", err)
	}
	target := filepath.Join(trash, slug+"-"+w.now().UTC().Format("20060102T150405.000"))
	if err := os.Rename(filepath.Join(w.spacesDir(), slug), target); err != nil {
		return fmt.Errorf("moving %s to the trash: %w", slug, err)
	}
	// It is gone: what follows is done to its end, whoever waits for it.
	ctx = context.WithoutCancel(ctx)
	errs := []error{syncDir(trash), syncDir(w.spacesDir())}
	for _, s := range sides {
		s.gone = true
		errs = append(errs, w.sides.drop(SideID{slug, s.section}), w.history.Forget(ctx, s.name()))
		w.moved.note(slug, s.section)
	}
	// Who may see it is kept, so that one brought back from the trash is no
	// more open than it was. A new prospect of the name begins anew.
	errs = append(errs, w.cat.remove(ctx, slug))
	if err := errors.Join(errs...); err != nil {
		w.log.Error("after moving a prospect to the trash", "prospect", slug, "err", err)
	}
	return nil
}
