package awssim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// chargesOf returns what an EC2 call takes from which bucket.
func chargesOf(action string, values url.Values) []charge {
	switch action {
	case "DescribeInstances":
		if !filteredOrPaged(values) {
			return []charge{{BucketDescribeInstancesPlain, 1}}
		}
	case "RunInstances":
		count, _ := strconv.Atoi(values.Get("MaxCount")) // what is no number is refused later
		return []charge{{action, 1}, {BucketRunInstancesResources, max(count, 0)}}
	case "TerminateInstances":
		return []charge{{action, 1}, {BucketTerminateInstancesResources, countKeys(values, "InstanceId.")}}
	}
	return []charge{{action, 1}}
}

func filteredOrPaged(values url.Values) bool {
	return values.Has("MaxResults") || values.Has("NextToken") || countKeys(values, "Filter.") > 0
}

func countKeys(values url.Values, prefix string) int {
	n := 0
	for key := range values {
		if strings.HasPrefix(key, prefix) {
			n++
		}
	}
	return n
}

// changeTokens returns what a batch takes from the bucket of changes.
func changeTokens(changes []change) int {
	tokens := 0
	for _, c := range changes {
		if tokens++; c.action == "UPSERT" {
			tokens++
		}
	}
	return tokens
}

// throttled is the service's refusal for want of tokens.
func (c call) throttled() *apiError {
	if c.service == route53Service {
		return refusef("Throttling", "Rate exceeded")
	}
	return &apiError{status: http.StatusServiceUnavailable, code: "RequestLimitExceeded", message: "Request limit exceeded."}
}
