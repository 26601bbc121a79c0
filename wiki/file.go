package wiki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Files lists the attachments of a side by stage and name. The list is shared
// and must not be changed.
func (sd *Side) Files(ctx context.Context, caller people.Caller) ([]FileInfo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return snap.attachments, nil
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
	info := snap.attachment(f)
	if info == nil {
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
	return &FileContent{ReadSeekCloser: content, ETag: `"` + info.blob.String() + `"`, FileInfo: *info}, nil
}

// PutFile keeps an attachment as the next version of its name. With unique the
// name is numbered when it is taken by other bytes, and the name that was used
// is answered.
func (sd *Side) PutFile(ctx context.Context, caller people.Caller, f File, data []byte, unique bool) (File, error) {
	if err := sd.mayEdit(ctx, caller, f.Section); err != nil {
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
	verb := "Attach "
	if unique {
		if f, err = s.freeFile(snap, f, data); err != nil {
			return f, err
		}
	} else if snap.attachment(f) != nil {
		verb = "Replace "
	} else if err := snap.fileFree(f); err != nil {
		return f, err
	}
	_, err = s.commit(ctx, caller, snap.head, []repo.Edit{{Path: f.Path(), Data: data}}, verb+f.Name)
	if errors.Is(err, repo.ErrNoChange) {
		return f, nil
	}
	return f, err
}

// freeFile numbers an attachment's name until it is free, or holds the very
// same bytes already.
func (s *side) freeFile(snap *snapshot, f File, data []byte) (File, error) {
	name, ext := f.Name, path.Ext(f.Name)
	for i := 2; snap.fileFree(f) != nil; i++ {
		if info := snap.attachment(f); info != nil && info.Size == int64(len(data)) {
			old, err := s.repo.Blob(info.blob)
			if err != nil {
				return f, fmt.Errorf("reading %s: %w", f, err)
			}
			if bytes.Equal(old, data) {
				break
			}
		}
		f.Name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i, ext)
		if err := checkFileName(f.Name); err != nil {
			return f, err
		}
	}
	return f, nil
}

// fileFree reports whether an attachment's name is free: in its folder without
// regard to case, and on the external side over the whole section.
func (snap *snapshot) fileFree(f File) error {
	for i := range snap.attachments {
		other := &snap.attachments[i]
		if strings.EqualFold(other.Name, f.Name) && (other.Stage == f.Stage || f.Section == External) {
			return fmt.Errorf("an attachment named %s: %w", other.Name, ErrExists)
		}
	}
	return nil
}

// attachment answers what is known of an attachment, nil when it is not there.
func (snap *snapshot) attachment(f File) *FileInfo {
	i, found := slices.BinarySearchFunc(snap.attachments, f, func(a FileInfo, f File) int { return a.File.compare(f) })
	if !found {
		return nil
	}
	return &snap.attachments[i]
}

// DeleteFile removes an attachment. Its versions stay in the repository.
func (sd *Side) DeleteFile(ctx context.Context, caller people.Caller, f File) error {
	if err := sd.mayEdit(ctx, caller, f.Section); err != nil {
		return err
	}
	s := sd.s
	s.write.Lock()
	defer s.write.Unlock()
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	if snap.attachment(f) == nil {
		return ErrNotFound
	}
	_, err = s.commit(ctx, caller, snap.head, []repo.Edit{{Path: f.Path(), Delete: true}}, "Remove "+f.Name)
	return err
}
