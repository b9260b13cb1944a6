package main

import (
	"github.com/mirrahq/mirra/sdk"
)

// warmup runs once before the image of the plugin is taken, so that what every
// call needs is there already.
func warmup(c *sdk.Call) {
	d := customerTemplate.New(c.Arena)
	_ = d.JSON()
	_ = nearest("emial", tables.Operations[0].Fields.List(), 0)
}
