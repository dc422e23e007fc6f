package config

import "wayguard/document"

// place gives every file that the section names its path.
func (c *DecisionsConfig) place(beside func(path string) string) {
	c.Certificate, c.Key, c.BinTable = beside(c.Certificate), beside(c.Key), beside(c.BinTable)
	for name, list := range c.Lists {
		list.File = beside(list.File)
		c.Lists[name] = list
	}
}

// CheckRoutes tells what is wrong with the routes, given the specs there are and whether each is inline.
func (c *DecisionsConfig) CheckRoutes(inline map[string]bool) document.Problems {
	var problems document.Problems
	seen := map[string]bool{}
	names := make([]string, 0, len(inline))
	for name := range inline {
		names = append(names, name)
	}
	for i := range c.Routes {
		r := &c.Routes[i]
		held, known := inline[r.Spec]
		switch {
		case !known:
			problems = append(problems, r.At.Problem("spec", "no spec has this name", document.DidYouMean(r.Spec, names)))
		case !held:
			problems = append(problems, r.At.Problem("spec", "requests of this spec are not held, so that nothing can be decided about them", "set inline: true in the spec"))
		case seen[r.Spec]:
			problems = append(problems, r.At.Problem("spec", "another route has this spec", ""))
		}
		seen[r.Spec] = true
		if r.Interceptor == "" {
			problems = append(problems, r.At.Problem("interceptor", "is needed: the ref of an interceptor", ""))
		}
	}
	if len(c.Routes) > 0 && c.Listen == "" {
		problems = append(problems, c.At.Problem("routes", "payment decisions are off", "set decisions.listen"))
	}
	return problems
}
