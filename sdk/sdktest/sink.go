package sdktest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Sink is an application that webhooks are delivered to, over HTTP on loopback.
type Sink struct {
	URL string

	mu     sync.Mutex
	got    []Received
	answer func(Received) int
}

// Received is one delivery as it arrived.
type Received struct {
	Method, Path string
	Header       http.Header
	Body         string
}

// NewSink starts a sink that answers 200 until Answer says otherwise. It ends
// with the test.
func NewSink(t testing.TB) *Sink {
	t.Helper()
	s := &Sink{answer: func(Received) int { return http.StatusOK }}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// ServeHTTP records a delivery.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	got := Received{r.Method, r.URL.Path, r.Header, string(body)}
	s.mu.Lock()
	s.got = append(s.got, got)
	answer := s.answer
	s.mu.Unlock()
	w.WriteHeader(answer(got))
}

// Answer chooses the status of later answers.
func (s *Sink) Answer(f func(Received) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// Take returns what arrived since the last Take. Call Mirror.Settle or Advance
// before it, so that all that was due has arrived.
func (s *Sink) Take() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}
