package wiki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// funnelMovesFile lies beside the funnel: to which stage the prospects of a
// former one went.
const funnelMovesFile = "funnel-moves.yaml"

// funnelMoves answers where the prospects of stages go that are no more.
func (w *Wiki) funnelMoves() (map[string]string, error) {
	_, tree, err := w.playbook()
	if err != nil {
		return nil, err
	}
	data, err := tree.ReadFile(funnelMovesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", funnelMovesFile, err)
	}
	var moves map[string]string
	if err := yaml.Unmarshal(data, &moves); err != nil {
		w.log.Warn("where prospects of former stages go cannot be read", "file", funnelMovesFile, "err", err)
		return nil, nil
	}
	return moves, nil
}

// noteMoves is the edit of the file of moves that belongs to a new funnel, none
// when nothing is added to it. Earlier moves go on to where their stage went.
func (w *Wiki) noteMoves(next *Funnel, moves map[string]string) ([]repo.Edit, error) {
	before, err := w.funnelMoves()
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for from, to := range moves {
		if next.Stage(from) == nil && next.Stage(to) != nil {
			all[from] = to
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	for from, to := range before {
		if on := all[to]; on != "" {
			to = on
		}
		if all[from] == "" && next.Stage(from) == nil && next.Stage(to) != nil {
			all[from] = to
		}
	}
	data, err := yaml.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", funnelMovesFile, err)
	}
	head := "# To which stage the prospects of a former one went. Kept by the form of the funnel.\n"
	return []repo.Edit{{Path: funnelMovesFile, Data: append([]byte(head), data...)}}, nil
}

// followFunnel moves every prospect in a stage that is no more to the one that
// was named for it. It does nothing to others, and may be repeated.
func (w *Wiki) followFunnel(ctx context.Context) error {
	moves, err := w.funnelMoves()
	if err != nil || len(moves) == 0 {
		return err
	}
	funnel, err := w.Funnel(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range w.Prospects(ctx, people.System("funnel")) {
		from, to := e.Stage, moves[e.Stage]
		if funnel.Stage(from) != nil || funnel.Stage(to) == nil {
			continue
		}
		_, err := w.updateProspect(ctx, people.System("dealwiki"), e.Slug, people.Editor, "Move to "+funnel.Stage(to).Title, func(p *Prospect) {
			if p.Stage == from {
				p.Stage = to
			}
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("moving %s to %s: %w", e.Slug, to, err))
		}
	}
	return errors.Join(failed...)
}
