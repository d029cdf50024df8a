package ui

import (
	"encoding/json"
	"strconv"
	"strings"
)

// axisHeight is the room under the plot for the names of the time axis.
const axisHeight = 24

func (p ChartProps) height() int {
	if p.Height == 0 {
		return 220
	}
	return p.Height
}

// top is the value of the highest grid line.
func (p ChartProps) top() int64 {
	var highest int64
	for i := range p.Buckets {
		var sum int64
		for _, s := range p.Series {
			sum += at(s.Values, i)
		}
		highest = max(highest, sum)
	}
	return niceTop(highest)
}

type gridLine struct{ Class, Y, TextY, Text string }

// lines is how many grid lines stand above the axis.
const lines = 3

func (p ChartProps) grid() []gridLine {
	top := p.top()
	out := []gridLine{}
	for i := int64(0); i <= lines; i++ {
		y := p.height() - p.height()*int(i)/lines
		class := "chart-grid"
		if i == 0 {
			class = "chart-axis"
		}
		out = append(out, gridLine{class, strconv.Itoa(y), strconv.Itoa(y + 4), Count(top / lines * i)})
	}
	return out
}

// niceTop rounds a highest value up so that the three grid lines have round
// names: 3, 6, 15, 30, 60, 150 ...
func niceTop(highest int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, step := range []int64{1, 2, 5} {
			if top := unit * step * lines; top >= highest {
				return top
			}
		}
	}
}

type tick struct{ Class, X, Y, Anchor, Text string }

func (p ChartProps) ticks() []tick {
	var out []tick
	for i, b := range p.Buckets {
		if b.Tick == "" {
			continue
		}
		anchor := "middle"
		x := (float64(i) + 0.5) / float64(len(p.Buckets))
		switch {
		case x < 0.03:
			anchor, x = "start", 0
		case x > 0.97:
			anchor, x = "end", 1
		}
		class := "chart-text"
		if len(out)%2 == 1 {
			class += " chart-text-more" // left out where there is no room
		}
		out = append(out, tick{class, percent(x), strconv.Itoa(p.height() + 18), anchor, b.Tick})
	}
	return out
}

// bar is one rectangle of a chart: x and width in percent, y and height in px.
type bar struct {
	Class               string
	X, Y, Width, Height string
}

type stack struct {
	Class string
	Bars  []bar
}

// stacks are the bars, a group for each series, the first at the bottom.
func (p ChartProps) stacks() []stack {
	top, height := float64(p.top()), float64(p.height())
	base := make([]float64, len(p.Buckets))
	width := 1 / float64(max(len(p.Buckets), 1))
	gap := width * 0.2
	out := make([]stack, len(p.Series))
	for n, s := range p.Series {
		out[n].Class = s.Class
		for i, b := range p.Buckets {
			v := at(s.Values, i)
			if v == 0 {
				continue
			}
			tall := max(float64(v)/top*height, 1)
			base[i] += tall
			class := "chart-bar"
			if b.Partial {
				class += " chart-bar-partial"
			}
			out[n].Bars = append(out[n].Bars, bar{
				Class: class, X: percent(float64(i)*width + gap/2), Width: percent(width - gap),
				Y: short1(height - base[i]), Height: short1(tall),
			})
		}
	}
	return out
}

type mark struct{ X, Y, Shift, Anchor, Text string }

func (p ChartProps) marks() []mark {
	var out []mark
	for _, m := range p.Markers {
		x := float64(m.Bucket) / float64(max(len(p.Buckets), 1))
		shift, anchor := "6", "start"
		if x > 0.75 {
			shift, anchor = "-6", "end"
		}
		out = append(out, mark{percent(x), strconv.Itoa(p.height()), shift, anchor, m.Text})
	}
	return out
}

type hit struct{ X, Width, Label, Values, Href string }

// hits are transparent rectangles, one a bucket, that carry what chart.js says.
func (p ChartProps) hits() []hit {
	width := 1 / float64(max(len(p.Buckets), 1))
	out := make([]hit, len(p.Buckets))
	for i, b := range p.Buckets {
		values := make([]string, len(p.Series))
		for n, s := range p.Series {
			values[n] = strconv.FormatInt(at(s.Values, i), 10)
		}
		out[i] = hit{percent(float64(i) * width), percent(width), b.Label, strings.Join(values, "|"), b.Href}
	}
	return out
}

func (p ChartProps) seriesJSON() string {
	type series struct {
		Name  string `json:"name"`
		Class string `json:"class"`
	}
	list := make([]series, len(p.Series))
	for i, s := range p.Series {
		list[i] = series{s.Name, s.Class}
	}
	text, _ := json.Marshal(list) // strings always marshal
	return string(text)
}

type outcomeBar struct{ Class, X, Width, Title string }

// outcomeBars gives every part that happened at least 0.5 % of the width, so
// that it can be seen and hit; the largest part pays for it.
func outcomeBars(parts []Outcome) []outcomeBar {
	const least, gap = 0.005, 0.002
	sum := outcomeSum(parts)
	if sum == 0 {
		return []outcomeBar{{"series-filtered", "0", "100%", "no events"}}
	}
	shares := make([]float64, len(parts))
	largest, owed := 0, 0.0
	for i, o := range parts {
		shares[i] = float64(o.Count) / float64(sum)
		if o.Count > 0 && shares[i] < least {
			owed += least - shares[i]
			shares[i] = least
		}
		if o.Count > parts[largest].Count {
			largest = i
		}
	}
	shares[largest] -= owed
	var out []outcomeBar
	x := 0.0
	for i, o := range parts {
		if o.Count == 0 {
			continue
		}
		width := shares[i]
		if x+width < 0.999 {
			width -= gap
		}
		out = append(out, outcomeBar{o.Class, percent(x), percent(width), o.Name + ": " + Exact(o.Count)})
		x += shares[i]
	}
	return out
}

func outcomeSum(parts []Outcome) int64 {
	var sum int64
	for _, o := range parts {
		sum += o.Count
	}
	return sum
}

// percent writes a share of 1 as an SVG length.
func percent(share float64) string {
	return strconv.FormatFloat(float64(int(share*100000+0.5))/1000, 'f', -1, 64) + "%"
}
