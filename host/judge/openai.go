package judge

import (
	"context"
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

const openAIModel = shared.ChatModelGPT6_1Terra

// openAIClient speaks Chat Completions, which other vendors' servers speak too.
type openAIClient struct {
	config Config
	chat   openai.ChatCompletionService
}

// newOpenAI makes the service alone: the SDK's client would read keys, addresses and
// headers from the environment by itself.
func newOpenAI(c Config) client {
	options := []option.RequestOption{
		option.WithBaseURL(c.BaseURL), option.WithHTTPClient(httpClient()), option.WithMaxRetries(maxRetries),
	}
	if c.APIKey != "" {
		options = append(options, option.WithAPIKey(c.APIKey))
	}
	return &openAIClient{c, openai.NewChatCompletionService(options...)}
}

func (o *openAIClient) ask(ctx context.Context, q question) (reply, error) {
	params := openai.ChatCompletionNewParams{
		Model:    o.config.Model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage(q.system), openai.UserMessage(q.user)},
	}
	if o.config.own() {
		params.MaxCompletionTokens = openai.Int(answerTokens)
		params.Store = openai.Bool(false)
	} else {
		// OpenAI deprecated it; it is what other servers know.
		params.MaxTokens = openai.Int(answerTokens)
	}
	if !q.plain {
		params.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "verdict", Strict: openai.Bool(true), Schema: schema},
		}
	}
	m, err := o.chat.New(ctx, params)
	if refused, ok := errors.AsType[*openai.Error](err); ok {
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
		input:  u.PromptTokens,
		cached: u.PromptTokensDetails.CachedTokens, written: u.PromptTokensDetails.CacheWriteTokens,
		output: u.CompletionTokens,
	}}
	if len(m.Choices) == 0 {
		return r, nil
	}
	choice := m.Choices[0]
	r.text = choice.Message.Content
	switch {
	case choice.Message.Refusal != "" || choice.FinishReason == "content_filter":
		r.stop, r.refusal = stopRefused, choice.Message.Refusal
	case choice.FinishReason == "length":
		r.stop = stopCut
	}
	return r, nil
}
