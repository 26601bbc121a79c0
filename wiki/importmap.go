package wiki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// ImportFile is the file on the internal side that keeps what was imported. It
// is written by imports alone.
const ImportFile = importFile

// ImportRecord is what import.yaml says.
type ImportRecord struct {
	Imports []Imported `yaml:"imports"`
}

// Imported is one source that was imported, and what became of its files.
type Imported struct {
	Source   string             `yaml:"source"` // what the source is known by: git:ROOT or folder:NAME-HASH
	Name     string             `yaml:"name"`   // how a person would call it
	Last     string             `yaml:"last"`   // last imported commit of the source
	Tips     map[Section]string `yaml:"tips"`   // the commits that Last became
	Messages string             `yaml:"messages"`
	Rules    []ImportRule       `yaml:"rules,omitempty"`
	Paths    []ImportedPath     `yaml:"paths"`
}

// ImportRule says where the files that match a glob go.
type ImportRule struct {
	From string `yaml:"from"` // glob over source paths; ** matches any number of folders
	To   string `yaml:"to"`   // SECTION/STAGE or SECTION/STAGE/PAGE
}

// ImportedPath is a path of the source and what it became: SECTION/STAGE/PAGE
// for a page, SECTION/STAGE/files/NAME for an attachment.
type ImportedPath struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// maxImportFile bounds import.yaml, in bytes.
const maxImportFile = 64 << 20

// ParseImportRecord reads import.yaml; no bytes are an empty record.
func ParseImportRecord(data []byte) (*ImportRecord, error) {
	var rec ImportRecord
	if len(data) > maxImportFile {
		return nil, &Invalid{Field: importFile, Problem: "is larger than 64 MB"}
	}
	if err := yaml.Unmarshal(data, &rec); err != nil {
		return nil, &Invalid{Field: importFile, Problem: fmt.Sprintf("is not valid YAML: %v", err)}
	}
	return &rec, nil
}

// ImportTarget splits what a path became into its section and its path in the
// section's repository; ok is false for what is neither page nor attachment.
func ImportTarget(to string) (section Section, file string, ok bool) {
	parts := strings.Split(to, "/")
	switch {
	case len(parts) == 3:
		p := Place{Section(parts[0]), parts[1], parts[2]}
		return p.Section, p.Path(), p.Check() == nil
	case len(parts) == 4 && parts[2] == filesDir:
		f := File{Section(parts[0]), parts[1], parts[3]}
		return f.Section, f.Path(), f.Check() == nil
	}
	return "", "", false
}

// ImportMap tells where links written in an imported source lead now. It never
// changes and is safe for concurrent use.
type ImportMap struct {
	section Section // when set, only this section's files are known
	imports []importIndex
}

type importIndex struct {
	to   map[string]string // source path → SECTION/path in its repository
	from map[string]string // the other way round
	dirs map[string]string // source folder → what its README became
}

type importMapAt struct {
	blob repo.Hash
	m    *ImportMap
}

// ImportMap is the map of everything that was imported to the space, empty
// when nothing was.
func (sp *Space) ImportMap(ctx context.Context, caller people.Caller) (*ImportMap, error) {
	if err := sp.internal.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	return sp.w.importMap(sp.internal.s)
}

// ImportMap is the map of what was imported to this side alone: nothing of the
// other side can be asked of it.
func (sd *Side) ImportMap(ctx context.Context, caller people.Caller) (*ImportMap, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	return sd.s.importMap()
}

// importMap is the map of what was imported to the side.
func (s *side) importMap() (*ImportMap, error) {
	in := s
	if s.section != Internal {
		var err error
		if in, err = s.w.side(s.prospect, Internal); err != nil {
			return nil, err
		}
	}
	m, err := s.w.importMap(in)
	if err != nil {
		return nil, err
	}
	return &ImportMap{section: s.section, imports: m.imports}, nil
}

func (w *Wiki) importMap(in *side) (*ImportMap, error) {
	_, tree, err := in.latest()
	if err != nil {
		return nil, err
	}
	blob, _, err := tree.Blob(importFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &ImportMap{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", importFile, err)
	}
	if at := in.imports.Load(); at != nil && at.blob == blob {
		return at.m, nil
	}
	data, err := in.repo.Blob(blob)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", importFile, err)
	}
	m := &ImportMap{}
	rec, err := ParseImportRecord(data)
	if err != nil {
		// Pages must show even when somebody has broken the file by hand.
		w.log.Warn("reading import.yaml", "prospect", in.prospect, "err", err)
		rec = &ImportRecord{}
	}
	for _, imp := range rec.Imports {
		m.imports = append(m.imports, indexImport(imp))
	}
	in.imports.Store(&importMapAt{blob, m})
	return m, nil
}

func indexImport(imp Imported) importIndex {
	x := importIndex{to: map[string]string{}, from: map[string]string{}, dirs: map[string]string{}}
	for _, p := range imp.Paths {
		section, file, ok := ImportTarget(p.To)
		if !ok {
			continue
		}
		full := string(section) + "/" + file
		x.to[p.From], x.from[full] = full, p.From
		if strings.EqualFold(path.Base(p.From), "readme.md") {
			x.dirs[path.Dir(p.From)] = full
		}
	}
	return x
}

// Lookup answers what a relative destination on an imported page leads to.
// pagePath is the page's path with its section, such as
// internal/account/readme.md; dest is the destination as the source wrote it.
// path is SECTION/STAGE/PAGE.md or SECTION/STAGE/files/NAME. A destination that
// begins with a slash counts from the top of the source; a folder leads to its
// README. ok is false when the page was not imported or the destination is not
// a file of its source.
func (m *ImportMap) Lookup(pagePath, dest string) (file string, ok bool) {
	u, err := url.Parse(dest)
	if err != nil || u.IsAbs() || u.Host != "" || u.Path == "" {
		return "", false
	}
	for _, x := range m.imports {
		from, ok := x.from[pagePath]
		if !ok || !m.shows(pagePath) {
			continue
		}
		target := strings.TrimPrefix(path.Clean(u.Path), "/")
		if !strings.HasPrefix(u.Path, "/") {
			target = path.Join(path.Dir(from), u.Path)
		}
		to, ok := x.to[target]
		if !ok {
			to, ok = x.dirs[target]
		}
		if ok && m.shows(to) {
			return to, true
		}
	}
	return "", false
}

func (m *ImportMap) shows(full string) bool {
	return m.section == "" || strings.HasPrefix(full, string(m.section)+"/")
}

// Source answers the source path of an imported file, which is named as for
// Lookup.
func (m *ImportMap) Source(pagePath string) (string, bool) {
	for _, x := range m.imports {
		if from, ok := x.from[pagePath]; ok && m.shows(pagePath) {
			return from, true
		}
	}
	return "", false
}
