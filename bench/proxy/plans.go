package main

import (
	"fmt"
	"os"
	"strings"
)

// originPlan is an nginx that answers 1 KiB from memory and files from disk.
func originPlan(dir string, port int) plan {
	text := fmt.Sprintf(`worker_processes 1;
pid %[1]s/origin.pid;
error_log %[1]s/origin-error.log crit;
daemon off;
events { worker_connections 8192; }
http {
	access_log off;
	keepalive_timeout 3600s;
	keepalive_requests 1000000000;
	client_max_body_size 0;
	sendfile on;
	server {
		listen 127.0.0.1:%[2]d reuseport;
		location / { default_type application/json; return 200 '%[3]s'; }
		location /files/ { root %[1]s; }
	}
}
`, dir, port, answer())
	return plan{name: origin, file: "origin.conf", text: text, command: []string{"nginx", "-c", dir + "/origin.conf", "-e", dir + "/origin-start.log"}}
}

// answer is 1 KiB of JSON.
func answer() string {
	const begin, end = `{"ok":true,"text":"`, `"}`
	return begin + strings.Repeat("x", 1024-len(begin)-len(end)) + end
}

func peerPlan(name, dir, binary string, origin, clear, secure, metrics int) (plan, error) {
	switch name {
	case nginx:
		return nginxPlan(dir, origin, clear, secure), nil
	case haproxy:
		return haproxyPlan(dir, origin, clear, secure)
	case caddy:
		return caddyPlan(dir, origin, clear, secure), nil
	case wayguard, earlier:
		return wayguardPlan(name, dir, binary, origin, clear, secure, metrics), nil
	}
	return plan{}, fmt.Errorf("no peer is named %q", name)
}

func nginxPlan(dir string, origin, clear, secure int) plan {
	text := fmt.Sprintf(`worker_processes 2;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx-error.log crit;
daemon off;
events { worker_connections 16384; }
http {
	access_log off;
	keepalive_timeout 3600s;
	keepalive_requests 1000000000;
	client_max_body_size 0;
	upstream o { server 127.0.0.1:%[2]d; keepalive 512; keepalive_requests 1000000000; }
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	proxy_set_header Host $host;
	proxy_set_header X-Forwarded-For $remote_addr;
	proxy_set_header X-Forwarded-Proto $scheme;
	proxy_max_temp_file_size 0;
	server {
		listen 127.0.0.1:%[3]d reuseport;
		location / { proxy_pass http://o; }
	}
	server {
		listen 127.0.0.1:%[4]d ssl http2 reuseport;
		http2_max_requests 1000000000;
		ssl_certificate %[1]s/certificate.pem;
		ssl_certificate_key %[1]s/key.pem;
		ssl_protocols TLSv1.3;
		ssl_session_tickets off;
		location / { proxy_pass http://o; }
	}
}
`, dir, origin, clear, secure)
	// Debian's nginx knows http2_max_requests no more; keepalive_requests counts there too.
	text = strings.Replace(text, "\t\thttp2_max_requests 1000000000;\n", "", 1)
	return plan{name: nginx, file: "nginx.conf", text: text, command: []string{"nginx", "-c", dir + "/nginx.conf", "-e", dir + "/nginx-start.log"}}
}

func haproxyPlan(dir string, origin, clear, secure int) (plan, error) {
	certificate, err := os.ReadFile(dir + "/certificate.pem")
	if err != nil {
		return plan{}, err
	}
	key, err := os.ReadFile(dir + "/key.pem")
	if err != nil {
		return plan{}, err
	}
	if err := os.WriteFile(dir+"/both.pem", append(certificate, key...), 0o644); err != nil {
		return plan{}, err
	}
	text := fmt.Sprintf(`global
	nbthread 2
	maxconn 8000
	ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
defaults
	mode http
	timeout connect 5s
	timeout client 3600s
	timeout server 3600s
	http-reuse always
	option forwardfor
frontend f
	bind 127.0.0.1:%[3]d
	bind 127.0.0.1:%[4]d ssl crt %[1]s/both.pem alpn h2,http/1.1
	http-request set-header X-Forwarded-Proto https if { ssl_fc }
	default_backend b
backend b
	server s1 127.0.0.1:%[2]d pool-max-conn 512
`, dir, origin, clear, secure)
	return plan{name: haproxy, file: "haproxy.cfg", text: text, command: []string{"haproxy", "-f", dir + "/haproxy.cfg", "-db"}}, nil
}

func caddyPlan(dir string, origin, clear, secure int) plan {
	upstream := fmt.Sprintf(`reverse_proxy 127.0.0.1:%d {
		transport http {
			keepalive_idle_conns_per_host 1024
			compression off
		}
	}`, origin)
	text := fmt.Sprintf(`{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
http://127.0.0.1:%[2]d {
	%[4]s
}
https://127.0.0.1:%[3]d {
	tls %[1]s/certificate.pem %[1]s/key.pem
	%[4]s
}
`, dir, clear, secure, upstream)
	return plan{name: caddy, file: "Caddyfile", text: text, command: []string{"caddy", "run", "--config", dir + "/Caddyfile", "--adapter", "caddyfile"}}
}
