package notify

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Mail says how letters leave.
type Mail struct {
	From   mail.Address // required: whom letters come from
	Sender Sender       // required
	// URL is where people reach the wiki, without a final slash; links in
	// letters begin with it. Required.
	URL string
	// Zone is in which it becomes morning for people who have chosen none; nil
	// is UTC.
	Zone *time.Location
}

// Choice is how somebody is told by mail.
type Choice string

// Choices. Daily is everybody's until they choose.
const (
	AtOnce  Choice = "once"  // everything soon
	Daily   Choice = "daily" // handoffs, being named and being asked at once, the rest in the morning
	NoMails Choice = "none"
)

// Mails reports whether letters are sent at all.
func (c *Center) Mails() bool { return c.mail != nil }

// MailChoice is how a person is told by mail.
func (c *Center) MailChoice(ctx context.Context, person string) (Choice, error) {
	choice := Daily
	err := c.people.AskAttention(ctx, func(rows *sql.Rows) error { return rows.Scan(&choice) }, `SELECT choice FROM mail_people WHERE person=?`, person)
	return choice, err
}

// ChooseMail sets how the caller is told by mail.
func (c *Center) ChooseMail(ctx context.Context, caller people.Caller, choice Choice) error {
	switch choice {
	case AtOnce, Daily, NoMails:
	default:
		return &people.Invalid{Field: "mail", Problem: "must be once, daily or none"}
	}
	if !c.people.Live(caller).Can(people.Write) || caller.Person.ID == "" {
		return people.ErrForbidden
	}
	return c.choose(ctx, caller.Person.ID, choice)
}

func (c *Center) choose(ctx context.Context, person string, choice Choice) error {
	return c.update(ctx, `INSERT INTO mail_people(person, choice) VALUES(?,?) ON CONFLICT(person) DO UPDATE SET choice=excluded.choice`, person, string(choice))
}

// CheckUnsubscribe answers whether a guest had the letter that the token was in;
// wiki.ErrNotFound when no letter had it.
func (c *Center) CheckUnsubscribe(ctx context.Context, token string) (guest bool, err error) {
	person, err := c.whose(ctx, token)
	return person.Guest, err
}

// Unsubscribe ends the mail of whom the token was made for. It may be done again.
func (c *Center) Unsubscribe(ctx context.Context, token string) error {
	p, err := c.whose(ctx, token)
	if err != nil {
		return err
	}
	if p.Guest {
		had, err := c.GuestDigest(ctx, p.ID)
		if err != nil || !had {
			return err
		}
		if err := c.update(ctx, `DELETE FROM guest_digests WHERE person=?`, p.ID); err != nil {
			return err
		}
	} else {
		had, err := c.MailChoice(ctx, p.ID)
		if err != nil || had == NoMails {
			return err
		}
		if err := c.choose(ctx, p.ID, NoMails); err != nil {
			return err
		}
	}
	return c.people.Record(ctx, system, people.Event{Action: "mail.unsubscribe", Object: p.ID})
}

func (c *Center) whose(ctx context.Context, token string) (people.Person, error) {
	person, _, ok := strings.Cut(token, ".")
	if !ok || len(token) > 200 {
		return people.Person{}, wiki.ErrNotFound
	}
	want, err := c.unsubscribeToken(ctx, person)
	if err != nil {
		return people.Person{}, err
	}
	if !hmac.Equal([]byte(want), []byte(token)) {
		return people.Person{}, wiki.ErrNotFound
	}
	p, err := c.people.Get(ctx, person)
	if errors.Is(err, people.ErrNotFound) {
		return p, wiki.ErrNotFound
	}
	return p, err
}

// unsubscribeToken is what ends a person's mail and can do nothing else. It does
// not expire: letters are kept for years.
func (c *Center) unsubscribeToken(ctx context.Context, person string) (string, error) {
	key, err := c.mailKey(ctx)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("unsubscribe\x00" + person))
	return person + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// mailKey reads the key that signs, and makes it when there is none.
func (c *Center) mailKey(ctx context.Context) (key []byte, err error) {
	ask := func() error {
		return c.people.AskAttention(ctx, func(rows *sql.Rows) error { return rows.Scan(&key) }, `SELECT key FROM mail_key`)
	}
	if err := ask(); err != nil || key != nil {
		return key, wrap("reading the key of letters", err)
	}
	fresh := make([]byte, 32)
	rand.Read(fresh) // never fails
	if err := c.update(ctx, `INSERT OR IGNORE INTO mail_key VALUES(1, ?)`, fresh); err != nil {
		return nil, fmt.Errorf("making the key of letters: %w", err)
	}
	if err := ask(); err != nil || key == nil {
		return nil, fmt.Errorf("reading the key of letters: %w", errors.Join(err, people.ErrNotFound))
	}
	return key, nil
}
