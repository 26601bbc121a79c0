package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json/jsontext"

	"dealwiki/wiki"
	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// The JSON API for programs, under /api/v1. Operations are typed; huma checks
// their input, writes errors as RFC 9457 problems and describes them all in
// /api/v1/openapi.json. A file api_NOUN.go holds the calls about a noun.

const (
	apiPrefix  = "/api/v1"
	apiTimeout = time.Minute // to read the body of a call
	maxJSON    = 2 << 20     // bytes of a call's body: a page and its wrapping
)

type api struct {
	s    *Server
	huma huma.API
}

func init() {
	// The shape of a call being wrong is a bad request; 422 is kept for what
	// the wiki itself refuses.
	plain := huma.NewErrorWithContext
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		if status == http.StatusUnprocessableEntity && msg == "validation failed" {
			status, msg = http.StatusBadRequest, "the call does not have the shape that openapi.json describes"
		}
		return plain(ctx, status, msg, errs...)
	}
}

// installAPI adds every call of the API to the mux.
func (s *Server) installAPI(mux *http.ServeMux) error {
	config := huma.DefaultConfig("dealwiki", s.version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = apiPrefix+"/openapi", "", ""
	config.CreateHooks = nil // no $schema links in answers
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Info.Description = "Prospects, their pages on both sides of the wall, history, attachments and search. Everything a caller may not see answers 404."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token"},
		"session": {Type: "apiKey", In: "cookie", Name: cookiePlain, Description: "A signed-in browser, from the same origin only"},
	}
	config.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	inner := http.NewServeMux()
	a := &api{s: s, huma: humago.New(inner, config)}
	a.installProspects()
	a.installPages()
	a.installHistory()
	a.installBrief()
	a.installFacts()
	a.installQualification()
	a.installComments()
	a.installFiles()
	a.installLog()
	a.installSources()
	a.installSearch()
	a.installPipeline()
	a.installCredit()
	a.installPeople()
	a.installGuests()
	a.installWebhooks()
	a.installInbox()
	a.installHandoffs()
	a.installComing()
	a.installTransfer()
	a.installExport()
	s.shared.installShared(a)
	inner.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.problem(w, r, notFound()) })
	s.doors = append(s.doors, Door{"GET " + apiPrefix + "/openapi.json", Staff}, Door{"GET " + apiPrefix + "/openapi.yaml", Staff})
	mux.Handle(apiPrefix+"/", a.guard(inner))
	return nil
}

// schemaName names a type in openapi.json: by its package too where several
// parts of the house have types of the same name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch part, ok := strings.CutPrefix(t.PkgPath(), "dealwiki/wiki/"); {
	case !ok, t.Name() == "", strings.Contains(t.Name(), "["):
		return name
	default:
		return upperFirst(path.Base(part)) + name
	}
}

type callerKey struct{}

// addressKey is where the wiki's own address stands, as the caller reached it.
type addressKey struct{}

// guard lets signed-in callers through and refuses bodies that two parsers
// could read in two ways.
func (a *api) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, ok := a.s.caller(r)
		if guard.CallSignedIn.Stops(!ok) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="dealwiki"`)
			a.problem(w, r, http.StatusUnauthorized, "Sign in, or send an API token as Authorization: Bearer TOKEN.")
			return
		}
		if guard.CallStaff.Stops(caller.Person.Guest) && !strings.HasPrefix(r.URL.Path, apiPrefix+"/shared/") {
			a.s.problem(w, r, notFound()) // before anything is said of what was sent
			return
		}
		need := people.Read
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.URL.Path != apiPrefix+"/render" {
			need = people.Write
		}
		if guard.CallScope.Stops(!caller.Can(need)) {
			a.problem(w, r, http.StatusForbidden, "The token does not have the scope "+need.String()+".")
			return
		}
		if r.Header.Get("Content-Encoding") != "" {
			a.problem(w, r, http.StatusUnsupportedMediaType, "Send the body without Content-Encoding.")
			return
		}
		if isJSON(r) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				a.problem(w, r, http.StatusRequestEntityTooLarge, "The body is larger than 2 MB.")
				return
			}
			if err != nil {
				a.problem(w, r, http.StatusBadRequest, "The body could not be read.")
				return
			}
			if err := checkJSON(body); err != nil {
				a.problem(w, r, http.StatusBadRequest, "The body is not sound JSON: "+err.Error())
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		ctx := context.WithValue(r.Context(), callerKey{}, caller)
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, addressKey{}, a.s.address(r, ""))))
	})
}

func isJSON(r *http.Request) bool {
	ct := r.Header.Get("Content-Type")
	return r.ContentLength != 0 && (ct == "" || len(ct) >= 16 && ct[:16] == "application/json") && r.Method != http.MethodGet && r.Method != http.MethodHead
}

// maxDepth is how deep the JSON of a call may nest.
const maxDepth = 32

// checkJSON refuses what encoding/json would read leniently: duplicate names,
// invalid UTF-8, lone surrogates and deep nesting.
func checkJSON(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		_, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			var syntactic *jsontext.SyntacticError
			if errors.As(err, &syntactic) {
				return syntactic.Err
			}
			return err
		}
		if dec.StackDepth() > maxDepth {
			return errors.New("it is nested too deep")
		}
	}
}

// problem writes an RFC 9457 problem outside of huma.
func (a *api) problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	a.s.problem(w, r, refuse(status, http.StatusText(status), detail))
}

// register adds a call. The caller is handed to fn as an argument; errors are
// translated by the table that the pages use too.
func register[I, O any](a *api, op huma.Operation, fn func(ctx context.Context, c people.Caller, in *I) (*O, error)) {
	registerFor(a, Staff, op, fn)
}

// registerFor is register for a call of another audience.
func registerFor[I, O any](a *api, audience Audience, op huma.Operation, fn func(ctx context.Context, c people.Caller, in *I) (*O, error)) {
	if op.BodyReadTimeout == 0 {
		op.BodyReadTimeout = apiTimeout
	}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxJSON
	}
	a.s.doors = append(a.s.doors, Door{op.Method + " " + op.Path, audience})
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		caller, _ := ctx.Value(callerKey{}).(people.Caller)
		out, err := fn(ctx, caller, in)
		if err != nil {
			return nil, a.error(ctx, op.OperationID, err)
		}
		return out, nil
	})
}

func (a *api) error(ctx context.Context, call string, err error) error {
	var ready huma.StatusError
	if errors.As(err, &ready) {
		return err
	}
	status, title, detail := a.s.errorStatus(err)
	if status >= 500 && ctx.Err() == nil {
		id, _ := ctx.Value(keyRequestID).(string)
		a.s.log.Error("answering a call", "id", id, "call", call, "status", status, "err", err)
	}
	model := &huma.ErrorModel{Status: status, Title: title, Detail: detail}
	retry := retryAfter(err)
	if retry != "" {
		return huma.ErrorWithHeaders(model, http.Header{"Retry-After": {retry}})
	}
	return model
}

func op(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: apiPrefix + path, Summary: summary, RejectUnknownQueryParameters: true}
}

// ListInput pages a list.
type ListInput struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"Where the piece before ended: its next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Items at most"`
}

// Listing is one piece of a list; next is null on the last.
type Listing[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

type listOutput[T any] struct{ Body Listing[T] }

var errCursor = huma.Error400BadRequest("the cursor is not one that this list has given out; begin again without it")

// piece cuts the wanted piece out of a whole list in its order.
func piece[T any](all []T, in ListInput, key func(T) string) (*listOutput[T], error) {
	from := 0
	if in.Cursor != "" {
		last, err := base64.RawURLEncoding.DecodeString(in.Cursor)
		if err != nil {
			return nil, errCursor
		}
		from = -1
		for i := range all {
			if key(all[i]) == string(last) {
				from = i + 1
				break
			}
		}
		if from < 0 {
			return nil, errCursor
		}
	}
	out := &listOutput[T]{Body: Listing[T]{Items: []T{}}}
	to := min(len(all), from+in.Limit)
	out.Body.Items = append(out.Body.Items, all[from:to]...)
	if to < len(all) {
		next := base64.RawURLEncoding.EncodeToString([]byte(key(all[to-1])))
		out.Body.Next = &next
	}
	return out, nil
}

// APIPerson is how the API names somebody.
type APIPerson struct {
	ID     string `json:"id,omitempty" doc:"Absent for people from imported history"`
	Handle string `json:"handle,omitempty"`
	Name   string `json:"name"`
}

func personOf(p people.Person) APIPerson { return APIPerson{p.ID, p.Handle, p.Name} }

// author names the person of a commit.
func (a *api) author(ctx context.Context, p repo.Person) APIPerson {
	if id := wiki.PersonID(p); id != "" {
		if known, err := a.s.people.Get(ctx, id); err == nil {
			return personOf(known)
		}
	}
	return APIPerson{Name: p.Name}
}

func (a *api) authors(ctx context.Context, first repo.Person, others []repo.Person) []APIPerson {
	out := []APIPerson{a.author(ctx, first)}
	for _, p := range others {
		out = append(out, a.author(ctx, p))
	}
	return out
}

// PlaceInput names a page in the path. What is embedded in an input is exported,
// because huma passes over the rest.
type PlaceInput struct {
	Prospect string `path:"prospect" maxLength:"200"`
	Section  string `path:"section" maxLength:"20"`
	Stage    string `path:"stage" maxLength:"200"`
	Page     string `path:"page" maxLength:"255"`
}

func (in PlaceInput) place() wiki.Place {
	return wiki.Place{Section: wiki.Section(in.Section), Stage: in.Stage, Page: in.Page}
}

// side opens the side of a place for the caller.
func (a *api) side(ctx context.Context, c people.Caller, prospect, section string) (*wiki.Side, error) {
	sp, err := a.s.wiki.Space(ctx, c, prospect)
	if err != nil {
		return nil, err
	}
	return sp.Side(wiki.Section(section))
}

// parseVersion reads a version from a query or header; one that cannot be a
// version is as good as one that is not there.
func parseVersion(s string) (repo.Hash, error) {
	h, err := repo.ParseHash(s)
	if err != nil {
		return h, huma.Error400BadRequest("a version is 40 hexadecimal digits")
	}
	return h, nil
}

// optional gives the OpenAPI description of a body that may be absent.
func optionalBody(contentType string) *huma.RequestBody {
	return &huma.RequestBody{Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
}
