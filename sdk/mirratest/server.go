package mirratest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
)

// found is the server of all tests of this process. It may end when it has no sessions,
// and another come.
var found struct {
	sync.Mutex
	client *httpapi.Client
}

// background returns the server that there is.
func background() (host.Control, error) {
	found.Lock()
	defer found.Unlock()
	if found.client != nil && healthy(found.client) == nil {
		return found.client, nil
	}
	url, token := os.Getenv("MIRRA_URL"), os.Getenv("MIRRA_TOKEN")
	given := url != "" && token != ""
	if !given {
		var err error
		if url, token, err = fromProgram(); err != nil {
			return nil, err
		}
	}
	found.client = httpapi.NewClient(url, token)
	err := healthy(found.client)
	if err == nil {
		return found.client, nil
	}
	if !given {
		return nil, err
	}
	return nil, &host.Error{Kind: host.KindUnavailable, Message: "the server that MIRRA_URL names, " + url + ", does not answer",
		Hint: "unset MIRRA_URL and MIRRA_TOKEN, or run the tests within: mirra exec -- go test ./...", Err: err}
}

func healthy(c *httpapi.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := c.Health(ctx)
	return err
}

// fromProgram asks the program mirra where its server is.
func fromProgram() (url, token string, err error) {
	program := os.Getenv("MIRRA_BINARY")
	if program == "" {
		program = "mirra"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		e := &host.Error{Kind: host.KindUnavailable, Message: "there is no program mirra on PATH", Err: errors.Unwrap(err),
			Hint: "install it (npm install --global @mirrahq/cli), or name it: MIRRA_BINARY=/path/to/mirra go test ./...; package mirratest/inprocess needs none"}
		if program != "mirra" {
			e.Message = "MIRRA_BINARY names " + program + ", which cannot be run"
		}
		return "", "", e
	}
	var stderr strings.Builder
	cmd := exec.Command(path, "env", "--server", "--json")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(stderr.String()))
	}
	var env struct {
		URL   string `json:"MIRRA_URL"`
		Token string `json:"MIRRA_TOKEN"`
	}
	if err := json.Unmarshal(out, &env); err != nil || env.URL == "" {
		return "", "", fmt.Errorf("%s printed %.200q, not where the server is; is it of an older version?", strings.Join(cmd.Args, " "), out)
	}
	return env.URL, env.Token, nil
}
