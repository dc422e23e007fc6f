package integration

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"wayguard/event"
)

// The headers of the Standard Webhooks specification.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// secretPrefix marks a secret written in base64.
const secretPrefix = "whsec_"

var errSecret = errors.New("secret after whsec_ is not base64")

// Sign is the value of the Webhook-Signature header: "v1," and the base64 of HMAC-SHA-256 over "id.timestamp.body", the
// timestamp in whole seconds since 1970. A secret that begins with "whsec_" is base64, any other is taken as it stands.
func Sign(secret string, id event.ID, at time.Time, body []byte) (string, error) {
	key := []byte(secret)
	if encoded, ok := strings.CutPrefix(secret, secretPrefix); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return "", errSecret // the decoder's error would tell a part of the secret
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(string(id) + "." + timestamp(at) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

func timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
