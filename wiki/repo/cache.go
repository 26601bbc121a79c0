package repo

import (
	"container/list"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// Cache holds the least recently used objects of any number of repositories
// within a fixed number of bytes. An object is named by what is in it, so
// repositories may share one. It is safe for concurrent use.
type Cache struct {
	max int

	// mu protects what follows.
	mu   sync.Mutex
	size int
	ll   *list.List
	byID map[Hash]*list.Element

	// sizes remembers how long objects are, for lists of files.
	sizes map[Hash]int64
}

// raw is an object as git knows it: a type and bytes nobody changes.
type raw struct {
	id   Hash
	typ  plumbing.ObjectType
	data []byte
}

// overhead is what an entry costs beside its bytes.
const overhead = 160

// NewCache returns a cache of so many bytes.
func NewCache(bytes int) *Cache {
	return &Cache{max: bytes, ll: list.New(), byID: map[Hash]*list.Element{}, sizes: map[Hash]int64{}}
}

func (c *Cache) get(h Hash) (raw, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byID[h]
	if !ok {
		return raw{}, false
	}
	c.ll.MoveToFront(e)
	return e.Value.(raw), true
}

func (c *Cache) put(o raw) {
	cost := len(o.data) + overhead
	if cost > c.max/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[o.id]; ok {
		c.ll.MoveToFront(e)
		return
	}
	c.byID[o.id] = c.ll.PushFront(o)
	c.size += cost
	for c.size > c.max {
		last := c.ll.Back()
		old := c.ll.Remove(last).(raw)
		delete(c.byID, old.id)
		c.size -= len(old.data) + overhead
	}
}

// maxSizes is how many sizes are remembered, about 8 MB of them.
const maxSizes = 100_000

func (c *Cache) length(h Hash) (int64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[h]; ok {
		return int64(len(e.Value.(raw).data)), true
	}
	n, ok := c.sizes[h]
	return n, ok
}

func (c *Cache) putSize(h Hash, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.sizes) >= maxSizes {
		for old := range c.sizes { // any of them
			delete(c.sizes, old)
			break
		}
	}
	c.sizes[h] = n
}
