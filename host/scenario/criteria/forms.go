package criteria

import (
	"slices"
	"strings"
)

// forms are examples of what binds; NOUN, EVENT and MIRROR stand for what the
// criterion names, or for what there is.
var forms = []struct{ example, words string }{
	{"exactly one NOUN was created", "created made placed added exactly once new"},
	{"no NOUN was deleted", "deleted removed no"},
	{"a NOUN with `FIELD` = `VALUE` exists", "exists exist there with status"},
	{"the NOUN's `FIELD` is `VALUE`", "'s is are field equals has have was should status"},
	{"the webhook `EVENT` was received", "webhook webhooks event events received arrived delivered sent"},
	{"every webhook was answered with 2xx", "webhook webhooks answered acknowledged every all"},
	{"the webhooks `EVENT` and `EVENT` were received in order", "order before after"},
	{"the webhook signature was verified", "signature signatures verified signed"},
	{"`METHOD /path` was called at most once", "called endpoint post get put patch delete api operation"},
	{"no request to MIRROR failed", "request requests call calls failed errors error"},
	{"retries to MIRROR backed off", "retries retry retried backoff back-off backed backs off"},
	{"the application shows `PATH` = `VALUE`", "application app shows displays page user sees"},
}

// likelyForms returns the forms that share most with the criterion.
func (p *parser) likelyForms() []string {
	noun, event, mirror := "", "", ""
	score := func(words string) (n int) {
		list := strings.Fields(words)
		for _, t := range p.words {
			if slices.Contains(list, t.text) {
				n++
			}
		}
		return n
	}
	at := p.pos
	for p.pos = range p.words {
		if text, ok := p.run(1); ok {
			if p.v.longestFrom(text) > 0 {
				if noun == "" && len(p.v.nouns[normal(strings.Fields(spaced(text)))]) > 0 {
					noun = text
				}
				if two, ok := p.run(2); ok && len(p.v.nouns[normal(strings.Fields(spaced(two)))]) > 0 {
					noun = two
				}
			}
			if _, ok := p.v.events[text]; ok {
				event = text
			}
			if m := p.v.words[text]; m != "" {
				mirror = m
			}
		}
	}
	p.pos = at
	if noun == "" && len(p.v.mirrors) == 0 {
		noun = "NOUN"
	}
	best := []int{}
	for i := range forms {
		best = append(best, i)
	}
	slices.SortStableFunc(best, func(a, b int) int { return score(forms[b].words) - score(forms[a].words) })
	replace := []string{}
	for from, to := range map[string]string{"NOUN": normal(strings.Fields(noun)), "EVENT": event, "MIRROR": mirror} {
		if to != "" {
			replace = append(replace, from, to)
		}
	}
	r := strings.NewReplacer(replace...)
	var out []string
	for _, i := range best[:2] {
		if score(forms[i].words) == 0 && len(out) > 0 {
			break
		}
		out = append(out, `"`+r.Replace(forms[i].example)+`"`)
	}
	return out
}
