package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// request makes the n-th request of a connection.
type request func(connection, n int) []byte

// result is what a load came to.
type result struct {
	perSecond float64
	count     int
	p50, p99  time.Duration
	failed    int
	first     string // of the failures
}

// load keeps connections busy for a time and counts answers. A client of net/http
// would cost more than some of the servers; this one writes prepared bytes.
func load(ctx context.Context, address string, connections int, length time.Duration, make request) (result, error) {
	return paced(ctx, address, connections, length, 0, make)
}

// paced is load with a pause of each connection between two requests.
func paced(ctx context.Context, address string, connections int, length, pause time.Duration, make request) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var mu sync.Mutex
	var all []time.Duration
	var r result
	var fault error
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			times, failed, first, err := drive(ctx, address, pause, func(n int) []byte { return make(c, n) })
			mu.Lock()
			defer mu.Unlock()
			all = append(all, times...)
			r.failed += failed
			if r.first == "" {
				r.first = first
			}
			if err != nil {
				fault = err
			}
		})
	}
	started := time.Now()
	wg.Wait()
	if fault != nil {
		return r, fault
	}
	if len(all) == 0 {
		return r, fmt.Errorf("no answer from %s in %s", address, length)
	}
	slices.Sort(all)
	r.count = len(all)
	r.perSecond = float64(r.count) / time.Since(started).Seconds()
	r.p50, r.p99 = all[len(all)/2], all[len(all)*99/100]
	return r, nil
}

func drive(ctx context.Context, address string, pause time.Duration, make func(n int) []byte) (times []time.Duration, failed int, first string, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, 0, "", err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 256<<10)
	for n := 0; ctx.Err() == nil; n++ {
		started := time.Now()
		if _, err := conn.Write(make(n)); err != nil {
			return times, failed, first, err
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return times, failed, first, err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return times, failed, first, err
		}
		times = append(times, time.Since(started))
		if resp.StatusCode >= 300 {
			if failed++; first == "" {
				first = fmt.Sprintf("%d %.200s", resp.StatusCode, body)
			}
		}
		if pause > 0 {
			time.Sleep(pause)
		}
	}
	return times, failed, first, nil
}

// customerForm is what POST /v1/customers is measured with: 16 fields.
const customerForm = "email=jenny.rosen%40example.com&name=Jenny+Rosen&description=My+first+test+customer" +
	"&phone=%2B14155550100&balance=0&address%5Bcity%5D=San+Francisco&address%5Bcountry%5D=US&address%5Bline1%5D=510+Townsend+St" +
	"&address%5Bline2%5D=Floor+4&address%5Bpostal_code%5D=94103&address%5Bstate%5D=CA&shipping%5Bname%5D=Jenny+Rosen" +
	"&shipping%5Bphone%5D=%2B14155550100&shipping%5Baddress%5D%5Bcity%5D=San+Francisco&metadata%5Border_id%5D=6735&metadata%5Btier%5D=gold"

// post returns a POST of the customer form with a fresh idempotency key.
func post(host, path string, connection, n int, run int64) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer sk_test_123456789\r\nUser-Agent: bench\r\nStripe-Version: 2024-06-20\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nIdempotency-Key: k-%d-%d-%d\r\nContent-Length: %d\r\n\r\n%s", path, host, run, connection, n, len(customerForm), customerForm)
}

func get(host, path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer sk_test_123456789\r\nUser-Agent: bench\r\nStripe-Version: 2024-06-20\r\n\r\n", path, host)
}
