package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// How sources are asked.
const (
	maxBody      = 4 << 20 // bytes of an answer
	atOnce       = 8       // sources asked at the same time
	perRound     = 10      // prospects for which one source is asked in a round
	pause        = time.Second
	longestSleep = time.Minute // after it, new prospects are looked for
	longestQuiet = time.Hour   // after it, what is due is read again though nothing is known to have changed
	firstRetry   = 5 * time.Minute
	lastRetry    = 24 * time.Hour
	askTimeout   = 30 * time.Second
	keptPerAsk   = 200 // undecided items kept of one source for one prospect
)

type askKey struct{ source, prospect string }

// ask is how asking a source went last.
type ask struct {
	asked    int64 // what was asked
	etag     string
	modified string
	at       time.Time
	next     time.Time
	failures int
	since    time.Time
	problem  string
}

func (b *Book) asks(ctx context.Context) (map[askKey]ask, error) {
	all := map[askKey]ask{}
	err := b.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var key askKey
		var a ask
		var at, next, since int64
		err := rows.Scan(&key.source, &key.prospect, &a.asked, &a.etag, &a.modified, &at, &next, &a.failures, &since, &a.problem)
		a.at, a.next, a.since = fromMillis(at), fromMillis(next), fromMillis(since)
		all[key] = a
		return err
	}, `SELECT source, prospect, asked, etag, modified, at, next, failures, since, problem FROM source_asks`)
	return all, err
}

// Run asks what is due until ctx is done.
func (b *Book) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		sleep, err := b.begin(ctx, &running)
		if err != nil && ctx.Err() == nil {
			b.log.Warn("asking the outside sources", "err", err)
		}
		timer := time.NewTimer(min(max(sleep, pause), longestSleep))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-b.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// subject is a prospect as sources are asked for it.
type subject struct {
	slug  string
	title string
	words []string // what items name; the first goes into addresses
	held  bool     // its name is sent to nobody
	made  string   // the day: another of the same name is another
}

// job is one request that is due.
type job struct {
	source   Source
	prospect string // "" for all of about
	about    []subject
	address  string // or the name of a file
	asked    int64
	last     ask
}

// AskDue asks every source that is due, a few at a time, and waits for it. It
// takes one round; a source with many prospects may need more. It answers how
// long it takes until the next is due. It is for tests without Run.
func (b *Book) AskDue(ctx context.Context) (time.Duration, error) {
	var running sync.WaitGroup
	sleep, err := b.begin(ctx, &running)
	running.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return sleep, err
}

// begin begins to ask what is due, in goroutines that running counts, and
// answers how long it takes until something else is.
func (b *Book) begin(ctx context.Context, running *sync.WaitGroup) (time.Duration, error) {
	set, err := b.Settings(ctx)
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.warned == b.head {
			return longestSleep, nil // told once
		}
		b.warned = b.head
		return longestSleep, err
	}
	if len(set.Sources) == 0 {
		return longestSleep, nil
	}
	subjects, err := b.subjects(ctx)
	if err != nil {
		return longestSleep, err
	}
	now := b.wiki.Now()
	about := b.questions(subjects)
	if until := b.quietUntil(about); now.Before(until) {
		return min(until.Sub(now), longestSleep), nil
	}
	rounds, sleep, err := b.due(ctx, set, subjects)
	if err != nil {
		return longestSleep, err
	}
	if len(rounds) == 0 {
		b.setQuiet(quiet{about, now.Add(sleep)})
	}
	for _, jobs := range rounds {
		key := jobs[0].source.Key
		b.mu.Lock()
		busy := b.busy[key]
		b.busy[key] = true
		b.mu.Unlock()
		if busy {
			continue
		}
		running.Go(func() {
			again := false // there may be more than one round takes
			defer func() {
				if again {
					defer b.Wake()
				}
				b.mu.Lock()
				delete(b.busy, key)
				b.mu.Unlock()
			}()
			select {
			case b.places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			defer func() { <-b.places }()
			err := wiki.Guard(b.log, "asking "+key, func() error { return b.askAll(ctx, jobs) })
			if err == nil {
				again = true
			} else if ctx.Err() == nil {
				b.log.Warn("keeping what a source tells", "source", key, "err", err)
			}
		})
	}
	return min(sleep, longestSleep), nil
}

// quiet says that nothing is due until a moment, as long as the same is asked
// about.
type quiet struct {
	about int64
	until time.Time
}

// questions is made of what sources are asked and for whom.
func (b *Book) questions(subjects []subject) int64 {
	b.mu.Lock()
	parts := []string{b.head.String()}
	b.mu.Unlock()
	for _, s := range subjects {
		parts = append(parts, s.slug, s.made, strings.Join(s.words, ","), fmt.Sprint(s.held))
	}
	return number(parts...)
}

// quietUntil is when something is due at the soonest, the zero time when that
// has to be looked up.
func (b *Book) quietUntil(about int64) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quiet.about != about {
		return time.Time{}
	}
	return b.quiet.until
}

func (b *Book) setQuiet(q quiet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.quiet = q
}

// due lists what is due, by source, and how long it takes until anything is.
func (b *Book) due(ctx context.Context, set *Settings, subjects []subject) ([][]job, time.Duration, error) {
	all, err := b.asks(ctx)
	if err != nil {
		return nil, 0, err
	}
	now := b.wiki.Now()
	sleep := longestQuiet
	var rounds [][]job
	for _, src := range set.Sources {
		if src.Paused || src.URL != "" && b.client == nil || len(subjects) == 0 {
			continue
		}
		whole := all[askKey{src.Key, ""}]
		where := number(src.URL, src.File, src.Kind, fmt.Sprint(src.Fields))
		changed := whole.asked != where
		if wait := whole.next.Sub(now); wait > 0 && !changed && (whole.failures > 0 || !src.Each()) {
			sleep = min(sleep, wait)
			continue
		}
		var jobs []job
		if src.Each() {
			for i := range subjects {
				s := &subjects[i]
				if s.held && src.URL != "" {
					continue
				}
				j := job{source: src, prospect: s.slug, about: subjects[i : i+1], last: all[askKey{src.Key, s.slug}]}
				if src.File != "" {
					j.address = strings.ReplaceAll(src.File, Placeholder, s.slug)
				} else {
					j.address = src.address(s.words[0])
				}
				j.asked = number(j.address, src.Kind, fmt.Sprint(src.Fields))
				if wait := j.last.next.Sub(now); wait > 0 && j.last.asked == j.asked {
					sleep = min(sleep, wait)
					continue
				}
				jobs = append(jobs, j)
			}
			slices.SortStableFunc(jobs, func(a, b job) int { return a.last.next.Compare(b.last.next) })
		} else {
			jobs = []job{{source: src, about: subjects, address: src.Where(), asked: where, last: whole}}
		}
		if len(jobs) > 0 {
			rounds = append(rounds, jobs[:min(len(jobs), perRound)])
		}
	}
	return rounds, sleep, nil
}

// subjects are the prospects that sources are asked for: all but those that are
// lost or were not decided.
func (b *Book) subjects(ctx context.Context) ([]subject, error) {
	words, err := b.words(ctx)
	if err != nil {
		return nil, err
	}
	var out []subject
	for _, e := range b.wiki.Prospects(ctx, system) {
		if e.Outcome == wiki.OutcomeLost || e.Outcome == wiki.OutcomeNoDecision {
			continue
		}
		access, err := b.people.Access(ctx, e.Slug)
		if err != nil {
			return nil, err
		}
		s := subject{slug: e.Slug, title: oneLine(e.Title), made: e.Created, words: splitWords(words[e.Slug])}
		s.held = access.Restricted && len(s.words) == 0
		if len(s.words) == 0 {
			s.words = []string{s.title}
		}
		out = append(out, s)
	}
	return out, nil
}

// number is made of what is asked, to see when it changes.
func number(parts ...string) int64 {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(parts, "\x00")))
	return int64(h.Sum64() >> 1)
}

// failed says why a source could not be asked, in words for people.
type failed struct {
	problem string
	whole   bool          // the source fails for everybody, not for one prospect
	wait    time.Duration // it wants to be left alone so long; 0: it does not say
}

func (e *failed) Error() string { return e.problem }

// Problem is why a source could not be asked, "" for an error that is not the
// source's.
func Problem(err error) string {
	var f *failed
	if errors.As(err, &f) {
		return f.problem
	}
	return ""
}

// askAll does the jobs of one source one after the other. When the source fails
// for everybody the rest waits for its next turn.
func (b *Book) askAll(ctx context.Context, jobs []job) error {
	for i := range jobs {
		if i > 0 && jobs[i].source.URL != "" {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
		}
		j := &jobs[i]
		items, next, err := b.askOnce(ctx, j)
		if ctx.Err() != nil {
			return ctx.Err() // the end of the server is no fault of the source
		}
		var f *failed
		if err != nil && !errors.As(err, &f) {
			f = &failed{problem: err.Error()}
		}
		if err := b.store(ctx, j, items, next, f); err != nil {
			return err
		}
		if f != nil {
			b.log.Info("a source cannot be read", "source", j.source.Key, "problem", f.problem)
			if f.whole {
				return nil
			}
		}
	}
	return nil
}

// known reports whether the last answer was to the same question: then it is
// enough to hear that nothing has changed. An answer for all prospects is looked
// through anew when there are others, or they are searched by other words.
func (b *Book) known(j *job) bool {
	if j.prospect != "" {
		return j.last.asked == j.asked
	}
	var all []string
	for _, s := range j.about {
		all = append(all, s.slug, strings.Join(s.words, ","))
	}
	about := number(all...)
	b.mu.Lock()
	defer b.mu.Unlock()
	same := b.about[j.source.Key] == about && j.last.asked == j.asked
	b.about[j.source.Key] = about
	return same
}

// answer is what a source said of its answer, for the next time.
type answer struct {
	etag, modified string
	same           bool // as it was: nothing new
}

// askOnce asks and reads the answer.
func (b *Book) askOnce(ctx context.Context, j *job) ([]Found, answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if j.source.File != "" {
		return b.askFile(j)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, j.address, nil)
	if err != nil {
		return nil, answer{}, &failed{problem: "its address cannot be used"}
	}
	req.Header.Set("User-Agent", "dealwiki")
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/json, text/csv, application/xml;q=0.9, */*;q=0.5")
	if b.known(j) {
		if j.last.etag != "" {
			req.Header.Set("If-None-Match", j.last.etag)
		}
		if j.last.modified != "" {
			req.Header.Set("If-Modified-Since", j.last.modified)
		}
	}
	res, err := b.client.Do(req)
	if err != nil {
		return nil, answer{}, unreachable(err)
	}
	defer res.Body.Close()
	next := answer{etag: res.Header.Get("ETag"), modified: res.Header.Get("Last-Modified")}
	if len(next.etag) > 500 || len(next.modified) > 100 {
		next.etag, next.modified = "", ""
	}
	switch {
	case res.StatusCode == http.StatusNotModified:
		next.etag, next.modified, next.same = j.last.etag, j.last.modified, true
		return nil, next, nil
	case res.StatusCode == http.StatusOK:
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable:
		return nil, answer{}, &failed{problem: fmt.Sprintf("it answers %d: it is asked too often, or is not ready", res.StatusCode), whole: true, wait: b.retryAfter(res.Header.Get("Retry-After"))}
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return nil, answer{}, &failed{problem: fmt.Sprintf("it answers %d: it wants somebody who is known to it", res.StatusCode), whole: true}
	default:
		return nil, answer{}, &failed{problem: fmt.Sprintf("it answers %d", res.StatusCode), whole: res.StatusCode >= 500}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case len(body) > maxBody:
		return nil, answer{}, &failed{problem: fmt.Sprintf("its answer is larger than %d MB", maxBody>>20)}
	case err != nil:
		return nil, answer{}, unreachable(err)
	}
	items, err := b.read(&j.source, body, res.Header.Get("Content-Type"))
	return items, next, err
}

func (b *Book) read(src *Source, body []byte, contentType string) ([]Found, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	items, err := src.Read(body, contentType, b.wiki.Now())
	if err != nil {
		return nil, &failed{problem: "its answer " + err.Error()}
	}
	return items, nil
}

// askFile reads a file of the folder sources; nothing outside of it is reached.
func (b *Book) askFile(j *job) ([]Found, answer, error) {
	gone := &failed{problem: fmt.Sprintf("there is no file %s in the folder sources of the data folder", j.address)}
	root, err := os.OpenRoot(b.files)
	if err != nil {
		return nil, answer{}, gone
	}
	defer root.Close()
	info, err := root.Stat(j.address)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, answer{}, gone
	case err != nil || !info.Mode().IsRegular():
		return nil, answer{}, &failed{problem: fmt.Sprintf("the file %s cannot be read", j.address)}
	case info.Size() > maxBody:
		return nil, answer{}, &failed{problem: fmt.Sprintf("the file %s is larger than %d MB", j.address, maxBody>>20)}
	}
	next := answer{modified: info.ModTime().UTC().Format(time.RFC3339Nano) + " " + strconv.FormatInt(info.Size(), 10)}
	if b.known(j) && j.last.modified == next.modified {
		next.same = true
		return nil, next, nil
	}
	f, err := root.Open(j.address)
	if err != nil {
		return nil, answer{}, &failed{problem: fmt.Sprintf("the file %s cannot be read", j.address)}
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, answer{}, &failed{problem: fmt.Sprintf("the file %s cannot be read", j.address)}
	}
	items, err := b.read(&j.source, body, "")
	return items, next, err
}

// unreachable says why no answer came, without the address: it may hold what
// only the source should know.
func unreachable(err error) error {
	var timeout net.Error
	var name *net.DNSError
	var outer *url.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded):
		return &failed{problem: "it does not answer in time", whole: true}
	case errors.As(err, &name):
		return &failed{problem: "its host is not known", whole: true}
	case errors.As(err, &outer):
		err = outer.Err
	}
	return &failed{problem: "it cannot be reached: " + clip(oneLine(err.Error()), 150), whole: true}
}

// retryAfter reads how long a source wants to be left alone: seconds or a date.
func (b *Book) retryAfter(s string) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && n > 0 {
		return min(time.Duration(n)*time.Second, lastRetry)
	}
	if t, err := http.ParseTime(s); err == nil {
		return min(max(t.Sub(b.wiki.Now()), 0), lastRetry)
	}
	return 0
}

// spread changes a time by up to a tenth, so that not all are asked at once.
func (b *Book) spread(d time.Duration) time.Duration {
	return d + time.Duration((b.chance()*0.2-0.1)*float64(d))
}

// backoff is how long a source is left alone after so many failures.
func backoff(failures int) time.Duration {
	d := firstRetry
	for range failures - 1 {
		if d *= 4; d >= lastRetry {
			return lastRetry
		}
	}
	return d
}

// names are the words that items name the prospect by, each as spaced makes it.
func (s *subject) names() []string {
	var out []string
	for _, word := range s.words {
		if w := spaced(word); strings.TrimSpace(w) != "" {
			out = append(out, w)
		}
	}
	return out
}

// spaced is a text in lower case with one space around each word.
func spaced(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	return " " + strings.Join(words, " ") + " "
}

// Try asks a source now, for a prospect's search words or without any, and
// answers what it tells; nothing is kept. It is for the administrator who sets
// it up.
func (b *Book) Try(ctx context.Context, caller people.Caller, src Source, prospect string) ([]Found, error) {
	if !b.people.Live(caller).Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	j := job{source: src, address: src.Where()}
	if src.Each() {
		if err := b.may(ctx, caller, prospect, people.Viewer); err != nil {
			return nil, err
		}
		e, err := b.wiki.Prospect(ctx, caller, prospect)
		if err != nil {
			return nil, err
		}
		words, err := b.words(ctx)
		if err != nil {
			return nil, err
		}
		all := append(splitWords(words[prospect]), oneLine(e.Title))
		if j.address = src.address(all[0]); src.File != "" {
			j.address = strings.ReplaceAll(src.File, Placeholder, prospect)
		}
	}
	if src.URL != "" && b.client == nil {
		return nil, &failed{problem: "this server asks no outside sources"}
	}
	items, _, err := b.askOnce(ctx, &j)
	return items, err
}
