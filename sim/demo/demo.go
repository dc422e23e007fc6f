// Package demo holds the configuration that the demo runs with: specs for the shop of sim/shop, and what is done about
// its visitors. It is written as an operator of that shop would write it.
package demo

import (
	"embed"
	"io/fs"
	"slices"
)

// Attribution is shown in the Hub where the demo's IP locations are used.
const Attribution = "IP location by DB-IP (db-ip.com), CC BY 4.0"

//go:embed *.yaml
var documents embed.FS

//go:embed ruleset.json
var rules []byte

//go:embed interceptor.json
var mapping []byte

// Ruleset are the rules by which the demo's payments are decided about, as JSON.
func Ruleset() []byte { return rules }

// Mapping is the field mapping of the interceptor that stands before the demo's bank, as JSON.
func Mapping() []byte { return mapping }

// File is one document of configuration.
type File struct {
	Name string
	Data []byte
}

// Files lists the documents by name. The embedded tree cannot fail to be read.
func Files() []File {
	names, err := fs.Glob(documents, "*.yaml")
	if err != nil {
		panic("demo: list embedded files: " + err.Error())
	}
	slices.Sort(names)
	files := make([]File, 0, len(names))
	for _, name := range names {
		data, err := documents.ReadFile(name)
		if err != nil {
			panic("demo: read embedded file: " + err.Error())
		}
		files = append(files, File{Name: "demo/" + name, Data: data})
	}
	return files
}
