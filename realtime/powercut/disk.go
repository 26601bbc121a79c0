package powercut

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

const sector = 512

// A Disk follows a recording.
type Disk struct {
	r    *Recording
	next int
	seq  int
	root *node
	busy map[*op]bool // calls that have begun and not ended
	said []byte
}

// A node is a file or a folder.
type node struct {
	folder bool

	// Of a file: what is synced, what is not yet, and how long the process
	// sees it to be.
	synced  []byte
	pending []change
	size    int64

	// Of a folder: names as they are synced, as they changed since, and as the
	// process sees them.
	names map[string]*node
	moved []*entry
	now   map[string]*node
}

// A change of a file that is not synced.
type change struct {
	seq  int
	data []byte // nil: the file is cut to off
	off  int64
}

// An entry is a change of a folder's names that is not synced.
type entry struct {
	seq    int
	in     *node
	set    map[string]*node // nil: the name goes
	after  *entry           // the other half of a rename, in the new folder, that comes to disk before
	synced bool
}

// Disk answers an empty disk at the beginning of the recording.
func (r *Recording) Disk() *Disk {
	return &Disk{r: r, root: newFolder(), busy: map[*op]bool{}}
}

func newFolder() *node {
	return &node{folder: true, names: map[string]*node{}, now: map[string]*node{}}
}

// Play goes on to a later moment.
func (d *Disk) Play(moment int) error {
	for ; d.next < moment && d.next < len(d.r.steps); d.next++ {
		s := d.r.steps[d.next]
		if s.begin {
			if err := d.begin(s.op); err != nil {
				return fmt.Errorf("playing step %d, line %d: %w", d.next, s.op.line, err)
			}
		}
		if s.end {
			if err := d.end(s.op); err != nil {
				return fmt.Errorf("playing step %d, line %d: %w", d.next, s.op.line, err)
			}
		}
	}
	return nil
}

// Said is what the process has said by now, a line for each call. What it began
// to say counts: somebody may have heard it.
func (d *Disk) Said() []string {
	return strings.Split(strings.TrimSuffix(string(d.said), "\n"), "\n")
}

func (d *Disk) find(name string) (*node, error) {
	n := d.root
	if name == "" {
		return n, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if n = n.now[part]; n == nil {
			return nil, fmt.Errorf("%s is not there", name)
		}
	}
	return n, nil
}

func (d *Disk) parent(name string) (*node, string, error) {
	dir := path.Dir(name)
	if dir == "." {
		dir = ""
	}
	n, err := d.find(dir)
	return n, path.Base(name), err
}

func (d *Disk) begin(o *op) (err error) {
	switch o.kind {
	case opSay:
		d.said = append(d.said, o.data...)
		return nil
	case opSync, opWrite, opTruncate:
		if o.failed {
			return nil
		}
		if o.node, err = d.find(o.path); err != nil {
			return err
		}
		o.upto = d.seq
	}
	d.busy[o] = true
	return nil
}

func (d *Disk) end(o *op) error {
	delete(d.busy, o)
	if o.failed {
		return nil
	}
	switch o.kind {
	case opSync:
		o.node.sync(o.upto)
		return nil
	case opWrite:
		d.write(o.node, o)
		return nil
	case opTruncate:
		d.seq++
		o.node.pending = append(o.node.pending, change{seq: d.seq, off: o.off})
		o.node.size = o.off
		return nil
	case opCreate, opMkdir:
		in, name, err := d.parent(o.path)
		if err != nil {
			return err
		}
		if in.now[name] != nil {
			return nil
		}
		n := &node{}
		if o.kind == opMkdir {
			n = newFolder()
		}
		d.change(in, map[string]*node{name: n}, nil)
		return nil
	case opRemove:
		in, name, err := d.parent(o.path)
		if err != nil {
			return err
		}
		d.change(in, map[string]*node{name: nil}, nil)
		return nil
	case opLink, opRename:
		n, err := d.find(o.path)
		if err != nil {
			return err
		}
		from, old, err := d.parent(o.path)
		if err != nil {
			return err
		}
		to, name, err := d.parent(o.to)
		if err != nil {
			return err
		}
		switch {
		case o.kind == opLink:
			d.change(to, map[string]*node{name: n}, nil)
		case from == to:
			d.change(to, map[string]*node{old: nil, name: n}, nil)
		default:
			d.change(from, map[string]*node{old: nil}, d.change(to, map[string]*node{name: n}, nil))
		}
	}
	return nil
}

func (d *Disk) write(n *node, o *op) {
	d.seq++
	off := o.off
	if off < 0 {
		off = n.size
	}
	n.size = max(n.size, off+int64(len(o.data)))
	n.pending = append(n.pending, change{seq: d.seq, data: o.data, off: off})
}

func (d *Disk) change(in *node, set map[string]*node, after *entry) *entry {
	d.seq++
	e := &entry{seq: d.seq, in: in, set: set, after: after}
	in.moved = append(in.moved, e)
	apply(in.now, set)
	return e
}

func apply(names, set map[string]*node) {
	for name, n := range set {
		if n == nil {
			delete(names, name)
		} else {
			names[name] = n
		}
	}
}

// sync makes durable what had happened by upto.
func (n *node) sync(upto int) {
	if !n.folder {
		i := 0
		for ; i < len(n.pending) && n.pending[i].seq <= upto; i++ {
			n.synced = n.pending[i].put(n.synced)
		}
		n.pending = n.pending[i:]
		return
	}
	for len(n.moved) > 0 && n.moved[0].seq <= upto {
		e := n.moved[0]
		n.moved = n.moved[1:]
		e.synced = true
		apply(n.names, e.set)
		// A rename is one change, also of two folders.
		if e.after != nil && !e.after.synced {
			e.after.in.sync(e.after.seq)
		}
	}
}

func (c change) put(file []byte) []byte {
	if c.data == nil {
		if c.off <= int64(len(file)) {
			return file[:c.off:c.off]
		}
		return append(file, make([]byte, c.off-int64(len(file)))...)
	}
	if need := c.off + int64(len(c.data)); need > int64(len(file)) {
		file = append(file, make([]byte, need-int64(len(file)))...)
	}
	copy(file[c.off:], c.data)
	return file
}

// Luck says what becomes of that which is not synced.
type Luck int

const (
	None   Luck = iota // nothing of it is there
	Chance             // each write and each folder as it comes
	All                // all of it is there
)

// Lay writes the disk, as a cut at this moment may leave it, into the folder to,
// which has to be empty. The files are an hour old, as time passes until the power
// is back.
func (d *Disk) Lay(to string, luck Luck, random *rand.Rand) error {
	l := &laying{luck: luck, random: random, took: map[*entry]bool{}, torn: map[*node][]change{}}
	var busy []*op
	for o := range d.busy {
		busy = append(busy, o)
	}
	sort.Slice(busy, func(i, j int) bool { return busy[i].line < busy[j].line }) // the same each time
	for _, o := range busy {
		switch o.kind {
		case opWrite:
			off := o.off
			if off < 0 {
				off = o.node.size
			}
			l.torn[o.node] = append(l.torn[o.node], change{data: o.data, off: off})
		case opTruncate:
			l.torn[o.node] = append(l.torn[o.node], change{off: o.off})
		}
	}
	l.choose(d.root)
	l.at = time.Now().Add(-time.Hour)
	return l.folder(d.root, to)
}

type laying struct {
	luck   Luck
	random *rand.Rand
	at     time.Time
	took   map[*entry]bool
	torn   map[*node][]change // by calls that had not come back
}

// choose says how far each folder's changes came to disk.
func (l *laying) choose(root *node) {
	seen := map[*node]bool{}
	var visit func(n *node)
	visit = func(n *node) {
		if !n.folder || seen[n] {
			return
		}
		seen[n] = true
		upto := 0
		switch l.luck {
		case All:
			upto = len(n.moved)
		case Chance:
			switch l.random.IntN(4) {
			case 0, 1:
			case 2:
				upto = len(n.moved)
			default:
				upto = l.random.IntN(len(n.moved) + 1)
			}
		}
		for _, e := range n.moved[:upto] {
			l.took[e] = true
		}
		for _, names := range []map[string]*node{n.names, n.now} {
			for _, name := range sorted(names) {
				visit(names[name])
			}
		}
		for _, e := range n.moved {
			for _, name := range sorted(e.set) {
				if e.set[name] != nil {
					visit(e.set[name])
				}
			}
		}
	}
	visit(root)
}

func sorted(names map[string]*node) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

func (l *laying) folder(n *node, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	names := map[string]*node{}
	apply(names, n.names)
	for _, e := range n.moved {
		// The old name goes only if the new one came.
		if l.took[e] && (e.after == nil || e.after.synced || l.took[e.after]) {
			apply(names, e.set)
		}
	}
	for _, name := range sorted(names) {
		child, where := names[name], filepath.Join(to, name)
		if strings.HasSuffix(name, "-shm") {
			continue
		}
		if child.folder {
			if err := l.folder(child, where); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(where, l.file(child), 0o600); err != nil {
			return err
		}
		if err := os.Chtimes(where, l.at, l.at); err != nil {
			return err
		}
	}
	return nil
}

// file answers what is on disk of a file.
func (l *laying) file(n *node) []byte {
	file := append([]byte(nil), n.synced...)
	for _, c := range append(n.pending[:len(n.pending):len(n.pending)], l.torn[n]...) {
		switch l.luck {
		case None:
			continue
		case All:
			file = c.put(file)
			continue
		}
		switch l.random.IntN(3) {
		case 0:
			file = c.put(file)
		case 1: // in part
			if c.data == nil {
				continue
			}
			half := l.random.IntN(2) == 0
			stop := c.off + int64(l.random.IntN(len(c.data)+1))
			for at := c.off; at < c.off+int64(len(c.data)); {
				end := min((at/sector+1)*sector, c.off+int64(len(c.data)))
				if half && end <= stop || !half && l.random.IntN(2) == 0 {
					file = change{data: c.data[at-c.off : end-c.off], off: at}.put(file)
				}
				at = end
			}
		}
	}
	return file
}
