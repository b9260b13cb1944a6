package install

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/lock"
)

// Fields of a Difference.
const (
	FieldPlugin     = "plugin" // the plugin as a whole is missing
	FieldName       = "name"
	FieldVersion    = "version"
	FieldSource     = "source"
	FieldDigest     = "digest"
	FieldABI        = "abi"
	FieldCapability = "capability"
	FieldHost       = "host"
)

// Difference is one thing in which the lock and a plugin do not agree. Locked
// is empty for what the lock does not list, Found for what is not there.
type Difference struct {
	Plugin        registry.Name
	Field         string
	Locked, Found string
}

// Error returns "stripe: capability added: mirra_blob_v1" and the like.
func (d Difference) Error() string {
	switch {
	case d.Field == FieldPlugin && d.Locked == "":
		return fmt.Sprintf("%s: not in the lock", d.Plugin)
	case d.Field == FieldPlugin:
		return fmt.Sprintf("%s: %s is not to be found: %s", d.Plugin, d.Locked, d.Found)
	case d.Locked == "":
		return fmt.Sprintf("%s: %s added: %s", d.Plugin, d.Field, d.Found)
	case d.Found == "":
		return fmt.Sprintf("%s: %s removed: %s", d.Plugin, d.Field, d.Locked)
	}
	return fmt.Sprintf("%s: %s changed: %s -> %s", d.Plugin, d.Field, d.Locked, d.Found)
}

// Compare returns all differences of what was found from what is locked.
func Compare(locked, found lock.Entry) []Difference {
	var out []Difference
	one := func(field, a, b string) {
		if a != b {
			out = append(out, Difference{locked.Name, field, cmp.Or(a, "-"), cmp.Or(b, "-")})
		}
	}
	one(FieldName, string(locked.Name), string(found.Name))
	one(FieldVersion, locked.Version.String(), found.Version.String())
	one(FieldSource, locked.Source, found.Source)
	one(FieldDigest, string(locked.Digest), string(found.Digest))
	one(FieldABI, fmt.Sprint(locked.ABI), fmt.Sprint(found.ABI))
	many := func(field string, a, b []string) {
		for _, s := range b {
			if !slices.Contains(a, s) {
				out = append(out, Difference{locked.Name, field, "", s})
			}
		}
		for _, s := range a {
			if !slices.Contains(b, s) {
				out = append(out, Difference{locked.Name, field, s, ""})
			}
		}
	}
	many(FieldCapability, locked.Capabilities, found.Capabilities)
	many(FieldHost, locked.Hosts, found.Hosts)
	return out
}
