package integration

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wayguard/event"
)

// Scheme is how webhooks are signed.
type Scheme string

// The schemes. SchemeStandard is Standard Webhooks (see Sign). SchemeHMAC signs the body alone, for receivers that verify it so already,
// and beside it the body with a timestamp, for those that want to refuse what is sent to them again (see SignBody).
const (
	SchemeStandard Scheme = "standard"
	SchemeHMAC     Scheme = "hmac"
)

// decisionPrefix begins the action of a delivery that tells of a payment decision.
const decisionPrefix = "decision:"

// The headers of SchemeHMAC. The timestamp is in whole seconds since 1970.
const (
	headerHMAC            = "X-Hmac-Signature"
	headerHMACTimestamped = "X-Hmac-Signature-Timestamped"
	headerHMACTimestamp   = "X-Specter-Timestamp"
)

// The headers of the Standard Webhooks specification. Every webhook has the id, which stays the same when it is sent again.
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

// SignBody is the value of the X-Hmac-Signature header: the HMAC-SHA-256 of the body in lower-case hexadecimal digits, one for each key
// that is not empty, joined with commas. X-Hmac-Signature-Timestamped is the same of the timestamp, a full stop and the body. A receiver
// takes a message when one of the values is right under the key it has.
func SignBody(body []byte, keys ...string) string {
	var values []string
	for _, key := range keys {
		if key == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		values = append(values, hex.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(values, ",")
}

// sign adds a message's id, its time and, with a secret, its signature.
func (t Target) sign(header http.Header, d event.Delivery, at time.Time) error {
	header.Set(headerID, string(d.ID))
	if t.Scheme == SchemeHMAC || t.Scheme == "" && decides(d.Action) {
		header.Set(headerHMACTimestamp, timestamp(at))
		if t.Secret != "" {
			header.Set(headerHMAC, SignBody(d.Body, t.Secret, t.Previous))
			header.Set(headerHMACTimestamped, SignBody(append([]byte(timestamp(at)+"."), d.Body...), t.Secret, t.Previous))
		}
		return nil
	}
	header.Set(headerTimestamp, timestamp(at))
	if t.Secret == "" {
		return nil
	}
	signature, err := Sign(t.Secret, d.ID, at, d.Body)
	if err == nil {
		header.Set(headerSignature, signature)
	}
	return err
}

func timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
