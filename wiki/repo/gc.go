package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// packAt is how many objects outside well-made packs call for packing.
const packAt = 1000

func (r *Repo) countLoose(n int) {
	if n > 0 && r.loose.Load() >= 0 {
		r.loose.Add(int64(n))
	}
}

// NeedsPacking reports whether enough objects have gathered for Pack to be
// worth its while. The first call counts files.
func (r *Repo) NeedsPacking() bool {
	if r.o.Git == "" || r.o.ReadOnly {
		return false
	}
	if r.loose.Load() < 0 {
		n, err := r.looseFiles()
		if err != nil {
			r.log.Warn("counting objects", "err", err)
			return false
		}
		r.loose.CompareAndSwap(-1, n)
	}
	return r.loose.Load()+r.unpacked.Load() >= packAt
}

func (r *Repo) looseFiles() (int64, error) {
	dirs, err := os.ReadDir(r.store.dir)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, d := range dirs {
		if len(d.Name()) != 2 {
			continue
		}
		files, err := os.ReadDir(filepath.Join(r.store.dir, d.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		n += int64(len(files))
	}
	return n, nil
}

// Pack lets the system's git pack the repository, while nobody writes; reading
// goes on. Without git it does nothing.
func (r *Repo) Pack(ctx context.Context) error {
	if r.o.Git == "" {
		return nil
	}
	if err := r.lock(ctx); err != nil {
		return err
	}
	defer r.unlock()
	if err := r.flush(); err != nil {
		return err
	}
	// Main keeps its file, so that it is never looked for in two places.
	_, err := r.git(ctx, "-c", "gc.packRefs=false", "gc", "--quiet")
	if err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	// What git leaves loose is referred to by nothing, and not to be counted.
	r.unpacked.Store(0)
	r.loose.Store(0)
	return r.store.rescan()
}

// command prepares the system's git for this repository.
func (r *Repo) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append([]string{"--git-dir=.", "-c", "core.fsync=all", "-c", "gc.auto=0", "-c", "core.hooksPath=" + os.DevNull}, args...)
	cmd := exec.CommandContext(ctx, r.o.Git, args...)
	cmd.Dir = r.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "HOME=" + r.dir, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
	}
	return cmd
}

// git runs the system's git on this repository: with nothing of the caller's
// environment but what finds programs and the temporary folder, and with
// everything it writes synced. args are the program's own words, never data.
func (r *Repo) git(ctx context.Context, args ...string) ([]byte, error) {
	cmd := r.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("git: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// UploadPack runs git's sending side on this repository: advertise tells what
// there is, else a request is answered. The protocol is what the client asked
// for in its header Git-Protocol; only the known versions count.
func (r *Repo) UploadPack(ctx context.Context, advertise bool, protocol string, in io.Reader, out io.Writer) error {
	if r.o.Git == "" {
		return ErrNoGit
	}
	args := []string{"-c", "uploadpack.allowFilter=true", "upload-pack", "--stateless-rpc"}
	if advertise {
		args = append(args, "--advertise-refs")
	}
	cmd := r.command(ctx, append(args, ".")...)
	switch protocol {
	case "version=1", "version=2":
		cmd.Env = append(cmd.Env, "GIT_PROTOCOL="+protocol)
	}
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &limitedBuffer{&stderr, 4 << 10}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("sending a repository: %w: %s", err, firstLine(stderr.String()))
	}
	return nil
}
