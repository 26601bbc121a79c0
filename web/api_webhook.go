package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

type apiWebhook struct {
	ID       string     `json:"id"`
	URL      string     `json:"url"`
	Events   []string   `json:"events"`
	Prospect string     `json:"prospect,omitempty" doc:"Empty: all that its maker sees"`
	Maker    string     `json:"maker" doc:"Person id"`
	Created  time.Time  `json:"created"`
	Sent     *time.Time `json:"sent" doc:"When it took the last message"`
	Waiting  int        `json:"waiting" doc:"Messages"`
	Failures int        `json:"failures" doc:"In a row"`
	Retry    *time.Time `json:"retry" doc:"When it is tried again, after a failure"`
	Problem  string     `json:"problem,omitempty" doc:"Of the last failure, while it lasts"`
	Disabled bool       `json:"disabled"`
	Secret   string     `json:"secret,omitempty" doc:"Told when it is made, and never again"`
}

func webhookOf(h *webhook.Hook) apiWebhook {
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return apiWebhook{ID: h.ID, URL: h.URL, Events: h.Events, Prospect: h.Prospect, Maker: h.Maker, Created: h.Created, Sent: at(h.Sent), Waiting: h.Waiting,
		Failures: h.Failures, Retry: at(h.Retry), Problem: h.Problem, Disabled: h.Disabled}
}

type apiDelivery struct {
	ID       int64     `json:"id"`
	Message  string    `json:"message" doc:"Each try of a message has the same"`
	Type     string    `json:"type"`
	Prospect string    `json:"prospect,omitempty" doc:"Empty for a test"`
	At       time.Time `json:"at"`
	Took     int64     `json:"took" doc:"Milliseconds"`
	Status   int       `json:"status" doc:"Of the answer; 0 when there was none"`
	Problem  string    `json:"problem,omitempty" doc:"Empty: it was taken"`
}

func deliveryOf(d *webhook.Delivery) apiDelivery {
	return apiDelivery{ID: d.ID, Message: d.Message, Type: d.Type, Prospect: d.Prospect, At: d.At, Took: d.Took.Milliseconds(), Status: d.Status, Problem: d.Problem}
}

func (a *api) installWebhooks() {
	register(a, op("list-webhooks", http.MethodGet, "/webhooks", "Programs that are told what happens; for administrators"), a.listWebhooks)
	add := op("add-webhook", http.MethodPost, "/webhooks", "Tell a program what happens; for administrators")
	add.DefaultStatus = http.StatusCreated
	register(a, add, a.addWebhook)
	register(a, op("set-webhook", http.MethodPatch, "/webhooks/{webhook}", "End or begin anew the telling of a program; for administrators"), a.setWebhook)
	register(a, op("test-webhook", http.MethodPost, "/webhooks/{webhook}/test", "Send a program a test message now; for administrators"), a.testWebhook)
	register(a, op("list-webhook-deliveries", http.MethodGet, "/webhooks/{webhook}/deliveries", "What came of the last messages to a program; for administrators"), a.listWebhookDeliveries)
	register(a, op("remove-webhook", http.MethodDelete, "/webhooks/{webhook}", "Tell a program no longer; for administrators"), a.removeWebhook)
}

func (a *api) listWebhooks(ctx context.Context, c people.Caller, in *ListInput) (*listOutput[apiWebhook], error) {
	if a.s.hooks == nil {
		return nil, wiki.ErrNotFound
	}
	all, err := a.s.hooks.List(ctx, c)
	if err != nil {
		return nil, err
	}
	out := make([]apiWebhook, len(all))
	for i := range all {
		out[i] = webhookOf(&all[i])
	}
	return piece(out, *in, func(h apiWebhook) string { return h.ID })
}

type newInput struct {
	Body struct {
		URL      string   `json:"url" maxLength:"2000"`
		Events   []string `json:"events,omitempty" maxItems:"20" doc:"page, comment, handoff, fact, guest; none: all of them"`
		Prospect string   `json:"prospect,omitempty" maxLength:"200" doc:"None: all that you see"`
	}
}

type output struct{ Body apiWebhook }

func (a *api) addWebhook(ctx context.Context, c people.Caller, in *newInput) (*output, error) {
	if a.s.hooks == nil {
		return nil, wiki.ErrNotFound
	}
	h, secret, err := a.s.hooks.Add(ctx, c, in.Body.URL, in.Body.Prospect, in.Body.Events)
	if err != nil {
		return nil, err
	}
	out := &output{webhookOf(h)}
	out.Body.Secret = secret
	return out, nil
}

type removeInput struct {
	Webhook string `path:"webhook" maxLength:"100"`
}

type setInput struct {
	Webhook string `path:"webhook" maxLength:"100"`
	Body    struct {
		Disabled bool `json:"disabled"`
	}
}

func (a *api) setWebhook(ctx context.Context, c people.Caller, in *setInput) (*struct{}, error) {
	if a.s.hooks == nil {
		return nil, wiki.ErrNotFound
	}
	return nil, a.s.hooks.SetDisabled(ctx, c, in.Webhook, in.Body.Disabled)
}

type tried struct{ Body apiDelivery }

func (a *api) testWebhook(ctx context.Context, c people.Caller, in *removeInput) (*tried, error) {
	if a.s.hooks == nil {
		return nil, wiki.ErrNotFound
	}
	d, err := a.s.hooks.Try(ctx, c, in.Webhook)
	if err != nil {
		return nil, err
	}
	return &tried{deliveryOf(d)}, nil
}

type webhooksInput struct {
	ListInput
	Webhook string `path:"webhook" maxLength:"100"`
}

func (a *api) listWebhookDeliveries(ctx context.Context, c people.Caller, in *webhooksInput) (*listOutput[apiDelivery], error) {
	if a.s.hooks == nil {
		return nil, wiki.ErrNotFound
	}
	all, err := a.s.hooks.Deliveries(ctx, c, in.Webhook)
	if err != nil {
		return nil, err
	}
	out := make([]apiDelivery, len(all))
	for i := range all {
		out[i] = deliveryOf(&all[i])
	}
	return piece(out, in.ListInput, func(d apiDelivery) string { return strconv.FormatInt(d.ID, 10) })
}

func (a *api) removeWebhook(ctx context.Context, c people.Caller, in *removeInput) (*struct{}, error) {
	if a.s.hooks == nil {
		return nil, wiki.ErrNotFound
	}
	return nil, a.s.hooks.Remove(ctx, c, in.Webhook)
}
