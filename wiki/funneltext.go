package wiki

import (
	"context"
	"fmt"

	"dealwiki/wiki/people"
)

// FunnelText is funnel.yaml of the playbook as it was written, for a form that
// edits it. Any member of staff may read it.
func (w *Wiki) FunnelText(ctx context.Context, caller people.Caller) ([]byte, error) {
	if err := w.may(ctx, caller, Playbook, Internal, people.Viewer); err != nil {
		return nil, err
	}
	s, err := w.side(Playbook, Internal)
	if err != nil {
		return nil, fmt.Errorf("opening the playbook: %w", err)
	}
	head, err := s.repo.Head()
	if err != nil {
		return nil, fmt.Errorf("reading the playbook: %w", err)
	}
	tree, err := s.repo.Tree(head)
	if err != nil {
		return nil, fmt.Errorf("reading the playbook: %w", err)
	}
	data, err := tree.ReadFile(funnelFile)
	if err != nil {
		return nil, fmt.Errorf("reading the funnel: %w", err)
	}
	return data, nil
}
