// Package web is what a browser or a program sees of the wiki: pages for
// people, the JSON API, files.
//
// # Model
//
// A [Server] is an [http.Handler] over one [wiki.Wiki]. Every door is registered
// in routes.go with its [Audience]; a request comes in through the checks of
// middleware.go, and a handler gets the [people.Caller] it acts for as an
// argument. Handlers fill a view (views_*.go) and hand it to its template
// (package ui), or return an error; errors.go turns errors into answers.
//
// # Guarantees
//
//   - Nothing is shown or changed without asking the wiki on behalf of the
//     caller. Pages of staff are not there (404) for anybody else.
//   - A page is drawn completely before its first byte is sent.
//   - Text of unexpected errors is logged, never sent.
//   - Under the content security policy nothing inline runs, and nothing is
//     loaded from elsewhere. Attachments are sandboxed.
//   - Every change is a POST that must come from our own pages.
//
// # Goroutines
//
// A Server owns one goroutine per import that runs; Close ends and awaits them.
package web
