package powercut

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// calls are the system calls that change files or names, or where the next
// write of a file goes.
const calls = "open,openat,creat,close,lseek,write,writev,pwrite64,pwritev,pwritev2," +
	"fsync,fdatasync,sync_file_range,msync,ftruncate,truncate,fallocate,copy_file_range,sendfile,splice," +
	"rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat"

// A Recording is what a process did to the files below a folder.
type Recording struct {
	root  string
	steps []step
}

// A step is the beginning or the end of a call, or both.
type step struct {
	op         *op
	begin, end bool
}

type opKind int

const (
	opSay   opKind = iota
	opWrite        // data at off; the file grows if need be
	opTruncate
	opCreate // a file, unless it is there
	opMkdir
	opRename
	opRemove
	opLink
	opSync // of a file or a folder
)

// An op is one call.
type op struct {
	kind     opKind
	path, to string // below the root; "" is the root
	data     []byte
	off      int64
	line     int
	failed   bool // it changed nothing

	// What the disk notes while the call lasts.
	upto int
	node *node
}

// Record runs a command under strace until it ends, with its root folder, which
// has to be empty. Standard output is taken as what the process claims, line by
// line. A command that fails is an error with what it said.
func Record(ctx context.Context, strace, root string, cmd *exec.Cmd) (_ *Recording, err error) {
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	if names, err := os.ReadDir(root); err != nil || len(names) > 0 {
		return nil, errors.Join(err, fmt.Errorf("recording: the folder %s has to be empty", root))
	}
	file, err := os.CreateTemp("", "powercut-*.strace")
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	traced := exec.CommandContext(ctx, strace, append([]string{"-f", "-y", "-xx", "-qq", "-s", "67108864",
		"-e", "signal=none", "-e", "trace=" + calls, "-o", file.Name(), cmd.Path}, cmd.Args[1:]...)...)
	traced.Env, traced.Dir = cmd.Env, cmd.Dir
	var errs bytes.Buffer
	traced.Stderr = &errs
	if out, err := traced.Output(); err != nil {
		return nil, fmt.Errorf("recording: %w: %s%s", err, out, errs.Bytes())
	}
	return parse(file, root)
}

// parse reads what strace wrote.
func parse(in io.Reader, root string) (*Recording, error) {
	p := &parser{r: &Recording{root: root}, open: map[int]*openFile{}, unfinished: map[string]*call{}}
	lines := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return p.r, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading the recording: %w", err)
		}
		if err := p.line(n, strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("reading the recording, line %d (%.200s): %w", n, line, err)
		}
	}
}

// An openFile is a descriptor of the process.
type openFile struct {
	off      int64
	appended bool
}

// A call is one that has begun.
type call struct {
	name string
	args string // as far as it is known
	op   *op    // nil: it is of no interest, or not known before it ends
}

type parser struct {
	r          *Recording
	open       map[int]*openFile
	unfinished map[string]*call // by thread
}

func (p *parser) line(n int, line string) error {
	thread, rest, ok := strings.Cut(line, " ")
	if !ok {
		return errors.New("no call")
	}
	rest = strings.TrimLeft(rest, " ")
	if strings.HasPrefix(rest, "+++") || strings.HasPrefix(rest, "---") {
		return nil
	}
	if after, ok := strings.CutPrefix(rest, "<... "); ok {
		_, after, ok := strings.Cut(after, " resumed>")
		c := p.unfinished[thread]
		if !ok || c == nil {
			return errors.New("it resumes what had not begun")
		}
		delete(p.unfinished, thread)
		args, ret, err := result(c.args + after)
		if err != nil {
			return err
		}
		return p.end(n, c, args, ret)
	}
	name, args, ok := strings.Cut(rest, "(")
	if !ok {
		return errors.New("no call")
	}
	if args, ok := strings.CutSuffix(args, " <unfinished ...>"); ok {
		c := &call{name: name, args: args}
		p.unfinished[thread] = c
		return p.begin(n, c, args, true)
	}
	args, ret, err := result(args)
	if err != nil {
		return err
	}
	c := &call{name: name, args: args}
	if ret >= 0 {
		if err := p.begin(n, c, args, false); err != nil {
			return err
		}
	}
	return p.end(n, c, args, ret)
}

// result takes "ARGS) = RESULT" apart. All strings are in hexadecimal, so
// brackets and commas are strace's own.
func result(s string) (args string, ret int64, err error) {
	args, tail, ok := strings.Cut(s, ") ")
	if !ok {
		return "", 0, errors.New("no result")
	}
	_, tail, _ = strings.Cut(tail, "= ")
	tail, _, _ = strings.Cut(tail, " ")
	tail, _, _ = strings.Cut(tail, "<")
	if tail == "?" {
		return args, -1, nil // it never came back
	}
	ret, err = strconv.ParseInt(tail, 0, 64)
	return args, ret, err
}

// fields splits arguments.
func fields(args string) []string {
	list := strings.Split(args, ", ")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// descriptor reads "5<\x2f…>". The path is empty if the file has no name any
// more.
func descriptor(s string) (fd int, path string, err error) {
	number, rest, _ := strings.Cut(s, "<")
	if number == "AT_FDCWD" {
		fd = -1
	} else if fd, err = strconv.Atoi(number); err != nil {
		return 0, "", err
	}
	if strings.HasSuffix(rest, "(deleted)") {
		return fd, "", nil // no cut leaves anything of it
	}
	b, err := unhex(strings.TrimSuffix(rest, ">"))
	return fd, string(b), err
}

// text reads a string of hexadecimal escapes in quotes.
func text(s string) ([]byte, error) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return nil, fmt.Errorf("%.40q is no whole string", s)
	}
	return unhex(s[1 : len(s)-1])
}

func unhex(s string) ([]byte, error) {
	out := make([]byte, 0, len(s)/4)
	for ; len(s) >= 4 && s[:2] == `\x`; s = s[4:] {
		b, err := strconv.ParseUint(s[2:4], 16, 8)
		if err != nil {
			return nil, err
		}
		out = append(out, byte(b))
	}
	if s != "" {
		return nil, fmt.Errorf("%.40q is not in hexadecimal", s)
	}
	return out, nil
}

// below answers a path relative to the root.
func (p *parser) below(path string) (string, bool) {
	if path == p.r.root {
		return "", true
	}
	return strings.CutPrefix(path, p.r.root+"/")
}

// named answers a path that a call names, relative to the root.
func (p *parser) named(dir, name string) (string, bool, error) {
	b, err := text(name)
	if err != nil {
		return "", false, err
	}
	path := string(b)
	if !filepath.IsAbs(path) {
		if dir == "" {
			return "", false, fmt.Errorf("a path that is not absolute: %s", path)
		}
		_, base, err := descriptor(dir)
		if err != nil {
			return "", false, err
		}
		path = filepath.Join(base, path)
	}
	path, ok := p.below(filepath.Clean(path))
	return path, ok, nil
}

// begin makes an op of a call, as far as can be before its result is known.
func (p *parser) begin(n int, c *call, args string, unfinished bool) error {
	a := fields(strings.TrimSuffix(args, ","))
	at := func(i int) string {
		if i < len(a) {
			return a[i]
		}
		return ""
	}
	var o *op
	switch c.name {
	case "open", "openat", "creat":
		return nil // whether there is anything to it shows at the end
	case "close":
		fd, _, err := descriptor(at(0))
		if err == nil {
			delete(p.open, fd)
		}
		return err
	case "lseek":
		return nil
	case "write", "pwrite64":
		fd, path, err := descriptor(at(0))
		if err != nil {
			return err
		}
		if fd == 1 && c.name == "write" {
			data, err := text(at(1))
			if err != nil {
				return err
			}
			o = &op{kind: opSay, data: data}
			break
		}
		path, ok := p.below(path)
		if !ok {
			return nil
		}
		data, err := text(at(1))
		if err != nil {
			return err
		}
		o = &op{kind: opWrite, path: path, data: data}
		if c.name == "pwrite64" {
			if o.off, err = strconv.ParseInt(at(3), 10, 64); err != nil {
				return err
			}
			break
		}
		f := p.open[fd]
		if f == nil {
			return fmt.Errorf("a write to descriptor %d, which nobody opened", fd)
		}
		o.off = f.off
		if f.appended {
			o.off = -1
		}
		f.off += int64(len(data))
	case "fsync", "fdatasync":
		_, path, err := descriptor(at(0))
		if err != nil {
			return err
		}
		path, ok := p.below(path)
		if !ok {
			return nil
		}
		o = &op{kind: opSync, path: path}
	case "ftruncate":
		_, path, err := descriptor(at(0))
		if err != nil {
			return err
		}
		path, ok := p.below(path)
		if !ok {
			return nil
		}
		o = &op{kind: opTruncate, path: path}
		if o.off, err = strconv.ParseInt(at(1), 10, 64); err != nil {
			return err
		}
	case "mkdir", "unlink", "rmdir", "mkdirat", "unlinkat":
		dir, name := "", at(0)
		if strings.HasSuffix(c.name, "at") {
			dir, name = at(0), at(1)
		}
		path, ok, err := p.named(dir, name)
		if err != nil || !ok {
			return err
		}
		o = &op{kind: opRemove, path: path}
		if strings.HasPrefix(c.name, "mkdir") {
			o.kind = opMkdir
		}
	case "rename", "renameat", "renameat2", "link", "linkat":
		i := 0
		var dirs [2]string
		if strings.HasSuffix(strings.TrimSuffix(c.name, "2"), "at") {
			dirs, i = [2]string{at(0), at(2)}, 1
		}
		from, ok, err := p.named(dirs[0], at(i))
		if err != nil {
			return err
		}
		to, ok2, err := p.named(dirs[1], at(2*i+1))
		if err != nil || !ok && !ok2 {
			return err
		}
		if ok != ok2 {
			return errors.New("a file comes from elsewhere")
		}
		o = &op{kind: opRename, path: from, to: to}
		if strings.HasPrefix(c.name, "link") {
			o.kind = opLink
		}
	default:
		if strings.Contains(args, hexed(p.r.root)) {
			return fmt.Errorf("the call %s is not understood", c.name)
		}
		return nil
	}
	o.line = n
	c.op = o
	if unfinished {
		p.r.steps = append(p.r.steps, step{op: o, begin: true})
	}
	return nil
}

func hexed(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	return b.String()
}

func (p *parser) end(n int, c *call, args string, ret int64) error {
	begun := len(p.r.steps) > 0 && c.op != nil && c.op.line != n
	add := func(o *op) {
		o.line = n
		p.r.steps = append(p.r.steps, step{op: o, begin: !begun, end: true})
	}
	if c.op != nil {
		if ret < 0 {
			if begun {
				c.op.failed = true
				add(c.op)
			}
			return nil
		}
		if o := c.op; o.kind == opWrite && ret != int64(len(o.data)) {
			return fmt.Errorf("%d of %d bytes were written", ret, len(o.data))
		}
		add(c.op)
		return nil
	}
	if ret < 0 {
		return nil
	}
	a := fields(args)
	switch c.name {
	case "lseek":
		fd, _, err := descriptor(a[0])
		if err != nil {
			return err
		}
		if f := p.open[fd]; f != nil {
			f.off = ret
		}
	case "open", "openat", "creat":
		dir, name, flags := "", a[0], ""
		if c.name == "openat" {
			dir, name, a = a[0], a[1], a[1:]
		}
		if c.name == "creat" {
			flags = "O_CREAT|O_TRUNC"
		} else if len(a) > 1 {
			flags = a[1]
		}
		p.open[int(ret)] = &openFile{appended: strings.Contains(flags, "O_APPEND")}
		b, err := text(name)
		if err != nil {
			return err
		}
		if !filepath.IsAbs(string(b)) && !strings.Contains(flags, "O_CREAT") {
			return nil
		}
		path, ok, err := p.named(dir, name)
		if err != nil || !ok {
			return err
		}
		if strings.Contains(flags, "O_CREAT") {
			add(&op{kind: opCreate, path: path})
		}
		if strings.Contains(flags, "O_TRUNC") {
			add(&op{kind: opTruncate, path: path})
		}
	}
	return nil
}

// Steps is at how many moments the power can go.
func (r *Recording) Steps() int { return len(r.steps) }
