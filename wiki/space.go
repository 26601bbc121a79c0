package wiki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Limits of space.yaml.
const (
	maxSpaceFile = 64 << 10 // bytes
	maxStepName  = 80       // bytes of the buyer's name for a step
)

// SharedStep is a step of the deal as the customer reads it: a name, and no
// stage of ours.
type SharedStep struct {
	Name    string
	Current bool
	Done    bool // it lies before the current one
}

// SharedSteps are the buyer's names of the steps in the order of the funnel.
// Stages without a name are left out, and neighbours of one name are one step.
// Without a current step that the owner has set, none is done and none current.
func (i *SpaceInfo) SharedSteps(order []string) []SharedStep {
	var steps []SharedStep
	at := -1
	for _, key := range order {
		name := strings.TrimSpace(i.Steps[key])
		if name == "" {
			continue
		}
		if n := len(steps); n == 0 || steps[n-1].Name != name {
			steps = append(steps, SharedStep{Name: name})
		}
		if key == i.Step {
			at = len(steps) - 1
		}
	}
	for n := range steps {
		steps[n].Current, steps[n].Done = n == at, n < at
	}
	return steps
}

// GoalDate is the goal date, zero when none is set.
func (i *SpaceInfo) GoalDate() time.Time {
	t, _ := time.Parse(dateFormat, i.Goal)
	return t
}

func (i *SpaceInfo) check() error {
	for _, f := range []struct{ field, value string }{{"title", i.Title}, {"company", i.Company}, {"customer", i.Customer}} {
		if err := checkTitle(f.field, f.value); err != nil {
			return err
		}
	}
	for key, name := range i.Steps {
		if err := checkStageKey(key); err != nil {
			return err
		}
		if !printable(name) || len(name) > maxStepName {
			return &Invalid{Field: "steps", Problem: fmt.Sprintf("%s: a name has at most %d bytes and no control characters", key, maxStepName)}
		}
	}
	if i.Goal != "" {
		if t, err := time.Parse(dateFormat, i.Goal); err != nil || t.Year() < 1970 || t.Year() > 9999 {
			return &Invalid{Field: "goal", Problem: "is a date such as 2027-03-01"}
		}
	}
	return nil
}

// ParseSpaceInfo reads space.yaml.
func ParseSpaceInfo(data []byte) (*SpaceInfo, error) {
	if len(data) > maxSpaceFile {
		return nil, &Invalid{Field: spaceFile, Problem: "is larger than 64 kB"}
	}
	var info SpaceInfo
	if err := yaml.Unmarshal(data, &info); err != nil {
		return nil, &Invalid{Field: spaceFile, Problem: "is not valid YAML"}
	}
	return &info, nil
}

// Info is what space.yaml tells of the deal as such. One that is missing or
// cannot be read tells nothing: the shared space stays open.
func (sd *Side) Info(ctx context.Context, caller people.Caller) (*SpaceInfo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	if sd.s.section != External {
		return nil, ErrNotFound
	}
	_, tree, err := sd.s.latest()
	if err != nil {
		return nil, err
	}
	data, err := tree.ReadFile(spaceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &SpaceInfo{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", spaceFile, err)
	}
	info, err := ParseSpaceInfo(data)
	if err != nil {
		sd.s.w.log.Warn("what the customer is told of a deal cannot be read", "prospect", sd.s.prospect, "err", err)
		return &SpaceInfo{}, nil
	}
	return info, nil
}

// SetInfo changes what the customer is told of the deal as such. Only the owner
// does. A current step must have a name.
func (sd *Side) SetInfo(ctx context.Context, caller people.Caller, change func(*SpaceInfo)) error {
	if err := sd.mayEdit(ctx, caller, External); err != nil {
		return err
	}
	if err := sd.may(ctx, caller, people.Owner); err != nil {
		return err
	}
	s := sd.s
	s.write.Lock()
	defer s.write.Unlock()
	head, tree, err := s.latest()
	if err != nil {
		return err
	}
	data, err := tree.ReadFile(spaceFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading %s: %w", spaceFile, err)
	}
	info, err := ParseSpaceInfo(data)
	if err != nil {
		return err
	}
	change(info)
	maps.DeleteFunc(info.Steps, func(_, name string) bool { return strings.TrimSpace(name) == "" })
	if info.Step != "" && info.Steps[info.Step] == "" {
		return &Invalid{Field: "step", Problem: "has no name that the customer can read; give it one first"}
	}
	if err := info.check(); err != nil {
		return err
	}
	next, err := yaml.Marshal(info)
	if err != nil {
		return err
	}
	if bytes.Equal(next, data) {
		return nil
	}
	_, err = s.commit(ctx, caller, head, []repo.Edit{{Path: spaceFile, Data: next}}, "Change what the shared space says of the deal")
	return err
}

// Named answers what lists show of the external page of a name. Names are unique
// over the section, so that no stage has to be told.
func (sd *Side) Named(ctx context.Context, caller people.Caller, page string) (PageInfo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return PageInfo{}, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return PageInfo{}, err
	}
	if info := snap.infos[snap.names[page]]; info != nil && sd.s.section == External {
		return *info, nil
	}
	return PageInfo{}, ErrNotFound
}

// Renamed answers the page that had a name before and has another now, or
// ErrNotFound.
func (sd *Side) Renamed(ctx context.Context, caller people.Caller, page string) (PageInfo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return PageInfo{}, err
	}
	if sd.s.section != External || checkSlug("page", page) != nil {
		return PageInfo{}, ErrNotFound
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return PageInfo{}, err
	}
	funnel, err := sd.s.w.Funnel(ctx)
	if err != nil {
		return PageInfo{}, err
	}
	stages := map[string]bool{StageAccount: true, StageLog: true}
	for i := range funnel.Stages {
		stages[funnel.Stages[i].Key] = true
	}
	for i := range snap.pages {
		stages[snap.pages[i].Stage] = true
	}
	for _, stage := range slices.Sorted(maps.Keys(stages)) {
		path, err := sd.s.w.history.MovedTo(ctx, sd.s.name(), Place{External, stage, page}.Path())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return PageInfo{}, err
		}
		if info := snap.infos[path]; info != nil {
			return *info, nil
		}
	}
	return PageInfo{}, ErrNotFound
}

// FileNamed answers the external attachment of a name.
func (sd *Side) FileNamed(ctx context.Context, caller people.Caller, name string) (FileInfo, error) {
	files, err := sd.Files(ctx, caller)
	if err != nil {
		return FileInfo{}, err
	}
	for i := range files {
		if files[i].Name == name && sd.s.section == External {
			return files[i], nil
		}
	}
	return FileInfo{}, ErrNotFound
}

// StageOrder is the order of the funnel's stages, by key: in which the buyer's
// names of the steps are read.
func (sd *Side) StageOrder(ctx context.Context, caller people.Caller) ([]string, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	funnel, err := sd.s.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(funnel.Stages))
	for i := range funnel.Stages {
		keys[i] = funnel.Stages[i].Key
	}
	return keys, nil
}
