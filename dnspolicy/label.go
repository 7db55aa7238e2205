package dnspolicy

import (
	"strings"
	"unicode/utf8"
)

// label is what stands between two dots.
type label struct {
	text   string // with "0" for a placeholder: at least one character
	lead   string // what stands before the first placeholder
	open   bool   // has a placeholder
	offset int
}

// standIn returns a label in ASCII that is no longer than any with values.
func (l label) standIn() string {
	if !l.open || !strings.ContainsFunc(l.text, func(c rune) bool { return c >= utf8.RuneSelf }) {
		return l.text
	}
	return strings.Repeat("0", utf8.RuneCountInString(l.text)) // a U-label's rules would see its values
}

// shortest returns a name with values of one character.
func (t template) shortest() string { return t.join(func(l label) string { return l.text }) }

// example is shortest, but labels that depend on values are in ASCII.
func (t template) example() string { return t.join(label.standIn) }

func (t template) join(text func(label) string) string {
	var labels []string
	for _, l := range t.labels() {
		labels = append(labels, text(l))
	}
	return strings.Join(labels, ".")
}

// labels returns what stands between the dots.
func (t template) labels() []label {
	labels := []label{{}}
	for _, p := range t.parts {
		if p.field != nil {
			labels = p.fill(labels)
			continue
		}
		at := p.offset
		for i, text := range strings.Split(p.text, ".") {
			if i > 0 {
				labels = append(labels, label{offset: at})
			}
			last := &labels[len(labels)-1]
			last.text += text
			if !last.open {
				last.lead += text
			}
			at += len(text) + 1
		}
	}
	return labels
}

// fill puts the shortest value in the placeholder's place.
func (p part) fill(labels []label) []label {
	last := &labels[len(labels)-1]
	last.text += "0"
	last.open = true
	if p.field.dotted && len(p.functions) == 0 { // which could remove the dots
		for range 3 {
			labels = append(labels, label{text: "0", open: true, offset: p.offset})
		}
	}
	return labels
}
