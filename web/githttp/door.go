package githttp

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Config says what a door leads to.
type Config struct {
	Wiki   *wiki.Wiki   // required
	People *people.DB   // required
	Logger *slog.Logger // optional: nil discards
	// IP is the address a request comes from; required.
	IP func(*http.Request) string
	// MaxPush is the largest push in bytes; zero means [DefaultMaxPush].
	MaxPush int64
	// Wait is how long a request waits for others to end; zero means 30 seconds.
	Wait time.Duration
}

// DefaultMaxPush is the largest push in bytes where nothing else is said.
const DefaultMaxPush = 256 << 20

const (
	maxRequest = 16 << 20 // bytes of what a client tells before it is sent a pack, unpacked
	maxAtOnce  = 8        // requests that git, or the check of a push, works on
	maxSpools  = 32       // pushes that are being sent
	maxEach    = 3        // of either for one person
)

// Door answers requests below /git/. It is safe for concurrent use.
type Door struct {
	wiki    *wiki.Wiki
	people  *people.DB
	log     *slog.Logger
	ip      func(*http.Request) string
	maxPush int64
	turns   turns // to work
	spools  turns // to send
}

// New makes a door.
func New(cfg Config) *Door {
	d := &Door{wiki: cfg.Wiki, people: cfg.People, log: cfg.Logger, ip: cfg.IP, maxPush: cfg.MaxPush}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.maxPush == 0 {
		d.maxPush = DefaultMaxPush
	}
	wait := cfg.Wait
	if wait == 0 {
		wait = 30 * time.Second
	}
	d.turns.init(wait, maxAtOnce)
	d.spools.init(wait, maxSpools)
	return d
}

// MaxBody is the largest body of a request in bytes, as it is sent.
func (d *Door) MaxBody() int64 { return d.maxPush }

const (
	uploadPack  = "git-upload-pack"  // the server sends: clone, fetch
	receivePack = "git-receive-pack" // the server receives: push
)

// answer is a refusal in plain words, which git shows to its user.
type answer struct {
	status int
	text   string
}

func (a *answer) Error() string { return a.text }

var (
	errNobody   = &answer{http.StatusUnauthorized, "Give an API token with the scope git as the password; the user name does not matter. You make tokens in your settings."}
	errNothing  = &answer{http.StatusNotFound, "There is no such repository, or it is not for you. Check the address, and that your token has the scope git."}
	errReadOnly = &answer{http.StatusForbidden, "You can clone this but not push to it. Ask the prospect's owner for the right to write."}
	errNoGit    = &answer{http.StatusNotImplemented, "git is not installed on this server, so nothing can be cloned or pushed. Ask your administrator to install it; everything else works without."}
	errBusy     = &answer{http.StatusServiceUnavailable, "Too many others clone or push right now. Try again in a minute."}
	errTooLarge = &answer{http.StatusRequestEntityTooLarge, "This is more than is taken at once. Push a part of the commits first, for example git push origin COMMIT:main, and leave out what is very large."}
	errUnread   = &answer{http.StatusBadRequest, "The request cannot be read. Try again with a current git."}
)

// ServeHTTP answers a request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := d.serve(w, r)
	if err == nil {
		return
	}
	var a *answer
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &a):
	case errors.As(err, &large):
		a = errTooLarge
	case r.Context().Err() != nil:
		return
	default:
		d.log.Error("answering git", "method", r.Method, "route", r.Pattern, "err", err)
		a = &answer{http.StatusInternalServerError, "Something went wrong. This is our mistake; nothing was changed. Try again, and tell your administrator if it stays."}
	}
	h := w.Header()
	if a == errNobody {
		h.Set("WWW-Authenticate", `Basic realm="dealwiki", charset="UTF-8"`)
	}
	if a == errBusy {
		h.Set("Retry-After", "60")
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, a.text+"\n") // fails only when the reader has gone away
	}
}

func (d *Door) serve(w http.ResponseWriter, r *http.Request) error {
	c, err := d.caller(r)
	if err != nil {
		return err
	}
	rest, _ := strings.CutPrefix(r.URL.Path, "/git/")
	prospect, rest, _ := strings.Cut(rest, "/")
	name, what, _ := strings.Cut(rest, "/")
	section, ok := strings.CutSuffix(name, ".git")
	if !ok {
		return errNothing
	}
	side, err := d.side(r.Context(), c, prospect, wiki.Section(section))
	if err != nil {
		return err
	}
	query := r.URL.Query()
	service := what
	if what == "info/refs" {
		service = query.Get("service")
	}
	switch {
	case service != uploadPack && service != receivePack,
		what == "info/refs" && (r.Method != http.MethodGet || len(query) != 1 || len(query["service"]) != 1),
		what != "info/refs" && (r.Method != http.MethodPost || r.URL.RawQuery != ""):
		return errNothing
	}
	source, err := d.opened(r.Context(), c, side, service)
	if err != nil {
		return err
	}
	if d.wiki.Git() == "" {
		return errNoGit
	}
	if what != "info/refs" && r.Header.Get("Content-Type") != "application/x-"+service+"-request" {
		return errUnread
	}
	w.Header().Set("Cache-Control", "no-cache")
	if what == receivePack {
		return d.receive(w, r, c, side, source)
	}
	done, err := d.turns.take(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	defer done()
	if what == "info/refs" {
		w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
		if service == receivePack {
			return advertise(w, source)
		}
		return d.send(w, r, source, true)
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-result")
	return d.send(w, r, source, false)
}

// caller answers whose token the request has, by Basic authorization alone.
func (d *Door) caller(r *http.Request) (people.Caller, error) {
	if len(r.Header.Values("Authorization")) != 1 {
		return people.Caller{}, errNobody
	}
	_, secret, ok := r.BasicAuth()
	if !ok {
		return people.Caller{}, errNobody
	}
	c, err := d.people.Token(r.Context(), strings.TrimSpace(secret), d.ip(r))
	if errors.Is(err, people.ErrNotFound) {
		return people.Caller{}, errNobody
	}
	if err != nil {
		return people.Caller{}, fmt.Errorf("checking a token: %w", err)
	}
	if c, ok = c.AtGit(); !ok {
		return people.Caller{}, errNothing // somebody, but nothing is here for them
	}
	return c, nil
}

// side opens a side for whoever may know of it.
func (d *Door) side(ctx context.Context, c people.Caller, prospect string, section wiki.Section) (*wiki.Side, error) {
	var side *wiki.Side
	var err error
	switch section {
	case wiki.External:
		side, err = d.wiki.Shared(ctx, c, prospect)
	case wiki.Internal:
		var space *wiki.Space
		if space, err = d.wiki.Space(ctx, c, prospect); err == nil {
			side = space.Internal()
		}
	default:
		return nil, errNothing
	}
	return side, hidden(err)
}

func (d *Door) opened(ctx context.Context, c people.Caller, side *wiki.Side, service string) (*repo.Repo, error) {
	source, err := side.OpenRepo(ctx, c)
	if err == nil && service == receivePack {
		err = side.MayPush(ctx, c)
	}
	return source, hidden(err)
}

func hidden(err error) error {
	switch {
	case errors.Is(err, wiki.ErrNotFound):
		return errNothing
	case errors.Is(err, people.ErrForbidden):
		return errReadOnly
	}
	return err
}

// body is what the client has sent, unpacked; max bounds it.
func body(r *http.Request, max int64) (io.Reader, error) {
	in := io.Reader(r.Body)
	switch r.Header.Get("Content-Encoding") {
	case "":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, errUnread
		}
		in = z
	default:
		return nil, errUnread
	}
	return &bounded{in: in, left: max}, nil
}

// bounded fails when there is more to read than is taken.
type bounded struct {
	in   io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.in.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errTooLarge
	}
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errUnread
	}
	return n, err
}
