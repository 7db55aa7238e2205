package awssim

import (
	"maps"
	"slices"
)

func createTags(f *form) func(*model) (any, error) {
	ids, tags := f.list("ResourceId"), f.tags()
	return func(m *model) (any, error) { return asDone(m.createTags(ids, tags)) }
}

func deleteTags(f *form) func(*model) (any, error) {
	ids, tags := f.list("ResourceId"), f.tags()
	return func(m *model) (any, error) { return asDone(m.deleteTags(ids, tags)) }
}

type tagItem struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

// tagItems returns the tags by key; nil if there are none.
func tagItems(tags map[string]string) *list[tagItem] {
	if len(tags) == 0 {
		return nil
	}
	items := &list[tagItem]{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		items.Items = append(items.Items, tagItem{Key: key, Value: tags[key]})
	}
	return items
}
