package repo

import (
	"container/list"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// Cache holds the least recently used objects of any number of repositories
// within a fixed number of bytes. Repositories share the room, never the objects:
// one that knows a hash of another must not get at what it names. It is safe for
// concurrent use.
type Cache struct {
	max int

	// mu protects what follows.
	mu   sync.Mutex
	size int
	ll   *list.List
	byID map[cacheKey]*list.Element

	// sizes remembers how long objects are, for lists of files.
	sizes map[cacheKey]int64
}

// owner tells the objects of one open repository from those of all others.
type owner struct{ _ byte }

type cacheKey struct {
	owner *owner
	id    Hash
}

type cached struct {
	key cacheKey
	raw
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
	return &Cache{max: bytes, ll: list.New(), byID: map[cacheKey]*list.Element{}, sizes: map[cacheKey]int64{}}
}

func (c *Cache) get(k cacheKey) (raw, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byID[k]
	if !ok {
		return raw{}, false
	}
	c.ll.MoveToFront(e)
	return e.Value.(cached).raw, true
}

func (c *Cache) put(w *owner, o raw) {
	k := cacheKey{w, o.id}
	cost := len(o.data) + overhead
	if cost > c.max/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[k]; ok {
		c.ll.MoveToFront(e)
		return
	}
	c.byID[k] = c.ll.PushFront(cached{k, o})
	c.size += cost
	for c.size > c.max {
		last := c.ll.Back()
		old := c.ll.Remove(last).(cached)
		delete(c.byID, old.key)
		c.size -= len(old.data) + overhead
	}
}

// maxSizes is how many sizes are remembered, about 8 MB of them.
const maxSizes = 100_000

func (c *Cache) length(k cacheKey) (int64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[k]; ok {
		return int64(len(e.Value.(cached).data)), true
	}
	n, ok := c.sizes[k]
	return n, ok
}

func (c *Cache) putSize(k cacheKey, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.sizes) >= maxSizes {
		for old := range c.sizes { // any of them
			delete(c.sizes, old)
			break
		}
	}
	c.sizes[k] = n
}
