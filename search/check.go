package search

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/blevesearch/bleve/v2"
	bquery "github.com/blevesearch/bleve/v2/search/query"
)

// Check compares the indexes with the repositories and describes what differs,
// one line for each; none when all is well. It changes nothing. Removing the
// index's folder repairs everything: it is built again. Call it when nothing
// is being committed and Sync or Run has caught up, or what is merely late is
// reported too.
func (x *Index) Check(ctx context.Context) (problems []string, err error) {
	if err := x.enter(); err != nil {
		return nil, err
	}
	defer x.leave()
	defer func() {
		if r := recover(); r != nil {
			problems, err = nil, x.damage(r)
		}
	}()
	if x.State().Building {
		problems = append(problems, "the search index is not complete yet")
	}
	seen := map[SideID]bool{}
	for side := range x.src.Sides(ctx) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		id := side.ID()
		seen[id] = true
		problem, err := x.checkSide(ctx, id, side)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s of %s cannot be compared with the search index: %v", id.Section, id.Prospect, err))
		case problem != "":
			problems = append(problems, fmt.Sprintf("%s of %s: %s", id.Section, id.Prospect, problem))
		}
	}
	for _, s := range []*Section{x.internal, x.external} {
		prospects, err := s.prospects()
		if err != nil {
			return nil, err
		}
		for _, p := range prospects {
			if seen[SideID{p, s.name}] {
				continue
			}
			if ids, err := s.ids(ctx, fieldProspect, p, 1); err != nil {
				return nil, err
			} else if len(ids) > 0 {
				problems = append(problems, fmt.Sprintf("%s of %s is in the search index and gone from the wiki", s.name, p))
			}
		}
	}
	return problems, ctx.Err()
}

func (x *Index) checkSide(ctx context.Context, id SideID, side Side) (string, error) {
	s := x.external
	if id.Section == Internal {
		s = x.internal
	}
	at, err := s.cursor(id.Prospect)
	if err != nil {
		return "", err
	}
	head, err := side.Head()
	if err != nil {
		return "", err
	}
	if at.Head != head || at.Sum != sum(side) {
		return "the search index is behind", nil
	}
	want := 0
	if head != "" {
		files, err := side.Changes(ctx, "", head)
		if err != nil {
			return "", err
		}
		for _, f := range files {
			if _, typ := place(f.Path); typ == typePage {
				want++
			}
		}
	}
	q := bquery.NewConjunctionQuery([]bquery.Query{keyword(fieldProspect, id.Prospect), keyword(fieldType, typePage)})
	req := bleve.NewSearchRequestOptions(q, 0, 0, false)
	req.Score = "none"
	res, err := s.bleve.SearchInContext(ctx, req)
	if err != nil {
		return "", err
	}
	if int(res.Total) != want {
		return fmt.Sprintf("the search index holds %d pages of %d", res.Total, want), nil
	}
	return "", nil
}
