package main

import (
	"strconv"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// BenchmarkRequest is one request through a session, without HTTP: what the
// mirror itself costs. With MIRRA_TEST_PLUGIN it is the built file's.
func BenchmarkRequest(b *testing.B) {
	const form = "email=jenny.rosen%40example.com&name=Jenny+Rosen&description=My+first+test+customer" +
		"&phone=%2B14155550100&balance=0&address%5Bcity%5D=San+Francisco&address%5Bcountry%5D=US&address%5Bline1%5D=510+Townsend+St" +
		"&address%5Bline2%5D=Floor+4&address%5Bpostal_code%5D=94103&address%5Bstate%5D=CA&shipping%5Bname%5D=Jenny+Rosen" +
		"&shipping%5Bphone%5D=%2B14155550100&shipping%5Baddress%5D%5Bcity%5D=San+Francisco&metadata%5Border_id%5D=6735&metadata%5Btier%5D=gold"
	today := sdktest.At(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)) // documents have what they have now
	key := sdktest.Header("Authorization", "Bearer sk_test_123456789")
	create := func(m *sdktest.Mirror, n int) *sdktest.Response {
		return m.Request("POST", "/v1/customers", form, "Content-Type: application/x-www-form-urlencoded", "Idempotency-Key: k-"+strconv.Itoa(n))
	}
	b.Run("create", func(b *testing.B) {
		m := sdktest.Start(b, key, today)
		m.Form("POST", "/v1/webhook_endpoints", "url=http://127.0.0.1:9/hook", "enabled_events[]=*")
		m.Session().HoldDeliveries(true)
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			if r := create(m, n); r.Status != 200 {
				b.Fatal(r.Body)
			}
			n++
		}
	})
	b.Run("get", func(b *testing.B) {
		m := sdktest.Start(b, key, today)
		id := create(m, 0).Get("id")
		b.ReportAllocs()
		for b.Loop() {
			if r := m.Request("GET", "/v1/customers/"+id, ""); r.Status != 200 {
				b.Fatal(r.Body)
			}
		}
	})
	b.Run("list", func(b *testing.B) {
		m := sdktest.Start(b, key, today)
		for n := range 1000 {
			create(m, n)
		}
		b.ReportAllocs()
		for b.Loop() {
			if r := m.Request("GET", "/v1/customers?limit=100", ""); r.Status != 200 {
				b.Fatal(r.Body)
			}
		}
	})
}
