package web

import (
	"bytes"
	"context"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

func (p *portal) installSharedFiles(a *api, base, page string) {
	registerFor(a, Shared, op("list-shared-files", http.MethodGet, base+"/files", "Every shared attachment"), p.listSharedFiles)
	get := op("get-shared-file", http.MethodGet, base+"/files/{name}", "A shared attachment's bytes; ranges are answered")
	get.Responses = map[string]*huma.Response{"200": {Description: "The bytes", Content: map[string]*huma.MediaType{"application/octet-stream": {}}}}
	registerFor(a, Shared, get, p.getSharedFile)
	keep := func(ctx context.Context, ro *room, stage, name string, data []byte, unique bool) (*sharedPutOutput, error) {
		f := wiki.File{Section: ro.side.Section(), Stage: stage, Name: name}
		if old, err := ro.side.FileNamed(ctx, ro.c, name); err == nil && !unique {
			f = old.File // its next version
		}
		f, err := ro.side.PutFile(ctx, ro.c, f, bytes.Clone(data), unique)
		if err != nil {
			return nil, hide(err)
		}
		out := &sharedPutOutput{}
		out.Body.Name, out.Body.Markdown = f.Name, embedMarkdown(f.Name)
		return out, nil
	}
	limits := func(o huma.Operation) huma.Operation {
		o.MaxBodyBytes = p.maxFile + 1
		o.BodyReadTimeout = 10 * time.Minute
		o.RequestBody = optionalBody("application/octet-stream")
		return o
	}
	put := limits(op("put-shared-file", http.MethodPut, base+"/files/{name}", "Keep a shared attachment, as the next version of its name"))
	registerFor(a, Shared, put, func(ctx context.Context, c people.Caller, in *sharedFilePutInput) (*sharedPutOutput, error) {
		ro, err := p.enterAt(ctx, c, in.Prospect)
		if err != nil {
			return nil, err
		}
		return keep(ctx, ro, wiki.StageAccount, in.Name, in.RawBody, in.Unique)
	})
	put.RequestBody.Required = false // an empty file is a file
	beside := limits(op("put-shared-page-file", http.MethodPut, page+"/files/{name}", "Keep a shared attachment beside a page, on which its markdown can be written"))
	registerFor(a, Shared, beside, func(ctx context.Context, c people.Caller, in *sharedPutBesideInput) (*sharedPutOutput, error) {
		ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
		if err != nil {
			return nil, err
		}
		return keep(ctx, ro, info.Stage, in.Name, in.RawBody, in.Unique)
	})
	beside.RequestBody.Required = false
}

type sharedFilesInput struct {
	SharedInput
	ListInput
}

func (p *portal) listSharedFiles(ctx context.Context, c people.Caller, in *sharedFilesInput) (*listOutput[apiSharedFile], error) {
	ro, err := p.enterAt(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	files, err := ro.side.Files(ctx, c)
	if err != nil {
		return nil, hide(err)
	}
	var all []apiSharedFile
	for _, f := range files {
		all = append(all, apiSharedFile{f.Name, f.Size, f.Version.String(), ro.apiPerson(ctx, f.Author), f.Updated})
	}
	return piece(all, in.ListInput, func(f apiSharedFile) string { return f.Name })
}

type sharedFileInput struct {
	SharedInput
	Name string `path:"name" maxLength:"255"`
}

func (p *portal) getSharedFile(ctx context.Context, c people.Caller, in *sharedFileInput) (*huma.StreamResponse, error) {
	ro, err := p.enterAt(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	info, err := ro.side.FileNamed(ctx, c, in.Name)
	if err != nil {
		return nil, hide(err)
	}
	f, err := ro.side.OpenFile(ctx, c, info.File)
	if err != nil {
		return nil, hide(err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer f.Close()
		r, w := humago.Unwrap(hc)
		p.pages.serveFile(w, r, f)
	}}, nil
}

type sharedPutOutput struct {
	Body struct {
		Name     string `json:"name" doc:"The name that was used"`
		Markdown string `json:"markdown" doc:"What to write on a page"`
	}
}

type sharedFilePutInput struct {
	SharedInput
	Name    string `path:"name" maxLength:"255"`
	Unique  bool   `query:"unique" doc:"Number the name when it is taken, instead of replacing what is there"`
	RawBody []byte `contentType:"application/octet-stream" required:"false"`
}

type sharedPutBesideInput struct {
	SharedPageInput
	Name    string `path:"name" maxLength:"255"`
	Unique  bool   `query:"unique" doc:"Number the name when it is taken, instead of replacing what is there"`
	RawBody []byte `contentType:"application/octet-stream" required:"false"`
}
