package packs

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The folders are named one by one so that a new pack is a visible change here.
//
//go:embed agents/*.yaml api/*.yaml automation/*.yaml ban/*.yaml deception/*.yaml firstparty/*.yaml flood/*.yaml giftcard/*.yaml inventory/*.yaml login/*.yaml
//go:embed payment/*.yaml probing/*.yaml promo/*.yaml refund/*.yaml returning/*.yaml scraping/*.yaml signup/*.yaml starter/*.yaml
//go:embed support/*.yaml takeover/*.yaml
var content embed.FS

// testSuffix ends the names of files that hold test journeys.
const testSuffix = ".test.yaml"

// File is one YAML document of a pack.
type File struct {
	// Name is "packs/<pack>/<file>", for messages.
	Name string
	Data []byte
}

// Pack is the folder the file stands in, such as "login".
func (f File) Pack() string { return path.Base(path.Dir(f.Name)) }

// Default lists the documents of the detection packs: rules, signatures and their settings. The starter specs are not
// among them, see Starter.
func Default() []File {
	return files(func(pack, name string) bool { return pack != "starter" && !strings.HasSuffix(name, testSuffix) })
}

// Starter lists the specs for a site that has none of its own.
func Starter() []File {
	return files(func(pack, name string) bool { return pack == "starter" && !strings.HasSuffix(name, testSuffix) })
}

// Tests lists the documents with the packs' test journeys.
func Tests() []File {
	return files(func(_, name string) bool { return strings.HasSuffix(name, testSuffix) })
}

// files reads the embedded documents that are wanted, by name. The embedded tree cannot fail to be read.
func files(wanted func(pack, name string) bool) []File {
	names, err := fs.Glob(content, "*/*.yaml")
	if err != nil {
		panic(fmt.Sprintf("packs: list embedded files: %v", err))
	}
	slices.Sort(names)
	var found []File
	for _, name := range names {
		if !wanted(path.Dir(name), path.Base(name)) {
			continue
		}
		data, err := content.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("packs: read embedded file: %v", err))
		}
		found = append(found, File{Name: "packs/" + name, Data: data})
	}
	return found
}
