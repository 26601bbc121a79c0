package realtime

import (
	"io"
	"log/slog"
	"time"

	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Config says what a Hub works with.
type Config struct {
	Wiki    *wiki.Wiki       // required
	Journal *journal.Journal // required
	People  *people.DB       // required
	Logger  *slog.Logger     // nil discards
	Now     func() time.Time // the clock; nil is time.Now
	Random  io.Reader        // for epochs and client ids; nil is crypto/rand

	Limits Limits
	// Idle is how long nobody has typed before a version is made; zero is 30 s.
	Idle time.Duration
	// Steady is how long typing goes on before a version is made anyway; zero
	// is 5 minutes.
	Steady time.Duration
}

// Limits bound what people can make the Hub do. Zero fields have defaults.
type Limits struct {
	// Document bounds updates; MaxMessage bounds every message.
	Document yjs.Limits
	// Sockets is how many one person may have open, over all pages; 100.
	Sockets int
	// Messages is how many a second one socket may send in the long run, Burst
	// how many at once; 500 and 2,000. An empty message, a ping and a fragment
	// count as messages, and large ones as several.
	Messages, Burst int
	// Queue is how many bytes may wait for one reader before it is cut off;
	// 8 MiB. One message may be longer.
	Queue int
	// Linger is how long a room with nobody in it stays in memory; 30 s.
	Linger time.Duration
	// Silence is how long a socket may say nothing, pongs included, before it
	// is taken for dead; 45 s.
	Silence time.Duration
	// Recovery is for how long after the Hub was made a recovering document
	// takes back what others wrote; 7 days.
	Recovery time.Duration
}

func (c Config) filled() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	set(&c.Idle, 30*time.Second)
	set(&c.Steady, 5*time.Minute)
	l := &c.Limits
	set(&l.Document.MaxMessage, 2<<20)
	set(&l.Document.MaxText, wiki.MaxPage)
	set(&l.Document.MaxItems, 500_000)
	set(&l.Sockets, 100)
	set(&l.Messages, 500)
	set(&l.Burst, 2000)
	set(&l.Queue, 8<<20)
	set(&l.Linger, 30*time.Second)
	set(&l.Silence, 45*time.Second)
	set(&l.Recovery, 7*24*time.Hour)
	return c
}

func set[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}
