package notify_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	gomail "github.com/wneessen/go-mail"

	"dealwiki/web/notify"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// mailed is a letter as its reader's program takes it apart.
type mailed struct {
	header     mail.Header
	subject    string
	text, html string
}

// parseMail takes a letter apart and checks what every letter must be.
func parseMail(t testing.TB, raw []byte) mailed {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	out := mailed{header: m.Header}
	out.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	out.text, out.html = bodies(t, m.Body, params["boundary"])
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"} {
		assert.Len(t, m.Header[name], 1, name)
	}
	for _, name := range []string{"Bcc", "Cc", "X-Evil"} {
		assert.Empty(t, m.Header[name], name)
	}
	return out
}

// bodies are the two ways in which a letter says the same.
func bodies(t testing.TB, r io.Reader, boundary string) (text, html string) {
	t.Helper()
	parts := multipart.NewReader(r, boundary)
	for _, into := range []*string{&text, &html} {
		part, err := parts.NextRawPart()
		require.NoError(t, err)
		require.Equal(t, "quoted-printable", part.Header.Get("Content-Transfer-Encoding"))
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		*into = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	_, err := parts.NextRawPart()
	require.ErrorIs(t, err, io.EOF)
	return text, html
}

// withMail gives the desk's center letters, by a sender.
func (d *desk) withMail(sender notify.Sender) {
	d.c.Close()
	d.c = notify.New(notify.Config{Wiki: d.w, People: d.db, Mail: d.mail(sender)})
}

func (d *desk) mail(sender notify.Sender) *notify.Mail {
	return &notify.Mail{From: mail.Address{Name: "Deals", Address: "wiki@example.com"}, Sender: sender, URL: "https://wiki.example.com"}
}

// post is a folder of letters.
type post struct {
	d   *desk
	dir string
}

func newPost(t testing.TB) (*desk, *post) {
	d := newDesk(t)
	p := &post{d: d, dir: filepath.Join(t.TempDir(), "mail")}
	sender, err := notify.NewFolder(p.dir)
	require.NoError(t, err)
	d.withMail(sender)
	return d, p
}

// take delivers and takes the letters out, as "TO: SUBJECT".
func (p *post) take() (lines []string, letters []mailed) {
	p.d.t.Helper()
	p.d.c.CatchUp(p.d.t.Context())
	require.NoError(p.d.t, p.d.c.Deliver(p.d.t.Context()))
	files, err := filepath.Glob(filepath.Join(p.dir, "*"))
	require.NoError(p.d.t, err)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(p.d.t, err)
		require.NoError(p.d.t, os.Remove(f))
		m := parseMail(p.d.t, raw)
		to, err := mail.ParseAddress(m.header.Get("To"))
		require.NoError(p.d.t, err)
		lines, letters = append(lines, to.Address+": "+m.subject), append(letters, m)
	}
	return lines, letters
}

func TestMailAtOnceAndInTheMorning(t *testing.T) {
	d, p := newPost(t)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n\n- [ ] send it @vera due:2026-12-01\n")
	lines, letters := p.take()
	assert.Equal(t, []string{"tom@example.com: Northwind: Dana Reyes named you on Plan"}, lines, "named: at once; given something: in the morning")
	assert.Contains(t, letters[0].text, "https://wiki.example.com/p/northwind/internal/account/plan")
	assert.Contains(t, letters[0].html, `<a href="https://wiki.example.com/p/northwind/internal/account/plan">Plan</a>`)
	lines, _ = p.take()
	assert.Empty(t, lines, "nothing is mailed twice")

	d.clock = time.Date(2026, 11, 3, 6, 59, 0, 0, time.UTC)
	lines, _ = p.take()
	assert.Empty(t, lines)
	d.clock = time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	lines, letters = p.take()
	assert.Equal(t, []string{"vera@example.com: Northwind: Vera"}, []string{strings.Replace(lines[0], "Dana Reyes gave you something to do on Plan", "Vera", 1)})
	assert.Contains(t, letters[0].text, "send it")

	d.edit(d.tom, "internal/account/plan", "# Plan\n\nAsk @tom.\n\nMore.\n")
	lines, _ = p.take()
	assert.Empty(t, lines, "one digest a day")
	d.clock = time.Date(2026, 11, 4, 7, 30, 0, 0, time.UTC)
	lines, _ = p.take()
	assert.ElementsMatch(t, []string{"dana@example.com: Northwind: Tom Okafor changed Plan", "vera@example.com: Northwind: Tom Okafor changed Plan"}, lines)
}

func TestMorningIsWhereSomebodyIs(t *testing.T) {
	d, p := newPost(t)
	require.NoError(t, d.db.SaveSettings(t.Context(), d.vera, people.Settings{Zone: "America/New_York"}))
	d.clock = time.Date(2026, 11, 2, 13, 0, 0, 0, time.UTC)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\n- [ ] send it @vera due:2026-12-01\n- [ ] say it @tom due:2026-12-01\n")
	d.clock = time.Date(2026, 11, 3, 8, 0, 0, 0, time.UTC)
	lines, _ := p.take()
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], "tom@")
	d.clock = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC) // seven in New York
	lines, _ = p.take()
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], "vera@")
}

func TestMailChoices(t *testing.T) {
	d, p := newPost(t)
	require.NoError(t, d.c.ChooseMail(t.Context(), d.vera, notify.AtOnce))
	require.NoError(t, d.c.ChooseMail(t.Context(), d.tom, notify.NoMails))
	assert.Error(t, d.c.ChooseMail(t.Context(), d.tom, "often"))
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n\n- [ ] send it @vera due:2026-12-01\n")
	lines, _ := p.take()
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], "vera@")
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom!\n")
	lines, _ = p.take()
	assert.Empty(t, lines, "changes are gathered for some minutes")
	d.clock = d.clock.Add(10 * time.Minute)
	lines, _ = p.take()
	assert.Equal(t, []string{"vera@example.com: Northwind: Dana Reyes changed Plan"}, lines)
}

// Between making and sending a letter may lie hours; who may not know by then
// gets nothing.
func TestAccessIsAskedAgainWhenMailIsSent(t *testing.T) {
	for name, change := range map[string]func(*desk){
		"no access":     func(d *desk) { require.NoError(t, d.db.SetRestricted(t.Context(), d.dana, "northwind", true)) },
		"disabled":      func(d *desk) { require.NoError(t, d.db.Disable(t.Context(), people.System("test"), d.tom.Person.ID)) },
		"wants none":    func(d *desk) { require.NoError(t, d.c.ChooseMail(t.Context(), d.tom, notify.NoMails)) },
		"has read it":   func(d *desk) { d.seeAll(d.tom) },
		"it is no more": func(d *desk) { require.NoError(t, d.db.DeleteProspect(t.Context(), d.dana, "northwind")) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			out := &flaky{err: errors.New("no route")}
			d.withMail(out)
			d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n")
			d.c.CatchUp(t.Context())
			require.ErrorContains(t, d.c.Deliver(t.Context()), "no route")
			require.Equal(t, 1, out.tried)
			change(d)
			out.err = nil
			d.clock = d.clock.Add(time.Hour)
			require.NoError(t, d.c.Deliver(t.Context()))
			assert.Equal(t, 1, out.tried)
			d.clock = d.clock.Add(48 * time.Hour)
			require.NoError(t, d.c.Deliver(t.Context()))
			assert.Equal(t, 1, out.tried, "nor later")
		})
	}
}

// flaky is a sender that fails while it has an error.
type flaky struct {
	err   error
	tried int
	ids   []string
	to    []string
}

func (f *flaky) Send(_ context.Context, m *gomail.Msg) error {
	f.tried++
	f.ids = append(f.ids, m.GetMessageID())
	f.to = append(f.to, m.GetToString()...)
	return f.err
}

func TestMailIsTriedAgainAndGivenUp(t *testing.T) {
	d := newDesk(t)
	out := &flaky{err: errors.New("no route")}
	d.withMail(out)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n")
	d.c.CatchUp(t.Context())
	require.Error(t, d.c.Deliver(t.Context()))
	require.NoError(t, d.c.Deliver(t.Context()))
	assert.Equal(t, 1, out.tried, "not before its time")
	d.withMail(out) // a restart
	d.clock = d.clock.Add(time.Minute)
	require.Error(t, d.c.Deliver(t.Context()))
	assert.Equal(t, 2, out.tried)
	assert.Equal(t, out.ids[0], out.ids[1], "each try is the same message")
	for range 20 {
		d.clock = d.clock.Add(12 * time.Hour)
		_ = d.c.Deliver(t.Context())
	}
	assert.Equal(t, 8, out.tried)
	assert.Len(t, d.givenUp(), 1)
	assert.Equal(t, []string{"mention Dana Reyes Plan"}, d.unread(d.tom), "the inbox still has it")
}

func (d *desk) givenUp() []people.Event {
	d.t.Helper()
	events, _, err := d.db.Audit(context.Background(), people.System("test"), people.AuditFilter{Action: "mail.give-up"}, 100, 0)
	require.NoError(d.t, err)
	return events
}

func TestNothingThatPeopleWriteBecomesAHeader(t *testing.T) {
	d, p := newPost(t)
	for i, title := range []string{"Plan\r\nBcc: evil@example.net", "=?utf-8?q?x=0D=0AX-Evil:_1?=", "\u2028X-Evil: 1\u202e", "<script>alert(1)</script> {{.}}", strings.Repeat("Größe ", 200)} {
		d.edit(d.dana, fmt.Sprintf("internal/account/plan-%d", i), "# "+title+"\n\nAsk @tom.\n")
		d.clock = d.clock.Add(time.Minute) // letters gather for two
		_, letters := p.take()
		require.Len(t, letters, 1, "%q", title)
		m := letters[0]
		assert.NotContains(t, m.subject, "\n")
		assert.NotContains(t, m.subject, "\u202e")
		assert.NotContains(t, m.html, "<script")
		assert.LessOrEqual(t, len([]rune(m.subject)), 151)
		to, err := m.header.AddressList("To")
		require.NoError(t, err)
		assert.Len(t, to, 1)
	}
}

func TestUnsubscribe(t *testing.T) {
	d, p := newPost(t)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n")
	_, letters := p.take()
	require.Len(t, letters, 1)
	assert.Equal(t, "List-Unsubscribe=One-Click", letters[0].header.Get("List-Unsubscribe-Post"))
	link := strings.Trim(strings.Join(strings.Fields(letters[0].header.Get("List-Unsubscribe")), ""), "<>")
	token, ok := strings.CutPrefix(link, "https://wiki.example.com/unsubscribe/")
	require.True(t, ok, link)
	for _, bad := range []string{"", ".", token + "x", token[:len(token)-2], strings.Replace(token, d.tom.Person.ID, d.vera.Person.ID, 1), "nobody." + strings.SplitN(token, ".", 2)[1]} {
		assert.ErrorIs(t, d.c.Unsubscribe(t.Context(), bad), wiki.ErrNotFound, "%q", bad)
	}
	choice, err := d.c.MailChoice(t.Context(), d.tom.Person.ID)
	require.NoError(t, err)
	assert.Equal(t, notify.Daily, choice)
	guest, err := d.c.CheckUnsubscribe(t.Context(), token)
	require.NoError(t, err)
	assert.False(t, guest)
	require.NoError(t, d.c.Unsubscribe(t.Context(), token))
	require.NoError(t, d.c.Unsubscribe(t.Context(), token), "again")
	d.edit(d.dana, "internal/account/other", "# Other\n\nAsk @tom.\n")
	lines, _ := p.take()
	assert.Empty(t, lines)
}

// mailServer is a mail server that knows what the tests need.
type mailServer struct {
	net.Listener
	refuse string // a reply to RCPT TO; "" takes it

	mu      sync.Mutex
	letters []string
	serving sync.WaitGroup
}

func newMailServer(t testing.TB, refuse string) (*mailServer, notify.Sender) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &mailServer{Listener: l, refuse: refuse}
	s.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.serving.Go(func() { s.talk(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.serving.Wait()
	})
	sender, err := notify.NewSMTP(notify.SMTP{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: notify.NoTLS})
	require.NoError(t, err)
	return s, sender
}

func (s *mailServer) talk(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 here")
	for in.Scan() {
		verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " ")
		switch {
		case verb == "RCPT" && s.refuse != "":
			say(s.refuse)
		case verb == "DATA":
			say("354 go on")
			var b strings.Builder
			for in.Scan() && in.Text() != "." {
				b.WriteString(strings.TrimPrefix(in.Text(), ".") + "\r\n")
			}
			s.mu.Lock()
			s.letters = append(s.letters, b.String())
			s.mu.Unlock()
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (s *mailServer) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.letters
}

func TestMailByAServer(t *testing.T) {
	d := newDesk(t)
	server, sender := newMailServer(t, "")
	d.withMail(sender)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.c.Run(ctx) }()
	defer func() {
		stop()
		assert.ErrorIs(t, <-done, context.Canceled)
	}()
	require.Eventually(t, func() bool { return len(server.got()) == 1 }, 20*time.Second, 10*time.Millisecond)
	m := parseMail(t, []byte(server.got()[0]))
	assert.Equal(t, `"Deals" <wiki@example.com>`, m.header.Get("From"))
	assert.Equal(t, `"Tom Okafor" <tom@example.com>`, m.header.Get("To"))
}

func TestAReceiverThatIsRefusedIsNotTriedAgain(t *testing.T) {
	d := newDesk(t)
	_, sender := newMailServer(t, "550 no such box")
	d.withMail(sender)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n")
	d.c.CatchUp(t.Context())
	require.NoError(t, d.c.Deliver(t.Context()))
	require.Len(t, d.givenUp(), 1)
	assert.Equal(t, d.tom.Person.ID, d.givenUp()[0].Object)

	_, sender = newMailServer(t, "451 later")
	d.withMail(sender)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @vera.\n")
	d.c.CatchUp(t.Context())
	require.Error(t, d.c.Deliver(t.Context()))
	require.Len(t, d.givenUp(), 1)
}

func TestMailServerSettings(t *testing.T) {
	for name, s := range map[string]notify.SMTP{
		"host":             {},
		"tls is":           {Host: "h", TLS: "maybe"},
		"port":             {Host: "h", Port: 70000},
		"belong together":  {Host: "h", User: "u"},
		"without protecti": {Host: "h", User: "u", Password: "p", TLS: notify.NoTLS},
	} {
		_, err := notify.NewSMTP(s)
		assert.ErrorContains(t, err, name)
	}
	_, err := notify.NewSMTP(notify.SMTP{Host: "smtp.example.com", User: "u", Password: "p"})
	assert.NoError(t, err)
}

// A server that takes the connection and says nothing neither loses a letter nor
// keeps the program from stopping.
func TestAMailServerThatHangs(t *testing.T) {
	d := newDesk(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := make(chan net.Conn, 1)
	go func() {
		if conn, err := l.Accept(); err == nil {
			taken <- conn
		}
	}()
	sender, err := notify.NewSMTP(notify.SMTP{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: notify.NoTLS})
	require.NoError(t, err)
	d.withMail(sender)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.c.Run(ctx) }()
	require.NoError(t, d.c.SendMail(t.Context(), invitation()), "nobody waits for the server")
	conn := <-taken
	defer conn.Close()
	stop()
	select {
	case err := <-done:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(20 * time.Second): // less than the client's own patience
		t.Fatal("the server that hangs keeps the program from stopping")
	}
	out := &flaky{}
	d.withMail(out)
	require.NoError(t, d.c.Deliver(t.Context()))
	assert.Equal(t, 1, out.tried, "the letter waits, and being stopped was no try")
}
