package sidechain

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// Signer signs requests with one key.
type Signer struct {
	key      Key
	settings Settings
	// tail is what ends the parameters: key and tag.
	tail string
}

// NewSigner makes a signer. The key must be one that signs.
func NewSigner(key Key, settings Settings) (*Signer, error) {
	settings, err := settings.complete()
	if err != nil {
		return nil, err
	}
	if !key.signs() {
		return nil, fmt.Errorf("the key %q cannot sign", key.id)
	}
	return &Signer{key: key, settings: settings, tail: `;keyid="` + key.id + `";tag="` + settings.Tag + `"`}, nil
}

// Sign gives the values of the headers Signature-Input and Signature, each one member of a dictionary, to be added
// beside what the request has of them. The nonce must be random and used once. False is a message that cannot be signed:
// without a method or an authority, or with a line break in a value.
func (s *Signer) Sign(m *Message, now time.Time, nonce [16]byte) (input, signature string, ok bool) {
	base := make([]byte, 0, 512)
	params := make([]byte, 0, 256)
	params = append(params, '(')
	cover := func(name string) {
		if base, ok = m.appendLine(base, name); ok {
			if len(params) > 1 {
				params = append(params, ' ')
			}
			params = append(append(append(params, '"'), name...), '"')
		}
	}
	for _, name := range requiredComponents() {
		if cover(name); !ok {
			return "", "", false
		}
	}
	for _, name := range s.settings.Cover {
		if _, present := m.component(name); !present {
			continue
		}
		if cover(name); !ok {
			return "", "", false
		}
	}
	params = s.parameters(append(params, ')'), now, nonce)
	base = append(append(base, `"@signature-params": `...), params...)
	signature = s.settings.Label + "=:" + base64.StdEncoding.EncodeToString(s.key.sign(base)) + ":"
	return s.settings.Label + "=" + string(params), signature, true
}

func (s *Signer) parameters(params []byte, now time.Time, nonce [16]byte) []byte {
	params = strconv.AppendInt(append(params, ";created="...), now.Unix(), 10)
	params = strconv.AppendInt(append(params, ";expires="...), now.Add(s.settings.Lifetime).Unix(), 10)
	params = hex.AppendEncode(append(params, `;nonce="`...), nonce[:])
	return append(append(params, '"'), s.tail...)
}
