package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Every text, title, message, comment and attachment that is made here has words
// of its own, which occur nowhere else.
var ownWords = regexp.MustCompile(`zq[0-9]+q`)

// wanderer goes about a prospect at random: writes, moves, shares, brings back,
// restores, reverts, deletes, pushes and attaches, on both sides of the wall. It
// keeps its own account of what the customer may see, and compares after every
// step.
type wanderer struct {
	*site
	t     *testing.T
	rnd   *rand.Rand
	dana  people.Caller
	guest people.Caller
	asks  *browser
	sp    *wiki.Space
	words int

	inside map[wiki.Place]string     // text
	shared map[wiki.Place]*sharedOne // what is at the external head
	files  map[string]string         // shared attachments: their words by name
	gone   []repo.Hash               // versions that were shared, and are not any more
	closed map[wiki.Place][]string   // words of the comments that a removed page had
	names  map[string]string         // attachments of ours: their words by STAGE/NAME
	did    []string
}

// sharedOne is a page of the customer's since it was shared last.
type sharedOne struct {
	versions []sharedText // the oldest first
	comments []string
	names    []string
}

type sharedText struct {
	commit    repo.Hash
	text, msg string
}

func newWanderer(t *testing.T, seed uint64) *wanderer {
	s := newSite(t)
	w := &wanderer{site: s, t: t, rnd: rand.New(rand.NewPCG(seed, 1)), dana: s.as(s.dana), inside: map[wiki.Place]string{}, shared: map[wiki.Place]*sharedOne{},
		files: map[string]string{}, closed: map[wiki.Place][]string{}, names: map[string]string{}}
	var ingrid people.Person
	w.asks, ingrid = s.guest("ingrid@northwind.example", people.GuestEditor, time.Time{})
	w.guest = s.as(ingrid)
	var err error
	w.sp, err = s.wiki.Space(t.Context(), w.dana, "northwind")
	require.NoError(t, err)
	require.NoError(t, w.out().DeletePage(t.Context(), w.dana, place(t, "external/closing/terms"), repo.Zero))
	return w
}

func (w *wanderer) in() *wiki.Side  { return w.sp.Internal() }
func (w *wanderer) out() *wiki.Side { return w.sp.Sides()[1] }

func (w *wanderer) word() string {
	w.words++
	return "zq" + strconv.Itoa(w.words) + "q"
}

// text is a page of words of its own; files are linked.
func (w *wanderer) text(files ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n- [ ] %s\n\n", w.word(), w.word(), w.word())
	for range 8 {
		fmt.Fprintf(&b, "%s %s\n", w.word(), w.word()) // enough to be known again, with its links changed, after a move
	}
	for _, f := range files {
		fmt.Fprintf(&b, "\n[%s](files/%s)\n", w.word(), f)
	}
	return b.String()
}

var wanderStages = []string{"account", "pricing", "closing"}

// somewhere is a place of few, so that names are used again.
func (w *wanderer) somewhere(section wiki.Section) wiki.Place {
	return wiki.Place{Section: section, Stage: wanderStages[w.rnd.IntN(len(wanderStages))], Page: "page-" + string(rune('a'+w.rnd.IntN(5)))}
}

func anyOf[V any](w *wanderer, m map[wiki.Place]V) (wiki.Place, bool) {
	all := make([]wiki.Place, 0, len(m))
	for p := range m {
		all = append(all, p)
	}
	if len(all) == 0 {
		return wiki.Place{}, false
	}
	slices.SortFunc(all, func(a, b wiki.Place) int { return strings.Compare(a.String(), b.String()) })
	return all[w.rnd.IntN(len(all))], true
}

// free reports whether a shared page can be made at a place.
func (w *wanderer) free(to wiki.Place) bool {
	for p := range w.shared {
		if p.Page == to.Page {
			return false
		}
	}
	return true
}

// latest is the commit that a shared page has now, as staff see it.
func (w *wanderer) latest(at wiki.Place) repo.Hash {
	info, err := w.out().Lookup(context.Background(), w.dana, at)
	require.NoError(w.t, err, at)
	return info.Version
}

func (w *wanderer) begin(at wiki.Place, commit repo.Hash, text, msg string) {
	w.shared[at] = &sharedOne{names: []string{at.Page}, versions: []sharedText{{commit, text, msg}}}
}

func (w *wanderer) add(at wiki.Place, commit repo.Hash, text, msg string) {
	w.shared[at].versions = append(w.shared[at].versions, sharedText{commit, text, msg})
}

func (w *wanderer) end(at wiki.Place) {
	one := w.shared[at]
	for _, v := range one.versions {
		w.gone = append(w.gone, v.commit)
	}
	w.closed[at] = one.comments
	delete(w.shared, at)
}

func (w *wanderer) rename(from, to wiki.Place) *sharedOne {
	one := w.shared[from]
	delete(w.shared, from)
	delete(w.closed, from)
	w.shared[to] = one
	one.names = append(one.names, to.Page)
	return one
}

// step does one thing. What cannot be done now is passed over.
func (w *wanderer) step() {
	steps := []func(context.Context) string{w.writeInside, w.writeInside, w.writeShared, w.writeShared, w.writeShared, w.deleteInside, w.deleteShared, w.moveInside, w.moveShared, w.moveShared,
		w.share, w.share, w.share, w.unshare, w.unshare, w.restore, w.restore, w.attachInside, w.attachShared, w.dropFile, w.comment, w.push, w.push, w.guestWrites, w.guestRestores, w.guestTicks}
	ctx := context.Background()
	for {
		if did := steps[w.rnd.IntN(len(steps))](ctx); did != "" {
			w.did = append(w.did, did)
			return
		}
	}
}

func (w *wanderer) writeInside(ctx context.Context) string {
	at := w.somewhere(wiki.Internal)
	var links []string
	for name := range w.names {
		if stage, file, _ := strings.Cut(name, "/"); stage == at.Stage {
			links = append(links, file)
		}
	}
	slices.Sort(links)
	text := w.text(links[:min(len(links), w.rnd.IntN(3))]...)
	e := wiki.Edit{Place: at, Text: []byte(text), Message: w.word()}
	if info, err := w.in().Lookup(ctx, w.dana, at); err == nil {
		e.Base = info.Version
	}
	_, err := w.in().Edit(ctx, w.dana, e)
	require.NoError(w.t, err)
	w.inside[at] = text
	return "write " + at.String()
}

func (w *wanderer) writeShared(ctx context.Context) string { return w.write(ctx, w.dana) }

// guestWrites changes a page in the guest's name.
func (w *wanderer) guestWrites(ctx context.Context) string { return w.write(ctx, w.guest) }

func (w *wanderer) write(ctx context.Context, c people.Caller) string {
	at := w.somewhere(wiki.External)
	one := w.shared[at]
	if one == nil && !w.free(at) {
		return ""
	}
	text, msg := w.text(), w.word()
	e := wiki.Edit{Place: at, Text: []byte(text), Message: msg}
	if one != nil {
		e.Base = w.latest(at)
	}
	done, err := w.out().Edit(ctx, c, e)
	require.NoError(w.t, err)
	if one == nil {
		w.begin(at, done.Version, text, msg)
	} else {
		w.add(at, done.Version, text, msg)
	}
	return "write " + at.String()
}

func (w *wanderer) deleteInside(ctx context.Context) string {
	at, ok := anyOf(w, w.inside)
	if !ok {
		return ""
	}
	require.NoError(w.t, w.in().DeletePage(ctx, w.dana, at, repo.Zero))
	delete(w.inside, at)
	return "delete " + at.String()
}

func (w *wanderer) deleteShared(ctx context.Context) string {
	at, ok := anyOf(w, w.shared)
	if !ok {
		return ""
	}
	require.NoError(w.t, w.out().DeletePage(ctx, w.dana, at, repo.Zero))
	w.end(at)
	return "delete " + at.String()
}

func (w *wanderer) moveInside(ctx context.Context) string {
	from, ok := anyOf(w, w.inside)
	to := w.somewhere(wiki.Internal)
	if _, taken := w.inside[to]; !ok || taken {
		return ""
	}
	page, err := w.in().Move(ctx, w.dana, from, to)
	require.NoError(w.t, err)
	delete(w.inside, from)
	w.inside[to] = string(page.Text)
	return "move " + from.String() + " " + to.String()
}

func (w *wanderer) moveShared(ctx context.Context) string {
	from, ok := anyOf(w, w.shared)
	to := w.somewhere(wiki.External)
	if !ok || from == to || !w.free(to) && from.Page != to.Page {
		return ""
	}
	page, err := w.out().Move(ctx, w.dana, from, to)
	require.NoError(w.t, err)
	w.rename(from, to)
	w.add(to, page.Version, string(page.Text), "")
	return "move " + from.String() + " " + to.String()
}

// cross moves a page through the wall, and answers what was shown before.
func (w *wanderer) cross(ctx context.Context, from, to wiki.Place) (*wiki.Crossing, *wiki.Page) {
	_, err := w.sp.Cross(ctx, w.dana, from, to, "")
	var ask *wiki.Unconfirmed
	require.ErrorAs(w.t, err, &ask)
	page, err := w.sp.Cross(ctx, w.dana, from, to, ask.Crossing.Digest)
	require.NoError(w.t, err)
	return ask.Crossing, page
}

func (w *wanderer) share(ctx context.Context) string {
	from, ok := anyOf(w, w.inside)
	to := w.somewhere(wiki.External)
	if !ok || !w.free(to) {
		return ""
	}
	c, page := w.cross(ctx, from, to)
	delete(w.inside, from)
	w.begin(to, page.Version, string(page.Text), "")
	for _, f := range c.Files {
		key := f.From.Stage + "/" + f.From.Name
		w.files[f.To.Name] = w.names[key]
		if !f.Kept {
			delete(w.names, key)
		}
	}
	return "share " + from.String() + " " + to.String()
}

func (w *wanderer) unshare(ctx context.Context) string {
	from, ok := anyOf(w, w.shared)
	to := w.somewhere(wiki.Internal)
	if _, taken := w.inside[to]; !ok || taken {
		return ""
	}
	c, page := w.cross(ctx, from, to)
	w.end(from)
	w.inside[to] = string(page.Text)
	for _, f := range c.Files {
		w.names[f.To.Stage+"/"+f.To.Name] = w.files[f.From.Name]
		if !f.Kept {
			delete(w.files, f.From.Name)
		}
	}
	return "unshare " + from.String() + " " + to.String()
}

// restore brings a version back that staff see: of a page that is there, or was
// at its place before.
func (w *wanderer) restore(ctx context.Context) string {
	at := w.somewhere(wiki.External)
	versions, err := w.out().History(ctx, w.dana, at, 40, repo.Zero)
	if errors.Is(err, wiki.ErrNotFound) {
		return ""
	}
	require.NoError(w.t, err)
	v := versions[w.rnd.IntN(len(versions))]
	if v.Deleted || w.shared[at] == nil && !w.free(at) {
		return ""
	}
	done, err := w.out().Restore(ctx, w.dana, at, v.Commit)
	require.NoError(w.t, err)
	if w.shared[at] == nil {
		w.begin(at, done.Version, string(done.Text), "")
		w.shared[at].comments = w.closed[at]
	} else if done.Changed {
		w.add(at, done.Version, string(done.Text), "")
	}
	return "restore " + at.String()
}

func (w *wanderer) attachInside(ctx context.Context) string {
	name, word := w.word()+".txt", w.word()
	stage := w.somewhere(wiki.Internal).Stage
	_, err := w.in().PutFile(ctx, w.dana, wiki.File{Section: wiki.Internal, Stage: stage, Name: name}, []byte(word), false)
	require.NoError(w.t, err)
	w.names[stage+"/"+name] = word
	return "attach " + stage + "/" + name
}

func (w *wanderer) attachShared(ctx context.Context) string {
	if len(w.files) > 12 {
		return ""
	}
	name, word := w.word()+".txt", w.word()
	_, err := w.out().PutFile(ctx, w.guest, wiki.File{Section: wiki.External, Stage: w.somewhere(wiki.External).Stage, Name: name}, []byte(word), false)
	require.NoError(w.t, err)
	w.files[name] = word
	return "attach for both " + name
}

func (w *wanderer) dropFile(ctx context.Context) string {
	files, err := w.out().Files(ctx, w.dana)
	require.NoError(w.t, err)
	if len(files) == 0 {
		return ""
	}
	f := files[w.rnd.IntN(len(files))].File
	require.NoError(w.t, w.out().DeleteFile(ctx, w.dana, f))
	delete(w.files, f.Name)
	return "delete " + f.Name
}

func (w *wanderer) comment(ctx context.Context) string {
	at, ok := anyOf(w, w.shared)
	if !ok {
		return ""
	}
	word := w.word()
	_, err := w.out().StartThread(ctx, w.guest, at, wiki.NewThread{Text: word})
	require.NoError(w.t, err)
	w.shared[at].comments = append(slices.Clone(w.shared[at].comments), word)
	if in, ok := anyOf(w, w.inside); ok {
		_, err := w.in().StartThread(ctx, w.dana, in, wiki.NewThread{Text: w.word()})
		require.NoError(w.t, err)
	}
	return "comment " + at.String()
}

func (w *wanderer) guestRestores(ctx context.Context) string {
	at, ok := anyOf(w, w.shared)
	if !ok {
		return ""
	}
	v := w.shared[at].versions[w.rnd.IntN(len(w.shared[at].versions))]
	done, err := w.out().Restore(ctx, w.guest, at, v.commit)
	require.NoError(w.t, err)
	if done.Changed {
		w.add(at, done.Version, v.text, "")
	}
	return "restore as a guest " + at.String()
}

func (w *wanderer) guestTicks(ctx context.Context) string {
	at, ok := anyOf(w, w.shared)
	if !ok {
		return ""
	}
	one := w.shared[at]
	now := one.versions[len(one.versions)-1]
	done, err := w.out().SetTask(ctx, w.guest, at, now.commit, 5, !strings.Contains(now.text, "[x]"))
	require.NoError(w.t, err)
	w.add(at, done.Version, string(done.Text), "")
	return "tick " + at.String()
}

// push brings commits as they are, each with a change or two.
func (w *wanderer) push(ctx context.Context) string {
	said := []string{"push"}
	err := w.wiki.ImportHistory(ctx, w.dana, "northwind", wiki.External, wiki.HistoryImport{Join: func(_ context.Context, r *repo.Repo, head repo.Hash) (repo.Hash, error) {
		for range 1 + w.rnd.IntN(3) {
			was, err := r.Lookup(head)
			require.NoError(w.t, err)
			edits, done, did := w.pushed(r)
			if len(edits) == 0 {
				continue
			}
			tree, err := r.WriteEdits(was.Tree, edits)
			require.NoError(w.t, err)
			me := w.wiki.Identity(w.dana)
			now := time.Now()
			msg := w.word()
			next, err := r.WriteCommit(repo.Commit{Tree: tree, Parents: []repo.Hash{head}, Author: me, Committer: me, AuthoredAt: now, CommittedAt: now, Text: msg + "\n"})
			require.NoError(w.t, err)
			for _, f := range done {
				f(next, msg)
			}
			head, said = next, append(said, did...)
		}
		return head, nil
	}})
	require.NoError(w.t, err)
	return strings.Join(said, " ")
}

// pushed makes what one commit of a push changes, and what follows from it.
func (w *wanderer) pushed(r *repo.Repo) (edits []repo.Edit, done []func(repo.Hash, string), did []string) {
	touched := map[string]bool{} // names of pages
	comments := func(at wiki.Place) string { return at.Stage + "/" + at.Page + ".comments.yaml" }
	put := func(at wiki.Place, text string) {
		edits = append(edits, repo.Edit{Path: at.Path(), Data: []byte(text)})
	}
	for range 1 + w.rnd.IntN(2) {
		at := w.somewhere(wiki.External)
		one := w.shared[at]
		if touched[at.Page] || one == nil && !w.free(at) {
			continue
		}
		touched[at.Page] = true
		text := w.text()
		switch what := w.rnd.IntN(3); {
		case one == nil:
			put(at, text)
			did = append(did, "make", at.String())
			done = append(done, func(h repo.Hash, msg string) { w.begin(at, h, text, msg) })
		case what == 0:
			put(at, text)
			did = append(did, "change", at.String())
			done = append(done, func(h repo.Hash, msg string) { w.add(at, h, text, msg) })
		case what == 1:
			edits = append(edits, repo.Edit{Path: at.Path(), Delete: true})
			if len(one.comments) > 0 {
				edits = append(edits, repo.Edit{Path: comments(at), Delete: true})
			}
			did = append(did, "delete", at.String())
			done = append(done, func(repo.Hash, string) { w.end(at) })
		default:
			to := w.somewhere(wiki.External)
			if touched[to.Page] || !w.free(to) {
				continue
			}
			touched[to.Page] = true
			now := one.versions[len(one.versions)-1].text
			edits = append(edits, repo.Edit{Path: at.Path(), Delete: true})
			put(to, now)
			if len(one.comments) > 0 {
				file := w.blob(r, comments(at))
				edits = append(edits, repo.Edit{Path: comments(at), Delete: true}, repo.Edit{Path: comments(to), Blob: file})
			}
			did = append(did, "rename", at.String(), to.String())
			done = append(done, func(h repo.Hash, msg string) { w.rename(at, to); w.add(to, h, now, msg) })
		}
	}
	return edits, done, did
}

func (w *wanderer) blob(r *repo.Repo, path string) repo.Hash {
	head, err := r.Head()
	require.NoError(w.t, err)
	tree, err := r.Tree(head)
	require.NoError(w.t, err)
	h, _, err := tree.Blob(path)
	require.NoError(w.t, err)
	return h
}

// allowed are the words that the guest may read anywhere.
func (w *wanderer) allowed() map[string]bool {
	all := map[string]bool{}
	add := func(texts ...string) {
		for _, text := range texts {
			for _, word := range ownWords.FindAllString(text, -1) {
				all[word] = true
			}
		}
	}
	for _, one := range w.shared {
		add(one.comments...)
		for _, v := range one.versions {
			add(v.text, v.msg)
		}
	}
	for name, word := range w.files {
		add(name, word)
	}
	return all
}

// get asks in the guest's name. Nothing that comes has a word that is not theirs,
// but for those they asked with.
func (w *wanderer) get(path string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := w.asks.request("GET", path, nil)
	r.URL.Scheme, r.URL.Host = "", ""
	for _, c := range w.asks.jar {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.web.Handler().ServeHTTP(rec, r)
	may := w.allowed()
	for _, word := range ownWords.FindAllString(rec.Body.String()+fmt.Sprint(rec.Header()), -1) {
		if !may[word] && !strings.Contains(path, word) {
			assert.Fail(w.t, "a guest read what is not theirs", "%s on %s after %q", word, path, w.tail())
		}
	}
	return rec
}

func (w *wanderer) tail() []string { return w.did[max(0, len(w.did)-12):] }

// check compares what a guest sees with what they may.
func (w *wanderer) check() {
	const api = "/api/v1/shared/northwind"
	type version struct {
		Page, Version string
		Number        int
	}
	var list struct{ Items []version }
	w.decode(api+"/pages?limit=100", &list)
	want := map[string]version{}
	for at, one := range w.shared {
		want[at.Page] = version{at.Page, one.versions[len(one.versions)-1].commit.String(), len(one.versions)}
	}
	got := map[string]version{}
	for _, p := range list.Items {
		got[p.Page] = p
	}
	assert.Equal(w.t, want, got, "%q", w.tail())
	if at, ok := anyOf(w, w.shared); ok {
		one := w.shared[at]
		page := api + "/pages/" + at.Page
		var history struct{ Items []version }
		w.decode(page+"/history?limit=100", &history)
		var commits, wanted []string
		for i, v := range history.Items {
			commits = append(commits, v.Version)
			assert.Equal(w.t, len(one.versions)-i, v.Number)
		}
		for _, v := range slices.Backward(one.versions) {
			wanted = append(wanted, v.commit.String())
		}
		assert.Equal(w.t, wanted[:min(len(wanted), 100)], commits, "%s after %q", at, w.tail())
		v := one.versions[w.rnd.IntN(len(one.versions))]
		var text struct{ Text string }
		w.decode(page+"?at="+v.commit.String(), &text)
		assert.Equal(w.t, v.text, text.Text, "%s after %q", at, w.tail())
		w.deny(at)
	}
	var files struct{ Items []struct{ Name string } }
	w.decode(api+"/files?limit=100", &files)
	assert.Len(w.t, files.Items, len(w.files), "%q", w.tail())
	w.look()
}

// deny asks for what was shared once, by way of a page that is.
func (w *wanderer) deny(at wiki.Place) {
	if len(w.gone) == 0 {
		return
	}
	ctx := context.Background()
	old := w.gone[w.rnd.IntN(len(w.gone))]
	one := w.shared[at]
	if slices.ContainsFunc(one.versions, func(v sharedText) bool { return v.commit == old }) {
		return // one commit of a push may have ended one page and gone on with another
	}
	now := one.versions[len(one.versions)-1].commit
	for _, path := range []string{"/api/v1/shared/northwind/pages/" + at.Page + "?at=" + old.String(), "/api/v1/shared/northwind/pages/" + at.Page + "/compare?from=" + old.String() + "&to=" + now.String(),
		"/shared/northwind/" + at.Page + "?at=" + old.String(), "/shared/northwind/" + at.Page + "/compare?from=" + now.String() + "&to=" + old.String()} {
		assert.Equal(w.t, http.StatusNotFound, w.get(path).Code, "%s after %q", path, w.tail())
	}
	_, err := w.out().Restore(ctx, w.guest, at, old)
	assert.ErrorIs(w.t, err, wiki.ErrNotFound, "%q", w.tail())
	_, err = w.out().SetTask(ctx, w.guest, at, old, 5, true)
	assert.ErrorIs(w.t, err, wiki.ErrNotFound, "%q", w.tail())
}

// look opens a door or two.
func (w *wanderer) look() {
	name := w.somewhere(wiki.External).Page
	word := "zq" + strconv.Itoa(1+w.rnd.IntN(w.words)) + "q"
	const home = "/shared/northwind"
	doors := []string{home, home + "/brief", home + "/files", home + "/new", home + "/search?q=" + word, home + "/" + name, home + "/" + name + "/history", home + "/" + name + "?edit=form",
		"/api/v1" + home, "/api/v1" + home + "/facts", "/api/v1" + home + "/search?q=" + word, "/api/v1" + home + "/pages/" + name + "/comments", "/api/v1" + home + "/brief",
		"/-" + home + "/complete?kind=page&q=page", "/-" + home + "/complete?kind=file&q=zq", home + "/files/" + word + ".txt"}
	for range 2 {
		path := doors[w.rnd.IntN(len(doors))]
		rec := w.get(path)
		to, err := url.Parse(rec.Header().Get("Location"))
		require.NoError(w.t, err)
		if page, ok := strings.CutPrefix(to.Path, home+"/"); ok && rec.Code == http.StatusFound {
			led := false
			for at, one := range w.shared {
				led = led || at.Page == page && slices.Contains(one.names, name)
			}
			assert.True(w.t, led, "%s leads to %s after %q", path, to, w.tail())
		}
		if strings.Contains(path, "/api/") && strings.Contains(path, "search") {
			var found struct {
				Total     int
				Corrected bool // to a word that they may read
			}
			require.NoError(w.t, json.Unmarshal(rec.Body.Bytes(), &found), rec.Body.String())
			if !w.allowed()[word] && !found.Corrected {
				assert.Zero(w.t, found.Total, "%s after %q", path, w.tail())
			}
		}
	}
}

func (w *wanderer) decode(path string, into any) {
	w.t.Helper()
	rec := w.get(path)
	require.Equal(w.t, http.StatusOK, rec.Code, "%s after %q: %s", path, w.tail(), rec.Body)
	require.NoError(w.t, json.Unmarshal(rec.Body.Bytes(), into))
}

// Whatever is moved, renamed, shared, brought back, restored, reverted, deleted,
// pushed and attached, in whatever order: a guest sees the pages of the external
// head and their versions since they were shared last, and nothing of any other.
func TestWhateverHappensGuestsSeeWhatIsShared(t *testing.T) {
	seed, steps := uint64(1), 200
	if text := os.Getenv("DEALWIKI_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		seed = n
	}
	if os.Getenv("DEALWIKI_SOAK") != "" {
		steps = 10_000
	}
	w := newWanderer(t, seed)
	for i := range steps {
		w.step()
		w.check()
		if t.Failed() {
			t.Fatalf("step %d of seed %d: %q", i+1, seed, w.did)
		}
	}
}
