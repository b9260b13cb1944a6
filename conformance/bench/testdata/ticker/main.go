// Ticker is a plugin of the benchmarks: timers that update a row and record an
// event each.
package main

import (
	"strconv"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var ticker = sdk.New(sdk.Manifest{
	Name: "ticker", Vendor: "Ticker", Line: "v1", Build: 1, Summary: "timers for benchmarks",
	API:   sdk.API{Default: "v1"},
	Hosts: []sdk.Host{{ID: "api", Name: "api.ticker.example"}},
})

var (
	rows   = ticker.Collect(&sdk.Collection{Type: "row", Entity: "rows", Prefix: "row_", Random: 16})
	events = ticker.Collect(&sdk.Collection{Type: "event", Entity: "events", Prefix: "evt_", Random: 24})
)

func init() {
	ticker.OnError = func(c *sdk.Call, err error) {
		c.SetStatus(400)
		_ = c.Send(err.Error())
	}
	ticker.Handle("POST /timers", "SetTimers", sdk.Modelled, func(c *sdk.Call) error {
		p, err := c.Params()
		if err != nil {
			return err
		}
		from, count := p.Get("from").Int64(), p.Get("count").Int64()
		for i := range count {
			d := c.NewObject()
			id := "row_" + strconv.FormatInt(from+i, 10)
			d.SetString("id", id)
			d.SetString("object", "row")
			d.SetInt("ticks", 0)
			d.SetString("text", "what a small object of a vendor holds beside its id, in about as many bytes as one has")
			if err := rows.Insert(c, d); err != nil {
				return err
			}
			c.SetTimer("tick", id, c.Now().Add(time.Duration(from+i+1)*time.Second), "")
		}
		c.SetHeader("Content-Type", "application/json")
		return c.Send(`{"ok":true}`)
	})
	ticker.OnTimer("tick", func(c *sdk.Call, _ string) error {
		d, ok := rows.Get(c, c.Name)
		if !ok {
			return nil
		}
		d.SetInt("ticks", d.Get("ticks").Int64()+1)
		e := c.NewObject()
		e.SetString("id", events.NewID(c))
		e.SetString("type", "row.ticked")
		e.SetInt("created", c.Unix())
		rows.Update(c, d)
		e.SetDoc("data", d)
		return events.Insert(c, e)
	})
	ticker.Serve()
}

func main() { sdk.Main() }
