package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// maxKeptView bounds a reading page that is kept whole, in bytes as sent.
const maxKeptView = 128 << 10

// viewKey names a reading page as one person gets it.
type viewKey struct {
	prospect string
	place    wiki.Place
	person   people.Person // settings and all
	packed   bool
}

// stamp is everything else that a reading page depends on. A page that was drawn
// under the same stamp is the same.
type stamp struct {
	internal, external repo.Hash
	funnel             *wiki.Funnel
	level              people.Level
	people             int64
	marks              *readMarks
	steps              int
	day                string // days are counted on the page
	inbox              int
	items              int // of sources, unread
}

// keptView is a reading page ready to be sent.
type keptView struct {
	stamp   stamp
	version repo.Hash
	tag     string
	body    []byte
}

// viewState is what a reading page depends on, as of the beginning of a request,
// so that a change while it is drawn makes it stale.
type viewState struct {
	s     *Server
	c     people.Caller
	key   viewKey
	stamp stamp
	plain bool // a page as it is now, with nothing else on it
}

func (s *Server) viewState(r *http.Request, c people.Caller, place wiki.Place) (*viewState, error) {
	ctx, prospect := r.Context(), r.PathValue("prospect")
	st := &viewState{s: s, c: c, key: viewKey{prospect, place, c.Person, accepts(r, "gzip")}, plain: r.URL.RawQuery == ""}
	if _, err := r.Cookie(s.cookieName(r) + flashSuffix); err == nil {
		st.plain = false
	}
	if !st.plain {
		return st, nil
	}
	space, err := s.wiki.Space(ctx, c, prospect)
	if err != nil {
		return nil, err
	}
	st.stamp.level = s.people.LevelOn(ctx, c, prospect)
	st.stamp.people = s.peopleSeen.Load()
	st.stamp.day = s.now().UTC().Format("2006-01-02")
	for _, side := range space.Sides() {
		head, err := side.Head(ctx, c)
		if err != nil {
			return nil, err
		}
		if side.Section() == wiki.Internal {
			st.stamp.internal = head
		} else {
			st.stamp.external = head
		}
	}
	if st.stamp.funnel, err = s.wiki.Funnel(ctx); err != nil {
		return nil, err
	}
	if st.stamp.marks, err = s.readMarks(ctx, c, prospect); err != nil {
		return nil, err
	}
	st.stamp.steps = st.stamp.marks.count()
	if r.Method == http.MethodGet && seen(r) {
		s.seePage(ctx, c, prospect, place)
	}
	st.stamp.inbox = s.inboxCount(ctx, c)
	st.stamp.items = s.unreadItems(ctx, c, prospect)
	return st, nil
}

// kept answers the page from memory when it was drawn under the same stamp.
func (st *viewState) kept(w http.ResponseWriter, r *http.Request) bool {
	if !st.plain {
		return false
	}
	v, ok := st.s.views.get(st.key)
	if !ok || v.stamp != st.stamp {
		return false
	}
	if seen(r) {
		st.s.markRead(r.Context(), st.c, st.key.prospect, st.key.place, v.version)
	}
	st.send(w, r, v)
	return true
}

// keep draws the page, sends it and keeps it.
func (st *viewState) keep(w http.ResponseWriter, r *http.Request, view *PageView, version repo.Hash) error {
	s := st.s
	if !st.plain {
		private(w)
		s.render(w, r, http.StatusOK, "page", view)
		return nil
	}
	buf := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(buf)
	buf.Reset()
	if err := s.templates.Execute(buf, "page", view); err != nil {
		return err
	}
	sum := sha256.Sum256(buf.Bytes())
	v := &keptView{stamp: st.stamp, version: version, tag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	if st.key.packed {
		v.body = s.pack(buf.Bytes())
	} else {
		v.body = bytes.Clone(buf.Bytes())
	}
	if len(v.body) <= maxKeptView {
		s.views.putSized(st.key, v, len(v.body))
	}
	st.send(w, r, v)
	return nil
}

func (st *viewState) send(w http.ResponseWriter, r *http.Request, v *keptView) {
	private(w)
	h := w.Header()
	h.Set("ETag", v.tag)
	h.Set("Vary", "Accept-Encoding, Cookie")
	if r.Header.Get("If-None-Match") == v.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	if st.key.packed {
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(v.body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(v.body) // fails only when the reader has gone away
	}
}

// pack compresses a page.
func (s *Server) pack(html []byte) []byte {
	var out bytes.Buffer
	z := s.zips.Get().(*gzip.Writer)
	defer s.zips.Put(z)
	z.Reset(&out)
	// Writing to memory does not fail.
	_, _ = z.Write(html)
	_ = z.Close()
	return out.Bytes()
}

// seen reports that a person looks at the page, not a program in advance.
func seen(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Sec-Purpose") == "" && r.Header.Get("Purpose") == ""
}

func (m *readMarks) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.steps
}
