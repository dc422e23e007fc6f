//go:build e2e

package defence

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"wayguard/e2e"
)

// bystander is what e2e/browser/bystander.mjs tells of a person who works at a site while something else goes on.
type bystander struct {
	Pages    int      `json:"pages"`
	SignIns  int      `json:"signIns"`
	Failed   int      `json:"failed"`
	Bad      []string `json:"bad"`
	Problems []string `json:"problems"`

	here lines
}

// lines are what a process has printed so far.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) printed() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// visit has the person stay until ctx ends.
func (b *bystander) visit(ctx context.Context, proxy string) error {
	root, err := e2e.Root()
	if err != nil {
		return err
	}
	command := exec.Command("node", filepath.Join(root, "e2e", "browser", "bystander.mjs"), proxy)
	in, err := command.StdinPipe()
	if err != nil {
		return err
	}
	var told bytes.Buffer
	command.Stdout, command.Stderr = &told, &b.here
	if err := command.Start(); err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		_ = in.Close() // the script leaves when nobody holds its input any more
	}()
	if err := command.Wait(); err != nil {
		return fmt.Errorf("bystander.mjs: %w\n%s", err, b.here.printed())
	}
	return json.Unmarshal(told.Bytes(), b)
}

// arrived waits until the person is signed in.
func (b *bystander) arrived(ctx context.Context) error {
	for deadline := time.Now().Add(time.Minute); !strings.Contains(b.here.printed(), "signed in"); time.Sleep(20 * time.Millisecond) {
		if ctx.Err() != nil || time.Now().After(deadline) {
			return fmt.Errorf("nobody signed in:\n%s", b.here.printed())
		}
	}
	return nil
}

// readAgain reads a request's body and puts it back.
func readAgain(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}
