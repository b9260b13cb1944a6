package sqlite

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkConnectionMemory reports what an open connection that did some work
// keeps: Go heap, and resident memory where the system tells.
func BenchmarkConnectionMemory(b *testing.B) {
	s := mustStores(b)
	st := mustEphemeral(b, s)
	fill(b, st, 20)
	const n = 50
	for b.Loop() {
		var all []*conn
		before, rss := heap(), resident()
		for range n {
			c, err := openPages(&pageFile{base: st.back.(*memory).state})
			if err != nil {
				b.Fatal(err)
			}
			c.prog, c.guard.own = st.prog, st.prog.own
			for _, sql := range []uint32{getObject, listObjects, putObject, putEvent} {
				q, err := c.statement(int(sql))
				if err != nil {
					b.Fatal(err)
				}
				q.Step()
				_ = q.Reset() // a constraint failed
			}
			all = append(all, c)
		}
		b.ReportMetric(float64(heap()-before)/n, "heap-bytes/conn")
		b.ReportMetric(float64(resident()-rss)/n, "resident-bytes/conn")
		for _, c := range all {
			if err := c.close(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// resident is the resident size of the process, 0 where /proc is not Linux's.
func resident() int64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
