package deployment

import (
	"strings"
)

// environment is the scope of everything where there is no file.
type environment struct{ getenv func(string) string }

// alternatives separates policies, and record sets, in one line of text. In a
// pattern it has no meaning.
const alternatives = "||"

func (e environment) get(s setting) (items []string, label string, err error) {
	if s.variable == "" {
		return nil, s.key, nil
	}
	text := strings.TrimSpace(e.getenv(s.variable))
	if text == "" {
		return nil, s.variable, nil
	}
	if s.variable != EnvPolicy && s.variable != EnvRecords {
		return []string{text}, s.variable, nil
	}
	for item := range strings.SplitSeq(text, alternatives) {
		items = append(items, strings.TrimSpace(item))
	}
	return items, s.variable, nil
}

func (environment) label(_, variable string) string { return variable }
func (environment) presetName() string              { return defaultName }
func (environment) unknown() []error                { return nil }
