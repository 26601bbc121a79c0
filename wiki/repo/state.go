package repo

// state maps path numbers to versions. It never changes: set returns another
// that shares most of its nodes, so that thousands of commits, each with a state
// of its own, cost little more than their changes.
type state struct {
	root  *branch
	depth int // levels below root
}

const (
	fanBits = 5
	fan     = 1 << fanBits
)

// branch holds branches, or versions at the lowest level.
type branch struct {
	kids  [fan]*branch
	nodes *[fan]entryState
}

type entryState struct {
	node *node
	set  bool
}

func (s state) get(i int) (*node, bool) {
	if s.root == nil || i>>(fanBits*(s.depth+1)) != 0 {
		return nil, false
	}
	b := s.root
	for d := s.depth; d > 0; d-- {
		if b = b.kids[i>>(fanBits*d)&(fan-1)]; b == nil {
			return nil, false
		}
	}
	e := b.nodes[i&(fan-1)]
	return e.node, e.set
}

func (s state) set(i int, n *node) state {
	if s.root == nil {
		s = state{root: &branch{nodes: &[fan]entryState{}}}
	}
	for i>>(fanBits*(s.depth+1)) != 0 {
		top := &branch{}
		top.kids[0] = s.root
		s = state{root: top, depth: s.depth + 1}
	}
	return state{root: s.root.with(i, n, s.depth), depth: s.depth}
}

func (b *branch) with(i int, n *node, depth int) *branch {
	var c branch
	if b != nil {
		c = *b
	}
	if depth == 0 {
		nodes := [fan]entryState{}
		if c.nodes != nil {
			nodes = *c.nodes
		}
		nodes[i&(fan-1)] = entryState{n, true}
		c.nodes = &nodes
		return &c
	}
	at := i >> (fanBits * depth) & (fan - 1)
	c.kids[at] = c.kids[at].with(i, n, depth-1)
	return &c
}

// each calls f for all that was set, in the order of the numbers.
func (s state) each(f func(int, *node)) {
	if s.root != nil {
		s.root.each(0, s.depth, f)
	}
}

func (b *branch) each(base, depth int, f func(int, *node)) {
	if depth == 0 {
		for i, e := range b.nodes {
			if e.set {
				f(base+i, e.node)
			}
		}
		return
	}
	for i, k := range b.kids {
		if k != nil {
			k.each(base+i<<(fanBits*depth), depth-1, f)
		}
	}
}
