package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const briefPage = `# Overview

Northwind Rail runs 212 trainsets from four depots.

## Why

Trains wait in depots because the planning sheet loses work orders.

## Dates

They need the first depot to go live by 1 March 2027.
`

func TestBriefPage(t *testing.T) {
	s := newSite(t)
	s.write("northwind", "internal/account/overview", briefPage)
	mara := s.signedIn(s.mara)
	a := mara.get("/p/northwind/brief")
	require.Equal(t, http.StatusOK, a.status, a.body)
	for _, want := range []string{"Get up to speed on Northwind Rail", "Compiled for Mara Test", "212 trainsets", "This is your first visit", "Go-live on 1 March 2027", "Trains wait in depots", "Are these facts?", "Mark all as read"} {
		assert.Contains(t, a.body, want)
	}
	assert.NotContains(t, a.body, "xyzzy", "nothing of another prospect")

	// A possible fact becomes one by a click, another is put aside.
	text := "They need the first depot to go live by 1 March 2027."
	a = mara.post("/p/northwind/brief/confirm", url.Values{"page": {"internal/account/overview"}, "line": {"11"}, "kind": {"commitment"}, "text": {text}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Contains(t, string(s.read("northwind", "internal/account/overview").Text), "> [!commitment] "+text)
	a = mara.post("/p/northwind/brief/confirm", url.Values{"page": {"internal/account/overview"}, "kind": {"poem"}, "text": {text}})
	assert.Equal(t, http.StatusBadRequest, a.status)
	a = mara.post("/p/northwind/brief/dismiss", url.Values{"text": {"Something else."}})
	assert.Equal(t, http.StatusSeeOther, a.status)

	// Reading: one, then all.
	a = mara.post("/p/northwind/brief/read", url.Values{"page": {"internal/closing/close-plan"}})
	require.Equal(t, http.StatusSeeOther, a.status)
	a = mara.post("/p/northwind/brief/read", url.Values{})
	require.Equal(t, http.StatusSeeOther, a.status)
	marks, err := s.people.ReadMarks(context.Background(), s.mara.ID, "northwind")
	require.NoError(t, err)
	assert.Len(t, marks, 3)
	assert.NotContains(t, mara.get("/p/northwind/brief").body, `class="tick`)

	// Since something else.
	a = mara.get("/p/northwind/brief?since=2020-01-01")
	require.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, "New page <a")
	assert.Equal(t, http.StatusOK, mara.get("/p/northwind/brief?since=closing").status)
	assert.Equal(t, http.StatusBadRequest, mara.get("/p/northwind/brief?since=yesterday-ish").status)

	// On paper there are no bars.
	a = mara.get("/p/northwind/brief?print")
	require.Equal(t, http.StatusOK, a.status)
	assert.NotContains(t, a.body, "space-nav")
	assert.Contains(t, a.body, "Reading list")

	// Who may only read has no buttons to change anything.
	a = s.signedIn(s.vera).get("/p/northwind/brief")
	require.Equal(t, http.StatusOK, a.status)
	assert.NotContains(t, a.body, "/brief/confirm")
	assert.NotContains(t, a.body, "/p/northwind/facts/")
	assert.Equal(t, http.StatusNotFound, mara.get("/p/secretco/brief").status)
	assert.Equal(t, http.StatusNotFound, mara.get("/p/playbook/brief").status)

	// The space leads here.
	assert.Contains(t, mara.get("/p/northwind").body, `href="/p/northwind/brief"`)
}

func TestBriefClosesFacts(t *testing.T) {
	s := newSite(t)
	s.write("northwind", "internal/closing/asked", "# Asked\n\n> [!question] Who signs? ^q-0001\n")
	mara := s.signedIn(s.mara)
	require.Contains(t, mara.get("/p/northwind/brief").body, `action="/p/northwind/facts/q-0001"`)
	a := mara.post("/p/northwind/facts/q-0001", url.Values{"status": {"answered"}, "next": {"brief"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Equal(t, "/p/northwind/brief#facts", a.header.Get("Location"))
	page := s.read("northwind", "internal/closing/asked")
	assert.Contains(t, string(page.Text), "Who signs? status:answered ^q-0001")
	assert.Equal(t, "Mara Test", page.Author.Name)
}

func TestBriefAPI(t *testing.T) {
	s := newSite(t)
	s.write("northwind", "internal/account/overview", briefPage)
	b := s.signedIn(s.mara)
	a := b.get("/api/v1/prospects/northwind/brief?since=2020-01-01")
	require.Equal(t, http.StatusOK, a.status, a.body)
	var out struct {
		Lead  string `json:"lead"`
		Since struct {
			Pages []struct{ Place string } `json:"pages"`
		} `json:"since"`
		Facts []struct {
			Kind  string
			Facts []struct{ Title, Place string }
		} `json:"facts"`
		Reading []struct{ Place string } `json:"reading"`
		Answers []struct{ Topic string } `json:"answers"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &out))
	assert.Equal(t, "Northwind Rail runs 212 trainsets from four depots.", out.Lead)
	assert.Equal(t, "internal/closing/close-plan", out.Facts[0].Facts[0].Place)
	assert.NotEmpty(t, out.Answers)
	assert.Len(t, out.Since.Pages, 3)
	assert.Equal(t, "internal/account/overview", out.Reading[0].Place)
	assert.NotContains(t, a.body, "users.invalid", "people are named by their ids")
	assert.NotContains(t, a.body, ":null", "lists are lists")
	assert.Equal(t, http.StatusBadRequest, b.get("/api/v1/prospects/northwind/brief?since=soon").status)
	assert.Equal(t, http.StatusNotFound, b.get("/api/v1/prospects/secretco/brief").status)
}
