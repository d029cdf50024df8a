package oracle

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Case is one source with both answers.
type Case struct {
	Kind   Kind
	Index  int
	Source string
	// Ours and Theirs are the two answers.
	Ours, Theirs string
}

func (c Case) String() string {
	return fmt.Sprintf("%s %d\n%s\n  ours   %s\n  theirs %s", c.Kind, c.Index, c.Source, c.Ours, c.Theirs)
}

// Report is what a comparison found.
type Report struct {
	Kind     Kind
	Compared int
	Same     int
	// Unknown are the differences that no row of Known covers.
	Unknown []Case
	// Known counts differences by the name of their row.
	Known map[string]int
}

// Compare holds Hogpen against the answers of PostHog's packages to the same
// sources. Both of Hogpen's machines run each program; where these two differ
// the case is unknown.
func Compare(kind Kind, sources, answers []string) Report {
	r := Report{Kind: kind, Compared: len(sources), Known: map[string]int{}}
	cases := make([]Case, len(sources))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(sources); i = int(next.Add(1)) - 1 {
				cases[i] = Case{Kind: kind, Index: i, Source: sources[i], Ours: Short(answer(kind, sources[i])), Theirs: Short(answers[i])}
			}
		})
	}
	wg.Wait()
	for _, c := range cases {
		if c.Ours == c.Theirs || kind != Trees && limited(c) {
			r.Same++
			continue
		}
		if k := known(c); k != nil {
			r.Known[k.Name]++
		} else {
			r.Unknown = append(r.Unknown, c)
		}
	}
	// The shortest says most clearly what differs.
	slices.SortStableFunc(r.Unknown, func(a, b Case) int { return len(a.Source) - len(b.Source) })
	return r
}

func answer(kind Kind, src string) string {
	if kind == Trees {
		return Ours(src)
	}
	closures, err := Run(src, false)
	if err != nil {
		return "does not compile: " + err.Error()
	}
	plain, err := Run(src, true)
	if err != nil || plain != closures {
		return fmt.Sprintf("closures %s\nplain machine %s %v", closures, plain, err)
	}
	return closures
}

// Vanished gives the rows of Known for a kind that no case of a report needed.
func (r Report) Vanished() []string {
	var names []string
	for _, k := range Known {
		if k.Kind == r.Kind && r.Known[k.Name] == 0 {
			names = append(names, k.Name)
		}
	}
	return names
}
