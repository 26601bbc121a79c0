package web

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

type apiFile struct {
	Section string    `json:"section"`
	Stage   string    `json:"stage"`
	Name    string    `json:"name"`
	Size    int64     `json:"size" doc:"In bytes"`
	Version string    `json:"version,omitempty"`
	Author  APIPerson `json:"author"`
	Updated time.Time `json:"updated"`
}

type FileInput struct {
	Prospect string `path:"prospect" maxLength:"200"`
	Section  string `path:"section" maxLength:"20"`
	Stage    string `path:"stage" maxLength:"200"`
	Name     string `path:"name" maxLength:"255"`
}

func (in FileInput) file() wiki.File {
	return wiki.File{Section: wiki.Section(in.Section), Stage: in.Stage, Name: in.Name}
}

const apiFilePath = "/prospects/{prospect}/files/{section}/{stage}/{name}"

func (a *api) installFiles() {
	register(a, op("list-files", http.MethodGet, "/prospects/{prospect}/files", "Every attachment the caller may see"), a.listFiles)
	get := op("get-file", http.MethodGet, apiFilePath, "An attachment's bytes; ranges are answered")
	get.Responses = map[string]*huma.Response{"200": {Description: "The bytes", Content: map[string]*huma.MediaType{"application/octet-stream": {}}}}
	register(a, get, a.getFile)
	put := op("put-file", http.MethodPut, apiFilePath, "Keep an attachment, as the next version of its name")
	put.MaxBodyBytes = a.s.wiki.MaxFile() + 1
	put.BodyReadTimeout = 10 * time.Minute
	put.RequestBody = optionalBody("application/octet-stream")
	register(a, put, a.putFile)
	put.RequestBody.Required = false // an empty file is a file
	register(a, op("delete-file", http.MethodDelete, apiFilePath, "Remove an attachment; its versions stay in the repository"), a.deleteFile)
}

type filesInput struct {
	ProspectInput
	ListInput
}

func (a *api) listFiles(ctx context.Context, c people.Caller, in *filesInput) (*listOutput[apiFile], error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	var all []apiFile
	for _, sd := range sp.Sides() {
		files, err := sd.Files(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			all = append(all, apiFile{string(f.Section), f.Stage, f.Name, f.Size, f.Version.String(), a.author(ctx, f.Author), f.Updated})
		}
	}
	return piece(all, in.ListInput, func(f apiFile) string { return f.Section + "/" + f.Stage + "/" + f.Name })
}

func (a *api) getFile(ctx context.Context, c people.Caller, in *FileInput) (*huma.StreamResponse, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	f, err := sd.OpenFile(ctx, c, in.file())
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer f.Close()
		r, w := humago.Unwrap(hc)
		a.s.serveFile(w, r, f)
	}}, nil
}

type putFileInput struct {
	FileInput
	Unique  bool   `query:"unique" doc:"Number the name when it is taken, instead of replacing what is there"`
	RawBody []byte `contentType:"application/octet-stream" required:"false"`
}

type putFileOutput struct {
	Body struct {
		Name     string `json:"name" doc:"The name that was used"`
		Markdown string `json:"markdown" doc:"What to write on a page of the same stage"`
	}
}

func (a *api) putFile(ctx context.Context, c people.Caller, in *putFileInput) (*putFileOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	// RawBody lives in a buffer that the next call is read into; the wiki keeps
	// what it is given.
	f, err := sd.PutFile(ctx, c, in.file(), bytes.Clone(in.RawBody), in.Unique)
	if err != nil {
		return nil, err
	}
	out := &putFileOutput{}
	out.Body.Name, out.Body.Markdown = f.Name, embedMarkdown(f.Name)
	return out, nil
}

func (a *api) deleteFile(ctx context.Context, c people.Caller, in *FileInput) (*struct{}, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	return nil, sd.DeleteFile(ctx, c, in.file())
}
