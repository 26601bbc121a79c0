package inmail_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/inmail"
	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/mailtest"
	"dealwiki/wiki/people"
)

// post is a wiki with a listener for mails.
type post struct {
	t      testing.TB
	w      *wiki.Wiki
	db     *people.DB
	talks  *maillog.Log
	server *inmail.Server
	addr   string

	dana, vera, mara people.Caller // owner, reader, who sees nothing of the restricted one
}

func newPost(t testing.TB, change ...func(*inmail.Config)) *post {
	dir := t.TempDir()
	p := &post{t: t}
	var err error
	p.db, err = people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}})
	require.NoError(t, err)
	p.w, err = wiki.Open(t.Context(), wiki.Config{Dir: dir, People: p.db, Git: "-", MaxFile: 1 << 20})
	require.NoError(t, err)
	p.talks = maillog.New(maillog.Config{Wiki: p.w, MaxMail: 4 << 20})
	cfg := inmail.Config{Wiki: p.w, People: p.db, Log: p.talks, Domain: "deals.example", PerMinute: 10_000}
	for _, f := range change {
		f(&cfg)
	}
	p.server = inmail.New(cfg)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- p.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		assert.NoError(t, p.server.Close(ctx))
		assert.NoError(t, <-served)
		assert.NoError(t, p.w.Close())
		assert.NoError(t, p.db.Close())
	})
	person := func(name string) people.Caller {
		added, err := p.db.Add(t.Context(), people.System("test"), people.NewPerson{Name: name, Email: strings.ToLower(name) + "@fairlead.example", Role: people.Member, Job: "sales"})
		require.NoError(t, err)
		return people.Caller{Person: added, Scopes: people.AllScopes, Via: "session"}
	}
	p.dana, p.vera, p.mara = person("Dana"), person("Vera"), person("Mara")
	p.create("Northwind Rail", false)
	require.NoError(t, p.db.Grant(t.Context(), p.dana, "northwind-rail", p.vera.Person.ID, people.Viewer))
	return p
}

func (p *post) create(title string, restricted bool) {
	_, err := p.w.Create(p.t.Context(), p.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: title}, Restricted: restricted})
	require.NoError(p.t, err)
}

func (p *post) address(prospect string) string {
	p.t.Helper()
	a, err := p.server.Renew(p.t.Context(), p.dana, prospect)
	require.NoError(p.t, err)
	return a
}

// send sends a mail and answers the code of what was said to it, 250 when it was
// taken.
func (p *post) send(from, mail string, to ...string) int {
	p.t.Helper()
	err := deliver(p.addr, from, to, strings.NewReader(mail))
	return code(p.t, err)
}

func deliver(addr, from string, to []string, mail io.Reader) error {
	client, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.SendMail(from, to, mail)
}

func code(t testing.TB, err error) int {
	t.Helper()
	if err == nil {
		return 250
	}
	var answer *smtp.SMTPError
	require.ErrorAs(t, err, &answer)
	return answer.Code
}

func (p *post) entries(prospect string) []maillog.Entry {
	sp, err := p.w.Space(p.t.Context(), p.dana, prospect)
	require.NoError(p.t, err)
	all, err := p.talks.List(p.t.Context(), p.dana, sp)
	require.NoError(p.t, err)
	return all
}

func letter(from, id, subject string) string {
	return fmt.Sprintf("From: Somebody <%s>\r\nTo: Ingrid Solberg <ingrid@northwind.example>\r\nMessage-ID: <%s>\r\nSubject: %s\r\nDate: Thu, 12 Nov 2026 14:20:00 +0100\r\n\r\nHello @dana.\r\n.. and dots\r\n", from, id, subject)
}

func TestMailsReachTheLog(t *testing.T) {
	p := newPost(t)
	at := p.address("northwind-rail")
	assert.Regexp(t, `^northwind-rail\+[a-z2-7]{20}@deals\.example$`, at)
	require.Equal(t, 250, p.send("Dana@Fairlead.example", letter("dana@fairlead.example", "1@x", "Dates"), at))
	all := p.entries("northwind-rail")
	require.Len(t, all, 1)
	assert.Equal(t, wiki.Internal, all[0].Section)
	assert.Equal(t, "1@x", all[0].MessageID)
	assert.Equal(t, "dealwiki", wiki.PersonID(all[0].Author), "nobody was seen to write it")
	require.Equal(t, 250, p.send("dana@fairlead.example", letter("dana@fairlead.example", "1@x", "Dates"), at))
	assert.Len(t, p.entries("northwind-rail"), 1, "the same mail is kept once")

	// Whoever a mail names may answer it.
	assert.Equal(t, 250, p.send("ingrid@northwind.example", letter("ingrid@northwind.example", "2@x", "Re: Dates"), strings.ToUpper(at)))
	p.create("Other Co", false)
	other := p.address("other-co")
	assert.Equal(t, 550, p.send("ingrid@northwind.example", letter("ingrid@northwind.example", "3@x", "Hello"), other))
	require.Equal(t, 250, p.send("dana@fairlead.example", letter("dana@fairlead.example", "4@x", "Both"), at, other))
	assert.Len(t, p.entries("northwind-rail"), 3)
	assert.Len(t, p.entries("other-co"), 1)
}

func TestWhoIsRefused(t *testing.T) {
	p := newPost(t)
	at := p.address("northwind-rail")
	p.create("Secret Co", true)
	secret := p.address("secret-co")
	dana := letter("dana@fairlead.example", "1@x", "x")
	said := map[string]bool{}
	for name, c := range map[string]struct{ from, mail, to string }{
		"a stranger":         {"who@elsewhere.example", letter("who@elsewhere.example", "1@x", "x"), at},
		"one who only reads": {"vera@fairlead.example", letter("vera@fairlead.example", "1@x", "x"), at},
		"restricted":         {"mara@fairlead.example", letter("mara@fairlead.example", "1@x", "x"), secret},
		"no such key":        {"dana@fairlead.example", dana, "northwind-rail+aaaaaaaaaaaaaaaaaaaa@deals.example"},
		"no key":             {"dana@fairlead.example", dana, "northwind-rail@deals.example"},
		"another domain":     {"dana@fairlead.example", dana, strings.Replace(at, "deals.", "mails.", 1)},
		"a wildcard":         {"dana@fairlead.example", dana, "northwind-rail+%@deals.example"},
	} {
		err := deliver(p.addr, c.from, []string{c.to}, strings.NewReader(c.mail))
		assert.Equal(t, 550, code(t, err), name)
		said[err.Error()] = true
	}
	assert.Len(t, said, 1, "all hear the same: %v", said)
	assert.Equal(t, 550, p.send("dana@fairlead.example", letter("mara@fairlead.example", "1@x", "x"), at), "From is another")
	assert.Equal(t, 550, p.send("dana@fairlead.example", strings.Replace(dana, "From: ", "From: x@y.example, ", 1), at), "two senders")
	assert.Equal(t, 550, p.send("dana@fairlead.example", strings.Replace(dana, "From: ", "From: dana@fairlead.example\r\nFrom: mara@fairlead.example, ", 1), at), "two headers")
	assert.Equal(t, 550, p.send("", dana, at), "machines")
	assert.Empty(t, p.entries("northwind-rail"))

	require.NoError(t, p.db.Disable(t.Context(), people.System("test"), p.mara.Person.ID))
	assert.Equal(t, 550, p.send("mara@fairlead.example", letter("mara@fairlead.example", "1@x", "x"), at), "disabled")
	renewed := p.address("northwind-rail")
	assert.Equal(t, 550, p.send("dana@fairlead.example", dana, at), "the old address is over")
	assert.Equal(t, 250, p.send("dana@fairlead.example", dana, renewed))
}

func TestAddresses(t *testing.T) {
	p := newPost(t)
	ctx := t.Context()
	a, err := p.server.Address(ctx, p.vera, "northwind-rail")
	require.NoError(t, err)
	assert.Empty(t, a)
	made := p.address("northwind-rail")
	a, err = p.server.Address(ctx, p.vera, "northwind-rail")
	require.NoError(t, err)
	assert.Equal(t, made, a)
	_, err = p.server.Renew(ctx, p.vera, "northwind-rail")
	assert.ErrorIs(t, err, people.ErrForbidden)
	p.create("Secret Co", true)
	_, err = p.server.Address(ctx, p.mara, "secret-co")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = p.server.Renew(ctx, p.mara, "secret-co")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = p.server.Address(ctx, p.dana, wiki.Playbook)
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	p.create("Øresund Æble "+strings.Repeat("lang ", 12), false)
	for _, e := range p.w.Prospects(ctx, p.dana) {
		long := p.address(e.Slug)
		local, _, _ := strings.Cut(long, "@")
		assert.LessOrEqual(t, len(local), 64)
		_, err := people.NormalEmail(long)
		assert.NoError(t, err, long)
	}
}

// Every hostile mail becomes text or is refused, and the server goes on.
func TestHostileMails(t *testing.T) {
	p := newPost(t)
	at := p.address("northwind-rail")
	kept := 0
	for name, raw := range mailtest.Hostile() {
		// As they are: whoever writes them names no one who is known.
		mail := strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\n", "\r\n")
		assert.Contains(t, []int{550, 554, 500}, p.send("dana@fairlead.example", mail, at), name)
		// And from somebody who is.
		var out bytes.Buffer
		sc := bufio.NewReader(strings.NewReader(mail))
		for first := true; ; first = false {
			line, err := sc.ReadString('\n')
			if strings.HasPrefix(line, "From: ") && first {
				line = "From: dana@fairlead.example\r\n"
			}
			out.WriteString(line)
			if err != nil {
				break
			}
		}
		got := p.send("dana@fairlead.example", out.String(), at)
		if got == 250 {
			kept++
		}
		assert.Contains(t, []int{250, 550, 554, 500}, got, name)
		if mailtest.Refused()[name] {
			assert.NotEqual(t, 250, got, name)
		}
	}
	assert.Greater(t, kept, 15)
	assert.NotEmpty(t, p.entries("northwind-rail"))
	require.Equal(t, 250, p.send("dana@fairlead.example", letter("dana@fairlead.example", "last@x", "Still there"), at))
}

func TestLimits(t *testing.T) {
	p := newPost(t, func(c *inmail.Config) { c.MaxSize, c.MaxRecipients, c.PerMinute = 10_000, 2, 6 })
	at := p.address("northwind-rail")
	assert.Equal(t, 552, p.send("dana@fairlead.example", letter("dana@fairlead.example", "1@x", "x")+strings.Repeat("xxxxxxxxx\r\n", 2000), at))
	assert.Equal(t, 452, p.send("dana@fairlead.example", letter("dana@fairlead.example", "2@x", "x"), at, at, at))
	for i := range 4 {
		require.Equal(t, 250, p.send("dana@fairlead.example", letter("dana@fairlead.example", fmt.Sprint("m", i, "@x"), "x"), at))
	}
	assert.Equal(t, 451, p.send("dana@fairlead.example", letter("dana@fairlead.example", "late@x", "x"), at), "too many within a minute")
}

// A connection that says nothing, or too slowly, is ended, and one that guesses
// addresses too.
func TestConnectionsEnd(t *testing.T) {
	p := newPost(t, func(c *inmail.Config) { c.Idle, c.Longest = 100*time.Millisecond, 400*time.Millisecond })
	c, err := net.Dial("tcp", p.addr)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	said, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Contains(t, string(said), "421")

	c, err = net.Dial("tcp", p.addr)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	for range 100 {
		if _, err = io.WriteString(c, "NOOP\r\n"); err != nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	_, err = io.Copy(io.Discard, c)
	if err != nil {
		assert.False(t, errors.Is(err, context.DeadlineExceeded), err)
	}

	q := newPost(t)
	client, err := smtp.Dial(q.addr)
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.Mail("dana@fairlead.example", nil))
	guesses := 0
	for range 50 {
		if err = client.Rcpt("northwind-rail+aaaaaaaaaaaaaaaaaaaa@deals.example", nil); err != nil && !strings.Contains(err.Error(), "550") && !strings.Contains(err.Error(), "takes no mail") {
			break
		}
		guesses++
	}
	assert.LessOrEqual(t, guesses, 12)
}

func TestABrokenConnectionKeepsNothing(t *testing.T) {
	p := newPost(t)
	at := p.address("northwind-rail")
	c, err := net.Dial("tcp", p.addr)
	require.NoError(t, err)
	r := bufio.NewReader(c)
	for _, line := range []string{"", "HELO x", "MAIL FROM:<dana@fairlead.example>", "RCPT TO:<" + at + ">", "DATA"} {
		if line != "" {
			_, err = io.WriteString(c, line+"\r\n")
			require.NoError(t, err)
		}
		_, err = r.ReadString('\n')
		require.NoError(t, err)
	}
	_, err = io.WriteString(c, letter("dana@fairlead.example", "1@x", "half"))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Equal(t, 250, p.send("dana@fairlead.example", letter("dana@fairlead.example", "2@x", "whole"), at))
	all := p.entries("northwind-rail")
	require.Len(t, all, 1)
	assert.Equal(t, "whole", all[0].Title)
}

// The same mail from several connections at once is kept once.
func TestAtOnce(t *testing.T) {
	p := newPost(t)
	at := p.address("northwind-rail")
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			assert.NoError(t, deliver(p.addr, "dana@fairlead.example", []string{at}, strings.NewReader(letter("dana@fairlead.example", fmt.Sprint(i%2, "@x"), "x"))))
		})
	}
	wg.Wait()
	assert.Len(t, p.entries("northwind-rail"), 2)
}

func TestLMTP(t *testing.T) {
	p := newPost(t, func(c *inmail.Config) { c.LMTP = true })
	at := p.address("northwind-rail")
	c, err := net.Dial("tcp", p.addr)
	require.NoError(t, err)
	client := smtp.NewClientLMTP(c)
	defer client.Close()
	require.NoError(t, client.Hello("mx.example"))
	require.NoError(t, client.Mail("dana@fairlead.example", nil))
	require.NoError(t, client.Rcpt(at, nil))
	w, err := client.Data()
	require.NoError(t, err)
	_, err = io.WriteString(w, letter("dana@fairlead.example", "1@x", "By LMTP"))
	require.NoError(t, err)
	_, err = w.CloseWithLMTPResponse()
	require.NoError(t, err)
	require.Len(t, p.entries("northwind-rail"), 1)
}

func TestStartTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"deals.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	p := newPost(t, func(c *inmail.Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	})
	at := p.address("northwind-rail")
	roots := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots.AddCert(cert)
	client, err := smtp.DialStartTLS(p.addr, &tls.Config{ServerName: "deals.example", RootCAs: roots})
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.SendMail("dana@fairlead.example", []string{at}, strings.NewReader(letter("dana@fairlead.example", "1@x", "By TLS"))))
	require.Len(t, p.entries("northwind-rail"), 1)
}

// strangers is a listener whose connections come from afar.
type strangers struct{ net.Listener }

type stranger struct{ net.Conn }

func (s strangers) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	return stranger{c}, err
}

func (stranger) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4000} }

// One host cannot take all connections and so keep others' mails out.
func TestConnectionsOfOneHost(t *testing.T) {
	p := newPost(t)
	s := inmail.New(inmail.Config{Wiki: p.w, People: p.db, Log: p.talks, Domain: "deals.example", Connections: 8})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(strangers{l}) }()
	greeted := func() (net.Conn, string) {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		line, err := bufio.NewReader(c).ReadString('\n')
		require.NoError(t, err)
		return c, line[:3]
	}
	first, code := greeted()
	require.Equal(t, "220", code)
	_, code = greeted()
	require.Equal(t, "220", code)
	_, code = greeted()
	assert.Equal(t, "421", code, "a quarter of eight is two")
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool { _, code := greeted(); return code == "220" }, 10*time.Second, 10*time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_ = s.Close(ctx) // the others are broken off
	require.NoError(t, <-served)
}
