package proxy

import (
	"net/http"
	"slices"
	"strings"

	"wayguard/http1"
	"wayguard/mitigation"
	"wayguard/site"
)

// takenBy says whether edits remove or replace a header.
func takenBy(edits []*mitigation.Edit, name string) bool {
	for _, edit := range edits {
		for _, removed := range edit.Remove {
			if equalFold(removed, name) {
				return true
			}
		}
		for i := range edit.Set {
			if equalFold(edit.Set[i].Name, name) {
				return true
			}
		}
	}
	return false
}

// addedBy appends the headers that edits set and add. What a head says of its own is left out.
func addedBy(fields []http1.Field, edits []*mitigation.Edit) []http1.Field {
	for _, edit := range edits {
		for _, list := range [...][]http1.Field{edit.Set, edit.Add} {
			for i := range list {
				if sayable(&list[i]) {
					fields = append(fields, list[i])
				}
			}
		}
	}
	return fields
}

// amend changes the head of the origin's answer as the policy wants it, and puts what changes its body between the origin and
// the visitor until unveil.
func (p *passage) amend(r *reply) {
	if content := p.decoyContent(r); content != nil {
		p.answerEdits = append(p.answerEdits, content)
	}
	edits := p.answerEdits
	if len(edits) == 0 {
		return
	}
	if r.head == nil {
		kept := slices.DeleteFunc(r.fields, func(field http1.Field) bool { return takenBy(edits, field.Name) })
		r.fields = addedBy(kept, edits)
	} else {
		before := r.drop
		r.drop = func(name string) bool {
			known := http1.Lookup(name)
			return before != nil && before(name) || (known == http1.Other || known > http1.Host) && takenBy(edits, name)
		}
		r.add = addedBy(slices.Clip(r.add), edits)
	}
	p.veil(r)
}

// unveil takes away what amend has put in between.
func (p *passage) unveil() {
	if p.veiled != nil {
		p.visitor = p.veiled.visitor
		p.veiled.close()
		p.veiled = nil
	}
}

// decoyContent asks what is to be done to a page.
func (p *passage) decoyContent(r *reply) (content *mitigation.Edit) {
	policy := p.now.policy
	if policy == nil || p.directive.Mode != site.Active || p.asked.method != http.MethodGet || r.status != http.StatusOK {
		return nil
	}
	if !isMedia(valueOf(r, "Content-Type"), "text/html") {
		return nil
	}
	p.wire.inspection.guard("DecoyContent", func() { content = policy.DecoyContent(p.asked.path) })
	return content
}

// valueOf is a header of the origin's answer, its lines joined.
func valueOf(r *reply, name string) string {
	value := ""
	for i := range r.fields {
		if !equalFold(r.fields[i].Name, name) {
			continue
		}
		if value != "" {
			value += ", "
		}
		value += r.fields[i].Value
	}
	return value
}

// skipReason says why something was not changed that the policy wants changed.
type skipReason string

const (
	skipRequestBody skipReason = "request_body"   // the request's body was not read whole
	skipHead        skipReason = "head"           // an answer to HEAD
	skipNoBody      skipReason = "no_body"        // an answer without a body
	skipPartial     skipReason = "partial"        // a part of a page
	skipNoTransform skipReason = "no_transform"   // the origin forbids it
	skipType        skipReason = "content_type"   // of a type that is not changed
	skipCoding      skipReason = "coding"         // of a content coding that cannot be undone
	skipLarge       skipReason = "too_large"      // larger than is changed
	skipSlow        skipReason = "slow"           // the origin took too long to give all of it
	skipMemory      skipReason = "memory"         // the memory budget was spent
	skipFailed      skipReason = "failed"         // changing it failed
	skipBroken      skipReason = "origin_failure" // the origin broke off
)

// veil puts a reshaping between the origin and the visitor, if the body is to be changed and can be.
func (p *passage) veil(r *reply) {
	s := &reshaping{visitor: p.visitor, passage: p, kind: valueOf(r, "Content-Type")}
	asked := false
	for _, edit := range p.answerEdits {
		if edit.Transform == nil {
			continue
		}
		asked = true
		if ofTypes(edit.Types, s.kind) {
			s.edits = append(s.edits, edit)
			s.limit = max(s.limit, bodyLimit(edit))
		}
	}
	if !asked {
		return
	}
	if why := p.unfit(r, s); why != "" {
		p.wire.counts.skip(why)
		return
	}
	p.veiled, p.visitor = s, s
	if p.ex != nil {
		p.ex.reshaped = true // before anybody else may look
	}
}

// unfit says why a body passes as it is; empty: it does not.
func (p *passage) unfit(r *reply, s *reshaping) skipReason {
	var fine bool
	s.coding, fine = codingOf(valueOf(r, "Content-Encoding"))
	switch {
	case p.asked.method == http.MethodHead:
		return skipHead
	case r.status == http.StatusPartialContent || valueOf(r, "Content-Range") != "":
		return skipPartial
	case r.framing.Empty() || r.status < 200 || bodiless(r.status):
		return skipNoBody
	case len(s.edits) == 0:
		return skipType
	case strings.Contains(strings.ToLower(valueOf(r, "Cache-Control")), "no-transform"):
		return skipNoTransform
	case !fine:
		return skipCoding
	case r.framing.Length > int64(s.limit):
		return skipLarge
	}
	return ""
}

// ofTypes says whether a content type is one of those that are named by prefix; none are named: all are.
func ofTypes(types []string, kind string) bool {
	for _, prefix := range types {
		if len(kind) >= len(prefix) && equalFold(kind[:len(prefix)], prefix) {
			return true
		}
	}
	return len(types) == 0
}

// The bounds of a body that is changed, in bytes: where the policy names none, and at most.
const (
	usualReshaped = 1 << 20
	mostReshaped  = 8 << 20
)

func bodyLimit(edit *mitigation.Edit) int {
	if edit.BodyLimit <= 0 {
		return usualReshaped
	}
	return min(edit.BodyLimit, mostReshaped)
}
