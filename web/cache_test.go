package web

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLRU(t *testing.T) {
	c := newLRU[int, string](3, 100)
	has := func(keys ...int) {
		t.Helper()
		for i := range 10 {
			_, ok := c.get(i)
			assert.Equal(t, len(keys) > 0 && keys[0] == i, ok, "key %d", i)
			if ok {
				keys = keys[1:]
			}
		}
		assert.Equal(t, c.order.Len(), len(c.byKey))
	}
	for i := range 4 {
		c.put(i, "small")
	}
	has(1, 2, 3)
	c.putSized(4, "of some size", 25)
	has(2, 3, 4)
	c.putSized(5, "too large", 26)
	has(2, 3, 4)
	c.putSized(4, "has grown", 26)
	has(2, 3)
	c.max = 10
	for i := 4; i < 9; i++ {
		c.putSized(i, "of some size", 25)
	}
	has(5, 6, 7, 8)
	assert.Equal(t, 100, c.cost)
	c.drop(5)
	c.drop(9)
	has(6, 7, 8)
	assert.Equal(t, 75, c.cost)
}
