package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"wayguard/document"
)

// sourceLimit bounds how many files one configuration may have.
const sourceLimit = 1000

// Load reads the configuration of a file and what it includes, on top of Default. Every problem of every file is told.
func Load(path string, lookup document.Lookup) (Config, document.Problems) {
	c := Default()
	problems := c.add(path, lookup, true)
	c.Data = beside(path, c.Data)
	for i, file := range c.Location.Files {
		c.Location.Files[i] = beside(path, file)
	}
	for i := range c.Networks.Lists {
		c.Networks.Lists[i].File = beside(path, c.Networks.Lists[i].File)
	}
	for i := range c.Agents {
		for j := range c.Agents[i].Keys {
			c.Agents[i].Keys[j].File = beside(path, c.Agents[i].Keys[j].File)
		}
	}
	for _, listen := range c.Proxy.Listen {
		if listen.TLS != nil {
			listen.TLS.Certificate, listen.TLS.Key = beside(path, listen.TLS.Certificate), beside(path, listen.TLS.Key)
		}
	}
	for i := range c.Origins {
		for _, file := range c.Origins[i].Files() {
			*file = beside(path, *file)
		}
	}
	c.Decisions.place(func(file string) string { return beside(path, file) })
	for _, file := range c.Integrations.Files() {
		*file = beside(path, *file)
	}
	if c.Proxy.Origin.TLS.CA != "" {
		c.Proxy.Origin.TLS.CA = beside(path, c.Proxy.Origin.TLS.CA)
	}
	return c, problems
}

func beside(file, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

func (c *Config) add(path string, lookup document.Lookup, main bool) document.Problems {
	data, err := os.ReadFile(path)
	if err != nil {
		return document.Problems{{File: path, Message: "cannot be read: " + err.Error()}}
	}
	problems := c.Add(path, data, lookup)
	if !main || len(c.Include) == 0 {
		return problems
	}
	patterns := c.Include
	c.Include = nil
	files, more := c.included(path, patterns)
	problems = append(problems, more...)
	for _, file := range files {
		problems = append(problems, c.add(file, lookup, false)...)
		if len(c.Include) > 0 {
			problems = append(problems, document.Problem{File: file, Path: "include", Message: "only the main file may include others"})
			c.Include = nil
		}
	}
	return problems
}

func (c *Config) included(path string, patterns []string) ([]string, document.Problems) {
	var files []string
	var problems document.Problems
	for i, pattern := range patterns {
		at := c.At.Problem(fmt.Sprintf("include[%d]", i), "", "")
		found, err := filepath.Glob(beside(path, pattern))
		switch {
		case err != nil:
			at.Message = "is no file pattern"
		case len(found) == 0:
			at.Message = "matches no file"
		case len(files)+len(found) > sourceLimit:
			at.Message = fmt.Sprintf("makes more than %d files", sourceLimit)
		default:
			slices.Sort(found)
			files = append(files, found...)
			continue
		}
		problems = append(problems, at)
	}
	return files, problems
}

// Add reads one more file's text into the configuration: lists grow, single values are replaced.
func (c *Config) Add(name string, data []byte, lookup document.Lookup) document.Problems {
	doc, problems := document.ParseWith(name, data, lookup)
	if doc == nil {
		return problems
	}
	specs, rules, signatures, actions, custom := c.Specs, c.Rules, c.Signatures, c.Actions, c.Elements.Custom
	sites, origins, agents, policies, integrations := c.Sites, c.Origins, c.Agents, c.Policies, c.Integrations
	allowed, decoys := c.Mitigation.Allow, c.Mitigation.Decoys
	c.Specs, c.Rules, c.Signatures, c.Actions, c.Elements.Custom = nil, nil, nil, nil, nil
	c.Sites, c.Origins, c.Agents, c.Policies, c.Integrations = nil, nil, nil, nil, nil
	c.Mitigation.Allow, c.Mitigation.Decoys = nil, nil
	before := c.mistakes()
	problems = append(problems, doc.Decode(c)...)
	for _, m := range c.newMistakes(before) {
		problems = append(problems, c.At.Problem(m.path, m.message, ""))
	}
	c.Specs = append(specs, c.Specs...)
	c.Rules = append(rules, c.Rules...)
	c.Signatures = append(signatures, c.Signatures...)
	c.Actions = append(actions, c.Actions...)
	c.Elements.Custom = append(custom, c.Elements.Custom...)
	c.Sites = append(sites, c.Sites...)
	c.Origins = append(origins, c.Origins...)
	c.Agents = append(agents, c.Agents...)
	c.Policies = append(policies, c.Policies...)
	c.Integrations = append(integrations, c.Integrations...)
	c.Mitigation.Allow = append(allowed, c.Mitigation.Allow...)
	c.Mitigation.Decoys = append(decoys, c.Mitigation.Decoys...)
	return problems
}
