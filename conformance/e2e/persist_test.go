package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

// A server that is killed in the middle of writing leaves a persistent session
// whole: everything that was acknowledged is there, and the session goes on
// under its id, with the retry of a webhook that was still due.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.home = t.TempDir() // a server of its own, to be killed
	t.Cleanup(func() { p.mirra("down", "--all") })
	h := newHook(t, func(int) int { return 500 })
	p.up("--persistent", "--name", "shop", "--forward", "stripe="+h.URL)
	id := p.id
	api, _ := stripeGo(p, 0)

	var mu sync.Mutex
	var acknowledged []string
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				c, err := api.Customers.New(&stripe.CustomerParams{Name: stripe.String(fmt.Sprint(i))})
				if err != nil {
					return // the server is gone
				}
				mu.Lock()
				acknowledged = append(acknowledged, c.ID)
				enough := len(acknowledged) == 40
				mu.Unlock()
				if enough {
					kill(t, p.home)
				}
			}
		})
	}
	wg.Wait()

	before := h.count()
	p.id = ""
	p.up("--persistent", "--name", "shop")
	if p.id != id {
		t.Fatalf("the session came back as %s, want %s", p.id, id)
	}
	var state struct {
		Customers []struct{ ID string } `json:"customers"`
	}
	if err := json.Unmarshal([]byte(p.mirra("state", "stripe", "customers", "--json")), &state); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, c := range state.Customers {
		have[c.ID] = true
	}
	for _, id := range acknowledged {
		if !have[id] {
			t.Errorf("customer %s was acknowledged and is gone", id)
		}
	}
	api, _ = stripeGo(p, 0)
	if _, err := api.Customers.Get(acknowledged[0], nil); err != nil {
		t.Errorf("read through the API: %v", err)
	}
	p.mirra("clock", "advance", "2h")
	if n := h.count(); n <= before {
		t.Errorf("no webhook was tried again after the restart: %d requests before, %d after", before, n)
	}
}

// kill ends the server of a home as `kill -9` does.
func kill(t *testing.T, home string) {
	text, err := os.ReadFile(filepath.Join(home, "state", "server.json"))
	if err != nil {
		t.Error(err)
		return
	}
	var server struct{ PID int }
	if err := json.Unmarshal(text, &server); err != nil {
		t.Error(err)
		return
	}
	process, err := os.FindProcess(server.PID)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		t.Error(err)
	}
}
