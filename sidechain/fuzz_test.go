package sidechain_test

import (
	"strings"
	"testing"

	"wayguard/sidechain"
)

// Whatever lines a request brings, only those that were signed for it are accepted.
func FuzzVerify(f *testing.F) {
	s, v := pair(f, sidechain.Settings{}, nil, key(f, "k1", sidechain.HMACSHA256, 1))
	input, signature := sign(f, s, request(), 1)
	f.Add(input[0], signature[0], "/login")
	f.Add(`sidechain=("@method" "@authority" "@path" "@query";sf)`, "sidechain=:AA==:", "/")
	f.Add("a=1, sidechain=?0;x", "sidechain=:AA==:;a", "/a\nb")
	f.Add(strings.Repeat("a,", 500), strings.Repeat("=", 500), "")
	f.Fuzz(func(t *testing.T, in, sig, path string) {
		m := request()
		m.Path = path
		_, err := v.Verify(m, []string{in}, []string{sig}, now())
		claimed := v.Claimed([]string{in}, []string{sig})
		if err == nil && !claimed {
			t.Error("accepted, but nothing claims to be ours")
		}
		if err != nil {
			return
		}
		if path != "/login" {
			t.Errorf("a signature for another path is good for %q", path)
		}
		if !strings.Contains(in, "00000000000000000000000000000001") {
			t.Errorf("accepted: %q %q", in, sig)
		}
	})
}

// Signing anything that can be signed gives what is accepted, and for this message alone.
func FuzzSign(f *testing.F) {
	f.Add("GET", "www.example.com", "/", "", "a")
	f.Add("POST", "[::1]:8443", "/a%2fb;c", "x=1&y=\"", " padded ")
	f.Fuzz(func(t *testing.T, method, authority, path, query, value string) {
		s, v := pair(t, sidechain.Settings{Cover: []string{"x-a"}}, nil, key(t, "k1", sidechain.HMACSHA256, 1))
		m := &sidechain.Message{Method: method, Scheme: "https", Authority: authority, Path: path, Query: query,
			Field: func(name string) (string, bool) { return value, name == "x-a" }}
		input, signature, ok := s.Sign(m, now(), nonce(1))
		if ok == (method == "" || authority == "" || strings.ContainsAny(method+authority+path+query+strings.Trim(value, " \t"), "\r\n")) {
			t.Fatalf("signed: %t", ok)
		}
		if !ok {
			return
		}
		if _, err := v.Verify(m, []string{input}, []string{signature}, now()); err != nil {
			t.Fatalf("own signature: %v", err)
		}
		other := *m
		other.Path += "x"
		if _, err := v.Verify(&other, []string{input}, []string{signature}, now()); err == nil && path != "" {
			t.Fatal("good for another path")
		}
	})
}
