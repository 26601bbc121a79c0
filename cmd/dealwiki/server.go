package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/search"
	"dealwiki/web"
	"dealwiki/web/inmail"
	"dealwiki/web/notify"
	"dealwiki/web/outbound"
	"dealwiki/web/signon"
	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/credit"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
	"dealwiki/wiki/register"
	"dealwiki/wiki/source"
)

// options are what a server is started with.
type options struct {
	data    string
	addr    string
	url     string // public address; "" is made of the address listened on
	proxies []netip.Prefix
	log     *slog.Logger
	now     func() time.Time
	cost    people.Cost   // of hashing passwords; zero is what a server should use
	idle    time.Duration // after which a version is made of what was typed; zero is what a server should use
}

// server is a running dealwiki: what serve and demo run and tests start.
type server struct {
	people  *people.DB
	journal *journal.Journal
	wiki    *wiki.Wiki
	rooms   *realtime.Hub
	facts   *register.Register
	figures *pipeline.Book
	book    *handoff.Book
	notices *notify.Center
	talks   *maillog.Log // the communications log
	outside *source.Book // outside sources
	mailbox *inmail.Server
	mailed  chan struct{} // closed when no more mails are taken
	hooks   *webhook.Sender
	source  *search.Wiki
	search  *search.Index
	web     *web.Server
	// provider is of single sign-on; nil: there is none.
	provider *signon.Provider
	http     *http.Server
	url      string

	stopFollowers context.CancelFunc
	followers     sync.WaitGroup // of facts, pipeline and handoffs; stopped by stopFollowers
	stopSearch    context.CancelFunc
	searchDone    chan struct{}
	roomsDone     chan struct{} // closed when rooms.Run has returned
	served        chan error    // the end of http.Serve
}

// start opens the data folder and listens. Close ends what it began.
func start(ctx context.Context, o options) (_ *server, err error) {
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	conf, err := readConfig(o.data)
	if err != nil {
		return nil, err
	}
	// Read before the wiki makes its own: with pages and no journal, whatever
	// browsers have kept of live documents is of ones that are lost.
	fresh, err := isFresh(o.data)
	if err != nil {
		return nil, err
	}
	s := &server{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(context.Background()))
		}
	}()
	if s.people, err = people.Open(filepath.Join(o.data, "dealwiki.db"), people.Options{Logger: o.log, Now: o.now, Cost: o.cost}); err != nil {
		return nil, fmt.Errorf("opening the accounts: %w", err)
	}
	s.wiki, err = wiki.Open(ctx, wiki.Config{Dir: o.data, People: s.people, Logger: o.log, Now: o.now, Company: conf.Company, MaxFile: conf.maxFile()})
	if err != nil {
		return nil, err
	}
	if err := s.startRooms(ctx, o, conf.Live, fresh); err != nil {
		return nil, err
	}
	if err := conf.checkInbound(o.data); err != nil {
		return nil, err
	}
	letters, err := conf.mailer(o.data, o.url)
	if err != nil {
		return nil, err
	}
	signOn, err := conf.signOn(o.data, o.url, o.now, o.log)
	if err != nil {
		return nil, err
	}
	s.provider = signOn.Provider
	// Before all that tells others where it is.
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", o.addr, err)
	}
	defer func() {
		if err != nil {
			listener.Close()
		}
	}()
	s.url = o.url
	if s.url == "" {
		s.url = "http://" + localAddr(listener.Addr())
	}
	if err := s.startFollowers(ctx, o, letters); err != nil {
		return nil, err
	}
	s.makeMailbox(o, conf.InboundMail)
	if err := s.startSearch(o); err != nil {
		return nil, err
	}
	if err := s.openDoors(ctx, o, conf.maxPush(), signOn); err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           s.web.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(o.log.Handler(), slog.LevelWarn),
	}
	s.served = make(chan error, 1)
	go func() { s.served <- s.http.Serve(listener) }()
	if err := s.startMail(o, conf.InboundMail); err != nil {
		return nil, err
	}
	return s, nil
}

// startRooms opens the journal and joins live editing to the wiki. It is done
// before anything can change a page.
func (s *server) startRooms(ctx context.Context, o options, limits liveConfig, fresh bool) (err error) {
	file := filepath.Join(o.data, "journal.db")
	if _, err := os.Stat(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for the journal: %w", err)
	} else if err != nil && !fresh {
		o.log.Info("there is no journal of live edits; a new one is begun", "file", file)
	} else if err == nil {
		fresh = true // none of its documents is rebuilt
	}
	if s.journal, err = journal.Open(file, journal.Options{Logger: o.log, Now: o.now, Rebuilt: !fresh}); err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	s.rooms, err = realtime.New(realtime.Config{Wiki: s.wiki, Journal: s.journal, People: s.people, Logger: o.log, Now: o.now, Idle: o.idle, Limits: limits.limits()})
	if err != nil {
		return err
	}
	s.wiki.SetRooms(s.rooms)
	s.roomsDone = make(chan struct{})
	go func() {
		defer close(s.roomsDone)
		s.rooms.Run(context.WithoutCancel(ctx)) // until it is closed
	}()
	return nil
}

// startFollowers opens what is computed from the commits or told of them (facts,
// handoffs, figures, inboxes, webhooks, sources) and lets it follow.
func (s *server) startFollowers(ctx context.Context, o options, letters *notify.Mail) (err error) {
	if s.facts, err = register.Open(ctx, s.wiki, o.log); err != nil {
		return fmt.Errorf("opening the register of facts: %w", err)
	}
	s.book = handoff.New(s.wiki, s.facts)
	if s.figures, err = pipeline.Open(ctx, s.wiki, s.book, o.log); err != nil {
		return err
	}
	s.hooks = webhook.New(webhook.Config{People: s.people, Client: outbound.New(outbound.Config{}), URL: s.url, Logger: o.log, Now: o.now})
	s.notices = notify.New(notify.Config{Wiki: s.wiki, People: s.people, Handoffs: s.book, Mail: letters, Webhooks: s.hooks, Pipeline: s.figures, Logger: o.log})
	s.talks = maillog.New(maillog.Config{Wiki: s.wiki, Logger: o.log})
	s.outside = source.New(source.Config{Wiki: s.wiki, People: s.people, Log: s.talks, Client: outbound.New(outbound.Config{Redirects: 5}), Logger: o.log})
	following, stop := context.WithCancel(context.Background())
	s.stopFollowers = stop
	for what, run := range map[string]func(context.Context) error{
		"facts":    s.facts.Run,
		"pipeline": s.figures.Run,
		"inboxes":  s.notices.Run,
		"sources":  s.outside.Run,
		"webhooks": s.hooks.Run,
		"handoffs": func(ctx context.Context) error { return s.book.Run(ctx, o.log) },
	} {
		s.followers.Go(func() {
			if err := run(following); err != nil && following.Err() == nil {
				o.log.Error("following changes", "for", what, "err", err)
			}
		})
	}
	return nil
}

// startSearch opens the index and lets it follow the commits.
func (s *server) startSearch(o options) error {
	s.source = search.NewSource(s.wiki)
	var err error
	if s.search, err = search.Open(filepath.Join(o.data, "index"), s.source, search.Options{Logger: o.log}); err != nil {
		return fmt.Errorf("opening the search index: %w", err)
	}
	following, stop := context.WithCancel(context.Background())
	s.stopSearch, s.searchDone = stop, make(chan struct{})
	go func() {
		defer close(s.searchDone)
		if err := s.search.Run(following); err != nil && following.Err() == nil {
			o.log.Error("following changes for the search", "err", err)
		}
	}()
	return nil
}

// openDoors makes what answers requests.
func (s *server) openDoors(ctx context.Context, o options, maxPush int64, signOn web.SignOn) error {
	helped, err := credit.Open(ctx, s.wiki, s.facts, s.book)
	if err != nil {
		return err
	}
	s.web, err = web.New(web.Config{
		Wiki: s.wiki, People: s.people, Search: s.search, Live: s.rooms,
		Register: s.facts, Brief: s.briefs(), Handoffs: s.book, Pipeline: s.figures, Credit: helped,
		Notices: s.notices, Log: s.talks, Mailbox: s.mailbox, Sources: s.outside, Webhooks: s.hooks,
		URL: s.url, MaxPush: maxPush, SignOn: signOn, TrustedProxies: o.proxies, Version: version, Ready: s.ready, Logger: o.log, Now: o.now,
	})
	return err
}

// ready answers why requests should not be sent here yet: lists may be behind
// until every prospect was looked at once.
func (s *server) ready(context.Context) error {
	if !s.wiki.Verified() {
		return errors.New("looking through the prospects")
	}
	return nil
}

// localAddr is what a person on this machine can open.
func localAddr(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// When the server stops, requests under way may take this long, and then live
// pages to be saved: ten seconds together.
const (
	drainRequests = 4 * time.Second
	drainRooms    = 6 * time.Second
)

// wait serves until ctx is done, then stops in order.
func (s *server) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return s.close(context.Background())
	case err := <-s.served:
		s.served <- err
		return errors.Join(fmt.Errorf("serving: %w", err), s.close(context.Background()))
	}
}

// close stops what runs, the doors first, and waits for it. What was typed on
// live pages becomes versions; what does not in time is in the journal, from
// which the next start goes on.
func (s *server) close(ctx context.Context) error {
	var errs []error
	if s.http != nil {
		ctx, cancel := context.WithTimeout(ctx, drainRequests)
		defer cancel()
		if err := s.http.Shutdown(ctx); err != nil {
			errs = append(errs, s.http.Close())
		}
		if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, s.stopMail(ctx))
	if s.rooms != nil {
		ctx, cancel := context.WithTimeout(ctx, drainRooms)
		defer cancel()
		errs = append(errs, s.rooms.Close(ctx))
		<-s.roomsDone
	}
	if s.web != nil {
		errs = append(errs, s.web.Close())
	}
	if s.provider != nil {
		s.provider.Close()
	}
	if s.stopFollowers != nil {
		s.stopFollowers()
		s.followers.Wait()
	}
	if s.notices != nil {
		s.notices.Close()
	}
	if s.figures != nil {
		errs = append(errs, s.figures.Close())
	}
	if s.facts != nil {
		errs = append(errs, s.facts.Close())
	}
	if s.stopSearch != nil {
		s.stopSearch()
		<-s.searchDone
	}
	if s.search != nil {
		errs = append(errs, s.search.Close())
	}
	if s.source != nil {
		s.source.Stop()
	}
	if s.wiki != nil {
		errs = append(errs, s.wiki.Close())
	}
	if s.journal != nil {
		errs = append(errs, s.journal.Close())
	}
	if s.people != nil {
		errs = append(errs, s.people.Close())
	}
	return errors.Join(errs...)
}
