package proxy

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateInterval is how often the files of a certificate are looked at.
const certificateInterval = time.Second

// certificate is a listener's certificate, read again when its files have changed. New files that cannot be read leave
// the old certificate in use.
type certificate struct {
	files TLSConfig
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate
	read    [2]fileState
	checked time.Time
}

// fileState tells one content of a file from another.
type fileState struct {
	size     int64
	modified time.Time
}

func newCertificate(files TLSConfig, log *slog.Logger) (*certificate, error) {
	c := &certificate{files: files, log: log, now: time.Now}
	c.read = c.state()
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s: %w", files.Certificate, err)
	}
	c.pair, c.checked = &pair, c.now()
	return c, nil
}

// current gives the certificate for a handshake.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= certificateInterval {
		c.checked = now
		c.reload()
	}
	return c.pair, nil
}

func (c *certificate) reload() {
	state := c.state()
	if state == c.read {
		return
	}
	c.read = state
	pair, err := tls.LoadX509KeyPair(c.files.Certificate, c.files.Key)
	if err != nil {
		c.log.Error("the changed certificate cannot be read, the old one stays in use",
			"certificate", c.files.Certificate, "error", err.Error())
		return
	}
	c.pair = &pair
	c.log.Info("the certificate was read again", "certificate", c.files.Certificate)
}

func (c *certificate) state() [2]fileState {
	var state [2]fileState
	for i, name := range []string{c.files.Certificate, c.files.Key} {
		if info, err := os.Stat(name); err == nil {
			state[i] = fileState{size: info.Size(), modified: info.ModTime()}
		}
	}
	return state
}
