package web

import "time"

// WebhooksView is the programs that are told what happens (template
// admin-webhooks). The form posts url, event (several) and prospect.
type WebhooksView struct {
	Shell
	Tabs      []Choice
	Hooks     []WebhookRow
	Form      Form
	Events    []Option
	Prospects []Option
	NewSecret *OneTime
}

// WebhookRow is a program that is told. Its forms post to Href/test, /disable,
// /enable and /remove.
type WebhookRow struct {
	URL      string
	Href     string
	Events   string
	Prospect string // empty: all that its maker sees
	Maker    Person
	Created  time.Time
	Sent     time.Time // zero: never
	Waiting  int
	Retry    time.Time // zero: it has not failed
	Problem  string
	Disabled bool
	Open     bool // its deliveries are shown at once
	Tries    []DeliveryRow
}

// DeliveryRow is one try to tell it something.
type DeliveryRow struct {
	At       time.Time
	Type     string
	Prospect string
	Taken    bool
	Answer   string // status and how long it took
	Problem  string
}
