package judge

// tokens is what a question took. cached and written are parts of input.
type tokens struct {
	input   int64
	cached  int64 // read from the vendor's cache of prompts
	written int64 // into it
	output  int64 // with what was thought
}

// price is USD per million tokens, of questions with upTo tokens of input at most.
type price struct {
	input, cached, written, output float64
	upTo                           int64
}

// prices are the vendors' standard ones, read 2026-11-28 at
// platform.claude.com/docs/en/models/{fable-5-1,opus-5-5,sonnet-5-5,haiku-5-5}/overview,
// (fable-5-2: the comparison of models/sonnet-5/overview), without cache, which is only
// written there if it is asked for; and at
// developers.openai.com/api/docs/models/{gpt-6.1-terra,gpt-6-luna}. Other models have no
// price here.
var prices = map[string]price{
	"claude-fable-5-2":  {input: 8, cached: 8, written: 8, output: 40, upTo: 1_000_000},
	"claude-fable-5-1":  {input: 10, cached: 10, written: 10, output: 50, upTo: 1_000_000},
	"claude-opus-5-5":   {input: 4, cached: 4, written: 4, output: 20, upTo: 1_000_000},
	"claude-sonnet-5-5": {input: 2, cached: 2, written: 2, output: 10, upTo: 1_000_000},
	"claude-haiku-5-5":  {input: 0.10, cached: 0.10, written: 0.10, output: 0.50, upTo: 100_000},
	"gpt-6.1-terra":     {input: 1, cached: 0.05, written: 1.25, output: 5, upTo: 272_000},
	"gpt-6-luna":        {input: 0.10, cached: 0.01, written: 0.125, output: 0.50, upTo: 272_000},
}

// price is what a question cost in USD, if that is known: the provider itself was asked,
// and its price list is here.
func (c Config) price(t tokens) (usd float64, ok bool) {
	p, ok := prices[c.Model]
	if !ok || !c.own() || t.input > p.upTo {
		return 0, false
	}
	plain := t.input - t.cached - t.written
	return (float64(plain)*p.input + float64(t.cached)*p.cached + float64(t.written)*p.written + float64(t.output)*p.output) / 1e6, true
}
