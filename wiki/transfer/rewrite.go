package transfer

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// importedAddress stands for the addresses that are not kept: a domain that can
// never receive mail, as in all commits that the wiki makes.
const importedAddress = "imported@users.invalid"

// syncEvery is how many commits are written before they are made durable, so
// that an import which is killed goes on from there.
const syncEvery = 2000

// rewriter makes the commits of a source with the paths that they have in the
// wiki, for one side.
type rewriter struct {
	src     *Source
	targets []target
	section wiki.Section
	keep    bool      // messages and addresses as they are
	parent  repo.Hash // where a folder's history goes on
	made    repo.Commit
	r       *repo.Repo
	// known are rewritten commits that main has, and so everything they need.
	known    map[repo.Hash]bool
	progress func(done, total int, what string)

	written map[repo.Hash]bool // blobs
	resumed bool               // an earlier run has left objects behind
}

// dir is a folder of a rewritten commit. Its fields but written never change.
type dir struct {
	hash    repo.Hash
	entries map[string]repo.TreeEntry
	subs    map[string]*dir
	written bool
}

// rewritten is what became of a source commit.
type rewritten struct {
	id      repo.Hash // the commit, or the one that stands for it; zero: nothing yet
	kept    bool      // it was made, and is not just standing for another
	parents []int     // source commits whose ids are the parents
	root    *dir
}

// run writes the commits and answers the last one's id, zero when the side gets
// no files, and all that were made, in the order of the source.
func (w *rewriter) run(ctx context.Context) (repo.Hash, []repo.Hash, error) {
	mine := false
	for _, t := range w.targets {
		mine = mine || t.section == w.section
	}
	if !mine {
		return repo.Zero, nil, nil
	}
	w.written = map[repo.Hash]bool{}
	w.checkResumed()
	children := make([]int, len(w.src.commits))
	for _, c := range w.src.commits {
		for _, p := range c.parents {
			children[p]++
		}
	}
	out := make([]rewritten, len(w.src.commits))
	var made []repo.Hash
	for i := range w.src.commits {
		if err := ctx.Err(); err != nil {
			return repo.Zero, nil, err
		}
		if err := w.commit(i, out); err != nil {
			return repo.Zero, nil, fmt.Errorf("writing commit %s: %w", w.src.commits[i].id, err)
		}
		if out[i].kept {
			made = append(made, out[i].id)
		}
		for _, p := range w.src.commits[i].parents {
			if children[p]--; children[p] == 0 {
				out[p].root = nil // nobody builds on it any more
			}
		}
		if i%syncEvery == syncEvery-1 {
			if err := w.r.Sync(); err != nil {
				return repo.Zero, nil, fmt.Errorf("writing commits: %w", err)
			}
		}
		if i%100 == 99 || i == len(w.src.commits)-1 {
			w.progress(i+1, len(w.src.commits), "writing the "+string(w.section)+" history")
		}
	}
	return out[len(out)-1].id, made, nil
}

// checkResumed looks whether the first content is there already.
func (w *rewriter) checkResumed() {
	for i := range w.src.commits {
		for _, ch := range w.src.commits[i].changes {
			if w.targets[ch.path].section == w.section && !ch.blob.IsZero() {
				w.resumed = w.r.Has(ch.blob)
				return
			}
		}
	}
}

func (w *rewriter) commit(i int, out []rewritten) error {
	c := &w.src.commits[i]
	var base *dir
	if len(c.parents) > 0 {
		base = out[c.parents[0]].root
	}
	edits := map[string]repo.Hash{}
	for _, ch := range c.changes {
		if t := w.targets[ch.path]; t.section == w.section {
			edits[t.path()] = ch.blob
		}
	}
	root := apply(base, edits)
	parents, skip := w.parents(i, out, root, len(edits))
	if skip {
		out[i] = rewritten{root: root}
		if len(parents) > 0 {
			out[i].id = out[parents[0]].id
		}
		return nil
	}
	rc := repo.Commit{Tree: root.id(), Author: c.author, Committer: c.committer, AuthoredAt: c.authoredAt, CommittedAt: c.committedAt, Text: c.text}
	if w.src.folder {
		rc.Author, rc.Committer, rc.AuthoredAt, rc.CommittedAt, rc.Text = w.made.Author, w.made.Committer, w.made.AuthoredAt, w.made.CommittedAt, w.made.Text
		if !w.parent.IsZero() {
			rc.Parents = []repo.Hash{w.parent}
		}
	} else if !w.keep {
		rc.Author, rc.Committer = unaddressed(rc.Author), unaddressed(rc.Committer)
		rc.Text = w.describe(edits, len(c.parents))
	}
	for _, p := range parents {
		rc.Parents = append(rc.Parents, out[p].id)
	}
	if id := commitID(rc); w.known[id] {
		root.markWritten()
		for _, blob := range edits {
			w.written[blob] = true
		}
		out[i] = rewritten{id: id, kept: true, parents: parents, root: root}
		return nil
	}
	for _, blob := range edits {
		if err := w.writeBlob(blob); err != nil {
			return err
		}
	}
	if err := root.write(w.r); err != nil {
		return err
	}
	id, err := w.r.WriteCommit(rc)
	if err != nil {
		return err
	}
	out[i] = rewritten{id: id, kept: true, parents: parents, root: root}
	return nil
}

// parents answers the source commits whose rewritten ids become the parents,
// and whether the commit leaves no trace on this side: on the external side,
// where work on internal files is nobody's business.
func (w *rewriter) parents(i int, out []rewritten, root *dir, edits int) (list []int, skip bool) {
	c := &w.src.commits[i]
	seen := map[repo.Hash]bool{}
	for _, p := range c.parents {
		if id := out[p].id; !id.IsZero() && !seen[id] {
			seen[id] = true
			list = append(list, p)
		}
	}
	if w.section == wiki.Internal {
		return list, false
	}
	if len(c.parents) < 2 {
		return list, edits == 0 && len(c.changes) > 0
	}
	// A branch that is left out wholly is stood for by the commit it began at.
	// Where that is part of the other parents' past, and the merge is what the
	// other parent was, it would only tell that something else was done.
	list = slices.DeleteFunc(slices.Clone(list), func(p int) bool {
		if out[p].kept {
			return false
		}
		for _, q := range list {
			if q != p && out[q].root != nil && out[q].root.id() == root.id() && reaches(out, out[q].id, out[p].id, q) {
				return true
			}
		}
		return false
	})
	switch len(list) {
	case 0:
		return nil, edits == 0
	case 1:
		return list, out[list[0]].root.id() == root.id()
	}
	return list, false
}

// reaches reports whether the commit that from stands for has the commit id in
// its past.
func reaches(out []rewritten, start, id repo.Hash, from int) bool {
	// A commit that stands for another has its id; the one that was made is
	// before it.
	byID := map[repo.Hash]int{}
	for i := from; i >= 0; i-- {
		if out[i].kept {
			byID[out[i].id] = i
		}
	}
	seen := map[repo.Hash]bool{start: true}
	for todo := []repo.Hash{start}; len(todo) > 0; {
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if h == id {
			return true
		}
		at, ok := byID[h]
		if !ok {
			continue
		}
		for _, p := range out[at].parents {
			if next := out[p].id; !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return false
}

// describe says what a commit did in words that show nothing but what it brings.
func (w *rewriter) describe(edits map[string]repo.Hash, parents int) string {
	if parents > 1 {
		return "Merge\n"
	}
	if len(edits) == 0 {
		return "Imported version\n"
	}
	const atMost = 3
	var names []string
	for _, p := range slices.Sorted(maps.Keys(edits)) {
		if t, ok := targetOf(w.section, p); ok {
			names = append(names, t.name)
		}
	}
	more := ""
	if len(names) > atMost {
		more = fmt.Sprintf(" and %d more", len(names)-atMost)
		names = names[:atMost]
	}
	return "Change " + strings.Join(names, ", ") + more + "\n"
}

// unaddressed keeps the name of a person and nothing that mail could be sent to.
func unaddressed(p repo.Person) repo.Person {
	name, _, _ := strings.Cut(p.Name, "@")
	if name = strings.TrimSpace(name); name == "" {
		name = "Unknown"
	}
	return repo.Person{Name: name, Email: importedAddress}
}

func (w *rewriter) writeBlob(blob repo.Hash) error {
	if blob.IsZero() || w.written[blob] {
		return nil
	}
	if w.resumed && w.r.Has(blob) {
		w.written[blob] = true
		return nil
	}
	data, err := w.src.blob(blob)
	if err != nil {
		return err
	}
	if _, err := w.r.WriteBlob(data); err != nil {
		return err
	}
	w.written[blob] = true
	return nil
}

// id is the folder's hash; no folder is the empty one.
func (d *dir) id() repo.Hash {
	if d == nil {
		return plumbing.ComputeHash(plumbing.TreeObject, nil)
	}
	return d.hash
}

// apply makes the folder that edits turn d into, nil when nothing is left.
func apply(d *dir, edits map[string]repo.Hash) *dir {
	if len(edits) == 0 {
		return d
	}
	next := &dir{entries: map[string]repo.TreeEntry{}, subs: map[string]*dir{}}
	if d != nil {
		next.entries, next.subs = maps.Clone(d.entries), maps.Clone(d.subs)
	}
	below := map[string]map[string]repo.Hash{}
	for p, blob := range edits {
		name, rest, deeper := strings.Cut(p, "/")
		switch {
		case deeper && below[name] == nil:
			below[name] = map[string]repo.Hash{rest: blob}
		case deeper:
			below[name][rest] = blob
		case blob.IsZero():
			delete(next.entries, name)
		default:
			next.entries[name] = repo.TreeEntry{Name: name, Mode: repo.ModeFile, Hash: blob}
		}
	}
	for name, list := range below {
		sub := apply(next.subs[name], list)
		if sub == nil {
			delete(next.subs, name)
			delete(next.entries, name)
			continue
		}
		next.subs[name] = sub
		next.entries[name] = repo.TreeEntry{Name: name, Mode: repo.ModeDir, Hash: sub.hash}
	}
	if len(next.entries) == 0 {
		return nil
	}
	next.hash = plumbing.ComputeHash(plumbing.TreeObject, encodeEntries(next.list()))
	return next
}

// list is the entries in git's order: folders as if they ended in a slash.
func (d *dir) list() []repo.TreeEntry {
	list := slices.Collect(maps.Values(d.entries))
	key := func(e repo.TreeEntry) string {
		if e.Mode == repo.ModeDir {
			return e.Name + "/"
		}
		return e.Name
	}
	sort.Slice(list, func(i, j int) bool { return key(list[i]) < key(list[j]) })
	return list
}

func encodeEntries(list []repo.TreeEntry) []byte {
	var b bytes.Buffer
	for _, e := range list {
		fmt.Fprintf(&b, "%o %s\x00", uint32(e.Mode), e.Name)
		b.Write(e.Hash[:])
	}
	return b.Bytes()
}

// write stores the folders that are not stored yet.
func (d *dir) write(r *repo.Repo) error {
	if d == nil {
		_, err := r.WriteTree(nil)
		return err
	}
	if d.written {
		return nil
	}
	for _, sub := range d.subs {
		if err := sub.write(r); err != nil {
			return err
		}
	}
	h, err := r.WriteTree(d.list())
	if err != nil {
		return err
	}
	if h != d.hash {
		return fmt.Errorf("folder %s was stored as %s", d.hash, h)
	}
	d.written = true
	return nil
}

func (d *dir) markWritten() {
	if d == nil || d.written {
		return
	}
	d.written = true
	for _, sub := range d.subs {
		sub.markWritten()
	}
}

// commitID is the name that a commit gets when it is written. Were it ever
// wrong, commits that are there would only be written once more.
func commitID(c repo.Commit) repo.Hash {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", c.Tree)
	for _, p := range c.Parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	for _, who := range []struct {
		role   string
		person repo.Person
		at     time.Time
	}{{"author", c.Author, c.AuthoredAt}, {"committer", c.Committer, c.CommittedAt}} {
		fmt.Fprintf(&b, "%s %s <%s> %d %s\n", who.role, bare(who.person.Name), bare(who.person.Email), max(who.at.Unix(), 0), who.at.Format("-0700"))
	}
	b.WriteString("\n" + strings.ReplaceAll(c.Text, "\x00", ""))
	return plumbing.ComputeHash(plumbing.CommitObject, b.Bytes())
}

// bare is a name without what would break its line in a commit.
func bare(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if strings.ContainsRune("<>\n\r\x00", r) {
			return -1
		}
		return r
	}, s))
}
