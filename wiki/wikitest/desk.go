package wikitest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Desk is a wiki with people at it.
type Desk struct {
	T      testing.TB
	Dir    string
	Wiki   *wiki.Wiki
	People *people.DB
	Clock  *Clock
}

// New opens a wiki that lies in a temporary folder, without a colleague or a
// prospect, on the morning of 2 November 2026. What the configuration says of
// folder, people and clock is set.
func New(t testing.TB, cfg wiki.Config) *Desk {
	t.Helper()
	d := &Desk{T: t, Dir: t.TempDir(), Clock: &Clock{now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}}
	var err error
	d.People, err = people.Open(filepath.Join(d.Dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}, Now: d.Clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.People.Close()) })
	cfg.Dir, cfg.People, cfg.Now = d.Dir, d.People, d.Clock.Now
	d.Wiki, err = wiki.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Wiki.Close()) })
	return d
}

// Person adds a member of staff and answers them as they are when signed in.
func (d *Desk) Person(name, email string, job people.Job) people.Caller {
	d.T.Helper()
	p, err := d.People.Add(context.Background(), people.System("test"), people.NewPerson{Name: name, Email: email, Role: people.Member, Job: job, Skills: "Railways"})
	require.NoError(d.T, err)
	return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
}

// Prospect makes one as somebody.
func (d *Desk) Prospect(by people.Caller, n wiki.NewProspect) *wiki.Space {
	d.T.Helper()
	e, err := d.Wiki.Create(d.T.Context(), by, n)
	require.NoError(d.T, err)
	sp, err := d.Wiki.Space(d.T.Context(), by, e.Slug)
	require.NoError(d.T, err)
	return sp
}

// Edit gives a page, written as SECTION/STAGE/PAGE, a text as somebody.
func (d *Desk) Edit(by people.Caller, sp *wiki.Space, place, text string) *wiki.Edited {
	d.T.Helper()
	p, err := wiki.ParsePlace(place)
	require.NoError(d.T, err)
	side, err := sp.Side(p.Section)
	require.NoError(d.T, err)
	e := wiki.Edit{Place: p, Text: []byte(text)}
	if info, err := side.Lookup(d.T.Context(), by, p); err == nil {
		e.Base = info.Version
	}
	done, err := side.Edit(d.T.Context(), by, e)
	require.NoError(d.T, err)
	return done
}
