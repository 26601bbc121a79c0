package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// ImportOptions say what an import makes of a source.
type ImportOptions struct {
	Prospect string                             // required: the name of a new prospect, or name or slug of one that is there
	Owner    string                             // of a new prospect: id, handle or address; "" is the caller
	Map      *Map                               // nil: the rules of the last import of this source, or everything to internal/account
	DryRun   bool                               // change nothing, only answer what would go where
	Progress func(done, total int, what string) // optional; called from the importing goroutine
}

// Pair is a path of a source and what it becomes.
type Pair struct {
	From string
	To   string // SECTION/STAGE/PAGE, or SECTION/STAGE/files/NAME
}

// String is SOURCE<TAB>TARGET on one line; a source path that would break the
// line is quoted.
func (p Pair) String() string {
	from := p.From
	if quoted := strconv.Quote(from); quoted != `"`+from+`"` && !printableUTF8(from) {
		from = quoted
	}
	return from + "\t" + p.To
}

func printableUTF8(s string) bool {
	for _, r := range s {
		if !strconv.IsPrint(r) && r != ' ' || r == '\uFFFD' {
			return false
		}
	}
	return true
}

// ImportResult is what an import has done, or would do.
type ImportResult struct {
	Slug    string
	Entry   wiki.Entry // zero for a dry run of a new prospect
	Created bool       // the prospect is new
	Changed bool       // something was added
	Commits int        // commits of the source
	Pairs   []Pair     // sorted by source path
	Notes   []string   // what a person should know, one sentence each
}

// Import makes a source part of a prospect, which is made when there is none.
// The source is checked whole first; on an error nothing has changed.
func Import(ctx context.Context, w *wiki.Wiki, caller people.Caller, src *Source, o ImportOptions) (*ImportResult, error) {
	if o.Progress == nil {
		o.Progress = func(int, int, string) {}
	}
	im := &importer{w: w, caller: caller, src: src, o: o, result: &ImportResult{Commits: len(src.commits)}}
	if err := im.plan(ctx); err != nil {
		return nil, err
	}
	if o.DryRun {
		return im.result, nil
	}
	var err error
	if im.result.Created {
		err = im.intoNew(ctx)
	} else {
		err = im.intoOld(ctx)
	}
	if err != nil {
		return nil, err
	}
	im.result.Entry, err = w.Prospect(ctx, caller, im.result.Slug)
	return im.result, err
}

// importer is one import on its way.
type importer struct {
	w      *wiki.Wiki
	caller people.Caller
	src    *Source
	o      ImportOptions
	result *ImportResult

	title   string
	owner   string
	m       *Map
	before  []byte             // import.yaml as it was planned from
	record  *wiki.ImportRecord // as it will be
	at      int                // which of its imports this is
	old     *wiki.Imported     // the same source, imported before; nil: never
	targets []target
}

func (im *importer) plan(ctx context.Context) error {
	name := strings.TrimSpace(im.o.Prospect)
	if name == "" {
		return &wiki.Invalid{Field: "prospect", Problem: "has no name; say which prospect to import into"}
	}
	slug := wiki.Slug(name)
	if err := wiki.CheckProspect(slug); err != nil {
		return err
	}
	im.title, im.result.Slug = name, slug
	if im.o.Owner != "" {
		p, err := im.w.People().Find(ctx, im.o.Owner)
		if err != nil {
			return &wiki.Invalid{Field: "owner", Problem: fmt.Sprintf("%q is nobody with an account here", im.o.Owner)}
		}
		im.owner = p.ID
	}
	entry, err := im.w.Prospect(ctx, im.caller, slug)
	switch {
	case errors.Is(err, wiki.ErrNotFound):
		im.result.Created = true
		im.record = &wiki.ImportRecord{}
	case err != nil:
		return err
	default:
		im.result.Entry = entry
	}
	taken, err := im.readProspect(ctx)
	if err != nil {
		return err
	}
	known, err := im.chooseMap()
	if err != nil {
		return err
	}
	if err := im.checkStages(ctx); err != nil {
		return err
	}
	targets, notes, err := buildMapping(im.src, im.m, known, taken)
	if err != nil {
		return err
	}
	im.targets = targets
	im.result.Notes = append(append(im.result.Notes, im.src.Notes...), notes...)
	for i, p := range im.src.paths {
		im.result.Pairs = append(im.result.Pairs, Pair{p, targets[i].String()})
	}
	sort.Slice(im.result.Pairs, func(i, j int) bool { return im.result.Pairs[i].From < im.result.Pairs[j].From })
	return nil
}

// readProspect reads what is in the prospect: import.yaml and the names in use,
// of which those of this source's own files are free to it.
func (im *importer) readProspect(ctx context.Context) (map[string]bool, error) {
	taken := map[string]bool{}
	if im.result.Created {
		return taken, nil
	}
	sp, err := im.w.Space(ctx, im.caller, im.result.Slug)
	if err != nil {
		return nil, err
	}
	for _, sd := range sp.Sides() {
		c, err := sd.Contents(ctx, im.caller)
		if err != nil {
			return nil, err
		}
		for _, p := range c.Paths {
			if t, ok := targetOf(c.Section, p); ok {
				taken[t.key()] = true
			}
		}
		if c.Section == wiki.Internal {
			im.before, err = c.Tree.ReadFile(wiki.ImportFile)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	if im.record, err = wiki.ParseImportRecord(im.before); err != nil {
		return nil, err
	}
	for _, imp := range im.record.Imports {
		for _, p := range imp.Paths {
			if t, ok := parseTargetPath(p.To); ok {
				taken[t.key()] = true
			}
		}
	}
	return taken, nil
}

// chooseMap settles which rules hold, and answers what is known already.
func (im *importer) chooseMap() (map[string]target, error) {
	im.at = len(im.record.Imports)
	for i := range im.record.Imports {
		if im.record.Imports[i].Source == im.src.ID {
			im.at, im.old = i, &im.record.Imports[i]
		}
	}
	im.m = im.o.Map
	known := map[string]target{}
	if im.old == nil {
		if im.m == nil {
			im.m = &Map{Messages: MessagesReplace}
		}
		return known, nil
	}
	before := &Map{Messages: im.old.Messages, Rules: im.old.Rules}
	if im.m == nil {
		im.m = before
	}
	if im.m.Messages != before.Messages {
		return nil, &wiki.Invalid{Field: "the map", Problem: fmt.Sprintf("says messages: %s, but this source was imported with messages: %s; leave that line as it was", im.m.Messages, before.Messages)}
	}
	for _, p := range im.old.Paths {
		t, ok := parseTargetPath(p.To)
		if !ok {
			return nil, &wiki.Invalid{Field: wiki.ImportFile, Problem: fmt.Sprintf("has a target that cannot be: %q", p.To)}
		}
		if im.m.target(p.From) != before.target(p.From) {
			return nil, &wiki.Invalid{Field: "the map", Problem: fmt.Sprintf("sends %q elsewhere than the import before did (%s); move the page in the wiki instead, or import into another prospect", p.From, p.To)}
		}
		known[p.From] = t
	}
	return known, nil
}

func (im *importer) checkStages(ctx context.Context) error {
	funnel, err := im.w.Funnel(ctx)
	if err != nil {
		return err
	}
	for i, r := range im.m.Rules {
		t, err := parseTarget(r.To)
		if err != nil {
			return &wiki.Invalid{Field: "the map", Problem: fmt.Sprintf("rule %d: to %q: %v", i+1, r.To, err)}
		}
		if t.stage != wiki.StageAccount && t.stage != wiki.StageLog && funnel.Stage(t.stage) == nil {
			var keys []string
			for _, s := range funnel.Stages {
				keys = append(keys, s.Key)
			}
			return &wiki.Invalid{Field: "the map", Problem: fmt.Sprintf("rule %d: %q is not a stage; use account, log or one of %s", i+1, t.stage, strings.Join(keys, ", "))}
		}
	}
	return nil
}

// rewriter is what makes this import's commits on one side.
func (im *importer) rewriter(section wiki.Section, r *repo.Repo) *rewriter {
	rw := &rewriter{src: im.src, targets: im.targets, section: section, r: r, progress: im.o.Progress,
		keep: section == wiki.Internal || im.m.Messages == MessagesKeep}
	who := im.w.Identity(im.caller)
	now := im.w.Now()
	rw.made = repo.Commit{Author: who, Committer: who, AuthoredAt: now, CommittedAt: now, Text: "Import " + oneLine(im.src.Name) + "\n"}
	if section == wiki.External {
		rw.made.Text = "Import files\n"
	}
	return rw
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// newRecord is import.yaml as it will be, once the tips are known.
func (im *importer) newRecord(tips map[wiki.Section]repo.Hash) ([]byte, error) {
	imp := wiki.Imported{Source: im.src.ID, Name: im.src.Name, Last: im.src.head, Messages: im.m.Messages, Rules: im.m.Rules, Tips: map[wiki.Section]string{}}
	for section, tip := range tips {
		if !tip.IsZero() {
			imp.Tips[section] = tip.String()
		}
	}
	have := map[string]bool{}
	for _, p := range im.result.Pairs {
		have[p.From] = true
		imp.Paths = append(imp.Paths, wiki.ImportedPath{From: p.From, To: p.To})
	}
	// What an earlier import named and this one does not (a folder's file that
	// is gone, a branch that was thrown away) keeps its place.
	if im.old != nil {
		imp.Name = im.old.Name
		for _, p := range im.old.Paths {
			if !have[p.From] {
				imp.Paths = append(imp.Paths, p)
			}
		}
	}
	sort.Slice(imp.Paths, func(i, j int) bool { return imp.Paths[i].From < imp.Paths[j].From })
	rec := wiki.ImportRecord{Imports: append([]wiki.Imported(nil), im.record.Imports...)}
	if im.at < len(rec.Imports) {
		rec.Imports[im.at] = imp
	} else {
		rec.Imports = append(rec.Imports, imp)
	}
	var b bytes.Buffer
	b.WriteString("# What was imported, and what its files are called here. Written by imports alone.\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(rec), enc.Close()); err != nil {
		return nil, fmt.Errorf("writing %s: %w", wiki.ImportFile, err)
	}
	return b.Bytes(), nil
}

func (im *importer) intoNew(ctx context.Context) error {
	tips := map[wiki.Section]repo.Hash{}
	n := wiki.NewProspect{Prospect: wiki.Prospect{Slug: im.result.Slug, Title: im.title}, Owner: im.owner}
	entry, err := im.w.ImportProspect(ctx, im.caller, n, im.src.ID,
		func(ctx context.Context, section wiki.Section, r *repo.Repo, head repo.Hash) (repo.Hash, error) {
			tip, made, err := im.rewriter(section, r).run(ctx)
			if err != nil {
				return repo.Zero, err
			}
			tips[section] = tip
			return im.join(ctx, section, r, head, tips, made)
		})
	if err != nil {
		return err
	}
	im.result.Slug, im.result.Changed = entry.Slug, true // the slug may have been taken
	return nil
}

func (im *importer) intoOld(ctx context.Context) error {
	tips := map[wiki.Section]repo.Hash{}
	made := map[wiki.Section][]repo.Hash{}
	prepare := func(section wiki.Section) func(context.Context, *repo.Repo) error {
		return func(ctx context.Context, r *repo.Repo) error {
			head, err := r.Head()
			if err != nil {
				return err
			}
			rw := im.rewriter(section, r)
			if im.old != nil {
				if tips[section], err = im.done(ctx, section, r, head, rw); err != nil || !tips[section].IsZero() {
					return err
				}
			}
			tips[section], made[section], err = rw.run(ctx)
			return err
		}
	}
	join := func(section wiki.Section) func(context.Context, *repo.Repo, repo.Hash) (repo.Hash, error) {
		return func(ctx context.Context, r *repo.Repo, head repo.Hash) (repo.Hash, error) {
			return im.join(ctx, section, r, head, tips, made[section])
		}
	}
	// The internal side is joined first: with import.yaml it has the names that
	// the external side's files get, so an import that stops between the two is
	// completed by the next run.
	for _, step := range []struct {
		section wiki.Section
		h       wiki.HistoryImport
	}{
		{wiki.External, wiki.HistoryImport{Prepare: prepare(wiki.External)}},
		{wiki.Internal, wiki.HistoryImport{Prepare: prepare(wiki.Internal), Join: join(wiki.Internal)}},
		{wiki.External, wiki.HistoryImport{Join: join(wiki.External)}},
	} {
		if err := im.w.ImportHistory(ctx, im.caller, im.result.Slug, step.section, step.h); err != nil {
			return fmt.Errorf("importing to %s: %w", step.section, err)
		}
	}
	return nil
}

// done answers the tip when the source was imported as it is and the side has
// it already; else it tells the rewriter what the side has.
func (im *importer) done(ctx context.Context, section wiki.Section, r *repo.Repo, head repo.Hash, rw *rewriter) (repo.Hash, error) {
	old, err := repo.ParseHash(im.old.Tips[section])
	if err != nil {
		return repo.Zero, nil // the side got nothing then
	}
	if !r.Has(old) {
		return repo.Zero, nil // it never came so far
	}
	has, err := r.IsAncestor(ctx, old, head)
	if err != nil || !has {
		return repo.Zero, err
	}
	if im.old.Last == im.src.head {
		return old, nil
	}
	rw.parent = old
	rw.known = map[repo.Hash]bool{}
	for c, err := range r.Log(ctx, old) {
		if err != nil {
			return repo.Zero, err
		}
		rw.known[c.ID] = true
	}
	return repo.Zero, nil
}
