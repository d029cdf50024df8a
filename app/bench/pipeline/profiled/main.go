// Command profiled is "hogpen serve" with Go's profiles at the address in
// PROFILES, for the bench: what people run has no such door. A GET of /begin
// starts a CPU profile, /end answers with it, /allocs is what was allocated so
// far, by place, and /bytes the sum.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"syscall"

	"hogpen/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, args []string) error {
	cfg, _, err := app.Load("serve", args, os.Environ())
	if err != nil {
		return err
	}
	app.SaveMemory(os.Environ())
	a, err := app.New(ctx, cfg)
	if err != nil {
		return err
	}
	go func() { fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Getenv("PROFILES"), profiles())) }()
	if err := a.Start(ctx); err != nil {
		return err
	}
	fmt.Print(a.Summary())
	select {
	case <-ctx.Done():
	case err = <-a.Failed():
	}
	last, cancel := context.WithTimeout(context.Background(), app.StopTimeout)
	defer cancel()
	if failed := a.Stop(last); err == nil {
		err = failed
	}
	return err
}

func profiles() http.Handler {
	mux := http.NewServeMux()
	var cpu bytes.Buffer
	mux.HandleFunc("/begin", func(w http.ResponseWriter, _ *http.Request) {
		cpu.Reset()
		if err := pprof.StartCPUProfile(&cpu); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	mux.HandleFunc("/end", func(w http.ResponseWriter, _ *http.Request) {
		pprof.StopCPUProfile()
		_, _ = w.Write(cpu.Bytes())
	})
	mux.HandleFunc("/allocs", func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC() // what was allocated since the last one is not in the profile yet
		_ = pprof.Lookup("allocs").WriteTo(w, 0)
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, _ *http.Request) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Fprintln(w, m.TotalAlloc, m.Mallocs)
	})
	return mux
}
