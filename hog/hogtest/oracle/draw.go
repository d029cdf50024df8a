package oracle

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// Kind is what a case compares.
type Kind string

// The kinds of case.
const (
	Trees    Kind = "trees"
	Programs Kind = "programs"
	Calls    Kind = "calls"
)

// Kinds are all kinds with the number of cases that the record holds.
var Kinds = []struct {
	Kind  Kind
	Count int
}{{Trees, 3000}, {Programs, 20000}, {Calls, 20000}}

// Seed is the seed of the record.
const Seed = 1

// Draw gives n sources of a kind. One seed gives the same sources for ever,
// as long as the grammars of this package stay as they are.
func Draw(kind Kind, seed uint64, n int) []string {
	sources := make([]string, n)
	for i := range sources {
		h := fnv.New64a()
		fmt.Fprint(h, kind, i)
		d := &drawer{rand: rand.New(rand.NewPCG(seed, h.Sum64()))}
		if i < len(written[kind]) {
			sources[i] = written[kind][i]
			continue
		}
		switch kind {
		case Trees:
			sources[i] = d.source()
		case Programs:
			sources[i] = d.program()
		case Calls:
			sources[i] = d.call(i)
		}
	}
	return sources
}

// written are cases that other seeds once found, in the place of the first that
// would be drawn.
var written = map[Kind][]string{
	Programs: {
		"for (let path in values((x -> x))) { print(path) }\nreturn 1",
		"let list := [1]\nlist[3] := 2\nreturn list",
		"let list := []\nfor (let i in [1, 2]) { let f := () -> { i := i + 1; return i }; list := arrayPushBack(list, f()) }\nreturn list",
		"return sql((1, a).2)",
	},
	Calls: {
		"return trimLeft(null, 'ab')",
		"return trim(null)",
		"return JSONExtract('{\"a\":1}', 0, 'X', 'Int')",
		"return JSONExtractInt('{\"a\":1,\"a\":2}', 0, 'a')",
		"return JSONExtractString('{\"a\":\"x\"}', 'a', 0)",
		"return JSONExtractBool('{\"a\":{\"b\":\"c\"}}', -0, 'true', 'X')",
		"return JSONExtract({'a': 1}, 0, 'Int')",
		"return JSONExtractString('{\"a\":null}', 'a', 0)",
		"return JSONLength('[[1]]', 0)",
		"return decodeURLComponent(reverse('😀'))",
		"return decodeURLComponent('é%C3%A9')",
		"return tryDecodeURLComponent('%C3x%A9')",
		"return splitByString('-', 'a', -1e308)",
		"return splitByString(',', 'a,b', -4294967296)",
		"return splitByString(',', 'a,b', 4294967297)",
		"return jsonStringify(Error('x', {'a': 1}), 'X')",
		"return replaceAll('😀b', '', '-')",
	},
}

// Sum is a short fingerprint of sources: a record made of other sources is
// not replayed.
func Sum(sources []string) string {
	h := fnv.New64a()
	for _, s := range sources {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// drawer draws text by a grammar.
type drawer struct {
	rand *rand.Rand
	vars []string
	// counters are variables that may be read only.
	counters []string
	names    int
}

func (d *drawer) n(n int) int { return d.rand.IntN(n) }

func (d *drawer) chance(percent int) bool { return d.n(100) < percent }

func (d *drawer) pick(options ...string) string { return options[d.n(len(options))] }

// some joins least to most texts.
func (d *drawer) some(least, most int, separator string, f func() string) string {
	parts := make([]string, least+d.n(most-least+1))
	for i := range parts {
		parts[i] = f()
	}
	return strings.Join(parts, separator)
}

// maybe gives a text or nothing.
func (d *drawer) maybe(percent int, f func() string) string {
	if d.chance(percent) {
		return f()
	}
	return ""
}

func (d *drawer) fresh() string {
	d.names++
	return fmt.Sprintf("n%d", d.names)
}
