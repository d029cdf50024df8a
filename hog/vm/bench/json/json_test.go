// Package json_test measures the reader and the writer of JSON beside
// encoding/json, goccy/go-json and bytedance/sonic, on the event that the
// machine's other benchmarks read. It is a module of its own, so that the peers
// are no requirement of the application's.
package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"testing"

	"github.com/bytedance/sonic"
	goccy "github.com/goccy/go-json"

	"hogpen/hog/vm"
	"hogpen/hog/vm/bench"
)

// compact is the event without spaces, as clients send it.
func compact(b *testing.B) []byte {
	var out bytes.Buffer
	if err := stdjson.Compact(&out, bench.Event); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func read(b *testing.B, f func(data []byte) error) {
	data := compact(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := f(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	b.Run("hogpen", func(b *testing.B) {
		var r vm.JSONReader
		read(b, func(data []byte) error {
			_, err := r.Parse(data, vm.JSONOptions{Freeze: true})
			return err
		})
	})
	b.Run("hogpen-once", func(b *testing.B) {
		read(b, func(data []byte) error {
			_, err := vm.ParseJSON(data, vm.JSONOptions{Freeze: true})
			return err
		})
	})
	b.Run("sonic", func(b *testing.B) {
		read(b, func(data []byte) error {
			var m map[string]any
			return sonic.Unmarshal(data, &m)
		})
	})
	b.Run("goccy", func(b *testing.B) {
		read(b, func(data []byte) error {
			var m map[string]any
			return goccy.Unmarshal(data, &m)
		})
	})
	b.Run("encoding-json", func(b *testing.B) {
		read(b, func(data []byte) error {
			var m map[string]any
			return stdjson.Unmarshal(data, &m)
		})
	})
}

func write(b *testing.B, f func(m map[string]any) ([]byte, error)) {
	var m map[string]any
	if err := stdjson.Unmarshal(bench.Event, &m); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f(m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	b.Run("hogpen", func(b *testing.B) {
		v, err := vm.ParseJSON(bench.Event, vm.JSONOptions{Freeze: true})
		if err != nil {
			b.Fatal(err)
		}
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf = vm.AppendJSON(buf[:0], v)
		}
	})
	b.Run("sonic", func(b *testing.B) {
		write(b, func(m map[string]any) ([]byte, error) { return sonic.Marshal(m) })
	})
	b.Run("goccy", func(b *testing.B) {
		write(b, func(m map[string]any) ([]byte, error) { return goccy.Marshal(m) })
	})
	b.Run("encoding-json", func(b *testing.B) {
		write(b, func(m map[string]any) ([]byte, error) { return stdjson.Marshal(m) })
	})
}
