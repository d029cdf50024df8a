package ui

import (
	"strconv"
	"strings"
)

const (
	sparkWidth  = 112
	sparkHeight = 22
)

// sparkPath is all bars of one colour. One path instead of a rectangle a bar
// makes a list of fifty rows a third smaller.
type sparkPath struct{ Class, D string }

// paths draws each bucket relative to the highest; an empty bucket is a dot on
// the base line, so that "no runs" differs from "no data here".
func (p SparkProps) paths() []sparkPath {
	n := max(len(p.OK), len(p.Bad))
	if n == 0 {
		n = 28
	}
	var highest int64 = 1
	for i := range n {
		highest = max(highest, at(p.OK, i)+at(p.Bad, i))
	}
	step := float64(sparkWidth) / float64(n)
	scale := float64(sparkHeight-2) / float64(highest)
	var ok, bad, none strings.Builder
	for i := range n {
		x, width := float64(i)*step, max(1, step-1)
		badTall, okTall := sparkTall(at(p.Bad, i), scale), sparkTall(at(p.OK, i), scale)
		if badTall+okTall == 0 {
			draw(&none, x, sparkHeight-1.5, width, 1.5)
			continue
		}
		draw(&ok, x, sparkHeight-okTall-badTall, width, okTall)
		draw(&bad, x, sparkHeight-badTall, width, badTall)
	}
	return []sparkPath{{"spark-none", none.String()}, {"spark-ok", ok.String()}, {"spark-bad", bad.String()}}
}

// sparkTall is at least 1.5 for what happened at all: a single failure among
// thousands is still seen.
func sparkTall(count int64, scale float64) float64 {
	if count <= 0 {
		return 0
	}
	return max(float64(count)*scale, 1.5)
}

// draw adds a rectangle to a path.
func draw(b *strings.Builder, x, y, width, height float64) {
	if height == 0 {
		return
	}
	w := short1(width)
	b.WriteString("M" + short1(x) + " " + short1(y) + "h" + w + "v" + short1(height) + "h-" + w + "z")
}

func (p SparkProps) rateClass() string {
	switch p.Tone {
	case Bad:
		return "spark-rate-bad"
	case Warn:
		return "spark-rate-warn"
	}
	return ""
}

// short1 writes a number with one decimal at most: markup of fifty rows is
// made of these.
func short1(v float64) string {
	return strconv.FormatFloat(float64(int(v*10+0.5))/10, 'f', -1, 64)
}

func at(v []int64, i int) int64 {
	if i < len(v) {
		return v[i]
	}
	return 0
}
