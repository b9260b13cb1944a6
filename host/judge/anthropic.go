package judge

import (
	"context"
	"errors"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
)

const anthropicModel = string(anthropic.ModelClaudeSonnet5_5)

// anthropicClient speaks the Messages API.
type anthropicClient struct {
	model    string
	messages anthropic.MessageService
}

// newAnthropic makes the service alone: the SDK's client would read keys, addresses and
// headers from the environment by itself.
func newAnthropic(c Config) client {
	return &anthropicClient{c.Model, anthropic.NewMessageService(
		option.WithBaseURL(c.BaseURL), option.WithAPIKey(c.APIKey),
		option.WithHTTPClient(httpClient()), option.WithMaxRetries(maxRetries),
	)}
}

// ask asks for structured output, because models from Claude Sonnet 5.5 on refuse forced
// tools: platform.claude.com/docs/en/build-with-claude/structured-outputs and
// .../models/sonnet-5-5/overview, 2026-11-28.
func (a *anthropicClient) ask(ctx context.Context, q question) (reply, error) {
	params := anthropic.MessageNewParams{
		Model:     a.model,
		MaxTokens: answerTokens,
		System:    []anthropic.TextBlockParam{{Text: q.system}},
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(q.user))},
	}
	if !q.plain {
		params.OutputConfig = anthropic.OutputConfigParam{Format: anthropic.JSONOutputFormatParam{Schema: schema}}
	}
	m, err := a.messages.New(ctx, params)
	if refused, ok := errors.AsType[*anthropic.Error](err); ok {
		if refused.Message == "" {
			return reply{}, &apiError{refused.StatusCode, refused.RawJSON()}
		}
		return reply{}, &apiError{refused.StatusCode, refused.Message}
	}
	if err != nil {
		return reply{}, lost(ctx, err)
	}
	u := m.Usage
	r := reply{tokens: tokens{
		input:  u.InputTokens + u.CacheReadInputTokens + u.CacheCreationInputTokens,
		cached: u.CacheReadInputTokens, written: u.CacheCreationInputTokens,
		output: u.OutputTokens,
	}}
	var text strings.Builder
	for _, block := range m.Content {
		if block.Type == "text" {
			text.WriteString(block.Text)
		}
	}
	r.text = text.String()
	switch m.StopReason {
	case anthropic.StopReasonMaxTokens, anthropic.StopReasonModelContextWindowExceeded:
		r.stop = stopCut
	case anthropic.StopReasonRefusal:
		r.stop, r.refusal = stopRefused, m.StopDetails.Explanation
	}
	return r, nil
}
