package mirratest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mirrahq/mirra/host"
)

// An Option changes the session that Start makes.
type Option func(*options) error

type options struct {
	request  host.NewSession
	forwards map[string][]string
	patience time.Duration
	server   func() (host.Control, error)
	attach   bool
}

// Seed loads a mirror's fixtures by name, in order: Seed("stripe",
// "subscription-lifecycle").
func Seed(mirror string, fixtures ...string) Option {
	return func(o *options) error {
		s := o.request.Seeds[mirror]
		s.Fixtures = append(s.Fixtures, fixtures...)
		return o.seed(mirror, s)
	}
}

// SeedFile loads a mirror's state from a JSON file, {"customers": [{…}, …]}, as `mirra
// state MIRROR --json` prints it. A path is from the folder of the test's package.
func SeedFile(mirror, path string) Option {
	return func(o *options) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("seed file: %w", err)
		}
		var document map[string]json.RawMessage
		if err := json.Unmarshal(text, &document); err != nil {
			return fmt.Errorf("seed file %s: %w; want an object of entities, as `mirra state %s --json` prints it", path, err, mirror)
		}
		s := o.request.Seeds[mirror]
		s.State = text
		return o.seed(mirror, s)
	}
}

func (o *options) seed(mirror string, s host.Seed) error {
	if len(s.Fixtures) > 0 && s.State != nil {
		return fmt.Errorf("%s has both fixtures and a state: a seed is one of them", mirror)
	}
	if o.request.Seeds == nil {
		o.request.Seeds = map[string]host.Seed{}
	}
	o.request.Seeds[mirror] = s
	return nil
}

// Forward sends every webhook of a mirror to a URL, without an endpoint registered
// there. It may be given several times.
func Forward(mirror, url string) Option {
	return func(o *options) error {
		if o.forwards == nil {
			o.forwards = map[string][]string{}
		}
		o.forwards[mirror] = append(o.forwards[mirror], url)
		return nil
	}
}

// Secret makes webhooks be signed with a secret that the application has, by the name of
// its variable: Secret("STRIPE_WEBHOOK_SECRET", "whsec_…"). Else it is made, and in Env.
func Secret(variable, value string) Option {
	return func(o *options) error {
		if o.request.Secrets == nil {
			o.request.Secrets = map[string]host.KnownSecret{}
		}
		o.request.Secrets[variable] = host.KnownSecret{Value: value, From: "the test"}
		return nil
	}
}

// Limits sets the rate limits: "vendor", "test", or "off", which is the default.
func Limits(mode string) Option {
	return func(o *options) error { o.request.Limits = mode; return nil }
}

// Egress lets Client reach hosts that no mirror answers, which it refuses otherwise.
func Egress() Option {
	return func(o *options) error { o.request.NoEgress = false; return nil }
}

// At is the session's time at its start; it goes on from there.
func At(t time.Time) Option {
	return func(o *options) error { o.request.Clock = &t; return nil }
}

// Repeatable makes ids and secrets the same in each run with the same value.
func Repeatable(seedValue int64) Option {
	return func(o *options) error { o.request.SeedValue = &seedValue; return nil }
}

// Patience is how long WaitForWebhook waits in real time, ten seconds otherwise.
func Patience(d time.Duration) Option {
	return func(o *options) error {
		if d <= 0 {
			return errors.New("patience has to be longer than nothing")
		}
		o.patience = d
		return nil
	}
}

// Attach takes the session that MIRRA_SESSION names, as `mirra exec` sets it, and leaves
// it when the test ends. All tests that attach share it, and no other option is for it
// but Patience. Without MIRRA_SESSION there is a session of the test's own.
func Attach() Option {
	return func(o *options) error { o.attach = true; return nil }
}

// On puts the session on a server of the caller's; open may be called several times at
// once. Package inprocess has one.
func On(open func() (host.Control, error)) Option {
	return func(o *options) error { o.server = open; return nil }
}
