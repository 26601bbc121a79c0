package search

import (
	"context"
	"sort"

	"github.com/blevesearch/bleve/v2"
	bquery "github.com/blevesearch/bleve/v2/search/query"
)

// Suggest finds prospects, pages and attachments whose title has words that
// begin as those of text do, for a palette that is typed in: prospects first,
// then the best match. limit is 1 to MaxLimit. visible is as for Search.
func (x *Index) Suggest(ctx context.Context, text string, access []string, limit int, visible func(prospect string) bool) ([]Hit, error) {
	return x.suggest(ctx, []*Section{x.internal, x.external}, text, access, limit, visible)
}

// Suggest is Index.Suggest on one section alone.
func (s *Section) Suggest(ctx context.Context, text string, access []string, limit int, visible func(prospect string) bool) ([]Hit, error) {
	return s.owner.suggest(ctx, []*Section{s}, text, access, limit, visible)
}

func (x *Index) suggest(ctx context.Context, sections []*Section, text string, access []string, limit int, visible func(string) bool) ([]Hit, error) {
	if limit < 1 || limit > MaxLimit {
		return nil, ErrLimit
	}
	const maxText, maxWords = 256, 8
	words := x.analyzers.terms(cutText(text, maxText))
	if len(words) == 0 || len(access) == 0 {
		return nil, nil
	}
	words = words[:min(len(words), maxWords)]
	if visible == nil {
		visible = func(string) bool { return true }
	}
	if err := x.enter(); err != nil {
		return nil, err
	}
	defer x.leave()
	var hits []Hit
	for _, s := range sections {
		found, err := s.suggestions(ctx, words, access, limit, visible)
		if err != nil {
			return nil, x.trouble(ctx, err)
		}
		hits = append(hits, found...)
	}
	sort.SliceStable(hits, func(i, j int) bool {
		a, b := hits[i], hits[j]
		if (a.Type == typeProspect) != (b.Type == typeProspect) {
			return a.Type == typeProspect
		}
		if a.Score != b.Score {
			return a.Score > b.Score
		}
		return a.ID < b.ID
	})
	return hits[:min(len(hits), limit)], nil
}

func (s *Section) suggestions(ctx context.Context, words, access []string, limit int, visible func(string) bool) (hits []Hit, err error) {
	defer func() {
		if c := recover(); c != nil {
			hits, err = nil, s.owner.damage(c)
		}
	}()
	marker := newMarker(s.owner.analyzers)
	must := []bquery.Query{quiet{anyOf(fieldAccess, access)}}
	for _, w := range words {
		marker.word(w)
		marker.prefix(w)
		must = append(must, either([]bquery.Query{weighted(fieldPrefix, cutRunes(fold(w), maxTitlePrefix), 1), weighted(fieldTitle, w, 1)}))
	}
	// Prospects are asked for apart, so that many pages cannot crowd them out.
	for _, typ := range []string{typeProspect, ""} {
		q := append([]bquery.Query{}, must...)
		not := []bquery.Query{quiet{keyword(fieldType, typeProspect)}}
		if typ != "" {
			q, not = append(q, quiet{keyword(fieldType, typ)}), nil
		}
		req := bleve.NewSearchRequestOptions(bquery.NewBooleanQuery([]bquery.Query{bquery.NewConjunctionQuery(q)}, nil, not), 2*limit+10, 0, false)
		req.Fields = []string{fieldData}
		res, err := s.bleve.SearchInContext(ctx, req)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, m := range res.Hits {
			sh, err := stored(m)
			if err != nil {
				return nil, s.owner.damage(err)
			}
			if n == limit || !visible(sh.Prospect) {
				continue
			}
			n++
			h := sh.hit(s.name, m.ID, m.Score)
			h.TitleParts = marker.title(sh.Title, sh.Lang)
			hits = append(hits, h)
		}
	}
	return hits, nil
}
