package web

import (
	"context"
	"net/url"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
)

// sharedLinks tells rendering what a shared page's links lead to: to shared pages
// and files, and for everything else to nothing, in one and the same way.
type sharedLinks struct {
	ctx     context.Context
	ro      *room
	place   wiki.Place
	imports *wiki.ImportMap
	byPath  map[string]*wiki.PageInfo
	byName  map[string]*wiki.PageInfo
	files   map[string]bool // by name; nil until asked for
}

func (ro *room) links(ctx context.Context, place wiki.Place) (*sharedLinks, error) {
	l := &sharedLinks{ctx: ctx, ro: ro, place: place, byPath: map[string]*wiki.PageInfo{}, byName: map[string]*wiki.PageInfo{}}
	var err error
	if l.imports, err = ro.side.ImportMap(ctx, ro.c); err != nil {
		return nil, hide(err)
	}
	for i := range ro.pages {
		p := &ro.pages[i]
		l.byPath[p.Path()], l.byName[p.Page] = p, p
	}
	return l, nil
}

// Page implements content.Resolver.
func (l *sharedLinks) Page(link content.Link) content.Target {
	if link.Page == "" {
		return content.Target{Title: link.Fragment, Found: true} // a heading of this page
	}
	if link.Prospect != "" && link.Prospect != l.ro.prospect {
		return content.Target{}
	}
	p := l.byName[link.Page]
	if strings.Contains(link.Page, "/") {
		if p = l.byPath[link.Page+".md"]; p == nil {
			p = l.byPath[strings.ToLower(link.Page)+".md"]
		}
	}
	if p == nil {
		return content.Target{}
	}
	return content.Target{Href: l.ro.href(p.Page), Title: p.Title, Found: true}
}

// Dest implements content.Resolver.
func (l *sharedLinks) Dest(dest string) (href string, missing bool) {
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
	if full, ok := l.imports.Lookup(string(l.place.Section)+"/"+l.place.Path(), dest); ok {
		path, shared := strings.CutPrefix(full, string(l.place.Section)+"/")
		if !shared {
			return "", true
		}
		return l.path(path, tail)
	}
	if strings.HasPrefix(u.Path, "/") {
		return l.absolute(u.Path, tail)
	}
	target := wiki.JoinLink(l.place.Path(), dest)
	if target == "" {
		return "", true
	}
	return l.path(target, tail)
}

// absolute takes paths of this server as somebody copied them: as guests have
// them, and as staff do.
func (l *sharedLinks) absolute(path, tail string) (href string, missing bool) {
	section := string(l.place.Section)
	for _, home := range []string{"/shared/" + l.ro.prospect, "/p/" + l.ro.prospect + "/files/" + section, "/p/" + l.ro.prospect + "/" + section} {
		rest, ok := strings.CutPrefix(path, home+"/")
		if !ok {
			continue
		}
		parts := strings.Split(rest, "/")
		switch {
		case strings.HasPrefix(home, "/shared/") && len(parts) == 2 && parts[0] == "files", strings.Contains(home, "/files/") && len(parts) == 2:
			return l.attachment(parts[1], tail)
		case strings.HasPrefix(home, "/shared/") && len(parts) == 1:
			return l.named(parts[0], tail)
		case strings.HasPrefix(home, "/p/") && len(parts) == 2:
			return l.named(parts[1], tail)
		}
		return "", true
	}
	if path == "/shared/"+l.ro.prospect {
		return l.ro.home() + tail, false
	}
	return "", true
}

func (l *sharedLinks) named(page, tail string) (href string, missing bool) {
	if p := l.byName[page]; p != nil {
		return l.ro.href(p.Page) + tail, false
	}
	return "", true
}

// path is the address of STAGE/PAGE.md or STAGE/files/NAME.
func (l *sharedLinks) path(path, tail string) (href string, missing bool) {
	for _, name := range []string{path, path + ".md"} {
		if p := l.byPath[name]; p != nil {
			return l.ro.href(p.Page) + tail, false
		}
	}
	if parts := strings.Split(path, "/"); len(parts) == 3 && parts[1] == "files" {
		return l.attachment(parts[2], tail)
	}
	return "", true
}

func (l *sharedLinks) attachment(name, tail string) (href string, missing bool) {
	if l.files == nil {
		l.files = map[string]bool{}
		all, err := l.ro.side.Files(l.ctx, l.ro.c)
		if err != nil {
			return "", true
		}
		for i := range all {
			l.files[all[i].Name] = true
		}
	}
	if !l.files[name] {
		return "", true
	}
	return l.ro.file(name) + tail, false
}

// Person implements content.Resolver.
func (l *sharedLinks) Person(handle string) (name, href string, ok bool) {
	p, ok := l.ro.byHandle(l.ctx, handle)
	return p.Name, "", ok
}
