package driver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the commands that the tests run.
func TestMain(m *testing.M) {
	switch os.Getenv("MIRRA_DRIVER_TEST") {
	case "serve": // in a child of a child, on a port of its own
		l := http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: http.NotFoundHandler()}
		fmt.Println("serving", l.ListenAndServe())
	case "start":
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "MIRRA_DRIVER_TEST=serve")
		cmd.Stdout = os.Stdout
		fmt.Println(cmd.Run())
	case "sleep":
		time.Sleep(5 * time.Minute) // longer than any test: it is ended
	case "flood":
		for i := range 20000 {
			fmt.Println("line", i, strings.Repeat("x", 100))
		}
		os.Exit(3)
	default:
		os.Exit(m.Run())
	}
}

func start(t *testing.T, what string, env ...string) *Process {
	t.Helper()
	p, err := Start(Command{Args: []string{os.Args[0]}, Env: append(os.Environ(), append(env, "MIRRA_DRIVER_TEST="+what)...)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a command starts is found where it listens, and ends with it.
func TestTree(t *testing.T) {
	t.Parallel()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "start", fmt.Sprint("PORT=", port))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	base, err := p.WaitHTTP(ctx, port)
	if want := fmt.Sprintf("http://127.0.0.1:%d", port); err != nil || base != want {
		t.Fatalf("it listens on %q (%v), want %s: %s", base, err, want, p.Tail())
	}
	tree := p.tree()
	if len(tree) != 2 {
		t.Errorf("%d processes, want 2", len(tree))
	}
	p.Stop(time.Second)
	if resp, err := direct.Get(base); err == nil {
		resp.Body.Close()
		t.Error("what the command started goes on")
	}
}

// A command that ends, or never listens, is told apart.
func TestWaitHTTP(t *testing.T) {
	t.Parallel()
	p := start(t, "flood")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := p.WaitHTTP(ctx, 0); !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("one that ended: %v", err)
	}
	if out := p.Tail(); len(out) > tailSize || !strings.Contains(out, "line 19999 ") {
		t.Errorf("%d bytes are kept, without the last line", len(out))
	}
	silent, err := Start(Command{Args: []string{"sleep", "60"}})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Stop(time.Second)
	short, cancel := context.WithTimeout(context.Background(), 3*lookEvery)
	defer cancel()
	if _, err := silent.WaitHTTP(short, 0); !errors.Is(err, ErrSilent) {
		t.Errorf("one that is silent: %v", err)
	}
}

func TestStartMissing(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"no-such-program-of-mirra"}} {
		if _, err := Start(Command{Args: args}); err == nil {
			t.Errorf("%v was started", args)
		}
	}
}
