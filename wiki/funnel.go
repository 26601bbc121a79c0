package wiki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

const funnelFile = "funnel.yaml"

// Funnel is what the playbook's funnel.yaml says: the steps of a sale and what
// each needs.
type Funnel struct {
	Target     float64 `yaml:"target,omitempty" json:"target"`           // value to be won in one period
	Currency   string  `yaml:"currency,omitempty" json:"currency"`       // where a prospect names none
	PeriodDays int     `yaml:"period_days,omitempty" json:"period_days"` // length of the period
	Account    struct {
		Needed []Needed `yaml:"needed,omitempty" json:"needed"`
	} `yaml:"account,omitempty" json:"account"`
	Stages []Stage `yaml:"stages" json:"stages"`
}

// Stage is one step of the funnel.
type Stage struct {
	Key         string      `yaml:"key" json:"key"`
	Title       string      `yaml:"title" json:"title"`
	Buyer       string      `yaml:"buyer,omitempty" json:"buyer"` // what the customer calls this step
	Is          string      `yaml:"is,omitempty" json:"is"`
	WatchOut    string      `yaml:"watch_out,omitempty" json:"watch_out"`
	TypicalDays int         `yaml:"typical_days,omitempty" json:"typical_days"`
	Warn        []string    `yaml:"warn,omitempty" json:"warn"` // jobs told early when a deal enters
	Exit        []Criterion `yaml:"exit,omitempty" json:"exit"`
	Tasks       []EntryTask `yaml:"tasks,omitempty" json:"tasks"`
	Needed      []Needed    `yaml:"needed,omitempty" json:"needed"`
}

// Criterion is something that must be true to leave a stage.
type Criterion struct {
	ID   string `yaml:"id" json:"id"`
	Text string `yaml:"text" json:"text"`
}

// EntryTask is a task made when a stage is entered.
type EntryTask struct {
	Text string `yaml:"text" json:"text"`
	Job  string `yaml:"job,omitempty" json:"job"`
	Due  int    `yaml:"due,omitempty" json:"due"` // days after entry
}

// Needed is a page that a stage should have.
type Needed struct {
	Section  Section `yaml:"section" json:"section"`
	Page     string  `yaml:"page" json:"page"`
	Title    string  `yaml:"title" json:"title"`
	Template string  `yaml:"template,omitempty" json:"template"`
	Optional bool    `yaml:"optional,omitempty" json:"optional"` // offered, never counted as missing
}

// Stage answers a stage by its key, nil when there is none.
func (f *Funnel) Stage(key string) *Stage {
	if i := f.Index(key); i >= 0 {
		return &f.Stages[i]
	}
	return nil
}

// Index is the position of a stage, -1 when there is none.
func (f *Funnel) Index(key string) int {
	for i := range f.Stages {
		if f.Stages[i].Key == key {
			return i
		}
	}
	return -1
}

// ParseFunnel reads and checks a funnel. Its errors name the line or the stage
// and say what would be right.
func ParseFunnel(data []byte) (*Funnel, error) {
	invalid := func(format string, args ...any) error {
		return &Invalid{Field: funnelFile, Problem: fmt.Sprintf(format, args...)}
	}
	if len(data) > 256<<10 {
		return nil, invalid("is larger than 256 kB")
	}
	var f Funnel
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return nil, invalid("cannot be read: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(f.Stages) < 3 || len(f.Stages) > 12 {
		return nil, invalid("has %d stages; a funnel has 3 to 12", len(f.Stages))
	}
	seen := map[string]bool{}
	for i := range f.Stages {
		s := &f.Stages[i]
		if err := checkStageKey(s.Key); err != nil {
			return nil, invalid("stage %d: its key %v", i+1, strings.TrimPrefix(err.Error(), "stage "))
		}
		if seen[s.Key] {
			return nil, invalid("stage %d: the key %q is used twice", i+1, s.Key)
		}
		seen[s.Key] = true
		if s.Title == "" {
			s.Title = titleOf(s.Key)
		}
		if s.Buyer == "" {
			s.Buyer = s.Title
		}
		if err := checkTitle("title", s.Title); err != nil {
			return nil, invalid("stage %q: its %v", s.Key, err)
		}
		if s.TypicalDays < 0 || s.TypicalDays > 3650 {
			return nil, invalid("stage %q: typical_days is between 0 and 3650", s.Key)
		}
		if err := checkNeeded(s.Needed, s.Key); err != nil {
			return nil, err
		}
		ids := map[string]bool{}
		for _, c := range s.Exit {
			switch {
			case strings.TrimSpace(c.Text) == "" || strings.ContainsAny(c.Text, "\r\n"):
				return nil, invalid("stage %q: an exit criterion has a text of one line", s.Key)
			case c.ID != "" && ids[c.ID]:
				return nil, invalid("stage %q: the exit criterion id %q is used twice", s.Key, c.ID)
			}
			ids[c.ID] = true
		}
		for _, t := range s.Tasks {
			if strings.TrimSpace(t.Text) == "" || strings.ContainsAny(t.Text, "\r\n") {
				return nil, invalid("stage %q: a task has a text of one line", s.Key)
			}
			if t.Due < 0 || t.Due > 3650 {
				return nil, invalid("stage %q: the task %q is due between 0 and 3650 days after entry", s.Key, t.Text)
			}
		}
	}
	if f.PeriodDays <= 0 {
		f.PeriodDays = 90
	}
	return &f, checkNeeded(f.Account.Needed, StageAccount)
}

func checkNeeded(list []Needed, stage string) error {
	for i := range list {
		n := &list[i]
		if err := (Place{n.Section, stage, n.Page}).Check(); err != nil {
			return &Invalid{Field: funnelFile, Problem: fmt.Sprintf("stage %q: needed page %q: %v", stage, n.Page, err)}
		}
		if n.Title == "" {
			n.Title = titleOf(n.Page)
		}
		if n.Template != "" && (strings.Contains(n.Template, "/") || !strings.HasSuffix(n.Template, pageExt)) {
			return &Invalid{Field: funnelFile, Problem: fmt.Sprintf("stage %q: the template %q is a file name under templates/ that ends in .md", stage, n.Template)}
		}
	}
	return nil
}

type funnelAt struct {
	head   repo.Hash
	funnel *Funnel
}

// Funnel is the company's funnel as the playbook has it now.
func (w *Wiki) Funnel(ctx context.Context) (*Funnel, error) {
	head, tree, err := w.playbook()
	if err != nil {
		return nil, err
	}
	if at := w.funnel.Load(); at != nil && at.head == head {
		return at.funnel, nil
	}
	data, err := tree.ReadFile(funnelFile)
	if err != nil {
		return nil, fmt.Errorf("reading the funnel: %w", err)
	}
	f, err := ParseFunnel(data)
	if err != nil {
		return nil, fmt.Errorf("reading the funnel: %w", err)
	}
	w.funnel.Store(&funnelAt{head, f})
	return f, nil
}

// setFunnel replaces the funnel after checking it, in one commit with what is
// told beside it. Only administrators may.
func (w *Wiki) setFunnel(ctx context.Context, caller people.Caller, data []byte, beside ...repo.Edit) error {
	if !caller.Can(people.Administer) {
		return people.ErrForbidden
	}
	if _, err := ParseFunnel(data); err != nil {
		return err
	}
	s, err := w.side(Playbook, Internal)
	if err != nil {
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	head, err := s.repo.Head()
	if err != nil {
		return err
	}
	_, err = s.commit(ctx, caller, head, append(beside, repo.Edit{Path: funnelFile, Data: data}), "Change the funnel")
	if errors.Is(err, repo.ErrNoChange) {
		return nil
	}
	return err
}

// FunnelText is funnel.yaml of the playbook as it was written, for a form that
// edits it. Any member of staff may read it.
func (w *Wiki) FunnelText(ctx context.Context, caller people.Caller) ([]byte, error) {
	if err := w.may(ctx, caller, Playbook, Internal, people.Viewer); err != nil {
		return nil, err
	}
	_, tree, err := w.playbook()
	if err != nil {
		return nil, err
	}
	data, err := tree.ReadFile(funnelFile)
	if err != nil {
		return nil, fmt.Errorf("reading the funnel: %w", err)
	}
	return data, nil
}
