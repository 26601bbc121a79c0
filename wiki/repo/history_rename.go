package repo

import (
	"dealwiki/content"
	"path"
	"slices"
)

// Renames are looked for among what a commit adds and removes: first content
// that is equal, then the most alike, if half of it is. Copies are never joined:
// pages made from one template would inherit each other's past.
const (
	alike       = 0.5
	maxPairs    = 400     // more pairs than this are compared only within a folder or name
	maxAlike    = 1 << 20 // bytes; larger files are joined only when equal
	maxAllPairs = 20000
)

func (w *walk) findRenames(list []*fresh) error {
	var born, gone []*fresh
	for _, f := range list {
		switch {
		case f.to.Hash.IsZero():
			gone = append(gone, f)
		case f.born:
			born = append(born, f)
		}
	}
	if len(born) == 0 || len(gone) == 0 {
		return nil
	}
	taken := make([]bool, len(gone))
	byBlob := map[Hash][]int{}
	for i, g := range gone {
		byBlob[g.old] = append(byBlob[g.old], i)
	}
	for _, b := range born {
		best := -1
		for _, i := range byBlob[b.to.Hash] {
			if !taken[i] && (best < 0 || path.Base(w.names[gone[i].i]) == path.Base(w.names[b.i])) {
				best = i
			}
		}
		if best >= 0 {
			taken[best] = true
			b.renamed = gone[best].i
		}
	}
	type pair struct {
		b, g  int
		score float64
	}
	var pairs []pair
	tried := 0
	few := len(born)*len(gone) <= maxPairs
	for bi, b := range born {
		if b.renamed >= 0 {
			continue
		}
		for gi, g := range gone {
			if taken[gi] || tried > maxAllPairs {
				continue
			}
			bp, gp := w.names[b.i], w.names[g.i]
			if !few && path.Dir(bp) != path.Dir(gp) && path.Base(bp) != path.Base(gp) {
				continue
			}
			tried++
			score, err := w.similar(g.old, b.to.Hash)
			if err != nil {
				return err
			}
			if score >= alike {
				pairs = append(pairs, pair{bi, gi, score})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	for _, p := range pairs {
		if born[p.b].renamed < 0 && !taken[p.g] {
			taken[p.g] = true
			born[p.b].renamed = gone[p.g].i
		}
	}
	return nil
}

func (w *walk) similar(a, b Hash) (float64, error) {
	x, err := w.r.Blob(a)
	if err != nil {
		return 0, err
	}
	y, err := w.r.Blob(b)
	if err != nil {
		return 0, err
	}
	small, large := min(len(x), len(y)), max(len(x), len(y))
	if large > maxAlike || small*2 < large || small == 0 {
		return 0, nil
	}
	return content.Similar(x, y), nil
}
