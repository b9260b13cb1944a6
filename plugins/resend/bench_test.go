package main

import "testing"

// BenchmarkSend is the time of an email inside the host, once it is sent as an
// application sends it.
func BenchmarkSend(b *testing.B) {
	m := start(b)
	body := email("delivered@resend.dev")
	for b.Loop() {
		m.Request("POST", "/emails", body).Want(200)
	}
}
