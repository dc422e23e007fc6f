package api

import (
	"context"
	"io/fs"
	"os"
	"testing"
	"time"
)

// Served are the routes with their scopes.
func Served(a *API) map[string]string {
	served := map[string]string{}
	for _, one := range a.routes() {
		served[one.method+" "+one.path] = one.scope
	}
	return served
}

// Signing is the key that signs.
func Signing(k *Keys) (id string, secret []byte) {
	key := k.signing()
	return key.ID, key.Secret
}

// Tend is what Run does now and then.
func Tend(ctx context.Context, a *API) { a.tend(ctx) }

// TendKeys is what Run does with keys.
func TendKeys(k *Keys, now time.Time) error { return k.tend(now, time.Hour, time.Minute) }

// FileOf is a file with its mode.
func FileOf(t *testing.T, path string) (fs.FileMode, []byte) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm(), data
}

// Unpack undoes a content coding.
func Unpack(coding string, body []byte, limit int) ([]byte, error) {
	return unpack(coding, body, limit)
}
