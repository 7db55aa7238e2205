package storm

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
)

// The picture's measures, in its own units.
const (
	chartWidth, chartHeight   = 960, 510
	plotLeft, plotTop         = 70, 50
	plotWidth, plotHeight     = 580, 420
	legendLeft, legendLine    = plotLeft + plotWidth + 20, 22
	chartFont                 = "font-family=\"sans-serif\" font-size=\"13\""
	longestShown, ticksAtMost = 20 * 60.0, 8
	floorColour, floorDashes  = "#000000", " stroke-dasharray=\"6 4\""
)

// WriteChart draws the usable workers over time, one line for each result and
// the floor, as SVG. All results are of one profile.
func WriteChart(w io.Writer, results []Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" %s>`+"\n", chartWidth, chartHeight, chartFont)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", chartWidth, chartHeight)
	if len(results) > 0 {
		c := chart{Builder: &b, results: results, nodes: float64(results[0].Nodes), seconds: span(results)}
		c.draw()
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// span is how much time the picture shows: until all but the slowest are done.
func span(results []Result) float64 {
	longest := 0.0
	for _, r := range results {
		for _, curve := range [][]float64{r.UsableAt, r.Floor} {
			if len(curve) > 0 {
				longest = max(longest, curve[len(curve)-1])
			}
		}
	}
	return max(1, min(longest*1.05, longestShown))
}

type chart struct {
	*strings.Builder
	results        []Result
	nodes, seconds float64
}

func (c chart) draw() {
	c.text(plotLeft, plotTop-20, "start", fmt.Sprintf("Storm %s: usable nodes over time (seconds since the first launch)", c.results[0].Profile))
	c.axes()
	c.curve(0, "floor (AssociateAddress)", c.results[0].Floor, floorColour, floorDashes)
	for i, r := range c.results {
		c.curve(i+1, r.Contender, r.UsableAt, colour(i), "")
	}
}

// colour is one of those that people with any sight tell apart (Okabe and Ito).
func colour(i int) string {
	all := []string{"#0072b2", "#d55e00", "#009e73", "#56b4e9", "#e69f00", "#66c2a5", "#cc79a7", "#7f7f7f"}
	return all[i%len(all)]
}

func (c chart) x(seconds float64) float64 { return plotLeft + plotWidth*seconds/c.seconds }
func (c chart) y(nodes float64) float64   { return plotTop + plotHeight*(1-nodes/c.nodes) }

func (c chart) axes() {
	fmt.Fprintf(c, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#888888"/>`+"\n", plotLeft, plotTop, plotWidth, plotHeight)
	for at := 0.0; at <= c.seconds; at += tick(c.seconds) {
		c.line(c.x(at), plotTop, c.x(at), plotTop+plotHeight)
		c.text(c.x(at), plotTop+plotHeight+18, "middle", fmt.Sprintf("%g", at))
	}
	for n := 0.0; n <= c.nodes; n += tick(c.nodes) {
		c.line(plotLeft, c.y(n), plotLeft+plotWidth, c.y(n))
		c.text(plotLeft-8, c.y(n)+4, "end", fmt.Sprintf("%g", n))
	}
}

// tick is a round distance that divides a length into a few parts.
func tick(length float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(length/ticksAtMost)))
	for _, times := range []float64{1, 2, 5} {
		if length/(unit*times) <= ticksAtMost {
			return unit * times
		}
	}
	return unit * 10
}

// curve draws a staircase and its line of the legend.
func (c chart) curve(place int, name string, at []float64, colour, dashes string) {
	var path strings.Builder
	fmt.Fprintf(&path, "M%.1f %.1f", c.x(0), c.y(0))
	for i, seconds := range at {
		if seconds > c.seconds {
			break
		}
		fmt.Fprintf(&path, "H%.1fV%.1f", c.x(seconds), c.y(float64(i+1)))
	}
	if len(at) == 0 || at[len(at)-1] <= c.seconds {
		fmt.Fprintf(&path, "H%.1f", c.x(c.seconds))
	}
	fmt.Fprintf(c, `<path d="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", path.String(), colour, dashes)
	y := float64(plotTop + 10 + place*legendLine)
	fmt.Fprintf(c, `<path d="M%d %.1fh24" stroke="%s" stroke-width="3"%s/>`+"\n", legendLeft, y-4, colour, dashes)
	c.text(legendLeft+30, y, "start", name)
}

func (c chart) line(x1, y1, x2, y2 float64) {
	fmt.Fprintf(c, `<path d="M%.1f %.1fL%.1f %.1f" stroke="#e0e0e0"/>`+"\n", x1, y1, x2, y2)
}

func (c chart) text(x, y float64, anchor, text string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s">`, x, y, anchor)
	_ = xml.EscapeText(c, []byte(text)) // a Builder never fails
	c.WriteString("</text>\n")
}
