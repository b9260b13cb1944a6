package main

import (
	"testing"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// BenchmarkSend is one message through a session, without HTTP: what the mirror
// itself costs. With MIRRA_TEST_PLUGIN it is the built file's.
func BenchmarkSend(b *testing.B) {
	m := start(b, sdktest.Fixture("verified-numbers"))
	m.Session().HoldDeliveries(true)
	b.ReportAllocs()
	for b.Loop() {
		r := m.Request("POST", path+"/Messages.json", "To=%2B15558675310&From=%2B15555550123&Body=Your+code+is+123456&StatusCallback=http%3A%2F%2F127.0.0.1%3A9%2Fstatus", "Content-Type: application/x-www-form-urlencoded")
		if r.Status != 201 {
			b.Fatal(r.Body)
		}
	}
}
