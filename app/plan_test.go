package app

import (
	"testing"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/site"
)

// An identity cookie that a site sets joins sessions as the application's own cookies do, beside them.
func TestIdentityCookieIsAToken(t *testing.T) {
	on := site.Config{IdentityCookie: site.CookieConfig{On: true}}
	named := site.Config{IdentityCookie: site.CookieConfig{On: true, Name: "visit"}}
	for _, c := range []struct {
		name   string
		sites  []site.Config
		tokens capture.TokensConfig
		want   []string
		count  int
	}{
		{"none", []site.Config{{}}, nil, nil, 0},
		{"beside the well-known ones", []site.Config{on}, nil, []string{"PHPSESSID", site.DefaultCookieName}, len(capture.DefaultTokens()) + 1},
		{"beside the operator's", []site.Config{on, named, named}, capture.TokensConfig{{Cookie: "sid"}}, []string{"sid", site.DefaultCookieName, "visit"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := config.Default()
			given.Sites, given.Sessions.Tokens = c.sites, c.tokens
			got := sessionTokens(given).Tokens
			if len(got) != c.count {
				t.Errorf("%d places, want %d", len(got), c.count)
			}
			for _, name := range c.want {
				found := false
				for _, token := range got {
					found = found || token.Cookie == name
				}
				if !found {
					t.Errorf("%s is not among %v", name, got)
				}
			}
		})
	}
}
