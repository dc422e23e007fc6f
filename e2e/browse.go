//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Browse runs one of the scripts of e2e/browser and reads what it prints at the end.
func Browse(ctx context.Context, into any, script string, args ...string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "node", append([]string{filepath.Join(root, "e2e", "browser", script)}, args...)...)
	var complaint strings.Builder
	command.Stderr = &complaint
	text, err := command.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", script, err, complaint.String())
	}
	return json.Unmarshal(text, into)
}
