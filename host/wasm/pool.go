package wasm

import (
	"context"
	"errors"
	"sync"
)

var errClosed = errors.New("plugin is closed")

// pool keeps the instances of one program. A used instance is dirty until it
// has been restored: by tidy, which callers run when nobody waits for them any
// more, else by the next caller. It is done where the call ran, because its pages
// are in that core's cache; a goroutine that did it for all took three times as
// long and woke another core for each call.
type pool struct {
	start func(context.Context) (*instance, error)

	slots chan struct{} // one for each instance in use
	done  chan struct{} // closed with the pool

	mu           sync.Mutex
	clean, dirty []*instance
	idle         int // how many clean and dirty ones are kept
	closed       bool
}

func newPool(start func(context.Context) (*instance, error), inUse, idle int) *pool {
	return &pool{start: start, slots: make(chan struct{}, inUse), done: make(chan struct{}), idle: idle}
}

// acquire returns a clean instance. It waits while too many are in use.
func (p *pool) acquire(ctx context.Context) (*instance, error) {
	select {
	case p.slots <- struct{}{}:
	default:
		select {
		case p.slots <- struct{}{}:
		case <-p.done:
			return nil, errClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for {
		in, dirty, err := p.take()
		if err == nil && in == nil {
			in, err = p.start(ctx)
		}
		if err != nil {
			<-p.slots
			return nil, err
		}
		if !dirty || in.restore() {
			return in, nil
		}
		in.close(ctx)
	}
}

func (p *pool) take() (in *instance, dirty bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, false, errClosed
	case len(p.clean) > 0:
		return pop(&p.clean), false, nil
	case len(p.dirty) > 0:
		return pop(&p.dirty), true, nil
	}
	return nil, false, nil
}

// release takes an instance back after a call.
func (p *pool) release(in *instance) {
	p.mu.Lock()
	keep := !in.broken && !p.closed && len(p.clean)+len(p.dirty) < p.idle
	if keep {
		p.dirty = append(p.dirty, in)
	}
	p.mu.Unlock()
	if !keep {
		in.close(context.Background())
	}
	<-p.slots
}

// tidy restores one used instance, if there is one.
func (p *pool) tidy() {
	// A place is taken, so that close waits for the instance.
	select {
	case p.slots <- struct{}{}:
	default:
		return
	}
	p.mu.Lock()
	var in *instance
	if !p.closed && len(p.dirty) > 0 {
		in = pop(&p.dirty)
	}
	p.mu.Unlock()
	if in != nil {
		ok := in.restore()
		p.mu.Lock()
		ok = ok && !p.closed
		if ok {
			p.clean = append(p.clean, in)
		}
		p.mu.Unlock()
		if !ok {
			in.close(context.Background())
		}
	}
	<-p.slots
}

// close waits until no instance is in use and closes the others. A ctx that
// ends first leaves it to finish by itself.
func (p *pool) close(ctx context.Context, freed func()) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	close(p.done)
	idle := append(p.clean, p.dirty...)
	p.clean, p.dirty = nil, nil
	p.mu.Unlock()
	for _, in := range idle {
		in.close(ctx)
	}
	finished := make(chan struct{})
	go func() {
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
		freed()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pop takes the last, whose memory is warmest.
func pop(s *[]*instance) *instance {
	n := len(*s) - 1
	in := (*s)[n]
	(*s)[n] = nil
	*s = (*s)[:n]
	return in
}
