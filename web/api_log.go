package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
)

// APIEntry is a call, meeting, mail or note.
type APIEntry struct {
	Place     string    `json:"place" doc:"SECTION/STAGE/PAGE of its page"`
	Section   string    `json:"section"`
	Kind      string    `json:"kind" enum:"call,meeting,mail,note"`
	Date      string    `json:"date" doc:"YYYY-MM-DD"`
	At        time.Time `json:"at" doc:"Noon in UTC where only the day is known"`
	Title     string    `json:"title"`
	People    []string  `json:"people"`
	MessageID string    `json:"message_id,omitempty"`
	Thread    string    `json:"thread" doc:"The place of the oldest entry of its thread"`
	Version   string    `json:"version"`
	Author    APIPerson `json:"author"`
	Known     bool      `json:"known,omitempty" doc:"The mail was in the log already"`
}

// APINewEntry is what an entry is made of.
type APINewEntry struct {
	Title   string   `json:"title" doc:"What it was about, in one line"`
	Kind    string   `json:"kind,omitempty" enum:"call,meeting,mail,note"`
	Date    string   `json:"date,omitempty" doc:"YYYY-MM-DD; today when it is left out"`
	People  []string `json:"people,omitempty"`
	Text    string   `json:"text,omitempty" doc:"Markdown"`
	Section string   `json:"section,omitempty" enum:"internal,external" doc:"internal when it is left out"`
}

func (a *api) entry(ctx context.Context, e *maillog.Entry) APIEntry {
	out := APIEntry{Place: e.Place.String(), Section: string(e.Section), Kind: string(e.Kind), Date: e.Date, At: e.At.UTC(), Title: e.Title, People: e.People,
		MessageID: e.MessageID, Thread: e.Thread, Version: e.Version.String(), Author: a.author(ctx, e.Author)}
	if out.People == nil {
		out.People = []string{}
	}
	return out
}

func (a *api) installLog() {
	register(a, op("list-log", http.MethodGet, "/prospects/{prospect}/log", "Calls, meetings, mails and notes of both sides, the newest first"), a.listLog)
	add := op("add-log", http.MethodPost, "/prospects/{prospect}/log", "Add an entry, as JSON or as a mail (message/rfc822)")
	add.DefaultStatus = http.StatusCreated
	add.MaxBodyBytes = a.s.talks.MaxMail() + 1
	add.BodyReadTimeout = 5 * time.Minute
	add.SkipValidateBody = true // it is read by its type below
	add.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[APINewEntry](), true, "NewEntry")},
		"message/rfc822":   {Schema: &huma.Schema{Type: "string", Format: "binary"}},
	}}
	register(a, add, a.addLog)
}

type logInput struct {
	ProspectInput
	ListInput
	Kind    string `query:"kind" enum:"call,meeting,mail,note"`
	Section string `query:"section" enum:"internal,external"`
}

func (a *api) listLog(ctx context.Context, c people.Caller, in *logInput) (*listOutput[APIEntry], error) {
	sp, err := a.logSpace(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	entries, err := a.s.talks.List(ctx, c, sp)
	if err != nil {
		return nil, err
	}
	var all []APIEntry
	for i := range entries {
		if e := &entries[i]; (in.Kind == "" || in.Kind == string(e.Kind)) && (in.Section == "" || in.Section == string(e.Section)) {
			all = append(all, a.entry(ctx, e))
		}
	}
	return piece(all, in.ListInput, func(e APIEntry) string { return e.Place })
}

type addInput struct {
	ProspectInput
	Section     string `query:"section" enum:"internal,external" doc:"Of a mail; internal when it is left out"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"message/rfc822"`
}

type addOutput struct {
	Status int
	Body   APIEntry
}

func (a *api) addLog(ctx context.Context, c people.Caller, in *addInput) (*addOutput, error) {
	sp, err := a.logSpace(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	out := &addOutput{Status: http.StatusCreated}
	switch kind, _, _ := mime.ParseMediaType(in.ContentType); kind {
	case "message/rfc822":
		// RawBody lives in a buffer that the next call is read into.
		e, known, err := a.s.talks.AddMail(ctx, c, sp, wiki.Section(in.Section), bytes.Clone(in.RawBody))
		if err != nil {
			return nil, err
		}
		if out.Body = a.entry(ctx, e); known {
			out.Status, out.Body.Known = http.StatusOK, true
		}
	case "application/json":
		var n APINewEntry
		dec := json.NewDecoder(bytes.NewReader(in.RawBody))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&n); err != nil || !errors.Is(dec.Decode(&struct{}{}), io.EOF) {
			return nil, huma.Error400BadRequest("the call does not have the shape that openapi.json describes")
		}
		if n.Section == "" {
			n.Section = in.Section
		}
		e, err := a.s.talks.Add(ctx, c, sp, maillog.NewEntry{Section: wiki.Section(n.Section), Kind: maillog.Kind(n.Kind), Date: n.Date, People: n.People, Title: n.Title, Text: n.Text})
		if err != nil {
			return nil, err
		}
		out.Body = a.entry(ctx, e)
	default:
		return nil, huma.Error415UnsupportedMediaType("send an entry as application/json, or a mail as message/rfc822")
	}
	return out, nil
}

// logSpace opens a prospect that has a log: not the playbook.
func (a *api) logSpace(ctx context.Context, c people.Caller, prospect string) (*wiki.Space, error) {
	if prospect == wiki.Playbook {
		return nil, wiki.ErrNotFound
	}
	return a.s.wiki.Space(ctx, c, prospect)
}
