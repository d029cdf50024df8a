// Package process runs servers beside a benchmark, as processes of their own,
// and reads the kernel's accounts of them (Linux).
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a server that runs beside this program.
type Process struct {
	cmd *exec.Cmd
	log string // its standard error
}

// Launch starts a program and waits until a line of its output holds mark;
// what follows the mark on that line is returned.
func Launch(ctx context.Context, dir, mark, program string, args ...string) (*Process, string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	p := &Process{cmd: cmd, log: filepath.Join(dir, filepath.Base(program)+".log")}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, "", err
	}
	errFile, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, "", err
	}
	defer errFile.Close()
	cmd.Stderr = errFile
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), mark); ok {
			go func() {
				for lines.Scan() { // so that it never waits for its reader
				}
			}()
			return p, strings.TrimSpace(rest), nil
		}
	}
	p.Stop()
	text, _ := os.ReadFile(p.log)
	return nil, "", fmt.Errorf("%s did not start: %s", program, text)
}

// Stop ends the process as an operator would.
func (p *Process) Stop() {
	if p == nil || p.cmd.Process == nil {
		return
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = p.cmd.Process.Kill()
	}
	_ = p.cmd.Wait()
}

// ticksPerSecond is the unit of /proc's accounts on Linux.
const ticksPerSecond = 100

// CPU is the processor time that the process has taken.
func (p *Process) CPU() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("the account of process %d is cut short", p.cmd.Process.Pid)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticksPerSecond, errors.Join(err1, err2)
}

// Rest waits until the process does next to nothing for a quarter of a
// second, at most five seconds, and gives its processor time.
func (p *Process) Rest() (time.Duration, error) {
	last, err := p.CPU()
	for range 20 {
		time.Sleep(250 * time.Millisecond)
		var now time.Duration
		if now, err = p.CPU(); err != nil {
			return 0, err
		}
		if now-last <= 10*time.Millisecond {
			return now, nil
		}
		last = now
	}
	return last, err
}

// Peak is the most memory that the process has held, in bytes.
func (p *Process) Peak() int64 { return p.memory("VmHWM:") }

func (p *Process) memory(row string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), row)
	kb, _ := strconv.ParseInt(strings.TrimSpace(strings.SplitN(rest, "kB", 2)[0]), 10, 64)
	return kb << 10
}

// LaunchQuietly starts a program that prints no address and waits until an
// address of it answers.
func LaunchQuietly(ctx context.Context, dir, ready, program string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, program, args...), log: filepath.Join(dir, filepath.Base(program)+".log")}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for range 100 {
		if res, err := http.Get(ready); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return p, nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.Stop()
	text, _ := os.ReadFile(p.log)
	return nil, fmt.Errorf("%s did not start: %s", program, text)
}

// FreePort is a port of this machine that nobody listens on now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
