package deployment_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// README.md has each setting in its table, in the order of Settings, by all of
// its names and with its default.
func TestReadmeHasAllSettings(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n## Settings\n")
	if !found {
		t.Fatal("README.md has no section Settings")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `EIPBINDER_") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	var settings []deployment.Setting
	for _, s := range deployment.Settings() {
		if s.Variable != "" {
			settings = append(settings, s)
		}
	}
	if len(rows) != len(settings) {
		t.Fatalf("README.md has %d settings, want %d", len(rows), len(settings))
	}
	for i, s := range settings {
		key := "`" + s.Key + "`"
		if s.Key == "" {
			key = "-"
		}
		begin, end := fmt.Sprintf("| `%s` | %s | ", s.Variable, key), ""
		switch {
		case s.Required:
			end = "| required |"
		case s.Default != "":
			end = "| `" + s.Default + "` |"
		}
		if !strings.HasPrefix(rows[i], begin) || !strings.HasSuffix(rows[i], end) {
			t.Errorf("README.md has\n%s\nwant\n%s ... %s", rows[i], begin, end)
		}
	}
}

// The policies are written as settings, too.
func TestReadmePoliciesAreSettings(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `[A-Z][A-Za-z]+` \\| `(.*?)` \\| .* \\| (.*) \\|$").FindAllStringSubmatch(string(readme), -1)
	if len(rows) != 8 {
		t.Fatalf("README.md has %d policies, want 8", len(rows))
	}
	for _, row := range rows {
		policy := strings.ReplaceAll(row[1], `\|`, "|")
		c, err := deployment.FromEnv(env(deployment.EnvPolicy, policy, "KEY", "0123456789abcdef"))
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		_, stays := c.Profiles[0].Policy.(dnspolicy.PerAddressPolicy)
		if row[2] == "yes" && !stays || row[2] == "no" && stays {
			t.Errorf("%s: stays with the address is %t, README.md says %s", policy, stays, row[2])
		}
	}
}

func TestReadmeFileIsRight(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```yaml\n")
	file, _, _ := strings.Cut(rest, "```")
	c, err := fromFile(file)
	if err != nil || len(c.Profiles) != 2 {
		t.Errorf("%+v, %v, want two profiles", c, err)
	}
}
