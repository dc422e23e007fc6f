package rule

import (
	"time"

	"cel.dev/cel-go/common/types"

	"wayguard/event"
)

// field is one field of a variable: exactly one of its readers is set.
type field struct {
	text    func(*Facts) string
	integer func(*Facts) int64
	boolean func(*Facts) bool
	// words are the values that a text may have, nil when there is no list of them.
	words []string
}

// kind is the field's type in expressions.
func (d field) kind() *types.Type {
	switch {
	case d.text != nil:
		return types.StringType
	case d.integer != nil:
		return types.IntType
	}
	return types.BoolType
}

// program reads the field.
func (d field) program() program {
	switch {
	case d.text != nil:
		return program{text: func(f *frame) (string, fault) { return d.text(f.facts), sound }}
	case d.integer != nil:
		return program{integer: func(f *frame) (int64, fault) { return d.integer(f.facts), sound }}
	}
	return program{boolean: func(f *frame) (bool, fault) { return d.boolean(f.facts), sound }}
}

// fieldsOf are the fields of a variable that has the same ones in every rule; nil for el and settings.
func fieldsOf(variable string) map[string]field {
	switch variable {
	case "event":
		return eventFields()
	case "session":
		return sessionFields()
	case "device":
		return deviceFields()
	case "person":
		return personFields()
	case "actor":
		return actorFields()
	case "wire":
		return wireFields()
	case "client":
		return clientFields()
	case "network":
		return networkFields()
	}
	return nil
}

// eventFields are the facts of the exchange.
func eventFields() map[string]field {
	return map[string]field{
		"name":   {text: func(f *Facts) string { return f.Event.Name }},
		"type":   {text: func(f *Facts) string { return string(f.Event.Type) }, words: eventTypes()},
		"result": {text: func(f *Facts) string { return string(f.Event.Result) }, words: results()},
		"spec":   {text: func(f *Facts) string { return f.Event.Spec }},
		"method": {text: func(f *Facts) string { return f.Event.HTTP.Method }},
		"host":   {text: func(f *Facts) string { return f.Event.HTTP.Host }},
		"route":  {text: func(f *Facts) string { return f.Event.HTTP.Route }},
		"status": {integer: func(f *Facts) int64 { return int64(f.Event.HTTP.Status) }},
		"hour":   {integer: func(f *Facts) int64 { return int64(f.Event.Time.UTC().Hour()) }},
		"inline": {boolean: func(f *Facts) bool { return f.Event.HTTP.Inline }},
	}
}

// sessionFields are the facts of the session; score and rating are those before the event.
func sessionFields() map[string]field {
	return map[string]field{
		"events":         {integer: func(f *Facts) int64 { return f.Session.Events }},
		"seconds":        {integer: func(f *Facts) int64 { return int64(f.Event.Time.Sub(f.Session.Opened) / time.Second) }},
		"score":          {integer: func(f *Facts) int64 { return f.Session.Score }},
		"rating":         {text: func(f *Facts) string { return f.Session.Rating.String() }, words: ratings()},
		"new":            {boolean: func(f *Facts) bool { return f.Session.New }},
		"pages":          {integer: func(f *Facts) int64 { return f.Session.Shape.Pages }},
		"assets":         {integer: func(f *Facts) int64 { return f.Session.Shape.Assets }},
		"backs":          {integer: func(f *Facts) int64 { return f.Session.Shape.Backs }},
		"regularity":     {integer: func(f *Facts) int64 { return f.Session.Shape.regularity() }},
		"median_gap_ms":  {integer: func(f *Facts) int64 { return f.Session.Shape.MedianGap }},
		"distinct_pages": {integer: func(f *Facts) int64 { return f.Session.Shape.DistinctPages }},
		"orderly":        {integer: func(f *Facts) int64 { return f.Session.Shape.Orderly }},
		"crowd":          {integer: func(f *Facts) int64 { return max(1, f.Session.Shape.Crowd) }},
		"clones":         {integer: func(f *Facts) int64 { return f.Session.Shape.Clones }},
	}
}

func deviceFields() map[string]field {
	return map[string]field{
		"age_days":         {integer: func(f *Facts) int64 { return f.Device.AgeDays }},
		"sessions":         {integer: func(f *Facts) int64 { return f.Device.Sessions }},
		"confidence":       {integer: func(f *Facts) int64 { return f.Device.Confidence }},
		"accounts":         {integer: func(f *Facts) int64 { return f.Device.Accounts }},
		"suspicion":        {integer: func(f *Facts) int64 { return f.Device.Suspicion }},
		"new":              {boolean: func(f *Facts) bool { return f.Device.New }},
		"known_to_account": {boolean: func(f *Facts) bool { return f.Device.KnownToAccount }},
	}
}

func personFields() map[string]field {
	return map[string]field{
		"accounts": {integer: func(f *Facts) int64 { return f.Person.Accounts }},
		"devices":  {integer: func(f *Facts) int64 { return f.Person.Devices }},
		"age_days": {integer: func(f *Facts) int64 { return f.Person.AgeDays }},
	}
}

func actorFields() map[string]field {
	return map[string]field{
		"devices":  {integer: func(f *Facts) int64 { return f.Actor.Devices }},
		"sessions": {integer: func(f *Facts) int64 { return f.Actor.Sessions }},
	}
}

// wireFields are what connection and headers show; a text that was not seen is "".
func wireFields() map[string]field {
	return map[string]field{
		"kind":  {text: func(f *Facts) string { return string(f.Event.Evidence.Wire.Kind) }, words: requestKinds()},
		"ja4":   {text: func(f *Facts) string { return f.Event.Evidence.Wire.JA4 }},
		"http2": {text: func(f *Facts) string { return f.Event.Evidence.Wire.HTTP2 }},
		"hints": {text: func(f *Facts) string { return string(f.Event.Evidence.Wire.Hints) },
			words: []string{"", string(event.HintsAnswered), string(event.HintsMissing)}},
		"flaws": {integer: func(f *Facts) int64 { return int64(len(f.Event.Evidence.Wire.Flaws)) }},
	}
}

// clientFields are what the client says of itself.
func clientFields() map[string]field {
	return map[string]field{
		"family":   {text: func(f *Facts) string { return f.Event.Evidence.Client.Family }},
		"major":    {integer: func(f *Facts) int64 { return f.Event.Evidence.Client.Major }},
		"platform": {text: func(f *Facts) string { return f.Event.Evidence.Client.Platform }},
		"language": {text: func(f *Facts) string { return f.Event.Evidence.Client.Language }},
		"mobile":   {boolean: func(f *Facts) bool { return f.Event.Evidence.Client.Mobile }},
		"agent":    {text: func(f *Facts) string { return f.Event.Evidence.Client.Agent }},
		"proof":    {text: func(f *Facts) string { return string(f.Event.Evidence.Client.Proof) }, words: proofs()},
	}
}

// networkFields are what lists and databases say of the address.
func networkFields() map[string]field {
	return map[string]field{
		"kind":    {text: func(f *Facts) string { return string(f.Event.Evidence.Network.Kind) }, words: networkKinds()},
		"country": {text: func(f *Facts) string { return f.Event.Evidence.Network.Country }},
		"as":      {integer: func(f *Facts) int64 { return f.Event.Evidence.Network.AS }},
	}
}

func results() []string {
	return []string{"", string(event.Success), string(event.Failure), string(event.Challenged), string(event.Blocked)}
}

func ratings() []string {
	return []string{event.Normal.String(), event.Suspicious.String(), event.Malicious.String()}
}

func requestKinds() []string {
	return []string{"", string(event.Document), string(event.Data), string(event.Style), string(event.Script), string(event.Image),
		string(event.Font), string(event.Other)}
}

func proofs() []string { return []string{"", string(event.Verified), string(event.Refuted)} }

func networkKinds() []string {
	return []string{"", string(event.Hosting), string(event.VPN), string(event.Tor), string(event.Relay), string(event.Crawler)}
}

// flaws are the contradictions that wire.flaw asks for.
func flaws() []string {
	return []string{string(event.FlawTLS), string(event.FlawHTTP2), string(event.FlawHeaders), string(event.FlawFetch),
		string(event.FlawBrands), string(event.FlawPlatform), string(event.FlawAutomation), string(event.FlawAgent)}
}
