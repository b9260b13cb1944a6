package judge

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// testKey is one that no vendor issued, and long enough to be masked.
const testKey = "sk-test-0123456789abcdef"

// fakeVendor speaks the Messages API and Chat Completions over real HTTP. It refuses
// requests that the vendors' references do not allow, and answers by a script.
type fakeVendor struct {
	*httptest.Server
	tb    testing.TB
	key   string   // that it accepts; "" accepts requests without one only
	steps []answer // for one request each; the last for all further ones

	mu       sync.Mutex
	requests []received
}

// answer is what the fake answers. The zero value is a message without content.
type answer struct {
	text    string
	stop    string // as Anthropic calls it: end_turn (the default), max_tokens, refusal
	status  int    // of an error; 0 is a message
	message string // of the error
	headers map[string]string
	wait    bool // until the client is gone
}

// received is a request that was sound.
type received struct {
	model, system, user string
	structured          bool
	maxTokens           string // the member that bounds the answer
}

func newVendor(tb testing.TB, steps ...answer) *fakeVendor {
	tb.Helper()
	v := &fakeVendor{tb: tb, key: testKey, steps: steps}
	v.Server = httptest.NewServer(v)
	tb.Cleanup(v.Close)
	return v
}

// config is for asking the fake by the protocol of a provider.
func (v *fakeVendor) config(provider string) Config {
	c := Config{Provider: provider, Model: "model-1", BaseURL: v.URL, APIKey: testKey}
	if provider == "openai" {
		c.BaseURL += "/v1"
	}
	return c
}

func (v *fakeVendor) received() []received {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.requests
}

func (v *fakeVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	anthropic := r.URL.Path == "/v1/messages"
	refuse := func(status int, message string) {
		quoted, err := json.Marshal(message)
		if err != nil {
			v.tb.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		// platform.claude.com/docs/en/api/errors and
		// developers.openai.com/api/docs/guides/error-codes, 2026-11-28.
		if anthropic {
			fmt.Fprintf(w, `{"type":"error","error":{"type":"invalid_request_error","message":%s},"request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"}`, quoted)
		} else {
			fmt.Fprintf(w, `{"error":{"message":%s,"type":"invalid_request_error","param":null,"code":null}}`, quoted)
		}
	}
	var got received
	var fault string
	switch {
	case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json":
		fault = r.Method + " with a body of " + r.Header.Get("Content-Type")
	case anthropic:
		got, fault = messages(r, body)
	case r.URL.Path == "/v1/chat/completions":
		got, fault = chatCompletions(body)
	default:
		fault = "there is no " + r.URL.Path
	}
	if fault != "" {
		v.tb.Errorf("request: %s", fault)
		refuse(http.StatusBadRequest, fault)
		return
	}
	want := ""
	if v.key != "" {
		want = "Bearer " + v.key
	}
	if r.Header.Get("Authorization") != want {
		// OpenAI's own words, which repeat parts of the key.
		refuse(http.StatusUnauthorized, "Incorrect API key provided: "+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+". You can find your API key at https://platform.openai.com/account/api-keys.")
		return
	}
	v.mu.Lock()
	step := v.steps[min(len(v.requests), len(v.steps)-1)]
	v.requests = append(v.requests, got)
	v.mu.Unlock()

	if step.wait {
		<-r.Context().Done()
		return
	}
	for name, value := range step.headers {
		w.Header().Set(name, value)
	}
	if step.status != 0 {
		refuse(step.status, step.message)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	text, err := json.Marshal(step.text)
	if err != nil {
		v.tb.Error(err)
	}
	if anthropic {
		content := fmt.Sprintf(`[{"type":"thinking","thinking":"","signature":"EqQB"},{"type":"text","text":%s,"citations":null}]`, text)
		stop, details := step.stop, "null"
		switch {
		case step.text == "":
			content = "[]"
		case stop == "refusal":
			content, details = "[]", fmt.Sprintf(`{"type":"refusal","category":null,"explanation":%s}`, text)
		}
		if stop == "" {
			stop = "end_turn"
		}
		fmt.Fprintf(w, `{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":%q,"content":%s,"stop_reason":%q,"stop_sequence":null,"stop_details":%s,"usage":{"input_tokens":1000,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":50}}`, got.model, content, stop, details)
		return
	}
	finish := map[string]string{"": "stop", "end_turn": "stop", "max_tokens": "length", "refusal": "stop"}[step.stop]
	content, refusal := string(text), "null"
	if step.stop == "refusal" {
		content, refusal = "null", content
	}
	choices := fmt.Sprintf(`[{"index":0,"message":{"role":"assistant","content":%s,"refusal":%s,"annotations":[]},"logprobs":null,"finish_reason":%q}]`, content, refusal, finish)
	if step.text == "" {
		choices = "[]"
	}
	fmt.Fprintf(w, `{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion","created":1741569952,"model":%q,"choices":%s,"usage":{"prompt_tokens":1000,"completion_tokens":50,"total_tokens":1050,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},"service_tier":"default"}`, got.model, choices)
}

// strict reads JSON that has no members but those that the fake knows.
func strict(body []byte, into any) string {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err.Error()
	}
	return ""
}

// wantedSchema is what a schema must have for both vendors' strict forms: every member
// required, no others.
func wantedSchema(raw json.RawMessage) string {
	var s struct {
		Type       string `json:"type"`
		Properties map[string]struct {
			Type string   `json:"type"`
			Enum []string `json:"enum"`
		} `json:"properties"`
		Required   []string `json:"required"`
		Additional *bool    `json:"additionalProperties"`
	}
	if fault := strict(raw, &s); fault != "" {
		return "schema: " + fault
	}
	if s.Type != "object" || s.Additional == nil || *s.Additional || len(s.Required) != len(s.Properties) {
		return "schema: not strict"
	}
	if fmt.Sprint(s.Properties["result"].Enum) != "[pass fail]" || s.Properties["explanation"].Type != "string" {
		return "schema: not that of a verdict"
	}
	return ""
}

// messages checks a request by platform.claude.com/docs/en/api/messages, 2026-11-28.
func messages(r *http.Request, body []byte) (received, string) {
	type block struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	var m struct {
		Model     string  `json:"model"`
		MaxTokens int64   `json:"max_tokens"`
		System    []block `json:"system"`
		Messages  []struct {
			Role    string  `json:"role"`
			Content []block `json:"content"`
		} `json:"messages"`
		OutputConfig *struct {
			Format struct {
				Type   string          `json:"type"`
				Schema json.RawMessage `json:"schema"`
			} `json:"format"`
		} `json:"output_config"`
	}
	if fault := strict(body, &m); fault != "" {
		return received{}, fault
	}
	if v := r.Header.Get("Anthropic-Version"); v != "2026-10-21" && v != "2023-06-01" {
		return received{}, "anthropic-version " + v
	}
	if m.Model == "" || m.MaxTokens <= 0 || len(m.System) != 1 || len(m.Messages) != 1 || m.Messages[0].Role != "user" || len(m.Messages[0].Content) != 1 {
		return received{}, "model, max_tokens, system or messages"
	}
	got := received{model: m.Model, system: m.System[0].Text, user: m.Messages[0].Content[0].Text, structured: m.OutputConfig != nil, maxTokens: "max_tokens"}
	if m.System[0].Type != "text" || m.Messages[0].Content[0].Type != "text" || got.system == "" || got.user == "" {
		return received{}, "a block that is no text, or empty"
	}
	if got.structured {
		if m.OutputConfig.Format.Type != "json_schema" {
			return received{}, "output_config.format"
		}
		return got, wantedSchema(m.OutputConfig.Format.Schema)
	}
	return got, ""
}

// chatCompletions checks a request by
// developers.openai.com/api/reference/resources/chat, 2026-11-28.
func chatCompletions(body []byte) (received, string) {
	var m struct {
		Model               string `json:"model"`
		MaxTokens           int64  `json:"max_tokens"`
		MaxCompletionTokens int64  `json:"max_completion_tokens"`
		Store               *bool  `json:"store"`
		Messages            []struct {
			Role    string `json:"role"`
			Content string `json:"content"`
		} `json:"messages"`
		ResponseFormat *struct {
			Type       string `json:"type"`
			JSONSchema struct {
				Name   string          `json:"name"`
				Strict bool            `json:"strict"`
				Schema json.RawMessage `json:"schema"`
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	if fault := strict(body, &m); fault != "" {
		return received{}, fault
	}
	if m.Model == "" || len(m.Messages) != 2 || m.Messages[0].Role != "system" || m.Messages[1].Role != "user" || m.Messages[0].Content == "" || m.Messages[1].Content == "" {
		return received{}, "model or messages"
	}
	got := received{model: m.Model, system: m.Messages[0].Content, user: m.Messages[1].Content, structured: m.ResponseFormat != nil}
	switch {
	case m.MaxTokens > 0 && m.MaxCompletionTokens == 0:
		got.maxTokens = "max_tokens"
	case m.MaxCompletionTokens > 0 && m.MaxTokens == 0:
		got.maxTokens = "max_completion_tokens"
	default:
		return received{}, "max_tokens and max_completion_tokens"
	}
	if f := m.ResponseFormat; f != nil {
		if f.Type != "json_schema" || f.JSONSchema.Name == "" || !f.JSONSchema.Strict {
			return received{}, "response_format"
		}
		return got, wantedSchema(f.JSONSchema.Schema)
	}
	return got, ""
}
