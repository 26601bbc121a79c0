package inmail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/net/netutil"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
)

// Config says what a Server needs. Zero values of limits are what a server should
// use.
type Config struct {
	Wiki   *wiki.Wiki       // required
	People *people.DB       // required
	Log    *maillog.Log     // required
	Domain string           // required: what stands behind the @
	LMTP   bool             // speak LMTP instead of SMTP
	TLS    *tls.Config      // optional: offers STARTTLS
	Logger *slog.Logger     // optional: nil discards
	Now    func() time.Time // optional: nil is time.Now

	MaxSize       int64         // bytes of a mail; zero, or more than the log takes, is what the log takes
	MaxRecipients int           // of a mail; zero is 10
	Connections   int           // at once, a quarter of them from one host; zero is 20
	PerMinute     int           // mails and refused recipients of one host in a minute; zero is 60
	Idle          time.Duration // for a command, and for a whole mail; zero is two minutes
	Longest       time.Duration // of a connection; zero is ten minutes
}

// Server takes mails. It is safe for concurrent use.
type Server struct {
	wiki   *wiki.Wiki
	people *people.DB
	talks  *maillog.Log
	log    *slog.Logger
	now    func() time.Time
	cfg    Config
	smtp   *smtp.Server
	rate   rate

	mu       sync.Mutex // protects what follows
	listener net.Listener
	ending   bool
	hosts    map[string]int // how many connections each has

	keeping sync.WaitGroup // mails
	open    sync.WaitGroup // connections

	// Ended with Close, so that what is being kept is not held up for ever.
	ctx  context.Context
	stop context.CancelFunc
}

const (
	usualRecipients  = 10
	usualConnections = 20
	usualPerMinute   = 60
	usualIdle        = 2 * time.Minute
	usualLongest     = 10 * time.Minute
	longestLine      = 1 << 20 // bytes; some programs write HTML in one line
)

// New makes a server. It takes no mail before Serve.
func New(cfg Config) *Server {
	cfg.MaxRecipients = orElse(cfg.MaxRecipients, usualRecipients)
	cfg.Connections = orElse(cfg.Connections, usualConnections)
	cfg.PerMinute = orElse(cfg.PerMinute, usualPerMinute)
	cfg.Idle, cfg.Longest = orElse(cfg.Idle, usualIdle), orElse(cfg.Longest, usualLongest)
	if most := cfg.Log.MaxMail(); cfg.MaxSize <= 0 || cfg.MaxSize > most {
		cfg.MaxSize = most
	}
	s := &Server{wiki: cfg.Wiki, people: cfg.People, talks: cfg.Log, log: cfg.Logger, now: cfg.Now, cfg: cfg}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.rate.seen, s.hosts = map[string]int{}, map[string]int{}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return s.session(c), nil }))
	s.smtp.Domain, s.smtp.LMTP, s.smtp.TLSConfig = cfg.Domain, cfg.LMTP, cfg.TLS
	s.smtp.MaxMessageBytes, s.smtp.MaxRecipients, s.smtp.MaxLineLength = cfg.MaxSize, cfg.MaxRecipients, longestLine
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = cfg.Idle, cfg.Idle
	s.smtp.ErrorLog = &told{s.log}
	return s
}

func orElse[T int | time.Duration](v, usual T) T {
	if v <= 0 {
		return usual
	}
	return v
}

// Serve takes mails from a listener until Close.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.ending {
		s.mu.Unlock()
		return l.Close()
	}
	s.listener = l
	s.mu.Unlock()
	err := s.smtp.Serve(&bounded{netutil.LimitListener(l, s.cfg.Connections), s})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return nil
	}
	return fmt.Errorf("taking mails: %w", err)
}

// Close takes no more mails, waits for those that are being kept until ctx is
// done and breaks off the rest: it was not acknowledged, and comes again.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.ending {
		s.mu.Unlock()
		return nil
	}
	s.ending = true
	var err error
	if s.listener != nil {
		err = s.listener.Close()
	}
	s.mu.Unlock()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		s.keeping.Wait()
	}()
	select {
	case <-kept:
	case <-ctx.Done():
	}
	s.stop()
	// It closes the connections; the listener it knows is closed already.
	_ = s.smtp.Close()
	<-kept
	s.open.Wait()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}

// begin notes that a mail is being kept; false when it is too late.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false
	}
	s.keeping.Add(1)
	return true
}

// bounded ends connections that last too long, and takes no more of one host
// than leave room for others. A mail server in front of this one is on this
// machine, or speaks LMTP.
type bounded struct {
	net.Listener
	s *Server
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := hostOf(c.RemoteAddr())
		if !b.s.enter(host) {
			_ = c.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = io.WriteString(c, "421 4.7.0 too many connections at once; come again\r\n")
			_ = c.Close()
			continue
		}
		b.s.open.Add(1)
		return &conn{Conn: c, end: time.Now().Add(b.s.cfg.Longest), closed: func() {
			b.s.leave(host)
			b.s.open.Done()
		}}, nil
	}
}

// hostOf is who is at the other end; "" is this machine.
func hostOf(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil || at.Addr().Unmap().IsLoopback() {
		return ""
	}
	return at.Addr().Unmap().String()
}

func (s *Server) enter(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if host != "" && !s.cfg.LMTP && s.hosts[host] >= max(1, s.cfg.Connections/4) {
		return false
	}
	s.hosts[host]++
	return true
}

func (s *Server) leave(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts[host]--; s.hosts[host] <= 0 {
		delete(s.hosts, host)
	}
}

// conn is a connection whose deadlines never pass its end.
type conn struct {
	net.Conn
	end    time.Time
	closed func()
	once   sync.Once
}

func (c *conn) Close() error {
	defer c.once.Do(c.closed)
	return c.Conn.Close()
}

func (c *conn) bound(t time.Time) time.Time {
	if t.IsZero() || t.After(c.end) {
		return c.end
	}
	return t
}

func (c *conn) SetDeadline(t time.Time) error      { return c.Conn.SetDeadline(c.bound(t)) }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.bound(t)) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.bound(t)) }

// told hands what the protocol's server has to say to the log.
type told struct{ log *slog.Logger }

func (t *told) Printf(format string, v ...any) {
	t.log.Info("taking mails", "problem", fmt.Sprintf(format, v...))
}
func (t *told) Println(v ...any) { t.log.Info("taking mails", "problem", fmt.Sprintln(v...)) }

// rate counts by host within a minute.
type rate struct {
	mu     sync.Mutex
	minute int64
	seen   map[string]int
}

const maxHosts = 10_000 // counted apart; beyond it all share one count

func (r *rate) allow(host string, now time.Time, most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if minute := now.Unix() / 60; minute != r.minute {
		r.minute = minute
		clear(r.seen)
	}
	if _, known := r.seen[host]; !known && len(r.seen) >= maxHosts {
		host = ""
	}
	r.seen[host]++
	return r.seen[host] <= most
}
