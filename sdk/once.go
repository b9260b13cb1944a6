package sdk

// Once holds what is worked out once in a call, whichever part of a plugin asks
// first: an account's set-up, the id of a request. It is a package variable; the
// next call works it out anew.
type Once[T any] struct {
	call  uint64
	value T
}

// Of returns the call's value, which find makes the first time. It may be changed
// for those that ask later, and is valid until the handler returns.
func (o *Once[T]) Of(c *Call, find func(c *Call) T) *T {
	if o.call != c.serial {
		o.call, o.value = c.serial, find(c)
	}
	return &o.value
}
