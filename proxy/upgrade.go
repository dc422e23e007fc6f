package proxy

import (
	"net/http"
	"strings"
)

// limitUpgrade lets a request switch to WebSocket and to nothing else: an h2c or another tunnel would carry requests
// past the inspection. An Upgrade header that is dropped is a legal answer to it (RFC 9110, section 7.8).
func limitUpgrade(out http.Header) {
	upgrade := out["Upgrade"]
	if len(upgrade) == 0 {
		return
	}
	if len(upgrade) == 1 && strings.EqualFold(strings.TrimSpace(upgrade[0]), "websocket") {
		return
	}
	delete(out, "Upgrade")
	delete(out, "Connection")
	delete(out, "Http2-Settings")
}
