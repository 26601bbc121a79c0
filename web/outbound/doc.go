// Package outbound makes the requests that leave the house: to addresses that
// people have typed in, such as webhooks and sources of news.
//
// A request reaches public addresses only. Every address is looked at where the
// connection is made, after names were resolved and again at each redirect, so a
// name that resolves to something else the second time gains nothing. No proxy
// of the surroundings is used and no credentials are sent. Time and size are
// bounded.
//
// A client has no goroutines of its own beyond those of net/http.
package outbound
