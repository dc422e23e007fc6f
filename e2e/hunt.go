//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"wayguard/event"
)

// Hunt looks for secrets in whatever a program left behind, in every spelling in which they would still be readable: as they are, in
// groups, backwards, in base64 and hexadecimal, as numbers, and as hashes without a key, which anybody can count back.
type Hunt struct {
	// byHead finds spellings by their first eight bytes.
	byHead map[[8]byte][]spelling
	most   int
}

type spelling struct {
	text   []byte
	secret int
	// how names the spelling for a figure, which must not tell the secret itself.
	how string
}

// shortestSecret can be told from chance.
const shortestSecret = 12

// NewHunt prepares a hunt for secrets of at least twelve bytes.
func NewHunt(secrets []string) (*Hunt, error) {
	h := &Hunt{byHead: map[[8]byte][]spelling{}}
	for n, secret := range secrets {
		if len(secret) < shortestSecret {
			return nil, fmt.Errorf("secret %d is too short to be looked for", n)
		}
		h.spell(n, secret)
	}
	return h, nil
}

func (h *Hunt) add(secret int, how string, text []byte) {
	if len(text) < 8 {
		return
	}
	head := [8]byte(text)
	h.byHead[head] = append(h.byHead[head], spelling{slices.Clone(text), secret, how})
	h.most = max(h.most, len(text))
}

func (h *Hunt) spell(n int, secret string) {
	for _, text := range slices.Compact([]string{secret, strings.ToLower(secret)}) {
		backwards := []byte(text)
		slices.Reverse(backwards)
		h.add(n, "plain", []byte(text))
		h.add(n, "backwards", backwards)
		h.add(n, "hexadecimal", []byte(hex.EncodeToString([]byte(text))))
		h.add(n, "hexadecimal", []byte(strings.ToUpper(hex.EncodeToString([]byte(text)))))
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			for shift := range 3 {
				h.add(n, "base64", middle(encoding, shift, text))
			}
		}
		one, two, three := md5.Sum([]byte(text)), sha1.Sum([]byte(text)), sha256.Sum256([]byte(text))
		for _, sum := range [][]byte{one[:], two[:], three[:]} {
			h.add(n, "hash", sum)
			h.add(n, "hash", []byte(hex.EncodeToString(sum)))
			h.add(n, "hash", []byte(base64.RawStdEncoding.EncodeToString(sum)))
		}
	}
	if number, err := strconv.ParseUint(secret, 10, 63); err == nil {
		h.add(n, "integer", binary.BigEndian.AppendUint64(nil, number))
		h.add(n, "integer", binary.LittleEndian.AppendUint64(nil, number))
		h.add(n, "float", binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(number))))
		h.add(n, "float", binary.LittleEndian.AppendUint64(nil, math.Float64bits(float64(number))))
		h.add(n, "float", []byte(strconv.FormatFloat(float64(number), 'e', -1, 64)))
	}
}

// middle is that part of a text in base64 which does not depend on what stands before and after it.
func middle(encoding *base64.Encoding, shift int, text string) []byte {
	encoded := encoding.EncodeToString(append(make([]byte, shift), text...))
	from, to := (shift*8+5)/6, (shift+len(text))*8/6
	return []byte(encoded[from:to])
}

// Catch is what a hunt found.
type Catch struct {
	// Secrets are the numbers of those found, Hits how often in all.
	Secrets map[int]bool
	Hits    int
	// Where tells the first finds, without the secrets themselves.
	Where []string
}

// NewCatch is an empty one.
func NewCatch() *Catch { return &Catch{Secrets: map[int]bool{}} }

// add notes a find by what stands before it, with every digit a 9, so that no figure tells a secret.
func (c *Catch) add(secret int, how, where string, before []byte) {
	c.Secrets[secret] = true
	c.Hits++
	told := fmt.Sprintf("%s in %s after %q", how, where, bytes.Map(unseen, before))
	if len(c.Where) < 6 && !slices.Contains(c.Where, told) {
		c.Where = append(c.Where, told)
	}
}

func unseen(r rune) rune {
	if r >= '0' && r <= '9' {
		return '9'
	}
	return r
}

// In looks through a text, and once more without what may stand between the digits of a number.
func (h *Hunt) In(text []byte, where string, c *Catch) {
	h.scan(text, where, c, "")
	h.scan(squeezed(text), where, c, "grouped ")
}

func (h *Hunt) scan(text []byte, where string, c *Catch, as string) {
	for at := 0; at+8 <= len(text); at++ {
		for _, s := range h.byHead[[8]byte(text[at:])] {
			if bytes.HasPrefix(text[at:], s.text) && (as == "" || s.how == "plain" || s.how == "backwards") {
				c.add(s.secret, as+s.how, where, text[max(0, at-24):at])
			}
		}
	}
}

// squeezed is a text without spaces, dashes and the like; the zero bytes of wide characters go too.
func squeezed(text []byte) []byte {
	kept := make([]byte, 0, len(text))
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case c == ' ' || c == '-' || c == '+' || c == '.' || c == '_' || c == '\t' || c == 0:
		case c == '%' && at+2 < len(text) && text[at+1] == '2' && text[at+2] == '0':
			at += 2
		default:
			kept = append(kept, c)
		}
	}
	return kept
}

// Left is how much a program left on disk.
type Left struct{ Files, Bytes int }

// InFiles looks through every file below a directory but those excepted.
func InFiles(dir string, look func(text []byte, path string), except ...string) (left Left, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) { // a running program takes files away
			return nil
		}
		if err != nil || !d.Type().IsRegular() || slices.Contains(except, path) {
			return err
		}
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		left.Files++
		left.Bytes += len(text)
		name, err := filepath.Rel(dir, path)
		look(text, name)
		return err
	})
	return left, err
}

// Exported is the log as it is exported: the warehouse and the log's segments are compressed, where a search of the bytes would prove
// nothing.
func Exported(ctx context.Context, data string) ([]byte, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	exported, err := exec.CommandContext(ctx, binary, "export", "--data", data).Output()
	if err == nil && len(exported) == 0 {
		err = fmt.Errorf("the export is empty")
	}
	return exported, err
}

// Shown is what the Hub answers at a path of its API, whatever that is.
func (a *Analyst) Shown(ctx context.Context, path string, query url.Values) ([]byte, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("environment", string(event.DefaultEnvironment))
	var body []byte
	err := a.get(ctx, "/api/v1/"+path, query, &body)
	return body, err
}

// Follow copies what the Hub sends at a path of its API until ctx ends.
func (a *Analyst) Follow(ctx context.Context, path string, to io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.hub+"/api/v1/"+path+"?environment="+url.QueryEscape(string(event.DefaultEnvironment)), nil)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", path, response.StatusCode)
	}
	if _, err = io.Copy(to, response.Body); ctx.Err() != nil {
		return nil
	}
	return err
}
