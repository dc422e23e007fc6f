//go:build e2e

package defence

import (
	"context"
	"os"
	"path/filepath"

	"wayguard/e2e"
)

// instance is a Wayguard with everything, and an analyst at its Hub.
type instance struct {
	*e2e.Wayguard
	analyst *e2e.Analyst
	dir     string
	origin  string
	// email and password are the first administrator's.
	email, password string
}

// noPacks switches all packs off, for checks in which it is known who is who.
const noPacks = "packs: {off: [agents, api, automation, ban, deception, firstparty, flood, giftcard, inventory, login, payment, probing, promo, refund, returning, scraping, signup, support, takeover]}\n"

// start runs a Wayguard in front of an origin with more configuration than where it listens.
func start(ctx context.Context, origin, more string) (_ *instance, err error) {
	i := &instance{origin: origin}
	if i.dir, err = os.MkdirTemp("", "wayguard-defence-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			i.close()
		}
	}()
	if err := os.WriteFile(i.file(), []byte("data: "+i.data()+"\n"+more), 0o600); err != nil {
		return nil, err
	}
	return i, i.run(ctx)
}

func (i *instance) file() string { return filepath.Join(i.dir, "wayguard.yaml") }

func (i *instance) data() string { return filepath.Join(i.dir, "data") }

// run starts the program on the instance's folder, for the first time or again.
func (i *instance) run(ctx context.Context) (err error) {
	i.Wayguard, err = e2e.StartWayguard(ctx, "--config", i.file(), "--origin", i.origin, "--listen", "127.0.0.1:0", "--hub", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if i.Password != "" {
		i.email, i.password = i.Email, i.Password
	}
	i.analyst, err = e2e.LogIn(ctx, i.Hub, i.email, i.password)
	return err
}

func (i *instance) close() {
	if i.Wayguard != nil {
		i.Kill()
	}
	_ = os.RemoveAll(i.dir)
}
