package web

import (
	"container/list"
	"sync"
)

// lru keeps the entries used last, up to a number and up to what they cost
// together. Safe for concurrent use.
type lru[K comparable, V any] struct {
	mu    sync.Mutex
	max   int
	room  int // what all may cost
	cost  int
	byKey map[K]*list.Element
	order *list.List // of lruEntry, the most recently used first
}

type lruEntry[K comparable, V any] struct {
	key   K
	value V
	cost  int
}

// newLRU keeps max entries that cost nothing, or as many of them as cost no more
// than room.
func newLRU[K comparable, V any](max, room int) *lru[K, V] {
	return &lru[K, V]{max: max, room: room, byKey: map[K]*list.Element{}, order: list.New()}
}

func (c *lru[K, V]) get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return value, false
	}
	c.order.MoveToFront(e)
	return e.Value.(lruEntry[K, V]).value, true
}

// put keeps an entry that costs nothing but its place.
func (c *lru[K, V]) put(key K, value V) { c.putSized(key, value, 0) }

// putSized keeps an entry and makes room for it, unless it would take more than a
// quarter of all room.
func (c *lru[K, V]) putSized(key K, value V, cost int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		c.remove(e)
	}
	if cost > c.room/4 {
		return
	}
	c.byKey[key] = c.order.PushFront(lruEntry[K, V]{key, value, cost})
	c.cost += cost
	for c.order.Len() > c.max || c.cost > c.room {
		c.remove(c.order.Back())
	}
}

// remove needs mu.
func (c *lru[K, V]) remove(e *list.Element) {
	old := c.order.Remove(e).(lruEntry[K, V])
	delete(c.byKey, old.key)
	c.cost -= old.cost
}

func (c *lru[K, V]) drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		c.remove(e)
	}
}
