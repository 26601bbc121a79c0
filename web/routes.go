package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dealwiki/web/ui"
	"dealwiki/wiki"
	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
)

// Audience says who a door is for.
type Audience int

// Audiences.
const (
	Anonymous      Audience = iota // anybody, signed in or not
	Staff                          // members of staff who are signed in
	Shared                         // guests and members of staff who are signed in; what they may see wiki.Shared decides
	Administrators                 // administrators who are signed in
	Live                           // sessions from our own pages, and API tokens at ?token=; refused by close codes
	Git                            // API tokens with the scope git, by Basic authorization; without one the same 401 everywhere
)

func (a Audience) String() string {
	switch a {
	case Anonymous:
		return "anonymous"
	case Staff:
		return "staff"
	case Shared:
		return "shared"
	case Live:
		return "live"
	case Git:
		return "git"
	}
	return "administrators"
}

// Door is a route and who it is for.
type Door struct {
	Pattern  string // as http.ServeMux has it
	Audience Audience
}

// Doors lists every route, pages and API, in the order of registration.
func (s *Server) Doors() []Door { return slices.Clone(s.doors) }

// routes registers every door.
func (s *Server) routes() error {
	// For machines and browsers.
	s.handle("GET /-/healthz", Anonymous, s.healthz)
	s.handle("GET /-/readyz", Anonymous, s.readyz)
	s.handle("GET "+ui.AssetPath, Anonymous, s.asset)
	s.handle("GET /favicon.ico", Anonymous, s.favicon)
	s.handle("GET /robots.txt", Anonymous, s.robots)
	s.handle("GET /-/palette", Staff, s.palette)
	s.handle("GET /-/complete", Staff, s.complete)

	// Coming in and going out.
	s.handle("GET /sign-in", Anonymous, s.signIn)
	s.handle("POST /sign-in", Anonymous, s.postSignIn)
	s.handle("GET /sign-in/code", Anonymous, s.signInCode)
	s.handle("POST /sign-in/code", Anonymous, s.postSignInCode)
	s.handle("GET /sign-in/two-step", Anonymous, s.signInTwoStep)
	s.handle("POST /sign-in/two-step", Anonymous, s.postSignInTwoStep)
	s.handle("POST /sign-in/passkey", Anonymous, s.postPasskey)
	s.handle("POST /sign-in/passkey/begin", Anonymous, s.postPasskeyBegin)
	s.handle("GET /sign-in/sso", Anonymous, s.ssoBegin)
	s.handle("GET "+callbackPath, Anonymous, s.ssoCallback)
	s.handle("GET "+signedOutPath, Anonymous, s.signedOut)
	s.handle("GET "+signedOutPath+"/provider", Anonymous, s.leaveProvider)
	s.handle("GET /sign-in/forgotten", Anonymous, s.forgotten)
	s.handle("POST /sign-in/forgotten", Anonymous, s.postForgotten)
	s.handle("GET /reset/{token}", Anonymous, s.reset)
	s.handle("POST /reset/{token}", Anonymous, s.postReset)
	s.handle("GET /sign-in/link", Anonymous, s.guestReturn)
	s.handle("POST /sign-in/link", Anonymous, s.postGuestReturn)
	s.handle("POST /sign-out", Anonymous, s.postSignOut)
	s.handle("GET /setup", Anonymous, s.setupNotice)
	s.handle("GET /setup/{token}", Anonymous, s.setup)
	s.handle("POST /setup/{token}", Anonymous, s.postSetup)
	s.handle("GET /join/{token}", Anonymous, s.join)
	s.handle("POST /join/{token}", Anonymous, s.postJoin)
	s.handle("GET /login/{token}", Anonymous, s.login)
	s.handle("POST /login/{token}", Anonymous, s.postLogin)

	// For whoever reads a letter, by a token that ends their mail and does
	// nothing else. Mail programs post without a session.
	s.handle("GET /unsubscribe/{token}", Anonymous, s.unsubscribe)
	s.handle("POST /unsubscribe/{token}", Anonymous, s.postUnsubscribe)

	// For feed readers, by a token in the address.
	s.handle("GET /feeds/{file}", Anonymous, s.feed)

	// For git, by a token.
	for _, pattern := range []string{"GET /git/{prospect}/{repository}/info/refs", "POST /git/{prospect}/{repository}/git-upload-pack",
		"POST /git/{prospect}/{repository}/git-receive-pack", "/git/{rest...}"} {
		s.handle(pattern, Git, s.gitDoor)
	}

	// Over all prospects.
	s.handle("GET /{$}", Staff, s.board)
	s.handle("GET /pipeline", Staff, s.pipelinePage)
	s.handle("POST /pipeline/alive", Staff, s.postAlive)
	s.handle("GET /new", Staff, s.newProspect)
	s.handle("POST /new", Staff, s.postNewProspect)
	s.handle("GET /search", Staff, s.searchPage)
	s.handle("GET /facts", Staff, s.allFacts)
	s.handle("GET /incoming", Staff, s.incoming)
	s.handle("GET /nurturing", Staff, s.nurturing)
	s.handle("GET /inbox", Staff, s.inbox)
	s.handle("POST /inbox/seen", Staff, s.postSeen)
	s.handle("POST /inbox/seen-all", Staff, s.postSeenAll)
	s.handle("GET /people", Staff, s.peoplePage)
	s.handle("GET /people/{handle}", Staff, s.personPage)
	s.handle("GET /people/credit", Staff, s.credits)
	s.handle("POST /people/{handle}/ask", Staff, s.postAsk)

	// The playbook.
	s.handle("GET /playbook", Staff, s.playbook)
	s.handle("GET /playbook/funnel", Administrators, s.funnelForm)
	s.handle("POST /playbook/funnel", Administrators, s.postFunnel)
	s.handle("GET /playbook/funnel/text", Administrators, s.funnelText)
	s.handle("POST /playbook/funnel/text", Administrators, s.postFunnelText)
	s.handle("GET /playbook/sources", Administrators, s.sourceForm)
	s.handle("POST /playbook/sources", Administrators, s.postSources)
	s.handle("GET /playbook/sources/text", Administrators, s.sourceText)
	s.handle("POST /playbook/sources/text", Administrators, s.postSourceText)

	// A prospect.
	s.handle("GET /p/{prospect}", Staff, s.space)
	s.handle("GET /p/{prospect}/brief", Staff, s.brief)
	s.handle("POST /p/{prospect}/brief/read", Staff, s.postBriefRead)
	s.handle("POST /p/{prospect}/brief/confirm", Staff, s.postBriefConfirm)
	s.handle("POST /p/{prospect}/brief/dismiss", Staff, s.postBriefDismiss)
	s.handle("GET /p/{prospect}/facts", Staff, s.factsPage)
	s.handle("GET /p/{prospect}/qualification", Staff, s.qualification)
	s.handle("POST /p/{prospect}/qualification", Staff, s.postQualification)
	s.handle("POST /p/{prospect}/facts", Staff, s.postNewFact)
	s.handle("POST /p/{prospect}/facts/{key}", Staff, s.postFact)
	s.handle("GET /p/{prospect}/handoff", Staff, s.handoffForm)
	s.handle("POST /p/{prospect}/handoff", Staff, s.postHandoff)
	s.handle("GET /p/{prospect}/handoffs", Staff, s.handoffs)
	s.handle("GET /p/{prospect}/handoffs/{number}", Staff, s.oneHandoff)
	s.handle("POST /p/{prospect}/handoffs/{number}/{what}", Staff, s.postAnswer)
	s.handle("GET /p/{prospect}/handoffs/{number}/as-it-was", Staff, s.past)
	s.handle("GET /p/{prospect}/handoffs/{number}/as-it-was/{section}/{stage}/{page}", Staff, s.pastPage)
	s.handle("GET /p/{prospect}/outcome", Staff, s.outcomeForm)
	s.handle("POST /p/{prospect}/outcome", Staff, s.postOutcomeForm)
	s.handle("POST /p/{prospect}/opportunity", Staff, s.postOpportunity)
	s.handle("POST /p/{prospect}/ready", Staff, s.postReady)
	s.handle("POST /p/{prospect}/wake", Staff, s.postWake)
	s.handle("POST /p/{prospect}/watch", Staff, s.postWatch)
	s.handle("GET /p/{prospect}/log", Staff, s.logPage)
	s.handle("POST /p/{prospect}/log", Staff, s.postLog)
	s.handle("POST /p/{prospect}/log/mail", Staff, s.postLogMail)
	s.handle("POST /p/{prospect}/log/address", Staff, s.postLogAddress)
	s.handle("GET /p/{prospect}/sources", Staff, s.sourcesPage)
	s.handle("POST /p/{prospect}/sources/words", Staff, s.postSourceWords)
	s.handle("POST /p/{prospect}/sources/{id}/{what}", Staff, s.postSource)
	s.handle("GET /p/{prospect}/people", Staff, s.spacePeople)
	s.handle("GET /p/{prospect}/changes", Staff, s.changes)
	s.handle("GET /p/{prospect}/export", Staff, s.export)
	s.handle("GET /p/{prospect}/new", Staff, s.newPage)
	s.handle("POST /p/{prospect}/new", Staff, s.postNewPage)
	s.handle("GET /p/{prospect}/settings", Staff, s.spaceSettings)
	s.handle("POST /p/{prospect}/settings", Staff, s.postSpaceSettings)
	s.handle("POST /p/{prospect}/settings/outcome", Staff, s.postOutcome)
	s.handle("POST /p/{prospect}/settings/grant", Staff, s.postGrant)
	s.handle("POST /p/{prospect}/settings/revoke", Staff, s.postRevoke)
	s.handle("GET /p/{prospect}/guests", Staff, s.guests)
	s.handle("POST /p/{prospect}/guests", Staff, s.postGuests)
	s.handle("POST /p/{prospect}/guests/{id}/{what}", Staff, s.postGuest)
	s.handle("POST /p/{prospect}/guest-links", Staff, s.postGuestLinks)
	s.handle("POST /p/{prospect}/guest-links/{id}/end", Staff, s.postGuestLinkEnd)
	s.handle("GET /p/{prospect}/git", Staff, s.gitPage)
	s.handle("POST /p/{prospect}/git", Staff, s.postGit)
	s.handle("GET /p/{prospect}/delete", Staff, s.deleteProspect)
	s.handle("POST /p/{prospect}/delete", Staff, s.postDeleteProspect)

	// Live editing, and who is there.
	s.handle("GET /live/{prospect}/{section}/{stage}/{page}", Live, s.live)
	s.handle("GET /p/{prospect}/present", Staff, s.present)

	// Attachments, on either side of the wall.
	s.handle("GET /p/{prospect}/files", Staff, s.files)
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		at := "/p/{prospect}/files/" + string(section)
		s.handle("POST "+at, Staff, s.atSection(section, s.postFiles))
		s.handle("GET "+at+"/{stage}/{name}", Staff, s.atFile(section, s.file))
		s.handle("GET "+at+"/{stage}/{name}/delete", Staff, s.atFile(section, s.deleteFile))
		s.handle("POST "+at+"/{stage}/{name}/delete", Staff, s.atFile(section, s.postDeleteFile))
	}

	// A page, on either side of the wall.
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		at := "/p/{prospect}/" + string(section) + "/{stage}/{page}"
		s.handle("GET "+at, Staff, s.at(section, s.page))
		s.handle("POST "+at, Staff, s.at(section, s.postPage))
		s.handle("POST "+at+"/create", Staff, s.at(section, s.postCreate))
		s.handle("POST "+at+"/task", Staff, s.at(section, s.postTask))
		s.handle("POST "+at+"/comments", Staff, s.at(section, s.postComments))
		s.handle("GET "+at+"/move", Staff, s.at(section, s.movePage))
		s.handle("POST "+at+"/move", Staff, s.at(section, s.postMove))
		s.handle("GET "+at+"/delete", Staff, s.at(section, s.deletePage))
		s.handle("POST "+at+"/delete", Staff, s.at(section, s.postDelete))
		s.handle("POST "+at+"/restore", Staff, s.at(section, s.postRestore))
		s.handle("GET "+at+"/history", Staff, s.at(section, s.history))
		s.handle("GET "+at+"/compare", Staff, s.at(section, s.compare))
		s.handle("GET "+at+"/blame", Staff, s.at(section, s.blame))
	}

	// One's own account.
	s.handle("GET /settings", Staff, s.settings)
	s.handle("POST /settings/profile", Staff, s.postProfile)
	s.handle("POST /settings/look", Staff, s.postLook)
	s.handle("POST /settings/mail", Staff, s.postMail)
	s.handle("POST /settings/password", Staff, s.postPassword)
	s.handle("POST /settings/two-step", Staff, s.postTwoStep)
	s.handle("POST /settings/two-step/confirm", Staff, s.postTwoStepConfirm)
	s.handle("POST /settings/passkeys", Staff, s.postPasskeys)
	s.handle("POST /settings/passkeys/begin", Staff, s.postNewPasskey)
	s.handle("POST /settings/sessions", Staff, s.postSessions)
	s.handle("POST /settings/tokens", Staff, s.postTokens)

	// Administration.
	s.handle("GET /admin", Administrators, s.admin)
	s.handle("GET /admin/people", Administrators, s.adminPeople)
	s.handle("POST /admin/people", Administrators, s.postInvite)
	s.handle("POST /admin/people/{id}/{what}", Administrators, s.postPerson)
	s.handle("GET /admin/audit", Administrators, s.adminAudit)
	s.handle("GET /admin/audit.csv", Administrators, s.adminAuditCSV)
	s.handle("GET /admin/webhooks", Administrators, s.webhooks)
	s.handle("POST /admin/webhooks", Administrators, s.postWebhooks)
	s.handle("POST /admin/webhooks/{webhook}/{what}", Administrators, s.postWebhook)
	s.handle("GET /admin/import", Administrators, s.adminImport)
	s.handle("POST /admin/import", Administrators, s.postImport)
	s.handle("POST /admin/import/csv", Administrators, s.postImportCSV)

	s.sharedRoutes()

	// Whatever is none of these.
	s.handle("/", Anonymous, s.nothing)

	return s.installAPI(s.mux)
}

// gitDoor hands a request to git's door, which asks for a token of its own.
func (s *Server) gitDoor(w http.ResponseWriter, r *http.Request, _ people.Caller) error {
	s.git.ServeHTTP(w, r)
	return nil
}

// handler answers a request on behalf of a caller, or says why not. After
// returning an error it must not have written anything.
type handler func(w http.ResponseWriter, r *http.Request, c people.Caller) error

// pageHandler is a handler for what lies at a place of a prospect.
type pageHandler func(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error

func (s *Server) handle(pattern string, audience Audience, h handler) {
	s.doors = append(s.doors, Door{pattern, audience})
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c, session, signedIn := s.sessionOf(r)
		if session.Renew && opensPage(r) {
			s.renewSession(w, r)
		}
		err := s.admit(w, r, c, signedIn, audience)
		if err == nil {
			err = h(w, r, c)
		}
		if err != nil && err != errAnswered {
			s.fail(w, r, c, err)
		}
	})
}

// admit decides whether a caller may come through a door of an audience. It may
// have sent the caller to another door: errAnswered.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, c people.Caller, signedIn bool, audience Audience) error {
	switch {
	case audience == Anonymous, audience == Live, audience == Git:
		return nil
	case signedIn && audience == Shared:
		return nil
	case signedIn && c.Person.Guest && r.URL.Path == "/":
		http.Redirect(w, r, "/shared", http.StatusSeeOther)
		return errAnswered
	case signedIn && guard.StaffDoors.Stops(c.Person.Guest):
		return notFound()
	case signedIn && audience == Administrators && !c.Can(people.Administer):
		return refuse(http.StatusForbidden, "This is for administrators", "Ask an administrator of this wiki to do it, or to make you one.")
	case signedIn, !guard.SignedIn.Stops(true):
		return nil
	case s.isNew(r.Context()):
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return errAnswered
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && !wantsJSON(r):
		http.Redirect(w, r, signInAddress(r), http.StatusSeeOther)
		return errAnswered
	}
	return refuse(http.StatusUnauthorized, "You are not signed in", "Your session has ended. Sign in in another tab, then go back here and send the form again: what you typed is still in it.")
}

// errAnswered says that the answer has been sent.
var errAnswered = &refusal{status: http.StatusOK, title: "answered"}

func signInAddress(r *http.Request) string {
	if r.URL.Path == "/" && r.URL.RawQuery == "" {
		return "/sign-in"
	}
	door := "/sign-in"
	if r.URL.Path == "/shared" || r.URL.Path == "/account" || strings.HasPrefix(r.URL.Path, "/shared/") {
		door = "/sign-in/link" // the customer comes back by a mailed link; from there staff find their way
	}
	return door + "?next=" + url.QueryEscape(r.URL.RequestURI())
}

// at hands a page's handler its place.
func (s *Server) at(section wiki.Section, h pageHandler) handler {
	return func(w http.ResponseWriter, r *http.Request, c people.Caller) error {
		place := wiki.Place{Section: section, Stage: r.PathValue("stage"), Page: r.PathValue("page")}
		return h(w, r, c, place)
	}
}

// atFile hands an attachment's handler its place.
func (s *Server) atFile(section wiki.Section, h func(http.ResponseWriter, *http.Request, people.Caller, wiki.File) error) handler {
	return func(w http.ResponseWriter, r *http.Request, c people.Caller) error {
		return h(w, r, c, wiki.File{Section: section, Stage: r.PathValue("stage"), Name: r.PathValue("name")})
	}
}

// atSection hands a handler its side of the wall.
func (s *Server) atSection(section wiki.Section, h func(http.ResponseWriter, *http.Request, people.Caller, wiki.Section) error) handler {
	return func(w http.ResponseWriter, r *http.Request, c people.Caller) error { return h(w, r, c, section) }
}

// nothing answers what no other door does: another spelling of one, the wrong
// method, or nothing.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	path := r.URL.Path
	if strings.HasPrefix(path, "/api/") {
		s.problem(w, r, notFound())
		return errAnswered
	}
	if c.Person.ID == "" && s.isNew(r.Context()) {
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return errAnswered
	}
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if method == r.Method || method == http.MethodGet && r.Method == http.MethodHead {
			continue
		}
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "" && pattern != "/" {
			allow = append(allow, method)
		}
	}
	if allow != nil {
		if allow[0] == http.MethodGet {
			allow = slices.Insert(allow, 1, http.MethodHead)
		}
		return &refusal{status: http.StatusMethodNotAllowed, title: "Not this way", detail: "This address does not take " + r.Method + " requests.", allow: strings.Join(allow, ", ")}
	}
	if trimmed := strings.TrimRight(path, "/"); trimmed != path && trimmed != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		http.Redirect(w, r, (&url.URL{Path: trimmed, RawQuery: r.URL.RawQuery}).String(), http.StatusMovedPermanently)
		return errAnswered
	}
	return notFound()
}
