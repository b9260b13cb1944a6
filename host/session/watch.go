package session

import "context"

// watcher is woken when the trace grows.
type watcher struct{ more chan struct{} }

func (w *watcher) signal() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// Entries calls yield for the trace entries behind number after, oldest first,
// and returns how many were dropped because the trace was full.
func (s *Session) Entries(after uint64, yield func(Raw) bool) (dropped uint64) {
	return s.trace.each(after, true, yield)
}

// Follow calls yield for the entries behind number after and for each that
// comes, until ctx or the session ends or yield returns false.
func (s *Session) Follow(ctx context.Context, after uint64, yield func(Raw) bool) {
	w := &watcher{make(chan struct{}, 1)}
	if !s.trace.subscribe(w) {
		return
	}
	defer s.trace.unsubscribe(w)
	s.observe()
	for {
		open := true
		s.trace.each(after, true, func(r Raw) bool {
			after = r.Seq
			open = yield(r)
			return open
		})
		if !open {
			return
		}
		select {
		case <-ctx.Done():
			return
		case _, more := <-w.more:
			if !more {
				return
			}
		}
	}
}

func (t *trace) subscribe(w *watcher) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if t.watch == nil {
		t.watch = map[*watcher]struct{}{}
	}
	t.watch[w] = struct{}{}
	return true
}

func (t *trace) unsubscribe(w *watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.watch, w)
}

// close wakes everybody for good.
func (t *trace) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for w := range t.watch {
		close(w.more)
		delete(t.watch, w)
	}
}
