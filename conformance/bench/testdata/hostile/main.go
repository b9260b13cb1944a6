// Hostile is a plugin of the benchmarks that misbehaves on request.
package main

import (
	"github.com/mirrahq/mirra/sdk"
)

var hostile = sdk.New(sdk.Manifest{
	Name: "hostile", Vendor: "Hostile", Line: "v1", Build: 1, Summary: "misbehaves on request",
	API:    sdk.API{Default: "v1"},
	Hosts:  []sdk.Host{{ID: "api", Name: "api.hostile.example"}},
	Errors: []sdk.ErrorSpec{{Name: "internal", Status: 500, Body: `{"error":"{message}"}`}},
})

// sink keeps the compiler from leaving work out.
var sink any

var endless = sdk.Define(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n`)

func recurse(n int) int {
	var frame [64]int
	frame[n&63] = n
	return recurse(n+1) + frame[(n*7)&63]
}

func init() {
	hostile.OnError = func(c *sdk.Call, err error) {
		c.SetStatus(400)
		_ = c.Send(err.Error())
	}
	offence := func(name string, do func(c *sdk.Call)) {
		hostile.Handle("GET /"+name, name, sdk.Modelled, func(c *sdk.Call) error {
			do(c)
			return c.Send("got away with it")
		})
	}
	offence("loop", func(*sdk.Call) {
		for x := uint32(1); ; x = x*1664525 + 1013904223 {
			if x == 0 {
				sink = x
			}
		}
	})
	offence("recurse", func(*sdk.Call) { sink = recurse(0) })
	offence("fill", func(*sdk.Call) {
		b := make([]byte, 4<<20)
		for {
			clear(b)
		}
	})
	offence("calls", func(c *sdk.Call) {
		for {
			sink = c.Random(sdk.Objects, 8, sdk.Hex)
		}
	})
	offence("memory", func(*sdk.Call) {
		var hoard [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			hoard = append(hoard, b)
			sink = hoard
		}
	})
	offence("panic", func(*sdk.Call) { panic("on request") })
	offence("pointer", func(*sdk.Call) { wild() })
	offence("output", func(c *sdk.Call) {
		for {
			c.Write("all work and no play makes a plugin write more than anybody reads ")
		}
	})
	offence("sql", func(c *sdk.Call) { sink = endless.MustRun(c.Args()) })
	hostile.Serve()
}

func main() { sdk.Main() }
