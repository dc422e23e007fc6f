package integration

import (
	"net"
	"net/http"
	"time"

	"wayguard/walls"
)

// NewCaller makes a client for calls to addresses that others may choose: it calls public addresses and the allowed networks
// only, by no proxy, and follows no redirect. timeout bounds a call as a whole.
func NewCaller(allowPrivate []string, timeout time.Duration) (*http.Client, error) {
	w, err := walls.New(allowPrivate)
	if err != nil {
		return nil, err
	}
	client := newClient(w, Config{Timeout: timeout, Concurrency: 2})
	client.Timeout = timeout
	return client, nil
}

// newClient makes a client that calls only what the walls let through, by no proxy, and follows no redirect: each of them
// would lead around the check.
func newClient(w walls.Walls, config Config) *http.Client {
	dialer := &net.Dialer{Timeout: config.Timeout, Control: w.Check}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    config.Timeout,
			ResponseHeaderTimeout:  config.Timeout,
			MaxResponseHeaderBytes: maxAnswer,
			MaxConnsPerHost:        config.Concurrency,
			MaxIdleConnsPerHost:    config.Concurrency,
			IdleConnTimeout:        30 * time.Second,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
