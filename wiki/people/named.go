package people

import (
	"context"
	"slices"
)

// Restricted names, in order, the restricted prospects that the caller may see.
func (d *DB) Restricted(_ context.Context, c Caller) []string {
	p, all := d.cache.snapshot(c.Person.ID)
	var names []string
	for name, a := range all {
		if a.restricted && (c.system || levelOf(p, c.Scopes, a) >= Viewer) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
