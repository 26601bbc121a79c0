package extract

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// archive is an office file: XML in a zip archive, read within a budget.
type archive struct {
	files  map[string]*zip.File
	bytes  int64 // what may still be unpacked
	tokens int   // XML tokens that may still be read
}

func openArchive(data []byte) (*archive, error) {
	// The zip reader takes in every entry before it can be asked how many
	// there are; their signatures can be counted beforehand.
	if bytes.Count(data, []byte("PK\x01\x02")) > maxEntries {
		return nil, ErrTooLarge
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	a := &archive{files: make(map[string]*zip.File, len(z.File)), bytes: maxUnpacked, tokens: maxTokens}
	for _, f := range z.File {
		name := strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")
		if _, ok := a.files[name]; !ok {
			a.files[name] = f
		}
	}
	return a, nil
}

func (a *archive) has(name string) bool { return a.files[name] != nil }

// maxTag is the longest stretch without an end of a tag: the XML reader takes
// in a tag with all its attributes before it says so.
const maxTag = 4 << 20

// budget is a reader that ends in ErrTooLarge when the archive has given
// enough.
type budget struct {
	a   *archive
	r   io.Reader
	run int // bytes since the last tag ended
}

func (b *budget) Read(p []byte) (int, error) {
	if b.a.bytes <= 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.a.bytes {
		p = p[:b.a.bytes]
	}
	n, err := b.r.Read(p)
	b.a.bytes -= int64(n)
	if i := bytes.LastIndexByte(p[:n], '>'); i >= 0 {
		b.run = n - i
	} else if b.run += n; b.run > maxTag {
		return 0, ErrTooLarge
	}
	return n, err
}

// errStop ends a walk early, without an error.
var errStop = errors.New("enough")

// walk reads an XML entry token by token. A missing entry is ErrFormat.
func (a *archive) walk(name string, token func(xml.Token) error) error {
	f := a.files[name]
	if f == nil {
		return fmt.Errorf("%w: %s is missing in it", ErrFormat, path.Base(name))
	}
	rc, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %v", ErrFormat, err)
	}
	defer rc.Close()
	d := xml.NewDecoder(&budget{a: a, r: rc})
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			if errors.Is(err, ErrTooLarge) {
				return ErrTooLarge
			}
			return fmt.Errorf("%w: %v", ErrFormat, err)
		}
		if a.tokens--; a.tokens < 0 {
			return ErrTooLarge
		}
		if err := token(t); err != nil {
			if err == errStop {
				return nil
			}
			return err
		}
	}
}

func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// relations reads the targets of an entry's relationships by their ids, and
// their types (the last word of the type's address).
func (a *archive) relations(of string) (targets, types map[string]string) {
	targets, types = map[string]string{}, map[string]string{}
	dir, base := path.Split(of)
	name := dir + "_rels/" + base + ".rels"
	if !a.has(name) {
		return targets, types
	}
	// A damaged list gives the relations before the damage.
	_ = a.walk(name, func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || strings.EqualFold(attr(e, "TargetMode"), "External") {
			return nil
		}
		if len(targets) >= maxEntries {
			return errStop
		}
		target := attr(e, "Target")
		if strings.HasPrefix(target, "/") {
			target = strings.TrimPrefix(path.Clean(target), "/")
		} else {
			target = path.Join(dir, target)
		}
		id := attr(e, "Id")
		targets[id], types[id] = target, path.Base(attr(e, "Type"))
		return nil
	})
	return targets, types
}
