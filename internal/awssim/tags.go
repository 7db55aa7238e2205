package awssim

import "strings"

// maxTags is EC2's limit for one resource, and maxTagKey and maxTagValue are
// its limits for one tag.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// tag is one tag of a request. DeleteTags may leave the value out.
type tag struct {
	key, value string
	hasValue   bool
}

func checkTags(tags []tag) error {
	for _, t := range tags {
		switch {
		case t.key == "":
			return refusef("InvalidParameterValue", "Tag key cannot be null or empty.")
		case len(t.key) > maxTagKey:
			return refusef("InvalidParameterValue", "Tag key exceeds the maximum length of %d characters", maxTagKey)
		case len(t.value) > maxTagValue:
			return refusef("InvalidParameterValue", "Tag value exceeds the maximum length of %d characters", maxTagValue)
		case strings.HasPrefix(strings.ToLower(t.key), "aws:"):
			return refusef("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
		}
	}
	if len(tags) > maxTags {
		return refusef("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return nil
}

// tagsOf returns the place of a resource's tags, for a change of them.
func (m *model) tagsOf(resourceID string) (*map[string]string, error) {
	kind, _, _ := strings.Cut(resourceID, "-")
	switch kind {
	case "eipalloc":
		a, err := m.findAddress(resourceID)
		if err != nil {
			return nil, err
		}
		m.touchAddress(a)
		return &a.tags, nil
	case "i":
		found, err := m.findInstances([]string{resourceID})
		if err != nil {
			return nil, err
		}
		m.touch(found[0])
		return &found[0].tags, nil
	case "eni":
		eni, err := m.findInterface(resourceID)
		if err != nil {
			return nil, err
		}
		return &eni.tags, nil
	}
	return nil, refusef("InvalidID", "The ID '%s' is not valid", resourceID)
}

// places returns the tags of all these resources, or refuses.
func (m *model) places(resourceIDs []string) ([]*map[string]string, error) {
	if len(resourceIDs) == 0 {
		return nil, refusef("MissingParameter", "The request must contain the parameter ResourceId")
	}
	var places []*map[string]string
	for _, id := range resourceIDs {
		place, err := m.tagsOf(id)
		if err != nil {
			return nil, err
		}
		places = append(places, place)
	}
	return places, nil
}

func (m *model) createTags(resourceIDs []string, tags []tag) error {
	if len(tags) == 0 {
		return refusef("MissingParameter", "The request must contain the parameter Tag")
	}
	if err := checkTags(tags); err != nil {
		return err
	}
	places, err := m.places(resourceIDs)
	if err != nil {
		return err
	}
	for _, place := range places {
		if countTogether(*place, tags) > maxTags {
			return refusef("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
		}
	}
	for _, place := range places {
		setTags(place, tags)
	}
	return nil
}

func countTogether(have map[string]string, tags []tag) int {
	n := len(have)
	for _, t := range tags {
		if _, ok := have[t.key]; !ok {
			n++
		}
	}
	return n
}

func setTags(place *map[string]string, tags []tag) {
	if *place == nil {
		*place = map[string]string{}
	}
	for _, t := range tags {
		(*place)[t.key] = t.value
	}
}

// deleteTags removes the tags of these keys, or all if there are none. A tag
// with a value goes only if it has this value.
func (m *model) deleteTags(resourceIDs []string, tags []tag) error {
	places, err := m.places(resourceIDs)
	if err != nil {
		return err
	}
	for _, place := range places {
		if len(tags) == 0 {
			clear(*place)
		}
		for _, t := range tags {
			if value, ok := (*place)[t.key]; ok && (!t.hasValue || value == t.value) {
				delete(*place, t.key)
			}
		}
	}
	return nil
}
