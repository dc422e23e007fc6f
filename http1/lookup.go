package http1

// folded reports whether name is lower (in lower case, of the same length) whatever its case. Setting bit 5 of a token's
// byte turns no other byte of a token into a letter, a digit or "-".
func folded(name, lower string) bool {
	const spaces = ones * 0x20
	n := len(lower)
	if len(name) != n {
		return false
	}
	if n < 8 {
		for i := range n {
			if name[i]|0x20 != lower[i] {
				return false
			}
		}
		return true
	}
	for i := 0; i+8 <= n; i += 8 {
		if word(name, i)|spaces != word(lower, i) {
			return false
		}
	}
	return word(name, n-8)|spaces == word(lower, n-8)
}

// word is the eight bytes of s from i on.
func word(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// lookup finds a token among the known names: by its length, then by one byte that tells those of that length apart.
func lookup(name string) Name {
	switch n := len(name); {
	case n < 2 || n > 19:
		return Other
	case n <= 8:
		return lookupShort(name)
	case n <= 13:
		return lookupMiddle(name)
	default:
		return lookupLong(name)
	}
}

func pick(name, lower string, known Name) Name {
	if folded(name, lower) {
		return known
	}
	return Other
}

func lookupShort(name string) Name {
	switch c := name[0] | 0x20; len(name) {
	case 2:
		return pick(name, "te", TE)
	case 3:
		return pick(name, "via", Via)
	case 4:
		switch c {
		case 'h':
			return pick(name, "host", Host)
		case 'd':
			return pick(name, "date", Date)
		case 'e':
			return pick(name, "etag", ETag)
		case 'v':
			return pick(name, "vary", Vary)
		}
	case 5:
		switch c {
		case 'r':
			return pick(name, "range", Range)
		case 'p':
			return pick(name, "proxy", Proxy)
		}
	case 6:
		return lookupSix(name)
	case 7:
		return lookupSeven(name)
	case 8:
		return pick(name, "location", Location)
	}
	return Other
}

func lookupSix(name string) Name {
	switch name[0] | 0x20 {
	case 'a':
		return pick(name, "accept", Accept)
	case 'c':
		return pick(name, "cookie", Cookie)
	case 'e':
		return pick(name, "expect", Expect)
	case 'o':
		return pick(name, "origin", Origin)
	case 's':
		return pick(name, "server", Server)
	}
	return Other
}

func lookupSeven(name string) Name {
	switch name[0] | 0x20 {
	case 'a':
		return pick(name, "alt-svc", AltSvc)
	case 'r':
		return pick(name, "referer", Referer)
	case 't':
		return pick(name, "trailer", Trailer)
	case 'u':
		return pick(name, "upgrade", Upgrade)
	}
	return Other
}

func lookupMiddle(name string) Name {
	switch c := name[0] | 0x20; len(name) {
	case 9:
		switch c {
		case 'f':
			return pick(name, "forwarded", Forwarded)
		case 'x':
			return pick(name, "x-real-ip", XRealIP)
		}
	case 10:
		return lookupTen(name)
	case 11:
		switch name[2] | 0x20 {
		case 'f':
			return pick(name, "x-forwarded", XForwarded)
		case 'c':
			return pick(name, "x-client-ip", XClientIP)
		}
	case 12:
		switch c {
		case 'c':
			return pick(name, "content-type", ContentType)
		case 'm':
			return pick(name, "max-forwards", MaxForwards)
		}
	case 13:
		switch name[1] | 0x20 {
		case 'u':
			return pick(name, "authorization", Authorization)
		case 'a':
			return pick(name, "cache-control", CacheControl)
		case 'o':
			return pick(name, "content-range", ContentRange)
		}
	}
	return Other
}

func lookupTen(name string) Name {
	switch name[0] | 0x20 {
	case 'c':
		return pick(name, "connection", Connection)
	case 'k':
		return pick(name, "keep-alive", KeepAlive)
	case 's':
		return pick(name, "set-cookie", SetCookie)
	case 'u':
		return pick(name, "user-agent", UserAgent)
	}
	return Other
}

func lookupLong(name string) Name {
	switch len(name) {
	case 14:
		switch name[0] | 0x20 {
		case 'c':
			return pick(name, "content-length", ContentLength)
		case 'h':
			return pick(name, "http2-settings", HTTP2Settings)
		case 't':
			return pick(name, "true-client-ip", TrueClientIP)
		}
	case 15:
		switch name[7] | 0x20 {
		case 'e':
			return pick(name, "accept-encoding", AcceptEncoding)
		case 'l':
			return pick(name, "accept-language", AcceptLanguage)
		case 'r':
			return pick(name, "x-forwarded-for", XForwardedFor)
		}
	case 16:
		return lookupSixteen(name)
	case 17:
		switch name[12] | 0x20 {
		case 'o':
			return pick(name, "transfer-encoding", TransferEncoding)
		case 'p':
			return pick(name, "x-forwarded-proto", XForwardedProto)
		}
	case 18:
		return pick(name, "proxy-authenticate", ProxyAuthenticate)
	case 19:
		return pick(name, "proxy-authorization", ProxyAuthorization)
	}
	return Other
}

func lookupSixteen(name string) Name {
	switch name[12] | 0x20 {
	case 'd':
		return pick(name, "content-encoding", ContentEncoding)
	case 'g':
		return pick(name, "cf-connecting-ip", CFConnectingIP)
	case 't':
		if name[0]|0x20 == 'f' {
			return pick(name, "fastly-client-ip", FastlyClientIP)
		}
		return pick(name, "proxy-connection", ProxyConnection)
	case 'h':
		return pick(name, "x-forwarded-host", XForwardedHost)
	case 'p':
		return pick(name, "x-forwarded-port", XForwardedPort)
	case 'c':
		return pick(name, "www-authenticate", WWWAuthenticate)
	}
	return Other
}

// disguised is what a name with odd characters would be where every one of them reads as "-", as CGI, PHP and WSGI make
// one variable of "X-Real-IP" and "X_Real_IP".
func disguised(name string) Name {
	var plain [19]byte
	if len(name) > len(plain) {
		return Other
	}
	for i := range len(name) {
		c := name[i]
		if octets[c]&oddOctet != 0 {
			c = '-'
		}
		plain[i] = c
	}
	return lookup(text(plain[:], 0, len(name)))
}
