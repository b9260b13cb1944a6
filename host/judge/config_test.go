package judge

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

func TestFromEnv(t *testing.T) {
	t.Parallel()
	const (
		anthropic = "ANTHROPIC_API_KEY=a"
		openai    = "OPENAI_API_KEY=o"
		server    = "OPENAI_BASE_URL=http://localhost:11434/v1"
	)
	for _, test := range []struct {
		env, model string
		want       string // provider, model, address, key; or a part of the error
		noKey      bool
	}{
		{anthropic, "", "anthropic claude-sonnet-5-5  a", false},
		{openai, "", "openai gpt-6.1-terra  o", false},
		{anthropic + " " + openai, "", "anthropic claude-sonnet-5-5  a", false},
		{"ANTHROPIC_API_KEY= " + openai, "", "openai gpt-6.1-terra  o", false},
		{anthropic + " " + openai, "gpt-6-luna", "openai gpt-6-luna  o", false},
		{anthropic + " " + openai, "claude-haiku-5-5", "anthropic claude-haiku-5-5  a", false},
		{anthropic + " " + openai, "openai/claude-like", "openai claude-like  o", false},
		{anthropic + " " + openai, "anthropic/", "anthropic claude-sonnet-5-5  a", false},
		{anthropic + " " + openai, "ft:gpt-6-luna:acme", "openai ft:gpt-6-luna:acme  o", false},
		{anthropic + " ANTHROPIC_BASE_URL=https://gateway.example", "", "anthropic claude-sonnet-5-5 https://gateway.example a", false},
		{server, "llama4", "openai llama4 http://localhost:11434/v1 ", false},
		{server, "meta-llama/llama-4", "openai meta-llama/llama-4 http://localhost:11434/v1 ", false},
		{server + " " + anthropic, "llama4", "openai llama4 http://localhost:11434/v1 ", false},
		{server + " " + anthropic, "claude-opus-5-5", "anthropic claude-opus-5-5  a", false},
		{server, "claude-opus-5-5", "openai claude-opus-5-5 http://localhost:11434/v1 ", false},
		{server, "openai/anthropic/claude-opus-5-5", "openai anthropic/claude-opus-5-5 http://localhost:11434/v1 ", false},
		{server + " " + openai, "gpt-6-luna", "openai gpt-6-luna http://localhost:11434/v1 o", false},
		{openai + " OPENAI_BASE_URL=https://api.openai.com/v1", "", "openai gpt-6.1-terra https://api.openai.com/v1 o", false},

		{"", "", "there is no model to ask", true},
		{"", "llama4", "there is no model to ask", true},
		{openai, "claude-opus-5-5", `"claude-opus-5-5" is Anthropic's, and ANTHROPIC_API_KEY is not set`, true},
		{openai, "anthropic/x", "ANTHROPIC_API_KEY is not set", true},
		{anthropic, "gpt-6-luna", "OPENAI_API_KEY is not set", true},
		{"ANTHROPIC_BASE_URL=https://gateway.example", "", "there is no model to ask", true},
		{server, "", "no model is named", false},
		{anthropic, "two words", `"two words" is no name of a model`, false},
		{anthropic + " ANTHROPIC_BASE_URL=gateway.example", "", "ANTHROPIC_BASE_URL is no address of an API", false},
		{"OPENAI_BASE_URL=http://me:hush-hush@:x/ " + openai, "m", "OPENAI_BASE_URL is no address of an API", false},
		{"ANTHROPIC_API_KEY=hush-\x01hush", "", "ANTHROPIC_API_KEY holds characters that no key has", false},
	} {
		env := map[string]string{}
		for _, pair := range strings.Split(test.env, " ") {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		c, err := FromEnv(func(name string) string { return env[name] }, test.model)
		got := fmt.Sprintf("%s %s %s %s", c.Provider, c.Model, c.BaseURL, c.APIKey)
		if err == nil {
			if _, fault := New(c); got != test.want || fault != nil {
				t.Errorf("%q %q: got %q and %v, want %q", test.env, test.model, got, fault, test.want)
			}
			continue
		}
		e, ok := errors.AsType[*host.Error](err)
		if !ok || c != (Config{}) || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrNoKey) != test.noKey || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q %q: got %q and %v (no key: %v), want %q", test.env, test.model, got, err, errors.Is(err, ErrNoKey), test.want)
		} else if test.noKey && e.Hint == "" {
			t.Errorf("%q %q: no hint", test.env, test.model)
		}
	}
}

func TestNewReportsAll(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Provider: "openai", BaseURL: "ftp://x", APIKey: "a\nb", Timeout: -1})
	for _, part := range []string{`"" is no name of a model`, "OPENAI_BASE_URL", "OPENAI_API_KEY", "time-out"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
	if _, err = New(Config{Provider: "opanai", Model: "x"}); err == nil || !strings.Contains(err.Error(), `"opanai"`) {
		t.Errorf("%v does not say the provider", err)
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"claude-x of Anthropic":         {Provider: "anthropic", Model: "claude-x", APIKey: testKey},
		"gpt-x of OpenAI":               {Provider: "openai", Model: "gpt-x", BaseURL: "https://api.openai.com/v1", APIKey: testKey},
		"llama4 at http://localhost:80": {Provider: "openai", Model: "llama4", BaseURL: "http://me:hush@localhost:80/v1", APIKey: testKey},
	} {
		if got := fmt.Sprintf("%v", c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPrice(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		config Config
		tokens tokens
		want   float64 // USD; NaN is unknown
	}{
		{Config{Provider: "anthropic", Model: "claude-sonnet-5-5"}, tokens{input: 100_000, output: 1000}, 0.21},
		{Config{Provider: "openai", Model: "gpt-6.1-terra"}, tokens{input: 100_000, output: 1000}, 0.105},
		// 60,000 at 1, 30,000 at 0.05, 10,000 at 1.25, 1,000 at 5.
		{Config{Provider: "openai", Model: "gpt-6.1-terra"}, tokens{input: 100_000, cached: 30_000, written: 10_000, output: 1000}, 0.079},
		{Config{Provider: "openai", Model: "gpt-6.1-terra", BaseURL: "https://api.openai.com/v1"}, tokens{input: 1_000}, 0.001},
		{Config{Provider: "openai", Model: "gpt-6.1-terra", BaseURL: "https://gateway.example/v1"}, tokens{input: 1_000}, math.NaN()},
		{Config{Provider: "anthropic", Model: "claude-haiku-5-5"}, tokens{input: 100_001}, math.NaN()},
		{Config{Provider: "openai", Model: "llama4"}, tokens{input: 1_000}, math.NaN()},
	} {
		usd, ok := test.config.price(test.tokens)
		if ok == math.IsNaN(test.want) || ok && math.Abs(usd-test.want) > 1e-9 {
			t.Errorf("%v %+v: got %v, %v; want %v", test.config, test.tokens, usd, ok, test.want)
		}
	}
	// What is asked by default has a price, or its cost would never be shown.
	for _, v := range vendors {
		c := Config{Provider: v.provider, Model: v.model}
		if _, ok := c.price(tokens{input: 50_000, output: 1000}); !ok {
			t.Errorf("%v has no price", c)
		}
		j := &Judge{config: c}
		j.spend(tokens{input: 1_000_000 / 20, output: 100})
		j.spend(tokens{input: 1_000_000 / 20, output: 100})
		one, _ := c.price(tokens{input: 1_000_000 / 20, output: 100})
		if u := j.Usage(); u.CostUSD == nil || math.Abs(*u.CostUSD-2*one) > 1e-9 || u.InputTokens != 100_000 {
			t.Errorf("%v: usage %+v, want the sum", c, u)
		}
	}
}
