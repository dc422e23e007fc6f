package main_test
import (
 _ "github.com/quic-go/quic-go/http3"
 _ "github.com/pires/go-proxyproto"
 _ "github.com/dunglas/httpsfv"
 _ "golang.org/x/crypto/acme/autocert"
 _ "golang.org/x/crypto/ocsp"
 _ "golang.org/x/net/http2"
 _ "golang.org/x/net/websocket"
 _ "golang.org/x/sys/unix"
)
