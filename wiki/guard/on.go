//go:build !mutation

package guard

func off(Guard) bool { return false }
