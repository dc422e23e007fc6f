package decision

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

// fingerprintPattern is what payment.Fingerprinter makes.
var fingerprintPattern = regexp.MustCompile(`^crd_[0-9a-f]{32}$`)

// AddValue puts a value on the blacklist, or on a named list where v.List is the name of one; ttl 0 is for ever. What stands there
// already is extended, never shortened. Only FieldPath, Value, List, DisplayHint, Note and SourceDecisionID are taken.
func (s *Service) AddValue(ctx context.Context, v ListValue, ttl time.Duration, by string) (ListValue, error) {
	if v.List == "" {
		v.List = Blacklist
	}
	if problems := s.checkValue(&v, ttl); len(problems) > 0 {
		return v, &InvalidError{problems}
	}
	if s.lists.full() {
		return v, invalid("$", "too_many", fmt.Sprintf("the lists hold as many values as they may, %d", s.limits.ListValues))
	}
	at := s.deps.Now().UTC()
	v.ID, v.InsertedAt, v.UpdatedAt, v.ExpiresAt, v.Manual = s.deps.NewID(at), at, at, nil, true
	if ttl > 0 {
		until := at.Add(ttl)
		v.ExpiresAt = &until
	}
	v.Note = payment.MaskRemark(v.Note)
	s.hint(ctx, &v)
	kept, err := s.upsert(ctx, v)
	if err != nil {
		return v, s.kept("keep the value", err)
	}
	s.audit(ctx, by, "add", valueObject(kept), string(kept.ID))
	return kept, nil
}

// upsert writes an entry and puts it into memory, in the same order as others write and remove the same entry.
func (s *Service) upsert(ctx context.Context, v ListValue) (ListValue, error) {
	defer s.keys.lock(entryName(v))()
	kept, err := s.deps.Ledger.UpsertValue(ctx, s.deps.Environment, v)
	if err == nil {
		s.lists.put(kept)
	}
	return kept, err
}

func entryName(v ListValue) string {
	place := placeOf(v)
	return "value\x00" + place.list + "\x00" + place.path + "\x00" + v.Value
}

// hint fills the display hint of a card's fingerprint from the decision that it came from.
func (s *Service) hint(ctx context.Context, v *ListValue) {
	if v.FieldPath != fingerprintPath || v.DisplayHint != nil || v.SourceDecisionID == nil {
		return
	}
	e, err := s.Decision(ctx, *v.SourceDecisionID)
	if err == nil && e.Decision.MaskedCredential != nil && e.Values[fingerprintPath] == v.Value {
		v.DisplayHint = optional(payment.Hint(*e.Decision.MaskedCredential))
	}
}

// checkValue checks an entry and brings it into the form in which it is compared. Its problems never hold the value.
func (s *Service) checkValue(v *ListValue, ttl time.Duration) (problems []payment.Problem) {
	problem := func(field, code, message string) {
		problems = append(problems, payment.Problem{Field: field, Code: code, Message: message})
	}
	switch {
	case v.Value == "":
		problem("$.value", "required", "is missing")
	case len(v.Value) > longestValue:
		problem("$.value", "range", fmt.Sprintf("has at most %d bytes", longestValue))
	}
	if ttl < 0 {
		problem("$.ttl_seconds", "range", "is negative")
	}
	if len(v.Note) > longestDescription {
		problem("$.note", "range", fmt.Sprintf("has at most %d bytes", longestDescription))
	}
	if holdsAccount(v.Value) {
		problem("$.value", "format", accountListed)
	}
	if v.List != Blacklist {
		if !s.lists.known(v.List) {
			problem("$.list", "unknown", "is no list of the configuration")
		}
		v.Value = payment.Canonical(v.Value)
		return problems
	}
	if v.FieldPath == "" {
		problem("$.field_path", "required", "is missing")
		return problems
	}
	path, err := payment.ParsePath(v.FieldPath)
	if err != nil {
		problem("$.field_path", "format", err.Error())
		return problems
	}
	v.FieldPath, v.Value = path.String(), path.Normal(v.Value)
	if v.FieldPath == fingerprintPath && v.Value != "" && !fingerprintPattern.MatchString(v.Value) {
		problem("$.value", "format", "is no fingerprint: crd_ and 32 hexadecimal digits; card numbers are never put on a list")
	}
	if strings.HasPrefix(v.FieldPath, "$.credential") && !holdsAccount(v.Value) && string(payment.MaskText([]byte(v.Value))) != v.Value {
		problem("$.value", "format", accountListed)
	}
	return problems
}

// accountListed is told of a value that is an account.
const accountListed = "looks like a card number or an account; put its fingerprint on the list"

// holdsAccount says whether a value holds what no request keeps, so that it would be kept here alone and never be met. A telephone number
// is none.
func holdsAccount(value string) bool {
	const longestPhone = 16 // with its plus sign, ITU-T E.164
	if strings.HasPrefix(value, "+") && len(value) <= longestPhone {
		return false
	}
	return payment.MaskRemark(value) != value
}

// RemoveValue takes an entry off its list, at once; ErrNotFound where there is none.
func (s *Service) RemoveValue(ctx context.Context, id event.ID, by string) error {
	v, err := s.Value(ctx, id)
	if err != nil {
		return err
	}
	defer s.keys.lock(entryName(v))()
	found, err := s.deps.Ledger.DeleteValue(ctx, s.deps.Environment, id)
	if err := s.looked("value", found, err); err != nil {
		return err
	}
	s.lists.remove(v)
	s.audit(ctx, by, "remove", valueObject(v), string(id))
	return nil
}

// valueObject is what a change of an entry is a change of.
func valueObject(v ListValue) string {
	if placeOf(v).list == Blacklist {
		return "blacklist value"
	}
	return "list value"
}

// Value finds an entry, or ErrNotFound.
func (s *Service) Value(ctx context.Context, id event.ID) (ListValue, error) {
	v, found, err := s.deps.Ledger.Value(ctx, s.deps.Environment, id)
	return v, s.looked("value", found, err)
}

// Values lists the entries of a list, newest first; more says that there are others after them. Path and value are looked for in the form
// in which they are compared, whatever form they are asked in.
func (s *Service) Values(ctx context.Context, q ValueQuery) (values []ListValue, more bool, err error) {
	if q.List == "" {
		q.List = Blacklist
	}
	if q.List != Blacklist && !s.lists.known(q.List) {
		return nil, false, fmt.Errorf("list: %w", ErrNotFound)
	}
	if q.FieldPath != "" {
		path, err := payment.ParsePath(q.FieldPath)
		if err != nil {
			return nil, false, invalid("field_path", "format", err.Error())
		}
		q.FieldPath, q.Value = path.String(), path.Normal(q.Value)
	}
	if q.List != Blacklist {
		q.Value = payment.Canonical(q.Value)
	}
	limit := pageSize(q.Limit)
	q.Limit = limit + 1
	values, err = s.deps.Ledger.ValuePage(ctx, s.deps.Environment, q)
	values, more = cut(values, limit)
	return values, more, s.kept("list values", err)
}

// ListNames are the named lists there are, sorted.
func (s *Service) ListNames() []string { return s.lists.names() }

// FixedValues are the values that the configuration gives a named list, sorted.
func (s *Service) FixedValues(list string) []string {
	values := slices.Clone(s.deps.Lists[list])
	slices.Sort(values)
	return values
}
