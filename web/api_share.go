package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// apiCrossing is the problem that answers a move through the wall which is not
// confirmed: exactly what would be on the other side.
type apiCrossing struct {
	*huma.ErrorModel
	Digest   string            `json:"digest"`
	Changed  bool              `json:"changed"`
	Resumed  bool              `json:"resumed"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Title    string            `json:"page_title"`
	Text     string            `json:"text"`
	HTML     string            `json:"html"`
	Files    []apiCrossingFile `json:"files"`
	Facts    []apiCrossingFact `json:"facts"`
	Warnings []apiWarning      `json:"warnings"`
	Readers  []string          `json:"readers"`
	Threads  int               `json:"threads"`
}

type apiCrossingFile struct {
	From string `json:"from"`
	To   string `json:"to"`
	Size int64  `json:"size"`
	Kept bool   `json:"kept"`
}

type apiCrossingFact struct {
	ID    string `json:"id,omitempty"`
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Line  int    `json:"line"`
}

type apiWarning struct {
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

// cross moves a page through the wall.
func (a *api) cross(ctx context.Context, c people.Caller, in *movePageInput, to wiki.Place) (*pageOutput, error) {
	f, err := a.s.openSpace(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	p, err := f.space.Cross(ctx, c, in.place(), to, in.Body.Confirm)
	var not *wiki.Unconfirmed
	if errors.As(err, &not) {
		return nil, a.unconfirmed(ctx, f, not)
	}
	if err != nil {
		return nil, err
	}
	return a.page(ctx, p, nil), nil
}

func (a *api) unconfirmed(ctx context.Context, f *frame, not *wiki.Unconfirmed) error {
	x := not.Crossing
	html, err := f.crossingHTML(ctx, x)
	if err != nil {
		return err
	}
	out := &apiCrossing{ErrorModel: &huma.ErrorModel{Status: http.StatusConflict, Title: "Confirm what becomes visible",
		Detail: "Everybody who is a guest now or later can read this, and what was read cannot be taken back. Repeat the call with confirm set to the digest."},
		Digest: x.Digest, Changed: not.Changed, Resumed: x.Resumed, From: x.From.String(), To: x.To.String(), Title: x.Title, Text: string(x.Text), HTML: string(html),
		Files: []apiCrossingFile{}, Facts: []apiCrossingFact{}, Warnings: []apiWarning{}, Readers: []string{}, Threads: x.Threads}
	if !x.Shares() {
		out.ErrorModel.Title = "Confirm that the page is taken back"
		out.Detail = "Guests see the page no more, but it may have been read. Repeat the call with confirm set to the digest."
	} else {
		readers, err := f.guestNames(ctx)
		if err != nil {
			return err
		}
		out.Readers = append(out.Readers, readers...)
	}
	if not.Changed {
		out.Detail = "Something has changed since you asked; nothing was moved. " + out.Detail
	}
	for _, file := range x.Files {
		out.Files = append(out.Files, apiCrossingFile{file.From.String(), file.To.String(), file.Size, file.Kept})
	}
	for _, fact := range x.Facts {
		out.Facts = append(out.Facts, apiCrossingFact{fact.ID, fact.Kind, fact.Title, fact.Line})
	}
	for _, w := range x.Warnings {
		out.Warnings = append(out.Warnings, apiWarning{w.Line, w.Text})
	}
	return out
}
