package deployment

import (
	"strings"
)

// environment is the scope of everything where there is no file.
type environment struct{ getenv func(string) string }

// alternatives separates policies, and record sets, in one line of text. In a
// pattern it has no meaning.
const alternatives = "||"

func (e environment) get(s Setting) (items []string, label string, err error) {
	if s.Variable == "" {
		return nil, s.Key, nil
	}
	text := strings.TrimSpace(e.getenv(s.Variable))
	if text == "" {
		return nil, s.Variable, nil
	}
	if s.Variable != EnvPolicy && s.Variable != EnvRecords {
		return []string{text}, s.Variable, nil
	}
	for item := range strings.SplitSeq(text, alternatives) {
		items = append(items, strings.TrimSpace(item))
	}
	return items, s.Variable, nil
}

func (environment) label(_, variable string) string { return variable }
func (environment) presetName() string              { return defaultName }
func (environment) unknown() []error                { return nil }
