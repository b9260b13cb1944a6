package drill

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// asking asks an application without the environment's proxies.
var asking = &http.Client{
	Timeout:       10 * time.Second,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 4},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// reply is what an application answers.
type reply struct {
	status int
	body   []byte
}

// post sends an empty object.
func post(ctx context.Context, url string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := asking.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return reply{resp.StatusCode, b}, err
}

// routes returns those of paths that the application has a handler for: they answer
// otherwise than a path that it cannot know.
func routes(ctx context.Context, base string, paths []string) ([]string, error) {
	unknown := "/" + strings.ToLower(rand.Text())
	none, err := post(ctx, base+unknown)
	if err != nil {
		return nil, fmt.Errorf("ask the application: %w", err)
	}
	var out []string
	for _, p := range paths {
		r, err := post(ctx, base+p)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			out = append(out, p) // a handler that fails at an empty object closes the connection
			continue
		}
		switch r.status {
		case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
			continue
		case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			continue // to the same with a slash, or to a login
		}
		if r.status == none.status && bytes.Equal(bytes.ReplaceAll(r.body, []byte(p), nil), bytes.ReplaceAll(none.body, []byte(unknown), nil)) {
			continue
		}
		out = append(out, p)
	}
	return out, nil
}
