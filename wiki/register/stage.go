package register

import (
	"context"
	"slices"
	"time"

	"dealwiki/wiki"
)

// stages is which stage a deal was in from when on, oldest first.
type stages []stageFrom

type stageFrom struct {
	from  time.Time
	stage string
}

// stages reads a deal's stages from the versions of prospect.yaml.
func (r *Register) stages(ctx context.Context, prospect string) (stages, error) {
	if prospect == wiki.Playbook {
		return nil, nil
	}
	deals, err := r.w.StageHistory(ctx, system, prospect)
	if err != nil {
		return nil, err
	}
	var out stages
	for _, d := range deals {
		out = append(out, stageFrom{d.At, d.Stage})
	}
	return out, nil
}

// at answers the stage at a moment. What is older than the first record, as in
// an imported deal, counts for the stage whose pages it stands with.
func (s stages) at(t time.Time, pageStage string) string {
	i, exact := slices.BinarySearchFunc(s, t, func(e stageFrom, t time.Time) int { return e.from.Compare(t) })
	// Times are whole seconds: what came in the second of a move belongs to the
	// new stage when it stands with its pages.
	for j := i; exact && j < len(s) && s[j].from.Equal(t); j++ {
		if s[j].stage == pageStage {
			return pageStage
		}
	}
	if exact && i == 0 {
		i++
	}
	switch {
	case i > 0:
		return s[i-1].stage
	case pageStage != wiki.StageAccount && pageStage != wiki.StageLog:
		return pageStage
	case len(s) > 0:
		return s[0].stage
	}
	return ""
}
