package wiki

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"sort"
	"strings"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Files lists the attachments of a side by stage and name.
func (sd *Side) Files(ctx context.Context, caller people.Caller) ([]FileInfo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	var out []FileInfo
	latest, err := sd.s.w.history.Latest(ctx, sd.s.name())
	if err != nil {
		return nil, err
	}
	for p, f := range snap.files {
		if file, ok := fileOf(sd.s.section, p); ok {
			v := latest[p]
			out = append(out, FileInfo{File: file, Size: f.Size, Version: v.Commit, Author: v.Author, Updated: v.When, blob: f.Blob})
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Stage != out[j].Stage {
			return out[i].Stage < out[j].Stage
		}
		return out[i].Name < out[j].Name
	})
	return out, nil
}

// FileContent is an open attachment.
type FileContent struct {
	FileInfo
	io.ReadSeekCloser
	ETag string // changes with the content
}

// OpenFile opens an attachment for reading, or answers ErrNotFound.
func (sd *Side) OpenFile(ctx context.Context, caller people.Caller, f File) (*FileContent, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	if f.Section != sd.s.section {
		return nil, ErrNotFound
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	found, ok := snap.files[f.Path()]
	if !ok {
		return nil, ErrNotFound
	}
	tree, err := sd.s.repo.Tree(snap.head)
	if err != nil {
		return nil, err
	}
	file, err := tree.Open(f.Path())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", f, err)
	}
	content, ok := file.(io.ReadSeekCloser)
	if !ok {
		file.Close()
		return nil, fmt.Errorf("opening %s: the file cannot be read at an offset", f)
	}
	v, err := sd.s.w.history.Last(ctx, sd.s.name(), f.Path())
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("finding who changed %s: %w", f, err)
	}
	return &FileContent{ReadSeekCloser: content, ETag: `"` + found.Blob.String() + `"`,
		FileInfo: FileInfo{File: f, Size: found.Size, Version: v.Commit, Author: v.Author, Updated: v.When, blob: found.Blob}}, nil
}

// PutFile keeps an attachment as the next version of its name. With unique the
// name is numbered when it is taken by other bytes, and the name that was used
// is answered.
func (sd *Side) PutFile(ctx context.Context, caller people.Caller, f File, data []byte, unique bool) (File, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return f, err
	}
	if f.Section != sd.s.section {
		return f, ErrNotFound
	}
	if err := sd.may(ctx, caller, people.Editor); err != nil {
		return f, err
	}
	if err := f.Check(); err != nil {
		return f, err
	}
	s := sd.s
	if int64(len(data)) > s.w.maxFile {
		return f, fmt.Errorf("attachment of %d bytes where %d are allowed: %w", len(data), s.w.maxFile, ErrTooLarge)
	}
	s.write.Lock()
	defer s.write.Unlock()
	snap, err := s.snapshot(ctx)
	if err != nil {
		return f, err
	}
	if err := s.checkStage(ctx, f.Stage); err != nil {
		return f, err
	}
	name := f.Name
	for i := 2; ; i++ {
		err := snap.fileFree(f)
		if err == nil {
			break
		}
		_, same := snap.files[f.Path()]
		if same && !unique {
			break // the next version of this attachment
		}
		if !unique {
			return f, err
		}
		ext := path.Ext(name)
		f.Name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i, ext)
		if err := checkFileName(f.Name); err != nil {
			return f, err
		}
	}
	verb := "Attach "
	if _, ok := snap.files[f.Path()]; ok {
		verb = "Replace "
	}
	_, err = s.commit(ctx, caller, snap.head, []repo.Edit{{Path: f.Path(), Data: data}}, verb+f.Name)
	if errors.Is(err, repo.ErrNoChange) {
		return f, nil
	}
	return f, err
}

// fileFree reports whether an attachment's name is free: in its folder without
// regard to case, and on the external side over the whole section.
func (snap *snapshot) fileFree(f File) error {
	for p := range snap.files {
		other, ok := fileOf(f.Section, p)
		if !ok || !strings.EqualFold(other.Name, f.Name) {
			continue
		}
		if other.Stage == f.Stage || f.Section == External {
			return fmt.Errorf("an attachment named %s: %w", other.Name, ErrExists)
		}
	}
	return nil
}

// DeleteFile removes an attachment. Its versions stay in the repository.
func (sd *Side) DeleteFile(ctx context.Context, caller people.Caller, f File) error {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return err
	}
	if f.Section != sd.s.section {
		return ErrNotFound
	}
	if err := sd.may(ctx, caller, people.Editor); err != nil {
		return err
	}
	s := sd.s
	s.write.Lock()
	defer s.write.Unlock()
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	if _, ok := snap.files[f.Path()]; !ok {
		return ErrNotFound
	}
	_, err = s.commit(ctx, caller, snap.head, []repo.Edit{{Path: f.Path(), Delete: true}}, "Remove "+f.Name)
	return err
}
