package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// peer is another embeddable interpreter of Go programs, ready to run one
// workload. It returns what the workload gives, as encoding/json would read it.
type peer struct {
	name string
	run  func() (any, error)
}

// peers makes the interpreters that have the workload in their own language,
// as its users would write it, and Go itself.
func peers(workload string, event map[string]any) ([]peer, error) {
	var list []peer
	for _, engine := range []func(workload string, event map[string]any) ([]peer, error){tengoPeer, luaPeer, gojaPeer, starlarkPeer, exprPeer, celPeer, goPeer} {
		found, err := engine(workload, event)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", workload, err)
		}
		list = append(list, found...)
	}
	return list, nil
}

// interpreters are those that the goals "x times the best of them" speak of.
func interpreter(name string) bool { return !strings.HasPrefix(name, "Go") }

func hashHex(s string) string {
	b := sha256.Sum256([]byte(s))
	return hex.EncodeToString(b[:])
}

// sameResult compares through JSON, without regard to the order of keys.
func sameResult(have any, want string) bool {
	text, err := json.Marshal(have)
	if err != nil {
		return false
	}
	var a, b any
	if json.Unmarshal(text, &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		return false
	}
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}
