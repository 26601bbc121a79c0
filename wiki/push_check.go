package wiki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// pushCheck is a push being checked in quarantine.
type pushCheck struct {
	ctx     context.Context
	sd      *Side
	s       *side
	view    *repo.Repo // the quarantine's
	caller  people.Caller
	owner   bool
	head    repo.Hash
	stages  map[string]error // of the stages asked for
	old     map[string]repo.File
	commits []repo.Commit
	fresh   map[string]bool // paths that the push changes
	list    []PushProblem
	more    bool
	told    map[string]bool
	said    map[string]bool // see saidBefore; nil until it is asked for
}

func (c *pushCheck) refusal() error {
	if len(c.list) == 0 {
		return nil
	}
	return &Refused{Problems: c.list, More: c.more}
}

func (c *pushCheck) wrong(path string, commit repo.Hash, problem, do string) {
	key := path + "\x00" + problem
	if c.told[key] {
		return
	}
	c.told[key] = true
	if len(c.list) >= maxPushProblems {
		c.more = true
		return
	}
	c.list = append(c.list, PushProblem{Path: path, Commit: commit, Problem: problem, Do: do})
}

// check looks at every commit of a push, and at what main would be.
func (sd *Side) check(ctx context.Context, caller people.Caller, view *repo.Repo, head, next repo.Hash) (*pushCheck, error) {
	s := sd.s
	c := &pushCheck{ctx: ctx, sd: sd, s: s, view: view, caller: caller, head: head,
		owner: s.w.level(ctx, caller, s.prospect, s.section) >= people.Owner, stages: map[string]error{}, old: map[string]repo.File{},
		fresh: map[string]bool{}, told: map[string]bool{}}
	tree, err := s.repo.Tree(head)
	if err != nil {
		return nil, err
	}
	for path, f := range tree.Files() {
		c.old[path] = f
	}
	if err := tree.Err(); err != nil {
		return nil, err
	}
	forward := false
	for commit, err := range view.Log(ctx, next, head) {
		if err != nil {
			return nil, c.missing(err)
		}
		if len(c.commits) >= maxPushCommits {
			return nil, refused(fmt.Sprintf("it has more than %d commits", maxPushCommits), "push a part of the commits first")
		}
		forward = forward || slices.Contains(commit.Parents, head)
		c.commits = append(c.commits, commit)
	}
	if !forward {
		return nil, refused("main can only go forward, and these commits do not stand on what is there", "git pull, then push again, without --force")
	}
	for i := len(c.commits) - 1; i >= 0; i-- { // the oldest first, as people read them
		if err := c.commit(c.commits[i]); err != nil {
			return nil, c.missing(err)
		}
	}
	if len(c.list) == 0 {
		if err := c.tip(next); err != nil {
			return nil, c.missing(err)
		}
	}
	return c, nil
}

// missing makes an object that is nowhere a reason to refuse.
func (c *pushCheck) missing(err error) error {
	var not *repo.PackError
	if errors.As(err, &not) || c.ctx.Err() != nil {
		return err
	}
	if errors.Is(err, repo.ErrMissing) || errors.Is(err, fs.ErrNotExist) {
		return refused("the push leaves out something that its commits need", "push again; from a shallow or partial clone run git fetch --unshallow first")
	}
	return err
}

func (c *pushCheck) commit(commit repo.Commit) error {
	if err := c.names(commit); err != nil {
		return err
	}
	return c.view.Fresh(c.ctx, commit, func(path string, blob repo.Hash) error {
		c.fresh[path] = true
		return c.file(commit, path, blob)
	}, func(e *repo.TreeError) { c.wrong(e.Path, commit.ID, e.Problem, e.Do) })
}

var (
	anyAddress  = regexp.MustCompile(`[^\s<>"'(),;:]+@[^\s<>"'(),;]+`)
	trailerLike = regexp.MustCompile(`(?m)^([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*\S`)
)

// ownTrailers are written by the wiki alone.
var ownTrailers = []string{repo.AuthorshipTrailer, trailerShared, trailerUnshared}

// names checks what a commit says of people, and its message.
func (c *pushCheck) names(commit repo.Commit) error {
	short := commit.ID.String()[:8]
	wrong := func(problem, do string) { c.wrong("", commit.ID, "commit "+short+" "+problem, do) }
	for _, p := range []repo.Person{commit.Author, commit.Committer} {
		if !utf8.ValidString(p.Name) || len(p.Name) > 200 || !printable(p.Name) || !printable(p.Email) || len(p.Email) > 320 {
			wrong("has an author or committer whose name cannot be shown", "git config user.name \"Your Name\", then git commit --amend --reset-author")
		}
	}
	if !utf8.ValidString(commit.Text) || !printableLines(commit.Text) || len(commit.Text) > 64<<10 {
		wrong("has a message that is too long, is not UTF-8 or holds control characters", "git commit --amend and write it anew")
	}
	for _, key := range ownTrailers {
		if commit.Trailer(key) != "" {
			wrong("has the line "+key+":, which the wiki alone writes", "git commit --amend and remove the line")
		}
	}
	if c.s.section != External {
		return nil
	}
	in, err := c.s.w.side(c.s.prospect, Internal)
	if err != nil {
		return err // unread, it could hold the commit
	}
	if in.repo.Has(commit.ID) {
		wrong("is of the internal side", "make the change on a clone of the external side; to share a page, use Share in the wiki")
		return nil
	}
	me := c.s.w.Identity(c.caller)
	mend := fmt.Sprintf("git config user.email %s in this clone, then git commit --amend --reset-author (or git rebase for several)", me.Email)
	for _, p := range []repo.Person{commit.Author, commit.Committer} {
		id := PersonID(p)
		if id == "" {
			wrong("names "+p.Email+", and guests read who made a commit", mend)
		} else if known, err := c.s.w.people.Get(c.ctx, id); (err != nil || c.stranger(known)) && id != "dealwiki" {
			// A guest of another customer is nobody here either: commits that were
			// made there would tell their name to these guests.
			wrong("names "+p.Email+", who is nobody here", mend)
		}
	}
	for _, found := range anyAddress.FindAllString(commit.Text, -1) {
		if !strings.HasSuffix(strings.TrimRight(found, ".>"), "@"+emailHost) {
			wrong("has the address "+found+" in its message, which guests read", "git commit --amend and remove it")
		}
	}
	text := strings.TrimSpace(commit.Text)
	if i := strings.LastIndex(text, "\n\n"); i >= 0 {
		for _, m := range trailerLike.FindAllStringSubmatch(text[i+2:], -1) {
			if !strings.EqualFold(m[1], "Co-authored-by") {
				wrong("ends with the line "+m[1]+":, which guests read", "git commit --amend and remove the line")
			}
		}
	}
	if extra := commit.Extra; len(extra) > 0 {
		wrong("carries "+strings.Join(extra, ", ")+", which guests could read", "git -c commit.gpgsign=false commit --amend --no-edit")
	}
	return nil
}

// stranger reports whether somebody is a guest who may not come to this prospect.
func (c *pushCheck) stranger(p people.Person) bool {
	return p.Guest && c.s.w.level(c.ctx, people.Caller{Person: p, Scopes: people.AllScopes}, c.s.prospect, External) < people.Viewer
}

const notByPush = "is not changed by a push"

// file checks a file that a commit brings, changes or, by the zero hash, removes.
func (c *pushCheck) file(commit repo.Commit, path string, blob repo.Hash) error {
	wrong := func(problem, do string) { c.wrong(path, commit.ID, problem, do) }
	undo := "git checkout " + c.head.String()[:8] + " -- " + path + ", then commit"
	if c.old[path].Path == "" {
		undo = "git rm " + path + ", then commit"
	}
	section := c.s.section
	switch {
	case section == Internal && path == importFile:
		wrong(notByPush+": imports alone write it", undo)
		return nil
	case section == Internal && strings.HasPrefix(path, "handoffs/"):
		wrong(notByPush+": records of handoffs stay as they are", undo)
		return nil
	case section == Internal && path == prospectFile && c.s.prospect != Playbook:
		return c.prospect(commit, blob, undo)
	case section == External && path == spaceFile:
		return c.space(commit, blob, undo)
	case c.s.prospect == Playbook && !strings.Contains(path, "/"):
		wrong(notByPush+": it is changed by its form in the wiki, which checks it", undo)
		return nil
	case !strings.Contains(path, "/") && c.old[path].Path != "":
		wrong(notByPush+": the wiki alone writes it", undo)
		return nil
	case blob.IsZero():
		return nil
	}
	if place, ok := PlaceOf(section, path); ok {
		return c.page(commit, place, blob)
	}
	if place, ok := CommentsOf(section, path); ok {
		return c.comments(commit, path, place, blob)
	}
	if f, ok := fileOf(section, path); ok {
		if err := cmpErr(f.Check(), c.stage(f.Stage)); err != nil {
			wrong(err.Error(), "rename it with git mv, then git commit --amend")
			return nil
		}
		data, err := c.view.Blob(blob)
		if err != nil {
			return err
		}
		if int64(len(data)) > c.s.w.maxFile {
			wrong(fmt.Sprintf("has %d bytes, and an attachment at most %d", len(data), c.s.w.maxFile), "leave it out, or make it smaller")
		}
		return nil
	}
	// The object has to be there all the same.
	if _, err := c.view.Blob(blob); err != nil {
		return err
	}
	stage, name, _ := strings.Cut(path, "/")
	switch {
	case strings.HasSuffix(name, pageExt) && !strings.Contains(name, "/"):
		err := cmpErr((Place{section, stage, strings.TrimSuffix(name, pageExt)}).Check(), checkSlug("stage", stage))
		problem := "has a name that a page cannot have"
		if err != nil {
			problem = "cannot be a page: " + err.Error()
		}
		wrong(problem, "rename it with git mv: small letters, digits and hyphens, such as "+Slug(strings.TrimSuffix(name, pageExt))+pageExt)
	case name != "":
		wrong("is not where pages and files lie", "put pages at STAGE/PAGE.md and other files at STAGE/files/NAME")
	default:
		wrong("lies at the top, where only the wiki's own files are", "put pages at STAGE/PAGE.md and other files at STAGE/files/NAME")
	}
	return nil
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// stage reports whether there is such a stage, or was one that has files.
func (c *pushCheck) stage(key string) error {
	err, known := c.stages[key]
	if known {
		return err
	}
	if err = c.s.checkStage(c.ctx, key); err != nil {
		for path := range c.old {
			if strings.HasPrefix(path, key+"/") {
				err = nil
				break
			}
		}
	}
	c.stages[key] = err
	return err
}

func (c *pushCheck) page(commit repo.Commit, place Place, blob repo.Hash) error {
	path := place.Path()
	wrong := func(problem, do string) { c.wrong(path, commit.ID, problem, do) }
	if err := cmpErr(place.Check(), c.stage(place.Stage)); err != nil {
		wrong(err.Error(), "rename it with git mv, then git commit --amend")
		return nil
	}
	if place.Stage == StageLog {
		if _, err := time.Parse(dateFormat, place.Page[:min(len(place.Page), len(dateFormat))]); err != nil {
			wrong("must begin with a date in the log", "rename it, for example to log/2026-11-12-call-with-ingrid.md")
		}
	}
	text, err := c.view.Blob(blob)
	if err != nil {
		return err
	}
	switch err := checkText(text); {
	case errors.Is(err, ErrTooLarge):
		wrong(fmt.Sprintf("has %d bytes, and a page at most %d", len(text), MaxPage), "split it into several pages, or put it into "+place.Stage+"/files/")
	case err != nil:
		wrong(err.Error(), "save it as UTF-8, then git commit --amend")
	}
	if c.s.section == External && len(bytes.TrimSpace(text)) > 0 && !c.s.repo.Has(blob) {
		in, err := c.s.w.side(c.s.prospect, Internal)
		if err != nil {
			return err
		}
		if in.repo.Has(blob) {
			wrong("is word for word an internal page, or was", "use Share in the wiki, where the owner sees first what becomes visible")
		}
	}
	return nil
}

// comments checks a file of comments. What others have said stands as it is; a
// push may move it, and add what the pusher says.
func (c *pushCheck) comments(commit repo.Commit, path string, place Place, blob repo.Hash) error {
	data, err := c.view.Blob(blob)
	if err != nil {
		return err
	}
	if err := cmpErr(place.Check(), c.stage(place.Stage)); err != nil {
		c.wrong(path, commit.ID, err.Error(), "rename it with git mv, then git commit --amend")
		return nil
	}
	file, err := parseComments(data)
	if err != nil {
		c.wrong(path, commit.ID, err.Error(), "mend the file, then git commit --amend")
		return nil
	}
	if c.s.repo.Has(blob) {
		return nil // as it is, or was
	}
	said, err := c.saidBefore()
	if err != nil {
		return err
	}
	for _, thread := range file.Threads {
		for _, m := range thread.Comments {
			if m.By != c.caller.Person.ID && !said[saying(m)] {
				c.wrong(path, commit.ID, "has a comment in the name of somebody else that is not in the wiki", "comment in your own name, or in the wiki")
				return nil
			}
		}
		if r := thread.Resolved; r != nil && r.By != c.caller.Person.ID && !said[resolving(thread)] {
			c.wrong(path, commit.ID, "resolves a thread in the name of somebody else", "resolve it in your own name, or in the wiki")
			return nil
		}
	}
	return nil
}

// saidBefore is every comment that stands on the side, and every resolution.
func (c *pushCheck) saidBefore() (map[string]bool, error) {
	if c.said != nil {
		return c.said, nil
	}
	said := map[string]bool{}
	for path, f := range c.old {
		if _, ok := CommentsOf(c.s.section, path); !ok {
			continue
		}
		data, err := c.s.repo.Blob(f.Blob)
		if err != nil {
			return nil, err
		}
		file, err := parseComments(data)
		if err != nil {
			continue // nothing of it is in the wiki
		}
		for _, thread := range file.Threads {
			for _, m := range thread.Comments {
				said[saying(m)] = true
			}
			said[resolving(thread)] = true
		}
	}
	c.said = said
	return said, nil
}

func saying(m *fileComment) string {
	return fmt.Sprintf("%q %q %q %q %d", m.ID, m.By, m.Name, m.Text, m.At.UnixNano())
}

func resolving(t *fileThread) string {
	if t.Resolved == nil {
		return ""
	}
	return fmt.Sprintf("%q resolved %q %q %d", t.ID, t.Resolved.By, t.Resolved.Name, t.Resolved.At.UnixNano())
}

// dealState is what of prospect.yaml no push may change.
func dealState(p *Prospect) any {
	outcome := p.Outcome
	if outcome == "" {
		outcome = OutcomeOpen
	}
	return []any{p.Stage, p.Since, outcome, p.OutcomeDate, p.OutcomeReason, p.Nurture}
}

// prospect checks prospect.yaml: valid, and the deal stands where it stood.
func (c *pushCheck) prospect(commit repo.Commit, blob repo.Hash, undo string) error {
	if blob.IsZero() {
		c.wrong(prospectFile, commit.ID, "cannot be removed", undo)
		return nil
	}
	data, err := c.view.Blob(blob)
	if err != nil {
		return err
	}
	p, err := parseProspect(data)
	if err == nil {
		p.Slug = c.s.prospect
		if p.Outcome == "" {
			p.Outcome = OutcomeOpen
		}
		err = p.check()
	}
	if err != nil {
		c.wrong(prospectFile, commit.ID, "is not valid: "+err.Error(), "mend it, then git commit --amend")
		return nil
	}
	for _, parent := range commit.Parents {
		tree, err := c.view.Tree(parent)
		if err != nil {
			return err
		}
		data, err := tree.ReadFile(prospectFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if was, err := parseProspect(data); err == nil && reflect.DeepEqual(dealState(was), dealState(p)) {
			return nil
		}
	}
	c.wrong(prospectFile, commit.ID, "changes the stage or the outcome of the deal, and neither is changed by a push", "hand the deal over, or set its outcome, in the wiki; "+undo)
	return nil
}

// space checks space.yaml, which its owner alone writes.
func (c *pushCheck) space(commit repo.Commit, blob repo.Hash, undo string) error {
	if blob.IsZero() {
		c.wrong(spaceFile, commit.ID, "cannot be removed", undo)
		return nil
	}
	data, err := c.view.Blob(blob)
	if err != nil {
		return err
	}
	if !c.owner {
		c.wrong(spaceFile, commit.ID, "is changed by the prospect's owner alone", undo)
		return nil
	}
	info, err := ParseSpaceInfo(data)
	if err == nil {
		err = info.check()
	}
	if err != nil {
		c.wrong(spaceFile, commit.ID, "is not valid: "+err.Error(), "mend it, then git commit --amend")
	}
	return nil
}

// tip checks what main would be: merges may have put together what no commit
// alone has.
func (c *pushCheck) tip(next repo.Hash) error {
	tree, err := c.view.Tree(next)
	if err != nil {
		return err
	}
	now := map[string]repo.File{}
	for path, f := range tree.Files() {
		now[path] = f
	}
	if err := tree.Err(); err != nil {
		return err
	}
	changed := func(path string) bool { return c.fresh[path] || c.old[path].Blob != now[path].Blob }
	back := "git pull, then push again; in a merge keep the wiki's version of this file"
	for path := range c.old {
		own := !strings.Contains(path, "/") && path != prospectFile || strings.HasPrefix(path, "handoffs/") && c.s.section == Internal
		if own && path == spaceFile && c.owner && now[path].Path != "" {
			own = false
		}
		if own && now[path].Blob != c.old[path].Blob {
			c.wrong(path, next, notByPush, back)
		}
	}
	for path := range now {
		if strings.HasPrefix(path, "handoffs/") && c.s.section == Internal && c.old[path].Path == "" {
			c.wrong(path, next, notByPush, back)
		}
	}
	if c.s.section == Internal && c.s.prospect != Playbook && c.old[prospectFile].Blob != now[prospectFile].Blob {
		was, err1 := c.prospectAt(c.head)
		is, err2 := c.prospectAt(next)
		if err1 == nil && (err2 != nil || !reflect.DeepEqual(dealState(was), dealState(is))) {
			c.wrong(prospectFile, next, "changes the stage or the outcome of the deal, and neither is changed by a push", back)
		}
	}
	names := map[string]string{}
	for path := range now {
		key := ""
		if place, ok := PlaceOf(c.s.section, path); ok && c.s.section == External {
			key = "page " + place.Page
		} else if f, ok := fileOf(c.s.section, path); ok {
			key = "file " + strings.ToLower(f.Name)
			if c.s.section == Internal {
				key += " " + f.Stage
			}
		}
		if key == "" {
			continue
		}
		other := names[key]
		if other == "" {
			names[key] = path
			continue
		}
		if changed(path) || changed(other) {
			a, b := min(path, other), max(path, other)
			c.wrong(b, next, "has the name of "+a+", and names are used once over a section that guests see", "rename one of them with git mv")
		}
	}
	return nil
}

func (c *pushCheck) prospectAt(at repo.Hash) (*Prospect, error) {
	tree, err := c.view.Tree(at)
	if err != nil {
		return nil, err
	}
	data, err := tree.ReadFile(prospectFile)
	if err != nil {
		return nil, err
	}
	return parseProspect(data)
}
