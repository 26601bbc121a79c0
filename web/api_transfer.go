package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

type importInput struct {
	Prospect string `query:"prospect" required:"true" maxLength:"255" doc:"The name of a new prospect, or name or slug of one that is there"`
	Owner    string `query:"owner" maxLength:"320" doc:"Of a new prospect: id, handle or address"`
	Map      string `query:"map" maxLength:"16384" doc:"The map, as YAML; see docs/administration.md"`
	Name     string `query:"name" maxLength:"200" default:"import" doc:"Of the source; a source of the same name and history is known again"`
	DryRun   bool   `query:"dry_run" doc:"Only answer what would go where"`
	RawBody  []byte `contentType:"application/octet-stream"`
}

type apiPair struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type importOutput struct {
	Body struct {
		Slug    string    `json:"slug"`
		Created bool      `json:"created"`
		Changed bool      `json:"changed" doc:"Something was added"`
		Commits int       `json:"commits"`
		Files   []apiPair `json:"files"`
		Notes   []string  `json:"notes"`
	}
}

type importCSVInput struct {
	Columns  string `query:"columns" maxLength:"2000" doc:"title=Name,value=Amount; Salesforce's and HubSpot's names are known"`
	Currency string `query:"currency" maxLength:"3" doc:"Of rows that name none"`
	DryRun   bool   `query:"dry_run"`
	RawBody  []byte `contentType:"text/csv"`
}

type importCSVOutput struct {
	Body struct {
		Created   []string `json:"created" doc:"Slugs"`
		Updated   []string `json:"updated" doc:"Slugs"`
		Unchanged int      `json:"unchanged"`
		Notes     []string `json:"notes"`
	}
}

// maxImportTime bounds an import that a caller waits for.
const maxImportTime = 10 * time.Minute

func (a *api) installTransfer() {
	in := op("import", http.MethodPost, "/import", "Import a git bundle, or a zip of a folder or repository, as a prospect with its history; for administrators")
	in.MaxBodyBytes, in.BodyReadTimeout = a.s.wiki.MaxFile(), maxImportTime
	register(a, in, a.importHistory)
	csv := op("import-csv", http.MethodPost, "/import/csv", "Make or update prospects from a CRM's CSV export; for administrators")
	csv.MaxBodyBytes, csv.BodyReadTimeout = a.s.wiki.MaxFile(), maxImportTime
	register(a, csv, a.importCsv)
}

func (a *api) importHistory(ctx context.Context, c people.Caller, in *importInput) (*importOutput, error) {
	if !c.Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	var rules *transfer.Map
	var err error
	if in.Map != "" {
		if rules, err = transfer.ParseMap([]byte(in.Map)); err != nil {
			return nil, importError(err)
		}
	}
	file, err := putAside(bytes.NewReader(in.RawBody), a.s.maxImport)
	if err != nil {
		return nil, err
	}
	defer os.Remove(file)
	dir, err := os.MkdirTemp("", "dealwiki-unzip-")
	if err != nil {
		return nil, fmt.Errorf("making room for an import: %w", err)
	}
	defer os.RemoveAll(dir)
	src, err := a.s.openUpload(ctx, importForm{file: file, name: in.Name}, dir, nil)
	if err != nil {
		return nil, importError(err)
	}
	defer src.Close()
	res, err := transfer.Import(ctx, a.s.wiki, c, src, transfer.ImportOptions{Prospect: in.Prospect, Owner: in.Owner, Map: rules, DryRun: in.DryRun})
	if err != nil {
		return nil, importError(err)
	}
	out := &importOutput{}
	out.Body.Slug, out.Body.Created, out.Body.Changed, out.Body.Commits = res.Slug, res.Created, res.Changed, res.Commits
	out.Body.Files, out.Body.Notes = []apiPair{}, append([]string{}, res.Notes...)
	for _, p := range res.Pairs {
		out.Body.Files = append(out.Body.Files, apiPair{p.From, p.To})
	}
	return out, nil
}

func (a *api) importCsv(ctx context.Context, c people.Caller, in *importCSVInput) (*importCSVOutput, error) {
	if !c.Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	columns, err := transfer.ParseColumns(in.Columns)
	if err != nil {
		return nil, importError(err)
	}
	res, err := transfer.ImportCSV(ctx, a.s.wiki, c, bytes.NewReader(in.RawBody), transfer.CSVOptions{Columns: columns, Currency: in.Currency, DryRun: in.DryRun})
	if err != nil {
		return nil, importError(err)
	}
	out := &importCSVOutput{}
	out.Body.Created, out.Body.Updated = append([]string{}, res.Created...), append([]string{}, res.Updated...)
	out.Body.Unchanged, out.Body.Notes = res.Unchanged, append([]string{}, res.Notes...)
	return out, nil
}

// installExport adds the way out.
func (a *api) installExport() {
	get := op("export", http.MethodGet, "/prospects/{prospect}/export", "Markdown, attachments and a static site, as a ZIP")
	get.Responses = map[string]*huma.Response{"200": {Description: "The ZIP", Content: map[string]*huma.MediaType{"application/zip": {}}}}
	register(a, get, a.export)
}

type exportInput struct {
	ProspectInput
	Section string `query:"section" enum:"internal,external" doc:"Both when absent"`
}

func (a *api) export(ctx context.Context, c people.Caller, in *exportInput) (*huma.StreamResponse, error) {
	if _, err := a.s.wiki.Prospect(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	zip, name, err := a.s.makeExport(ctx, c, in.Prospect, wiki.Section(in.Section))
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer zip.Close()
		r, w := humago.Unwrap(hc)
		a.s.serveExport(w, r, zip, name)
	}}, nil
}

// importError says what is wrong with a source; its words are made for people.
func importError(err error) error {
	var rows transfer.RowErrors
	if errors.Is(err, transfer.ErrSource) || errors.As(err, &rows) {
		return huma.Error422UnprocessableEntity(sentence(err.Error()))
	}
	return err
}
