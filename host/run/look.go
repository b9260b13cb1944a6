package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario"
	"github.com/mirrahq/mirra/host/scenario/evaluate"
)

const (
	lookEvery   = 50 * time.Millisecond
	lookTimeout = 10 * time.Second // of one request or command
	lookBytes   = 1 << 20
)

// asking asks an application, without the environment's proxies and past no redirect.
var asking = &http.Client{
	Timeout:       lookTimeout,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 4},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// seen is what a look found.
type seen struct {
	holds  bool
	reason string
}

// look looks at the application until what is asked holds, or for as long as is waited.
func look(ctx context.Context, stage Stage, c *scenario.Criterion) host.CheckResult {
	wait := c.Block.Wait
	if c.Query != nil && c.Query.Within > 0 {
		wait = c.Query.Within
	}
	once := lookHTTP
	if c.Block.Language == "sh" {
		once = lookShell
	}
	end := time.Now().Add(wait)
	for {
		found, err := once(ctx, stage, c)
		switch {
		case err != nil && (ctx.Err() != nil || !time.Now().Before(end)):
			return understood(c, host.Errored, err.Error())
		case err == nil && found.holds:
			return understood(c, host.Passed, found.reason)
		case !time.Now().Before(end):
			if wait > 0 {
				found.reason += fmt.Sprintf(", still after %s", wait)
			}
			return understood(c, host.Failed, found.reason)
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return understood(c, host.Errored, ctx.Err().Error())
		}
	}
}

// shown compares what a body shows with what is asked.
func shown(c *scenario.Criterion, body []byte) (seen, error) {
	doc, err := evaluate.Decode(body)
	if err != nil {
		return seen{}, fmt.Errorf("what the application shows is no JSON: %s", evaluate.Show(string(body)))
	}
	v, known := evaluate.Lookup(doc, c.Query.Path)
	if !known {
		return seen{evaluate.Compare(c.Query.Is, nil), fmt.Sprintf("there is no `%s` in %s", c.Query.Path, evaluate.Show(doc))}, nil
	}
	return seen{evaluate.Compare(c.Query.Is, v), fmt.Sprintf("`%s` is %s", c.Query.Path, evaluate.Show(v))}, nil
}

// lookHTTP sends the request of an http block.
func lookHTTP(ctx context.Context, stage Stage, c *scenario.Criterion) (seen, error) {
	req, err := request(ctx, stage.Application(), c.Block.Text)
	if err != nil {
		return seen{}, err
	}
	resp, err := asking.Do(req)
	if err != nil {
		return seen{}, fmt.Errorf("ask the application: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, lookBytes))
	if err != nil {
		return seen{}, fmt.Errorf("ask the application: %w", err)
	}
	if c.Query == nil {
		return seen{resp.StatusCode >= 200 && resp.StatusCode < 300, fmt.Sprintf("%s %s answers %d", req.Method, req.URL.Path, resp.StatusCode)}, nil
	}
	found, err := shown(c, body)
	if resp.StatusCode >= 400 {
		if err != nil {
			found.reason = evaluate.Show(string(body))
		}
		return seen{found.holds, fmt.Sprintf("%s %s answers %d: %s", req.Method, req.URL.Path, resp.StatusCode, found.reason)}, nil
	}
	return found, err
}

// request reads "GET /path", headers below it, and behind an empty line the body. Only
// this machine is asked.
func request(ctx context.Context, base, text string) (*http.Request, error) {
	lines := bufio.NewReader(strings.NewReader(strings.TrimLeft(text, "\r\n")))
	first, _ := lines.ReadString('\n') // a block is not empty
	fields := strings.Fields(first)
	if len(fields) == 3 && strings.HasPrefix(fields[2], "HTTP/") {
		fields = fields[:2]
	}
	if len(fields) != 2 {
		return nil, fmt.Errorf("an http block begins with a method and a path, GET /users/1, not with %q", strings.TrimSpace(first))
	}
	target := fields[1]
	if strings.HasPrefix(target, "/") {
		if base == "" {
			return nil, errors.New("nobody said where the application listens: say start: COMMAND below ## Config, or write the whole URL")
		}
		target = strings.TrimSuffix(base, "/") + target
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is neither a path nor an http URL", fields[1])
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s is not on this machine: a scenario looks at no other", u.Host)
	}
	header := http.Header{}
	for {
		line, err := lines.ReadString('\n')
		trimmed := strings.TrimSpace(line)
		if name, value, ok := strings.Cut(trimmed, ":"); ok {
			header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		} else if trimmed != "" {
			return nil, fmt.Errorf("%q is no header: want Name: value; an empty line stands before a body", trimmed)
		}
		if trimmed == "" || err != nil {
			break
		}
	}
	body, err := io.ReadAll(lines)
	if err != nil {
		return nil, err
	}
	trimmed := strings.TrimRight(string(body), "\r\n")
	req, err := http.NewRequestWithContext(ctx, fields[0], target, strings.NewReader(trimmed))
	if err != nil {
		return nil, err
	}
	req.Header = header
	if req.Header.Get("Content-Type") == "" && strings.HasPrefix(trimmed, "{") {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// lookShell runs the command of an sh block.
func lookShell(ctx context.Context, stage Stage, c *scenario.Criterion) (seen, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	out, exit, err := stage.Shell(ctx, c.Block.Text)
	switch {
	case err != nil:
		return seen{}, err
	case exit == host.ExitTimeout:
		return seen{}, fmt.Errorf("the command did not end within %s", lookTimeout)
	case shellHints[exit] != "":
		return seen{}, fmt.Errorf("the command ended with %s: %s", exit, shellHints[exit])
	case c.Query == nil:
		reason := "the command ended with success"
		if exit != "" {
			reason = "the command ended with " + exit
		}
		if text := strings.TrimSpace(string(out)); text != "" {
			reason += " and printed " + evaluate.Show(text)
		}
		return seen{exit == "", reason}, nil
	case exit != "":
		return seen{false, "the command ended with " + exit}, nil
	}
	return shown(c, out)
}
