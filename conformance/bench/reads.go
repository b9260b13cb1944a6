package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reads measures what answers of reads cost the server in processor time, which
// a machine that does other things meanwhile does not change much. The server
// and a bare handler that writes the same bytes are processes of their own and
// take turns.
func reads(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	infos, err := s.sessions(ctx, 1, nil)
	if err != nil {
		return err
	}
	at := prefix(infos[0]) + "/v1/"
	const objects = 10_000
	if done, err := fill(ctx, s.vendor, objects, func(c, n int) []byte { return post(s.vendor, at+"customers", c, n, 4) }); err != nil {
		return fmt.Errorf("%d of %d customers created: %w", done, objects, err)
	}
	var customer string
	for range 100 {
		c, err := s.call(ctx, "POST", at+"customers", customerForm)
		if err != nil {
			return err
		}
		customer = fmt.Sprint(c["id"])
		if _, err := s.call(ctx, "POST", at+"payment_intents", "amount=2000&currency=usd&customer="+customer); err != nil {
			return err
		}
	}
	var all []*read
	for _, r := range []struct{ what, path, want string }{
		{"GET customer", "customers/" + customer, ""},
		{"list 100 of 10,000 customers", "customers?limit=100", "at most 2.00"},
		{"list 100 payment intents", "payment_intents?limit=100", "at most 2.00"},
		{"  with data.customer expanded", "payment_intents?limit=100&expand[]=data.customer", ""},
	} {
		read, err := b.read(ctx, s, r.what, at+r.path, r.want)
		if err != nil {
			return err
		}
		all = append(all, read)
	}
	for range readRounds {
		for _, r := range all {
			if err := r.round(ctx, b.seconds/readRounds); err != nil {
				return err
			}
		}
	}
	for _, r := range all {
		served, bare := middle(r.served), middle(r.bare)
		row(fmt.Sprintf("%s (%d bytes)", r.what, r.bytes), micros(served), "bare handler "+micros(bare), ratioOf(served, bare), r.want)
	}
	plain, expanded := middle(all[2].served), middle(all[3].served)
	row("expanded list", micros(expanded), "plain list "+micros(plain), ratioOf(expanded, plain), "at most 2.00")
	return nil
}

const readRounds = 5

// read is one request whose answers are measured: seconds of processor time
// each, by round.
type read struct {
	what, want   string
	server, peer busy
	bytes        int
	served, bare []float64
}

// busy is a process that answers a request.
type busy struct {
	pid     int
	address string
	path    string
}

func (b *bench) read(ctx context.Context, s *server, what, path, want string) (*read, error) {
	resp, err := direct.Do(mustRequest(ctx, "http://"+s.vendor+path))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %d %.200s", path, resp.StatusCode, body)
	}
	pid, address, err := b.bareProcess(ctx, s.home, body)
	if err != nil {
		return nil, err
	}
	return &read{what: what, want: want, bytes: len(body),
		server: busy{s.pid, s.vendor, path}, peer: busy{pid, address, "/"}}, nil
}

// bareProcess starts a process that answers every request with a body, over HTTP/1.1 and
// HTTP/2; home is for files.
func (b *bench) bareProcess(ctx context.Context, home string, body []byte) (pid int, address string, err error) {
	file, err := os.CreateTemp(home, "body-")
	if err != nil {
		return 0, "", err
	}
	_, err = file.Write(body)
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, "", err
	}
	program, err := os.Executable()
	if err != nil {
		return 0, "", err
	}
	var cmd *exec.Cmd
	peer, err := b.runPeer(ctx, "/", func(port int) *exec.Cmd {
		cmd = exec.Command(program, "-bare", file.Name(), "-address", fmt.Sprintf("127.0.0.1:%d", port))
		return cmd
	})
	if err != nil {
		return 0, "", err
	}
	return cmd.Process.Pid, peer.address, nil
}

// round measures the server and the bare handler once.
func (r *read) round(ctx context.Context, length time.Duration) error {
	for _, side := range []struct {
		of *busy
		to *[]float64
	}{{&r.server, &r.served}, {&r.peer, &r.bare}} {
		each, err := side.of.cost(ctx, length)
		if err != nil {
			return fmt.Errorf("%s: %w", r.what, err)
		}
		*side.to = append(*side.to, each)
	}
	return nil
}

// cost returns what an answer costs the process.
func (p *busy) cost(ctx context.Context, length time.Duration) (seconds float64, err error) {
	before, err := processorTime(p.pid)
	if err != nil {
		return 0, err
	}
	r, err := load(ctx, p.address, 2, length, func(int, int) []byte { return get(p.address, p.path) })
	if err != nil {
		return 0, err
	}
	if r.failed > 0 {
		return 0, fmt.Errorf("%d failed: %s", r.failed, r.first)
	}
	after, err := processorTime(p.pid)
	return (after - before) / float64(r.count), err
}

// processorTime is the user and system time of a process, from
// /proc/PID/stat, whose unit is a hundredth of a second
// (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
func processorTime(pid int) (seconds float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the name
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		seconds += ticks / 100
	}
	return seconds, nil
}

func middle(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

func micros(seconds float64) string { return fmt.Sprintf("%.0fµs", seconds*1e6) }

// serveBare is what a process with -bare does: it answers with a file's bytes.
func serveBare(file, address string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return bareServer(body).Serve(l)
}
