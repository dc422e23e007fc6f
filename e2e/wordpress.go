//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/search"
)

// wordpressConfig is WordPress's own, on a database of ours; it takes its address from the request, so that it works
// behind a proxy.
const wordpressConfig = `<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'wordpress'); define('DB_PASSWORD', 'wordpress');
define('DB_HOST', 'localhost:%s'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (['AUTH_KEY','SECURE_AUTH_KEY','LOGGED_IN_KEY','NONCE_KEY','AUTH_SALT','SECURE_AUTH_SALT','LOGGED_IN_SALT','NONCE_SALT'] as $key) define($key, 'test ' . $key);
$table_prefix = 'wp_';
define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true); define('AUTOMATIC_UPDATER_DISABLED', true);
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') $_SERVER['HTTPS'] = 'on';
if (isset($_SERVER['HTTP_HOST'])) { $home = (isset($_SERVER['HTTPS']) ? 'https://' : 'http://') . $_SERVER['HTTP_HOST']; define('WP_HOME', $home); define('WP_SITEURL', $home); }
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`

// wordpressInstall makes the site and its administrator.
const wordpressInstall = `<?php
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = 'shop.example'; $_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1'; $_SERVER['REQUEST_METHOD'] = 'GET';
require 'site/wp-load.php'; require ABSPATH . 'wp-admin/includes/upgrade.php';
function wp_mail() { return true; }
wp_install('Shop', 'admin', 'admin@shop.example', false, '', 'correct-horse-battery');
`

const wordpressSQL = `create database wordpress; create user wordpress@localhost identified by 'wordpress'; grant all on wordpress.* to wordpress@localhost`

// WordPress is a real site on a real MariaDB.
type WordPress struct {
	Address       string
	dir           string
	database, php *Process
}

// StartWordPress runs the WordPress of Debian's package with PHP's own server and a MariaDB of its own.
func StartWordPress(ctx context.Context) (_ *WordPress, err error) {
	wp := &WordPress{}
	if wp.dir, err = os.MkdirTemp("", "wayguard-wordpress-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			wp.Close()
		}
	}()
	socket := filepath.Join(wp.dir, "db.sock")
	if err := wp.startDatabase(ctx, socket); err != nil {
		return nil, err
	}
	site := filepath.Join(wp.dir, "site")
	if err := command(ctx, wp.dir, "cp", "-rL", "/usr/share/wordpress", site); err != nil {
		return nil, fmt.Errorf("WordPress (Debian's package wordpress): %w", err)
	}
	for name, text := range map[string]string{"site/wp-config.php": fmt.Sprintf(wordpressConfig, socket), "install.php": wordpressInstall} {
		if err := os.WriteFile(filepath.Join(wp.dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if err := command(ctx, wp.dir, "php", "install.php"); err != nil {
		return nil, err
	}
	if wp.Address, err = FreeAddress(); err != nil {
		return nil, err
	}
	wp.php, err = StartIn(ctx, wp.dir, []string{"PHP_CLI_SERVER_WORKERS=4"}, "php", "-S", wp.Address, "-t", site)
	if err != nil {
		return nil, err
	}
	_, err = until(startLimit, func() (bool, error) {
		response, err := http.Get("http://" + wp.Address + "/")
		if err != nil {
			return false, err
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	})
	return wp, err
}

func (wp *WordPress) startDatabase(ctx context.Context, socket string) (err error) {
	data := filepath.Join(wp.dir, "db")
	if err := command(ctx, wp.dir, "mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--user=root"); err != nil {
		return err
	}
	wp.database, err = Start(ctx, "mariadbd", "--no-defaults", "--datadir="+data, "--socket="+socket, "--pid-file="+filepath.Join(wp.dir, "db.pid"), "--skip-networking", "--user=root")
	if err != nil {
		return err
	}
	_, err = until(startLimit, func() (bool, error) {
		err := command(ctx, wp.dir, "mariadb", "--no-defaults", "-uroot", "--socket="+socket, "-e", wordpressSQL)
		return err == nil, err
	})
	return err
}

func command(ctx context.Context, dir, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, output)
	}
	return nil
}

// PHP runs a script beside the site, which stands in the folder "site".
func (wp *WordPress) PHP(ctx context.Context, script string) error {
	file := filepath.Join(wp.dir, "run.php")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return err
	}
	return command(ctx, wp.dir, "php", "run.php")
}

// Close ends it and removes its files.
func (wp *WordPress) Close() {
	for _, p := range []*Process{wp.php, wp.database} {
		if p != nil {
			p.Kill()
		}
	}
	_ = os.RemoveAll(wp.dir)
}

// CheckWordPress puts Wayguard with nothing but --origin in front of WordPress and logs in wrongly and rightly.
func CheckWordPress(ctx context.Context) ([]Figure, error) {
	wp, err := StartWordPress(ctx)
	if err != nil {
		return nil, err
	}
	defer wp.Close()
	data, err := os.MkdirTemp("", "wayguard-data-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(data)
	w, err := StartWayguard(ctx, "--origin", "http://"+wp.Address, "--listen", "127.0.0.1:0", "--hub", "127.0.0.1:0", "--data", data)
	if err != nil {
		return nil, err
	}
	defer w.Kill()
	wrong, right, err := logInTwice(w.Proxy)
	if err != nil {
		return nil, err
	}
	analyst, err := LogIn(ctx, w.Hub, w.Email, w.Password)
	if err != nil {
		return nil, err
	}
	var logins []event.Record
	seen, err := until(10*time.Second, func() (bool, error) {
		logins, err = loginsOf(ctx, analyst, "admin")
		return len(logins) == 2, err
	})
	if err != nil {
		return nil, fmt.Errorf("events of the two logins: %w", err)
	}
	first, second := logins[1], logins[0]
	return []Figure{
		Holds("WordPress behind --origin: wrong login answers as direct", fmt.Sprint(wrong), wrong == http.StatusOK, "200"),
		Holds("  right login redirects to the dashboard", fmt.Sprint(right), right == http.StatusFound, "302"),
		Holds("  first event's result", string(first.Event.Result), first.Event.Result == event.Failure, "failure"),
		Holds("  second event's result", string(second.Event.Result), second.Event.Result == event.Success, "success"),
		Holds("  both in one session, joined by", second.Session.Join.By, first.Session.ID == second.Session.ID, "one session"),
		Within("  events searchable in the Hub after", seen, 2*time.Second),
	}, nil
}

// logInTwice loads the form as a browser does, then logs in with a wrong and with the right password.
func logInTwice(base string) (wrong, right int, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return 0, 0, err
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(base + "/wp-login.php")
	if err != nil {
		return 0, 0, err
	}
	page.Body.Close()
	post := func(password string) (int, error) {
		response, err := client.PostForm(base+"/wp-login.php", url.Values{"log": {"admin"}, "pwd": {password}, "testcookie": {"1"}})
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode == http.StatusOK && !strings.Contains(string(body), "login_error") {
			return 0, fmt.Errorf("WordPress did not say that the login failed")
		}
		return response.StatusCode, err
	}
	if wrong, err = post("wrong"); err != nil {
		return 0, 0, err
	}
	right, err = post("correct-horse-battery")
	return wrong, right, err
}

// loginsOf are the authentication attempts of a user name, newest first.
func loginsOf(ctx context.Context, analyst *Analyst, username string) ([]event.Record, error) {
	page, err := analyst.Search(ctx, search.Query{Field: "username", Values: []string{username}})
	if err != nil {
		return nil, err
	}
	var logins []event.Record
	for _, s := range page.Sessions {
		story, err := analyst.Story(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range story.Events {
			if r.Event.Type == event.AuthenticationAttempt {
				logins = append(logins, r)
			}
		}
	}
	return logins, nil
}
