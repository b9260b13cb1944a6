package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// since is the day from which answers have a member as it is now; before that it
// was something else, in JSON, or not there.
type since struct{ day, member, before string }

// asOfDay shows a document as the vendor did on the session's day: what its members
// were, and the order in which they stood.
func asOfDay(c *sdk.Call, d sdk.Doc, members []since, order string) {
	if c.Now().Year() >= settled {
		return
	}
	today := sdk.ISOSeconds(c.Now())[:len(time.DateOnly)]
	for _, m := range members {
		if today >= m.day {
			continue
		}
		in, name := d, m.member
		if up, below, nested := strings.Cut(name, "."); nested {
			in, name = d.Get(up), below
		}
		if m.before == "" {
			in.Delete(name)
		} else {
			in.SetJSON(name, m.before)
		}
	}
	if today >= reordered {
		return
	}
	for name := range strings.FieldsSeq(order) {
		if m := d.Get(name); m.Exists() {
			v := m.Clone(c.Arena)
			d.Delete(name)
			d.SetDoc(name, v)
		}
	}
}
