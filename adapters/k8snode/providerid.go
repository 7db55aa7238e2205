package k8snode

import (
	"fmt"
	"strings"
)

// instanceOf returns the instance that a node's providerID names, such as
// aws:///eu-central-1a/i-0123456789abcdef0: "i-" with 8 (before 2016) or 17
// hexadecimal digits. What else runs in a cluster, such as Fargate, has none.
func instanceOf(providerID string) (string, error) {
	path, ours := strings.CutPrefix(providerID, "aws://")
	id := path[strings.LastIndex(path, "/")+1:]
	digits, found := strings.CutPrefix(id, "i-")
	if !ours || !found || len(digits) != 8 && len(digits) != 17 || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", fmt.Errorf("providerID %q does not name an EC2 instance", providerID)
	}
	return id, nil
}
