package emf

// metadata, directive and metric are the format's objects of these names
// ("Specification: Embedded metric format" in the CloudWatch user guide).
type metadata struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type metric struct {
	Name string
	Unit string
}

// document is one document of the format: the metadata, and beside them as
// members of the root what they refer to.
func (o *Observer) document(sums map[string]int, took []int64) map[string]any {
	root := map[string]any{Dimension: o.opts.BinderID}
	var metrics []metric
	for _, m := range known() {
		switch sum, counted := sums[m.Name]; {
		case counted:
			root[m.Name] = sum
		case m.Name == TimeToUsable && len(took) > 0:
			root[m.Name] = took
		default:
			continue
		}
		metrics = append(metrics, m)
	}
	root["_aws"] = metadata{
		Timestamp:         o.opts.Now().UnixMilli(),
		CloudWatchMetrics: []directive{{o.opts.Namespace, [][]string{{Dimension}}, metrics}},
	}
	return root
}

// known are all metrics, in the order in which they are written.
func known() []metric {
	const count, milliseconds = "Count", "Milliseconds"
	return []metric{
		{Bound, count}, {Unbound, count}, {Exhausted, count}, {Throttled, count},
		{DriftFound, count}, {DriftRepaired, count}, {Failed, count}, {TimeToUsable, milliseconds},
		{PoolFree, count}, {PoolUsed, count}, {PoolCooling, count},
	}
}
