package hub

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// The pages are built by "make ui"; without them the binary still has the stub.
//
//go:embed all:dist
var built embed.FS

// pages serves the user interface: a single page that finds its own way by the address, and its assets.
type pages struct {
	files map[string]pageFile
	index pageFile
}

type pageFile struct {
	content []byte
	// packed is the content in gzip, nil where that is not smaller by much.
	packed []byte
	kind   string
	tag    string
}

// newPages reads all files once; they are part of the binary, so what they weigh is known.
func newPages(files fs.FS) (*pages, error) {
	if files == nil {
		sub, err := fs.Sub(built, "dist")
		if err != nil {
			return nil, fmt.Errorf("open the hub's pages: %w", err)
		}
		files = sub
	}
	p := &pages{files: map[string]pageFile{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		p.files["/"+name], err = newPageFile(name, content)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the hub's pages: %w", err)
	}
	for _, name := range []string{"/index.html", "/stub.html"} {
		if index, there := p.files[name]; there {
			p.index = index
			return p, nil
		}
	}
	return nil, errors.New("read the hub's pages: neither index.html nor stub.html is there")
}

func newPageFile(name string, content []byte) (pageFile, error) {
	sum := sha256.Sum256(content)
	file := pageFile{content: content, kind: kindOf(name), tag: hex.EncodeToString(sum[:12])}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(content); err != nil {
		return file, err
	}
	if err := writer.Close(); err != nil {
		return file, err
	}
	if packed.Len() < len(content)*9/10 {
		file.packed = packed.Bytes()
	}
	return file, nil
}

// kindOf does not ask the machine's own table of types, which differs from one to the next.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".woff2":
		return "font/woff2"
	case ".ico":
		return "image/x-icon"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// ServeHTTP answers with the file of that path; every other path is the single page's own affair, except under
// /assets/, where a missing file is an error a browser should see.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	file, there := p.files[r.URL.Path]
	asset := strings.HasPrefix(r.URL.Path, "/assets/")
	switch {
	case asset && !there:
		http.Error(w, "no such asset", http.StatusNotFound)
		return
	case asset:
		// The build puts a hash of the content into the name.
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	case !there:
		file = p.index
		fallthrough
	default:
		w.Header().Set("Cache-Control", "no-cache")
	}
	file.serve(w, r)
}

func (f *pageFile) serve(w http.ResponseWriter, r *http.Request) {
	header, content, tag := w.Header(), f.content, f.tag
	header.Set("Content-Type", f.kind)
	if f.packed != nil {
		header.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			header.Set("Content-Encoding", "gzip")
			content, tag = f.packed, tag+"-gzip"
		}
	}
	header.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// takesGzip reads Accept-Encoding as far as every browser writes it.
func takesGzip(r *http.Request) bool {
	for offer := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(offer, ";")
		if strings.TrimSpace(name) == "gzip" {
			return !strings.HasPrefix(strings.ReplaceAll(weight, " ", ""), "q=0") || strings.Contains(weight, "q=0.")
		}
	}
	return false
}
