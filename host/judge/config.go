package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
)

// Config says which model is asked, and how it is reached.
type Config struct {
	Provider string // anthropic or openai: whose protocol is spoken
	Model    string // as the provider calls it
	BaseURL  string // "" is the provider's own; what OPENAI_BASE_URL and ANTHROPIC_BASE_URL say
	APIKey   string `json:"-"` // may be "" for a server that asks for none
	// CacheDir is the folder that answers are kept in; "" keeps none. It is made when
	// it is needed.
	CacheDir string
	// Timeout is how long one question may take, with the provider's own retries; 0 is
	// 60 s.
	Timeout time.Duration
}

// ErrNoKey is in the chain of what FromEnv returns when the environment names nobody to
// ask.
var ErrNoKey = errors.New("no key of a model")

// vendor is one whose protocol is spoken.
type vendor struct {
	provider string
	title    string
	key      string   // variable
	base     string   // variable
	url      string   // where its own API is
	model    string   // the default
	prefixes []string // of its models' names
	client   func(Config) client
}

// The defaults are the vendors' models between the fastest and the largest: see
// platform.claude.com/docs/en/models/sonnet-5-5/overview and
// developers.openai.com/api/docs/models/gpt-6.1-terra, 2026-11-28. Names are those of the
// SDKs' constants.
var (
	anthropicVendor = &vendor{
		provider: "anthropic", title: "Anthropic", key: "ANTHROPIC_API_KEY", base: "ANTHROPIC_BASE_URL",
		url: "https://api.anthropic.com/", model: anthropicModel, prefixes: []string{"claude-"}, client: newAnthropic,
	}
	openAIVendor = &vendor{
		provider: "openai", title: "OpenAI", key: "OPENAI_API_KEY", base: "OPENAI_BASE_URL",
		url: "https://api.openai.com/v1/", model: openAIModel, prefixes: []string{"gpt-", "chatgpt-", "o1", "o3", "o4", "ft:"}, client: newOpenAI,
	}
	// vendors are in the order in which keys count.
	vendors = []*vendor{anthropicVendor, openAIVendor}
)

// FromEnv finds out whom to ask, from variables and the model that a scenario or a user
// names, "" for the default.
//
// "openai/NAME" and "anthropic/NAME" say it outright. Else the model's name tells
// (claude-…, gpt-…). Else the key that there is; with both, Anthropic's, unless
// OPENAI_BASE_URL names a server and model one of its models. That server need not have a
// key, and must be told a model. A nil error means that New takes the result. Each error
// is an *host.Error; ErrNoKey is in its chain when a key is missing.
func FromEnv(getenv func(string) string, model string) (Config, error) {
	env := func(name string) string { return strings.TrimSpace(getenv(name)) }
	reaches := func(v *vendor) bool { return env(v.key) != "" || v == openAIVendor && env(v.base) != "" }
	model = strings.TrimSpace(model)

	var v *vendor
	for _, each := range vendors {
		if name, ok := strings.CutPrefix(model, each.provider+"/"); ok {
			v, model = each, name
		}
	}
	if v == nil {
		v = byName(model)
		// A gateway of OpenAI's protocol serves models of others too.
		if v != nil && !reaches(v) && env(openAIVendor.base) != "" {
			v = openAIVendor
		}
	}
	switch {
	case v != nil:
	case model != "" && env(openAIVendor.base) != "":
		v = openAIVendor
	default:
		for _, each := range vendors {
			if v == nil && reaches(each) {
				v = each
			}
		}
	}
	if v == nil {
		return Config{}, noKey("there is no model to ask", "set ANTHROPIC_API_KEY or OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server")
	}
	if !reaches(v) {
		return Config{}, noKey(fmt.Sprintf("judge-model %q is %s's, and %s is not set", model, v.title, v.key), "set "+v.key+", or name a model of a vendor whose key is set")
	}
	c := Config{Provider: v.provider, Model: model, BaseURL: env(v.base), APIKey: env(v.key)}
	if c.Model == "" {
		if v == openAIVendor && c.BaseURL != "" && !c.own() {
			return Config{}, invalid("OPENAI_BASE_URL names a server of its own, and no model is named", "name one that it has: judge-model")
		}
		c.Model = v.model
	}
	if _, _, err := c.complete(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func byName(model string) *vendor {
	for _, v := range vendors {
		if slices.ContainsFunc(v.prefixes, func(p string) bool { return strings.HasPrefix(model, p) }) {
			return v
		}
	}
	return nil
}

func noKey(message, hint string) error {
	return &host.Error{Kind: host.KindUnavailable, Code: "mirra.judge.no_key", Message: message, Hint: hint, Err: ErrNoKey}
}

func invalid(message, hint string) error {
	return &host.Error{Kind: host.KindInvalid, Code: "mirra.judge.invalid", Message: message, Hint: hint}
}

// complete checks a configuration and fills in what it leaves to the defaults.
func (c Config) complete() (Config, *vendor, error) {
	var faults *multierror.Error
	var v *vendor
	for _, each := range vendors {
		if each.provider == c.Provider {
			v = each
		}
	}
	if v == nil {
		return c, nil, invalid(fmt.Sprintf("unknown provider %q of models", c.Provider), "want anthropic or openai")
	}
	if c.Model == "" || oneLine(c.Model, 200) != c.Model || strings.Contains(c.Model, " ") {
		faults = multierror.Append(faults, fmt.Errorf("%q is no name of a model", oneLine(c.Model, 200)))
	}
	if c.BaseURL == "" {
		c.BaseURL = v.url
	}
	// The fault of url.Parse repeats what it read, which may have a password in it.
	if u, err := url.Parse(c.BaseURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		faults = multierror.Append(faults, fmt.Errorf("%s is no address of an API; want https://HOST/PATH", v.base))
	} else if !strings.HasSuffix(c.BaseURL, "/") {
		c.BaseURL += "/"
	}
	if oneLine(c.APIKey, len(c.APIKey)) != c.APIKey {
		faults = multierror.Append(faults, fmt.Errorf("%s holds characters that no key has", v.key))
	}
	if c.Timeout < 0 {
		faults = multierror.Append(faults, fmt.Errorf("time-out %s is negative", c.Timeout))
	} else if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if err := faults.ErrorOrNil(); err != nil {
		return c, nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.judge.invalid", Message: "no model can be asked", Err: err}
	}
	return c, v, nil
}

// String names the model and who is asked, without the key.
func (c Config) String() string {
	if u, err := url.Parse(c.BaseURL); err == nil && u.Host != "" && !c.own() {
		return c.Model + " at " + u.Scheme + "://" + u.Host
	}
	for _, v := range vendors {
		if v.provider == c.Provider {
			return c.Model + " of " + v.title
		}
	}
	return c.Model
}

// own tells whether the provider itself is asked, and not a server that speaks as it
// does.
func (c Config) own() bool {
	for _, v := range vendors {
		if v.provider == c.Provider {
			return c.BaseURL == "" || strings.TrimSuffix(c.BaseURL, "/") == strings.TrimSuffix(v.url, "/")
		}
	}
	return false
}

// clean makes a vendor's words fit to be shown: one line, without the key.
func (c Config) clean(s string) string {
	if c.APIKey != "" {
		s = strings.ReplaceAll(s, c.APIKey, "[key]")
	}
	return oneLine(s, 300)
}

// key is what an answer is kept under: all that it depends on.
func (c Config) key(p prompt) string {
	// Of strings, this cannot fail.
	b, _ := json.Marshal([]string{c.Provider, c.BaseURL, c.Model, promptVersion, p.system, p.user})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
