package ui

import "strconv"

// bar is one rectangle of a drawing, in its units or percent.
type bar struct {
	Class               string
	X, Y, Width, Height string
}

const (
	sparkWidth  = 112
	sparkHeight = 22
)

// bars draws each bucket relative to the highest; an empty bucket is a dot on
// the base line, so that "no runs" differs from "no data here".
func (p SparkProps) bars() []bar {
	n := max(len(p.OK), len(p.Bad))
	if n == 0 {
		n = 28
	}
	var highest int64 = 1
	for i := range n {
		highest = max(highest, at(p.OK, i)+at(p.Bad, i))
	}
	step := float64(sparkWidth) / float64(n)
	var out []bar
	for i := range n {
		ok, bad := at(p.OK, i), at(p.Bad, i)
		x, width := float64(i)*step, max(1, step-1)
		if ok+bad == 0 {
			out = append(out, rect("spark-none", x, sparkHeight-1.5, width, 1.5))
			continue
		}
		scale := float64(sparkHeight-2) / float64(highest)
		badHeight := float64(bad) * scale
		if bad > 0 {
			badHeight = max(badHeight, 1.5) // a single failure among thousands is still seen
		}
		okHeight := max(float64(ok)*scale, 0)
		if ok > 0 {
			okHeight = max(okHeight, 1.5)
		}
		if ok > 0 {
			out = append(out, rect("spark-ok", x, sparkHeight-okHeight-badHeight, width, okHeight))
		}
		if bad > 0 {
			out = append(out, rect("spark-bad", x, sparkHeight-badHeight, width, badHeight))
		}
	}
	return out
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

func rect(class string, x, y, width, height float64) bar {
	return bar{Class: class, X: short1(x), Y: short1(y), Width: short1(width), Height: short1(height)}
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
