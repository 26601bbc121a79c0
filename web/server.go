package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dealwiki/content"
	"dealwiki/realtime"
	"dealwiki/search"
	"dealwiki/web/githttp"
	"dealwiki/web/inmail"
	"dealwiki/web/notify"
	"dealwiki/web/signon"
	"dealwiki/web/ui"
	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/credit"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
	facts "dealwiki/wiki/register" // register is a function here
	"dealwiki/wiki/source"
)

// Config says what a server shows and how it is reached.
type Config struct {
	// Wiki is required: the prospects. It stays open while the server is used.
	Wiki *wiki.Wiki
	// People is required: accounts, sessions and grants.
	People *people.DB
	// Search is optional; without it the search page says that search is not
	// available.
	Search *search.Index
	// Live is optional; without it pages are edited by the form alone. It is
	// closed after the server has stopped taking requests, and before Close.
	Live *realtime.Hub
	// Register, Brief and Handoffs are optional: facts over time, what a
	// newcomer reads first, and deals that change hands. Without them their
	// pages are not there. The register is closed after the server.
	Register *facts.Register
	Brief    *brief.Maker
	Handoffs *handoff.Book
	// Notices are optional: inboxes. Closed after the server.
	Notices *notify.Center
	// Webhooks are optional: programs that are told what happens.
	Webhooks *webhook.Sender
	// Pipeline is optional: the figures over all deals. It is closed after the
	// server.
	Pipeline *pipeline.Book
	// Credit is optional: who knows, and who helped.
	Credit *credit.Book
	// Log is optional: the communications log; nil makes one.
	Log *maillog.Log
	// Mailbox is optional: it takes mails for logs. It is closed before the
	// server.
	Mailbox *inmail.Server
	// Sources are optional: what outside sources tell. Closed after the server.
	Sources *source.Book
	// Logger is optional; nil discards. Query strings, form values and secrets
	// in addresses are never logged.
	Logger *slog.Logger
	// Now is optional: the clock; nil is time.Now.
	Now func() time.Time
	// URL is how people reach the server, such as "https://wiki.example.com".
	// Links that leave the browser (invitations) are made from it, cookies are
	// Secure and strict transport security is on when it begins with https.
	// Empty: links are made from the request's Host, for a server on localhost.
	URL string
	// TrustedProxies are the addresses whose X-Forwarded-For and
	// X-Forwarded-Proto are believed. Empty: nobody's.
	TrustedProxies []netip.Prefix
	// Version is shown to administrators and programs; may be empty.
	Version string
	// MaxImport is the largest file the import page takes, in bytes; zero means
	// 512 MB.
	MaxImport int64
	// MaxPush is the largest push by git as it is sent, in bytes; zero means
	// [githttp.DefaultMaxPush].
	MaxPush int64
	// SignOn says how staff sign in; the zero value is by passwords and links.
	SignOn SignOn
	// Ready is optional: it answers why the server cannot serve yet, for
	// /-/readyz; nil is ready.
	Ready func(context.Context) error
}

// Server answers browsers and programs. It is safe for concurrent use.
type Server struct {
	wiki    *wiki.Wiki
	people  *people.DB
	search  *search.Index
	rooms   *realtime.Hub // nil: no live editing
	facts   *facts.Register
	briefs  *brief.Maker
	book    *handoff.Book // of handoffs
	talks   *maillog.Log  // the communications log
	notices *notify.Center
	sources *source.Book // what outside sources tell
	mailbox *inmail.Server
	hooks   *webhook.Sender
	figures *pipeline.Book
	credit  *credit.Book
	shared  *portal // what the customer sees
	log     *slog.Logger
	now     func() time.Time
	url     string // without the final slash; "" when it is not set
	secure  bool   // URL is https
	proxies []netip.Prefix
	version string
	ready   func(context.Context) error

	maxImport int64
	assets    *ui.Assets
	templates *ui.Templates
	mux       *http.ServeMux
	git       *githttp.Door
	handler   http.Handler
	doors     []Door
	started   time.Time
	anybody   atomic.Bool // there is an account; never false again
	// peopleSeen counts changes of accounts: what was drawn before one, with
	// its mentions, is drawn again.
	peopleSeen atomic.Int64
	unwatch    func()

	docs    *lru[docKey, *content.Doc] // parsed pages
	bodies  *lru[bodyKey, *readBody]   // rendered pages
	views   *lru[viewKey, *keptView]   // whole reading pages, by reader
	needs   *lru[string, *needCount]   // needed content of prospects, for the board
	marks   *lru[markKey, keptMarks]   // what people have read
	zips    sync.Pool                  // *gzip.Writer
	buffers sync.Pool                  // *bytes.Buffer
	imports *importQueue
	signOn  SignOn
	keys    *signon.Passkeys
	letters *letters

	needing sync.Mutex // see needOf
	moves   *wiki.Follower

	stop context.CancelFunc
}

const (
	defaultMaxImport = 512 << 20
	cachedDocs       = 2_000
	cachedBodies     = 2_000
	cachedNeeds      = 20_000
	cachedViews      = 1_000
	cachedMarks      = 2_000
	cachedBytes      = 128 << 20 // of parsed, rendered and whole pages each
	parsedCost       = 40        // bytes of a parsed page for one of its text, at most
)

// New makes a server. It starts nothing; Close ends what requests have begun.
func New(cfg Config) (*Server, error) {
	if cfg.Wiki == nil || cfg.People == nil {
		return nil, errors.New("making the web server: a wiki and its people are required")
	}
	s := &Server{
		wiki: cfg.Wiki, people: cfg.People, search: cfg.Search, rooms: cfg.Live, log: cfg.Logger, now: cfg.Now,
		facts: cfg.Register, briefs: cfg.Brief, book: cfg.Handoffs, figures: cfg.Pipeline, credit: cfg.Credit,
		proxies: cfg.TrustedProxies, version: cfg.Version, ready: cfg.Ready, maxImport: cfg.MaxImport,
		mux:    http.NewServeMux(),
		docs:   newLRU[docKey, *content.Doc](cachedDocs, cachedBytes),
		bodies: newLRU[bodyKey, *readBody](cachedBodies, cachedBytes),
		views:  newLRU[viewKey, *keptView](cachedViews, cachedBytes),
		needs:  newLRU[string, *needCount](cachedNeeds, 0),
		marks:  newLRU[markKey, keptMarks](cachedMarks, 0),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.maxImport == 0 {
		s.maxImport = defaultMaxImport
	}
	if cfg.URL != "" {
		u, err := url.Parse(cfg.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return nil, fmt.Errorf("the public address %q is not like https://wiki.example.com", cfg.URL)
		}
		s.url, s.secure = u.Scheme+"://"+u.Host, u.Scheme == "https"
	}
	s.notices = cfg.Notices
	s.sources, s.mailbox = cfg.Sources, cfg.Mailbox
	s.hooks = cfg.Webhooks
	if s.talks = cfg.Log; s.talks == nil {
		s.talks = maillog.New(maillog.Config{Wiki: cfg.Wiki, Logger: s.log})
	}
	s.started = s.now()
	s.zips.New = func() any {
		z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
		return z
	}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	var err error
	if s.assets, err = ui.NewAssets(); err != nil {
		return nil, fmt.Errorf("reading assets: %w", err)
	}
	if s.templates, err = ui.NewTemplates(s.assets); err != nil {
		return nil, fmt.Errorf("reading templates: %w", err)
	}
	keys, err := signon.NewPasskeys(s.now, s.log)
	if err != nil {
		return nil, err
	}
	s.keys = keys
	s.git = githttp.New(githttp.Config{Wiki: s.wiki, People: s.people, Logger: s.log, IP: s.clientIP, MaxPush: cfg.MaxPush})
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.imports = newImportQueue(ctx, s)
	s.signOn = cfg.SignOn
	s.letters = newLetters(ctx, s)
	if err := s.routes(); err != nil {
		cancel()
		s.letters.wait()
		return nil, err
	}
	s.moves = cfg.Wiki.Follow()
	s.unwatch = cfg.People.Watch(func(people.Change) { s.peopleSeen.Add(1) })
	s.handler = s.around(s.mux)
	return s, nil
}

// Handler answers every request.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends imports that run and waits for them. Requests must have ended
// before.
func (s *Server) Close() error {
	s.unwatch()
	s.moves.Stop()
	s.stop()
	s.imports.wait()
	s.letters.wait()
	return nil
}
