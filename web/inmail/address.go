package inmail

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

const (
	secretBytes = 12 // 20 letters and digits
	secretChars = 20
	maxBefore   = 30 // characters before the plus
)

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Address is where mails for the log of a prospect go, "" while nobody has asked
// for an address.
func (s *Server) Address(ctx context.Context, caller people.Caller, prospect string) (string, error) {
	if err := s.may(ctx, caller, prospect, people.Viewer); err != nil {
		return "", err
	}
	secret := ""
	err := s.people.AskAttention(ctx, func(rows *sql.Rows) error { return rows.Scan(&secret) }, `SELECT secret FROM mailboxes WHERE prospect=?`, prospect)
	if err != nil || secret == "" {
		return "", err
	}
	return s.address(prospect, secret), nil
}

// Renew gives a prospect an address, another one when it has one: mails to the
// old one are refused from now on. The caller needs to be an editor.
func (s *Server) Renew(ctx context.Context, caller people.Caller, prospect string) (string, error) {
	if err := s.may(ctx, caller, prospect, people.Editor); err != nil {
		return "", err
	}
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails
	secret := letters.EncodeToString(random)
	err := s.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, `INSERT OR REPLACE INTO mailboxes (prospect, secret) VALUES (?, ?)`, prospect, secret)
		return err
	})
	if err != nil {
		return "", err
	}
	err = s.people.Record(ctx, caller, people.Event{Action: "mail.address", Prospect: prospect})
	return s.address(prospect, secret), err
}

func (s *Server) may(ctx context.Context, caller people.Caller, prospect string, want people.Level) error {
	if prospect == wiki.Playbook || caller.Person.Guest {
		return wiki.ErrNotFound
	}
	if _, err := s.wiki.Prospect(ctx, caller, prospect); err != nil {
		return err
	}
	if s.people.LevelOn(ctx, caller, prospect) < want {
		return people.ErrForbidden
	}
	return nil
}

// address writes an address. Of a name in other letters than a to z what mail
// servers take everywhere is left.
func (s *Server) address(prospect, secret string) string {
	before := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, prospect)
	before = strings.Trim(before[:min(len(before), maxBefore)], "-")
	if before == "" {
		before = "deal"
	}
	return before + "+" + secret + "@" + s.cfg.Domain
}

var errNoSuch = errors.New("no such address")

// prospectOf answers the prospect that an address belongs to.
func (s *Server) prospectOf(ctx context.Context, address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 || !strings.EqualFold(strings.TrimSuffix(address[at+1:], "."), s.cfg.Domain) {
		return "", errNoSuch
	}
	_, secret, found := strings.Cut(strings.ToLower(address[:at]), "+")
	if !found || len(secret) != secretChars {
		return "", errNoSuch
	}
	prospect := ""
	// By an index over what is random: how long it takes tells nothing.
	err := s.people.AskAttention(ctx, func(rows *sql.Rows) error { return rows.Scan(&prospect) }, `SELECT prospect FROM mailboxes WHERE secret=?`, secret)
	if err == nil && prospect == "" {
		err = errNoSuch
	}
	return prospect, err
}
