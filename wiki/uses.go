package wiki

import (
	"context"
	"sort"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki/people"
)

// FileUses tells for every attachment of the side that pages link to, by its
// repository path, which pages of the side do, by theirs.
func (sd *Side) FileUses(ctx context.Context, caller people.Caller) (map[string][]string, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	imports, err := sd.ImportMap(ctx, caller)
	if err != nil {
		return nil, err
	}
	prefix := string(sd.s.section) + "/"
	uses := map[string][]string{}
	for page, text := range snap.texts {
		seen := map[string]bool{}
		for _, l := range text.Links {
			if l.Kind != content.Relative && l.Kind != content.Image {
				continue
			}
			target := JoinLink(page, l.Dest)
			if full, ok := imports.Lookup(prefix+page, l.Dest); ok {
				target = strings.TrimPrefix(full, prefix)
			}
			if _, ok := fileOf(sd.s.section, target); ok && !seen[target] {
				seen[target] = true
				uses[target] = append(uses[target], page)
			}
		}
	}
	for _, pages := range uses {
		sort.Strings(pages)
	}
	return uses, nil
}
