package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The plot's measures, in the units of the picture.
const (
	plotWidth, plotHeight      = 720.0, 400.0
	plotLeft, plotRight        = 64.0, 150.0
	plotTop, plotBottom        = 44.0, 48.0
	fewestEndpoints            = 1.0
	mostEndpoints              = 10_000.0
	cheapestQuery, dearestOnes = 10.0, 20_000.0 // microseconds
)

// Colours that can be read on white and on black.
const (
	inkOfText = "#6e7781"
	inkOfGrid = "#8c959f"
)

// A curve is a variant in the plot.
type curve struct{ name, colour string }

var curves = []curve{{kubernetes, "#cf5b34"}, {headless, "#2f81f7"}, {file, "#2da44e"}, {whoami, "#8c959f"}}

// plot draws the CPU per query over the number of endpoints, both in powers of ten, as SVG.
func plot(contests []*contest) string {
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="13" role="img">
<title>Server CPU for an A query over UDP with EDNS 1232, by the number of endpoints</title>
`, plotWidth, plotHeight)
	write(&svg, plotLeft, 20, "start", inkOfText, "Server CPU for a query (A, UDP with EDNS 1232)")
	write(&svg, (plotLeft+plotWidth-plotRight)/2, plotHeight-8, "middle", inkOfText, "endpoints of the service")
	grid(&svg)
	labels := heights(contests)
	for _, c := range curves {
		var points []string
		for _, contest := range contests {
			px, py := across(float64(contest.endpoints)), up(contest.cpu(c.name))
			points = append(points, fmt.Sprintf("%.1f,%.1f", px, py))
			fmt.Fprintf(&svg, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`+"\n", px, py, c.colour)
		}
		fmt.Fprintf(&svg, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), c.colour)
		last := contests[len(contests)-1].cpu(c.name)
		write(&svg, plotWidth-plotRight+10, labels[c.name]+4, "start", c.colour, c.name+", "+duration(last))
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

// grid draws a line for each power of ten, with what it stands for.
func grid(svg *strings.Builder) {
	for n := fewestEndpoints; n <= mostEndpoints; n *= 10 {
		line(svg, across(n), plotTop, across(n), plotHeight-plotBottom)
		write(svg, across(n), plotHeight-plotBottom+18, "middle", inkOfText, thousands(int(n)))
	}
	for cost := cheapestQuery; cost <= dearestOnes; cost *= 10 {
		line(svg, plotLeft, up(cost), plotWidth-plotRight, up(cost))
		write(svg, plotLeft-8, up(cost)+4, "end", inkOfText, duration(cost))
	}
}

// heights is where the names of the curves stand: at their ends, but not over each other.
func heights(contests []*contest) map[string]float64 {
	const apart = 16.0
	last := contests[len(contests)-1]
	cheapest := slices.SortedFunc(slices.Values(curves), func(a, b curve) int { return cmp.Compare(last.cpu(a.name), last.cpu(b.name)) })
	at, next := map[string]float64{}, plotHeight-plotBottom
	for _, c := range cheapest {
		at[c.name] = math.Min(up(last.cpu(c.name)), next)
		next = at[c.name] - apart
	}
	return at
}

func across(endpoints float64) float64 {
	return plotLeft + (plotWidth-plotLeft-plotRight)*logarithmic(endpoints, fewestEndpoints, mostEndpoints)
}

func up(cost float64) float64 {
	return plotHeight - plotBottom - (plotHeight-plotTop-plotBottom)*logarithmic(cost, cheapestQuery, dearestOnes)
}

// logarithmic is where a value stands between two others: 0 to 1.
func logarithmic(value, least, most float64) float64 {
	return math.Log(value/least) / math.Log(most/least)
}

func duration(microseconds float64) string {
	if microseconds < 1_000 {
		return fmt.Sprintf("%.0f µs", microseconds)
	}
	return fmt.Sprintf("%.3g ms", microseconds/1_000)
}

func line(svg *strings.Builder, x1, y1, x2, y2 float64) {
	fmt.Fprintf(svg, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-opacity="0.35"/>`+"\n", x1, y1, x2, y2, inkOfGrid)
}

func write(svg *strings.Builder, x, y float64, anchor, colour, what string) {
	fmt.Fprintf(svg, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, colour, what)
}
