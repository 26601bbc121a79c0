package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// webhookHints say what a program hears of by each event.
var webhookHints = map[string]string{
	webhook.Page:    "made, changed, moved or deleted",
	webhook.Comment: "said on a page",
	webhook.Handoff: "offered and answered; deals that are coming",
	webhook.Fact:    "facts and actions raised, changed, removed",
	webhook.Guest:   "a customer has written something",
}

// shownTries is how many of the last tries the page shows of each webhook.
const shownTries = 10

func (s *Server) webhooks(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	v, err := s.webhooksView(r, c, webhook.Names(), r.URL.Query().Get("prospect"))
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	s.renderSecret(w, r, http.StatusOK, "admin-webhooks", v)
	return nil
}

// webhooksView is the page with what was chosen in its form.
func (s *Server) webhooksView(r *http.Request, c people.Caller, events []string, prospect string) (*WebhooksView, error) {
	if s.hooks == nil {
		return nil, notFound()
	}
	ctx := r.Context()
	v := &WebhooksView{Shell: s.adminShell(r, c, "Webhooks"), Tabs: s.adminTabs("webhooks")}
	titles := map[string]string{}
	v.Prospects = options(prospect, "", "All that I see")
	for _, e := range s.wiki.Prospects(ctx, c) {
		titles[e.Slug] = e.Title
		v.Prospects = append(v.Prospects, options(prospect, e.Slug, e.Title)...)
	}
	for _, name := range webhook.Names() {
		o := Option{Value: name, Label: name, Hint: webhookHints[name]}
		for _, e := range events {
			o.Selected = o.Selected || e == name
		}
		v.Events = append(v.Events, o)
	}
	all, err := s.hooks.List(ctx, c)
	if err != nil {
		return nil, err
	}
	for i := range all {
		row, err := s.webhookRow(ctx, c, &all[i], titles)
		if err != nil {
			return nil, err
		}
		row.Open = r.URL.Query().Get("open") == all[i].ID
		v.Hooks = append(v.Hooks, row)
	}
	return v, nil
}

func (s *Server) webhookRow(ctx context.Context, c people.Caller, h *webhook.Hook, titles map[string]string) (WebhookRow, error) {
	row := WebhookRow{URL: h.URL, Href: "/admin/webhooks/" + h.ID, Events: strings.Join(h.Events, ", "), Maker: PersonOf(h.Maker, "", false), Created: h.Created, Sent: h.Sent,
		Waiting: h.Waiting, Retry: h.Retry, Problem: h.Problem, Disabled: h.Disabled}
	if h.Prospect != "" {
		if row.Prospect = titles[h.Prospect]; row.Prospect == "" {
			row.Prospect = "a prospect that you may not see"
		}
	}
	if p, err := s.people.Get(ctx, h.Maker); err == nil {
		row.Maker = personView(p)
	}
	tries, err := s.hooks.Deliveries(ctx, c, h.ID)
	if err != nil {
		return row, err
	}
	for _, d := range tries[:min(len(tries), shownTries)] {
		t := DeliveryRow{At: d.At, Type: d.Type, Prospect: titles[d.Prospect], Taken: d.Problem == "", Problem: d.Problem, Answer: "no answer"}
		if d.Status != 0 {
			t.Answer = strconv.Itoa(d.Status)
		}
		t.Answer += ", " + d.Took.Round(time.Millisecond).String()
		row.Tries = append(row.Tries, t)
	}
	return row, nil
}

// postWebhooks adds one and shows its secret this once.
func (s *Server) postWebhooks(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.hooks == nil {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	var events []string
	for _, name := range webhook.Names() {
		if form.Get(name) == "on" {
			events = append(events, name)
		}
	}
	if events == nil {
		err = &wiki.Invalid{Field: "events", Problem: "must be chosen: without any there is nothing to tell"}
	}
	var h *webhook.Hook
	var secret string
	if err == nil {
		h, secret, err = s.hooks.Add(r.Context(), c, strings.TrimSpace(form.Get("url")), form.Get("prospect"), events)
	}
	if err != nil {
		form["events"] = []string{""} // where a problem with them is shown
		f, ok := again(form, err, nil)
		if !ok {
			return err
		}
		v, err := s.webhooksView(r, c, events, form.Get("prospect"))
		if err != nil {
			return err
		}
		v.Form = f
		s.renderSecret(w, r, http.StatusUnprocessableEntity, "admin-webhooks", v)
		return nil
	}
	v, err := s.webhooksView(r, c, webhook.Names(), "")
	if err != nil {
		return err
	}
	v.NewSecret = &OneTime{Label: "Secret of " + clip(h.URL, 100), Value: secret, Note: "Give it to the receiver, which checks by it that messages are ours. It is shown this once."}
	s.renderSecret(w, r, http.StatusOK, "admin-webhooks", v)
	return nil
}

// postWebhook tries a webhook, ends or begins its telling, or forgets it.
func (s *Server) postWebhook(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.hooks == nil {
		return notFound()
	}
	if _, err := s.form(r); err != nil {
		return err
	}
	ctx, id := r.Context(), r.PathValue("webhook")
	back := "/admin/webhooks?" + url.Values{"open": {id}}.Encode()
	switch r.PathValue("what") {
	case "test":
		d, err := s.hooks.Try(ctx, c, id)
		if err != nil {
			return err
		}
		if d.Problem != "" {
			return s.done(w, r, back, "The test was not taken: "+clip(d.Problem, 200)+".")
		}
		return s.done(w, r, back, "The test was taken: the receiver answered "+strconv.Itoa(d.Status)+".")
	case "disable":
		if err := s.hooks.SetDisabled(ctx, c, id, true); err != nil {
			return err
		}
		return s.done(w, r, back, "It is told nothing more. What was waiting for it is forgotten.")
	case "enable":
		if err := s.hooks.SetDisabled(ctx, c, id, false); err != nil {
			return err
		}
		return s.done(w, r, back, "It is told what happens from now on.")
	case "remove":
		if err := s.hooks.Remove(ctx, c, id); err != nil {
			return err
		}
		return s.done(w, r, "/admin/webhooks", "The webhook is removed.")
	}
	return notFound()
}
