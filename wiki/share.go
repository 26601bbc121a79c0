package wiki

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Crossing is a page on its way through the wall: shared with the customer, or
// brought back. It says exactly what would be on the other side.
type Crossing struct {
	From, To Place
	Title    string
	Version  repo.Hash      // the version of the page that this shows
	Text     []byte         // every byte that the page will have there
	Files    []CrossingFile // attachments that the page uses and that go along
	Facts    []content.Fact // on the page
	Actions  []content.Action
	Threads  int       // of comments: those of an internal page stay behind, those of an external one come along
	Warnings []Warning // what the sharer may not want to be read; none for a page that is brought back
	// Resumed says that the page is on the other side already: a crossing that
	// was confirmed has been cut short. Confirming finishes it.
	Resumed bool
	Digest  string // names all of what crosses, and where to

	data [][]byte // of Files
	base repo.Hash
}

// Shares reports that the page goes to the customer's side.
func (c *Crossing) Shares() bool { return c.To.Section == External }

// CrossingFile is an attachment that goes along with a page.
type CrossingFile struct {
	From, To File
	Size     int64
	Kept     bool // other pages use it too, so it also stays where it was

	there bool // the same bytes are on the other side already
}

// Warning is something about a text that its readers would learn.
type Warning struct {
	Line int // 1-based; 0 for the page as a whole
	Text string
}

// Unconfirmed says that a page was not moved through the wall, because what
// would become visible was not confirmed by its digest.
type Unconfirmed struct {
	Crossing *Crossing
	Changed  bool // something else was confirmed: it has changed since
}

func (e *Unconfirmed) Error() string {
	if e.Changed {
		return "what would cross the wall has changed since it was confirmed"
	}
	return "crossing the wall has to be confirmed"
}

// Commit trailers by which internal history tells where a page went and came
// from. External history has none.
const (
	trailerShared   = "Shared-As"
	trailerUnshared = "Unshared-From"
)

// Actions of the audit log.
const (
	auditShare   = "page.share"
	auditUnshare = "page.unshare"
	auditFailed  = "page.crossing-failed"
)

// Cross moves a page through the wall, for the prospect's owner. Without the
// digest of what crosses, or when something has changed since, it answers
// *[Unconfirmed] with what would be seen, and has moved nothing.
//
// The page stands still from when the digest is compared until it has crossed.
// Its text and the attachments it uses make a page on the other side; the page
// and what only it used are removed on this one, where history keeps them. What
// somebody brings back may have been read, so its digest is of the place alone:
// a guest who goes on typing cannot keep it from being taken away.
//
// The other side's page is committed first. A crossing that is cut short leaves
// the page on both sides, and is finished by crossing again.
func (sp *Space) Cross(ctx context.Context, caller people.Caller, from, to Place, confirm string) (*Page, error) {
	w := sp.w
	if err := w.may(ctx, caller, sp.prospect, Internal, people.Owner); guard.OwnerShares.Stops(err != nil) {
		return nil, err
	}
	if sp.external == nil {
		return nil, &Invalid{Field: "page", Problem: "cannot be shared: the playbook has no external side"}
	}
	if from.Section == to.Section {
		return nil, &Invalid{Field: "page", Problem: "stays on its side of the wall; move it instead"}
	}
	s, d := sp.internal.s, sp.external.s
	if from.Section == External {
		s, d = d, s
	}
	if w.rooms != nil {
		if err := w.rooms.Flush(ctx, sp.prospect, from); err != nil {
			return nil, fmt.Errorf("saving what others have typed: %w", err)
		}
	}
	if confirm == "" {
		c, err := s.crossing(ctx, caller, d, from, to)
		if err != nil {
			return nil, err
		}
		return nil, &Unconfirmed{Crossing: c}
	}
	// Always in this order, as for a prospect that is deleted.
	sp.internal.s.write.Lock()
	defer sp.internal.s.write.Unlock()
	sp.external.s.write.Lock()
	defer sp.external.s.write.Unlock()
	cross := func(pending *Edit) error {
		if pending != nil {
			if err := s.keepPending(ctx, caller, *pending); err != nil {
				return err
			}
		}
		c, err := s.crossing(ctx, caller, d, from, to)
		if err != nil {
			return err
		}
		if c.Digest != confirm {
			return &Unconfirmed{Crossing: c, Changed: true}
		}
		return s.cross(ctx, caller, d, c)
	}
	var err error
	if w.rooms == nil {
		err = cross(nil)
	} else {
		err = w.rooms.Cross(ctx, sp.prospect, from, to, cross)
	}
	if err != nil {
		return nil, err
	}
	return d.read(context.WithoutCancel(ctx), PageInfo{Place: to})
}

// crossing finds out what would be on the side d if a page crossed now.
func (s *side) crossing(ctx context.Context, caller people.Caller, d *side, from, to Place) (*Crossing, error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	info := snap.infos[from.Path()]
	if info == nil {
		return nil, ErrNotFound
	}
	if err := to.Check(); err != nil {
		return nil, err
	}
	page, err := s.read(ctx, *info)
	if err != nil {
		return nil, err
	}
	there, err := d.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	c := &Crossing{From: from, To: to, Version: page.Version}
	doc := content.Parse(page.Text)
	if err := s.crossingFiles(ctx, caller, d, c, doc, snap, there); err != nil {
		return nil, err
	}
	if c.Text, err = s.crossingText(c, page.Text, doc); err != nil {
		return nil, err
	}
	if err := checkText(c.Text); err != nil {
		return nil, err
	}
	c.Title = d.titleIn(c.Text, to)
	after := content.Parse(c.Text)
	c.Facts, c.Actions = after.Facts(), after.Actions()
	if _, ok := snap.files[commentsPath(from)]; ok {
		if file, err := s.comments(snap, from); err == nil {
			c.Threads = len(file.Threads)
		}
	}
	if there.infos[to.Path()] != nil {
		if c.Resumed, err = d.resumes(ctx, c); err != nil {
			return nil, err
		}
	}
	if !c.Resumed {
		if err := d.free(ctx, there, to); err != nil {
			return nil, err
		}
	}
	if c.Shares() {
		if c.Warnings, err = s.warnings(ctx, caller, c, after, snap, there); err != nil {
			return nil, err
		}
	}
	c.Digest = c.digest()
	return c, nil
}

// digest names what crosses.
func (c *Crossing) digest() string {
	type file struct {
		From, To string
		Sum      [sha256.Size]byte
	}
	what := struct {
		From, To string
		Text     []byte
		Files    []file
	}{From: c.From.String(), To: c.To.String()}
	if c.Shares() {
		what.Text = c.Text
		for i, f := range c.Files {
			what.Files = append(what.Files, file{f.From.String(), f.To.String(), sha256.Sum256(c.data[i])})
		}
	}
	data, err := json.Marshal(what)
	if err != nil {
		return "" // strings and bytes can always be written; and nothing confirms ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// linkedFile answers the attachment that a link of a page leads to.
func (s *side) linkedFile(imports *ImportMap, page, dest string) (File, bool) {
	prefix := string(s.section) + "/"
	target := JoinLink(page, dest)
	if full, ok := imports.Lookup(prefix+page, dest); ok {
		target = strings.TrimPrefix(full, prefix)
	}
	return fileOf(s.section, target)
}

// crossingFiles finds the attachments that go along, and their names there.
func (s *side) crossingFiles(ctx context.Context, caller people.Caller, d *side, c *Crossing, doc *content.Doc, snap, there *snapshot) error {
	imports, err := s.importMap()
	if err != nil {
		return err
	}
	var files []File
	for _, l := range doc.Links() {
		if l.Kind != content.Relative && l.Kind != content.Image {
			continue
		}
		if f, ok := s.linkedFile(imports, c.From.Path(), l.Dest); ok && snap.attachment(f) != nil && !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil
	}
	slices.SortFunc(files, func(a, b File) int { return a.compare(b) })
	uses, err := (&Side{s}).FileUses(ctx, caller)
	if err != nil {
		return err
	}
	taken := map[string]bool{} // lower-cased names that this crossing uses
	for _, f := range files {
		info := snap.attachment(f)
		data, err := s.repo.Blob(info.blob)
		if err != nil {
			return fmt.Errorf("reading %s: %w", f, err)
		}
		x := CrossingFile{From: f, Size: info.Size, Kept: slices.ContainsFunc(uses[f.Path()], func(page string) bool { return page != c.From.Path() })}
		x.To = File{Section: d.section, Stage: c.To.Stage, Name: f.Name}
		ext := path.Ext(f.Name)
		for i := 2; ; i++ {
			other := there.attachment(x.To)
			x.there = other != nil && other.blob == info.blob
			if !taken[strings.ToLower(x.To.Name)] && (x.there || there.fileFree(x.To) == nil) {
				break
			}
			x.To.Name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(f.Name, ext), i, ext)
			if err := checkFileName(x.To.Name); err != nil {
				return err
			}
		}
		taken[strings.ToLower(x.To.Name)] = true
		c.Files, c.data = append(c.Files, x), append(c.data, data)
	}
	return nil
}

// crossingText is the page's text with its relative links leading where they
// led, as far as that is on the other side.
func (s *side) crossingText(c *Crossing, text []byte, doc *content.Doc) ([]byte, error) {
	imports, err := s.importMap()
	if err != nil {
		return nil, err
	}
	to := map[File]string{}
	for _, f := range c.Files {
		to[f.From] = filesDir + "/" + f.To.Name
	}
	return content.RewriteLinks(text, doc, func(dest string) string {
		if f, ok := s.linkedFile(imports, c.From.Path(), dest); ok {
			if next, ok := to[f]; ok {
				if JoinLink(c.To.Path(), dest) == c.To.Stage+"/"+next {
					return dest // leads there as it is
				}
				if i := strings.IndexAny(dest, "?#"); i >= 0 {
					next += dest[i:]
				}
				return next
			}
		}
		if c.From.Stage == c.To.Stage {
			return dest
		}
		return rebased(dest, c.From, c.To)
	}), nil
}

// resumes reports that the page on this side has come from a crossing that was
// cut short. Guests and staff may have gone on writing it.
func (s *side) resumes(ctx context.Context, c *Crossing) (bool, error) {
	versions, err := s.w.history.Versions(ctx, s.name(), c.To.Path(), 1000, repo.Zero)
	if err != nil {
		return false, fmt.Errorf("reading the history of %s: %w", c.To, err)
	}
	for i, v := range versions {
		if v.Deleted {
			break
		}
		if !c.Shares() {
			made, err := s.repo.Lookup(v.Commit)
			if err != nil {
				return false, err
			}
			if made.Trailer(trailerUnshared) == c.From.String() {
				c.base = v.Commit
				return true, nil
			}
			continue
		}
		if i+1 < len(versions) && !versions[i+1].Deleted {
			continue
		}
		first, err := s.readAt(ctx, c.To, v.Commit)
		if err != nil {
			return false, err
		}
		return string(first.Text) == string(c.Text), nil
	}
	return false, nil
}

// cross commits a crossing from s to d; the writer locks of both are held.
func (s *side) cross(ctx context.Context, caller people.Caller, d *side, c *Crossing) error {
	action := auditUnshare
	if c.Shares() {
		action = auditShare
	}
	object := c.From.String() + " " + c.To.String()
	// It stands in the log before it is done: nothing is shared off the record.
	err := s.w.people.Record(ctx, caller, people.Event{Action: action, Object: object, Prospect: s.prospect, Detail: "digest " + c.Digest})
	if err != nil {
		return fmt.Errorf("recording who shares what: %w", err)
	}
	if err := s.crossOver(ctx, caller, d, c); err != nil {
		failed := people.Event{Action: auditFailed, Object: object, Prospect: s.prospect}
		if rerr := s.w.people.Record(context.WithoutCancel(ctx), caller, failed); rerr != nil {
			s.w.log.Warn("recording a crossing that failed", "prospect", s.prospect, "err", rerr)
		}
		return err
	}
	return nil
}

func (s *side) crossOver(ctx context.Context, caller people.Caller, d *side, c *Crossing) error {
	if err := s.arrive(ctx, caller, d, c); err != nil {
		return err
	}
	// It is there: now it goes here, whoever still waits.
	ctx = context.WithoutCancel(ctx)
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	edits := []repo.Edit{{Path: c.From.Path(), Delete: true}}
	if _, ok := snap.files[commentsPath(c.From)]; ok {
		edits = append(edits, repo.Edit{Path: commentsPath(c.From), Delete: true})
	}
	for _, f := range c.Files {
		if !f.Kept {
			edits = append(edits, repo.Edit{Path: f.From.Path(), Delete: true})
		}
	}
	m := s.w.message(caller, "Delete "+c.Title)
	if c.Shares() {
		m = s.w.message(caller, "Share "+c.Title+" with the customer")
		m.Text += "\n\n" + trailerShared + ": " + c.To.String()
	}
	_, err = s.commitMessage(ctx, snap.head, edits, m)
	return err
}

// arrive makes the page on the side d.
func (s *side) arrive(ctx context.Context, caller people.Caller, d *side, c *Crossing) error {
	there, err := d.snapshot(ctx)
	if err != nil {
		return err
	}
	var edits []repo.Edit
	for i, f := range c.Files {
		if !f.there {
			edits = append(edits, repo.Edit{Path: f.To.Path(), Data: c.data[i]})
		}
	}
	// What the customer may read of the beginning of a page is that it began.
	m := d.w.message(caller, "Start "+c.Title)
	if !c.Shares() {
		m = d.w.message(caller, "Bring "+c.Title+" back from the customer's side")
		m.Text += "\n\n" + trailerUnshared + ": " + c.From.String()
		comments, err := s.crossingComments(ctx, d, c, there)
		if err != nil {
			return err
		}
		if comments != nil {
			edits = append(edits, repo.Edit{Path: commentsPath(c.To), Data: comments})
		}
	}
	if !c.Resumed {
		edits = append(edits, repo.Edit{Path: c.To.Path(), Data: c.Text})
	}
	if len(edits) > 0 {
		if _, err := d.commitMessage(ctx, there.head, edits, m); err != nil && !errors.Is(err, repo.ErrNoChange) {
			return err
		}
	}
	if !c.Resumed || c.Shares() {
		return nil
	}
	// What was written to the external page since is brought along.
	_, err = d.editPage(ctx, caller, Edit{Place: c.To, Text: c.Text, Base: c.base})
	return err
}

// crossingComments are the comments of a page that is brought back: those it had
// before it was shared, and the external ones.
func (s *side) crossingComments(ctx context.Context, d *side, c *Crossing, there *snapshot) ([]byte, error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	blob, ok := repo.Zero, false
	if f, has := there.files[commentsPath(c.To)]; has {
		blob, ok = f.Blob, true
	} else if blob, ok, err = d.pastComments(ctx, c.To); err != nil {
		return nil, err
	}
	var before []byte
	if ok {
		if before, err = d.repo.Blob(blob); err != nil {
			return nil, fmt.Errorf("reading the comments of %s: %w", c.To, err)
		}
	}
	f, ok := snap.files[commentsPath(c.From)]
	if !ok {
		return before, nil
	}
	raw, err := s.repo.Blob(f.Blob)
	if err != nil {
		return nil, fmt.Errorf("reading the comments of %s: %w", c.From, err)
	}
	if before == nil {
		return raw, nil
	}
	file, err := parseComments(before)
	if err != nil {
		return raw, nil // what cannot be read stays in history
	}
	more, err := parseComments(raw)
	if err != nil {
		return nil, &Invalid{Field: commentsPath(c.From), Problem: err.Error()}
	}
	file.Threads = joinThreads(append(file.Threads, more.Threads...))
	return file.encode()
}
