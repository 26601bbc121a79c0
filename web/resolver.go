package web

import (
	"context"
	"net/url"
	"path"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
)

// resolver tells rendering what a page's links lead to, for staff. From an
// external page only external targets exist, for everyone; from an internal one
// both sides do, and other prospects as far as the caller may see them.
type resolver struct {
	ctx     context.Context
	f       *frame
	place   wiki.Place
	imports *wiki.ImportMap

	pages map[string]*wiki.PageInfo // of this space, by SECTION/path
	files map[string]bool           // of this space, by SECTION/path; nil until asked for

	// What the rendering depends on beside the heads of this space.
	others bool // another prospect was asked about
}

func (f *frame) resolver(ctx context.Context, place wiki.Place) (*resolver, error) {
	side, err := f.side(place.Section)
	if err != nil {
		return nil, err
	}
	r := &resolver{ctx: ctx, f: f, place: place, pages: map[string]*wiki.PageInfo{}}
	if place.Section == wiki.External {
		r.imports, err = side.ImportMap(ctx, f.c)
	} else {
		r.imports, err = f.space.ImportMap(ctx, f.c)
	}
	if err != nil {
		return nil, err
	}
	for section, pages := range f.pages {
		if place.Section == wiki.External && section != wiki.External {
			continue
		}
		for i := range pages {
			r.pages[string(section)+"/"+pages[i].Path()] = &pages[i]
		}
	}
	return r, nil
}

// sections are those that links of the page may lead to, its own first.
func (r *resolver) sections() []wiki.Section {
	if r.place.Section == wiki.External {
		return []wiki.Section{wiki.External}
	}
	return []wiki.Section{wiki.Internal, wiki.External}
}

// Page implements content.Resolver.
func (r *resolver) Page(l content.Link) content.Target {
	if l.Page == "" {
		return content.Target{Title: l.Fragment, Found: true} // a heading of this page
	}
	if l.Prospect != "" && l.Prospect != r.f.slug() {
		return r.elsewhere(l)
	}
	for _, section := range r.sections() {
		if p := r.find(section, l.Page); p != nil {
			return content.Target{Href: pagePath(r.f.slug(), p.Place), Title: p.Title, Section: string(section), Found: true}
		}
	}
	// A place where the page can be made.
	stage, page, ok := strings.Cut(l.Page, "/")
	if !ok {
		stage, page = r.place.Stage, l.Page
	}
	place := wiki.Place{Section: r.place.Section, Stage: wiki.Slug(stage), Page: wiki.Slug(page)}
	if r.f.mayBe(place) != nil {
		return content.Target{}
	}
	return content.Target{Href: pagePath(r.f.slug(), place), Section: string(place.Section)}
}

// find looks for "stage/page", or for "page" in the page's own stage and then
// in all, as a person would mean it.
func (r *resolver) find(section wiki.Section, name string) *wiki.PageInfo {
	if strings.Contains(name, "/") {
		if p := r.pages[string(section)+"/"+name+".md"]; p != nil {
			return p
		}
		return r.pages[string(section)+"/"+strings.ToLower(name)+".md"]
	}
	if p := r.pages[string(section)+"/"+r.place.Stage+"/"+name+".md"]; p != nil {
		return p
	}
	var found *wiki.PageInfo
	for i := range r.f.pages[section] {
		if p := &r.f.pages[section][i]; p.Page == name {
			if found != nil {
				return nil // which one is meant cannot be told
			}
			found = p
		}
	}
	return found
}

// elsewhere resolves a link to a page of another prospect.
func (r *resolver) elsewhere(l content.Link) content.Target {
	if r.place.Section == wiki.External {
		return content.Target{}
	}
	r.others = true
	space, err := r.f.s.wiki.Space(r.ctx, r.f.c, l.Prospect)
	if err != nil {
		return content.Target{}
	}
	stage, page, ok := strings.Cut(l.Page, "/")
	if !ok {
		stage, page = wiki.StageAccount, l.Page
	}
	for _, side := range space.Sides() {
		place := wiki.Place{Section: side.Section(), Stage: stage, Page: page}
		if info, err := side.Lookup(r.ctx, r.f.c, place); err == nil {
			return content.Target{Href: pagePath(l.Prospect, place), Title: info.Title, Section: string(place.Section), Found: true}
		}
	}
	return content.Target{}
}

// Dest implements content.Resolver.
func (r *resolver) Dest(dest string) (href string, missing bool) {
	u, err := url.Parse(dest)
	if err != nil {
		return "", true
	}
	if u.Scheme != "" || u.Host != "" || u.Path == "" {
		return dest, false
	}
	tail := ""
	if u.RawQuery != "" {
		tail = "?" + u.RawQuery
	}
	if u.Fragment != "" {
		tail += "#" + u.EscapedFragment()
	}
	if r.imports != nil {
		if full, ok := r.imports.Lookup(string(r.place.Section)+"/"+r.place.Path(), dest); ok {
			return r.full(full, tail)
		}
	}
	if strings.HasPrefix(u.Path, "/") {
		// A path of this server. From an external page only what guests may know
		// of is linked.
		if r.place.Section == wiki.External && !strings.HasPrefix(u.Path, "/p/"+r.f.slug()+"/external/") &&
			!strings.HasPrefix(u.Path, "/p/"+r.f.slug()+"/files/external/") && !strings.HasPrefix(u.Path, "/shared/"+r.f.slug()) {
			return "", true
		}
		return dest, false
	}
	target := wiki.JoinLink(r.place.Path(), dest)
	if target == "" {
		return "", true
	}
	return r.full(string(r.place.Section)+"/"+target, tail)
}

// full is the address of SECTION/STAGE/PAGE.md or SECTION/STAGE/files/NAME.
func (r *resolver) full(full, tail string) (href string, missing bool) {
	section, file, _ := strings.Cut(full, "/")
	if r.place.Section == wiki.External && section != string(wiki.External) {
		return "", true
	}
	if p := r.pages[full]; p != nil {
		return pagePath(r.f.slug(), p.Place) + tail, false
	}
	if p := r.pages[full+".md"]; p != nil {
		return pagePath(r.f.slug(), p.Place) + tail, false
	}
	parts := strings.Split(file, "/")
	if len(parts) == 3 && parts[1] == "files" {
		f := wiki.File{Section: wiki.Section(section), Stage: parts[0], Name: parts[2]}
		if !r.hasFile(full) {
			return "", true
		}
		if strings.Contains(tail, "?") || inlineType(f.Name) == "" {
			return filePath(r.f.slug(), f) + tail, false
		}
		return filePath(r.f.slug(), f) + "?raw" + tail, false
	}
	if len(parts) == 2 && path.Ext(parts[1]) == ".md" {
		place := wiki.Place{Section: wiki.Section(section), Stage: parts[0], Page: strings.TrimSuffix(parts[1], ".md")}
		if r.f.mayBe(place) == nil {
			return pagePath(r.f.slug(), place), true
		}
	}
	return "", true
}

func (r *resolver) hasFile(full string) bool {
	if r.files == nil {
		r.files = map[string]bool{}
		for _, section := range r.sections() {
			side, err := r.f.side(section)
			if err != nil {
				continue
			}
			all, err := side.Files(r.ctx, r.f.c)
			if err != nil {
				continue
			}
			for _, f := range all {
				r.files[string(section)+"/"+f.Path()] = true
			}
		}
	}
	return r.files[full]
}

// Person implements content.Resolver.
func (r *resolver) Person(handle string) (name, href string, ok bool) {
	p, err := r.f.s.people.ByHandle(r.ctx, handle)
	if err != nil {
		return "", "", false
	}
	if p.Guest {
		return p.Name, "", true
	}
	return p.Name, "/people/" + url.PathEscape(p.Handle), true
}
