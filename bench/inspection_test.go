package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/netip"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/element"
	"wayguard/engine"
	"wayguard/event"
	"wayguard/rule"
	"wayguard/state"
	"wayguard/stream"
)

// The load: specs and rules of a configuration, visitors who come back, exchanges that repeat after a while.
const (
	specCount = 50
	ruleCount = 50
	// breath is how many records are written before the disk may catch up: its speed is not what is measured.
	breath = 512
	// stride is the time between two exchanges: 2,000 a second.
	stride = 500 * time.Microsecond
)

// BenchmarkInspection measures what inspecting one POST of 2 KiB costs after the visitor was answered: 50 specs, 10 JSON
// fields, 50 rules, the session and the entities' memories updated, the record written to the log. "whole" is the sum as
// app wires it; the others are its parts. The goal is 10 µs hot and no allocation. Hot is a load that fits the caches;
// wide is one of a thousand visitors, which does not.
func BenchmarkInspection(b *testing.B) {
	for _, size := range []struct {
		name                string
		visitors, exchanges int
	}{{"hot", 64, 128}, {"wide", 1000, 4000}} {
		l := newLoad(b, size.visitors, size.exchanges)
		b.Run(size.name+"/match", l.match)
		b.Run(size.name+"/exchange", l.exchange)
		b.Run(size.name+"/observe", l.observe)
		b.Run(size.name+"/encode", l.encode)
		b.Run(size.name+"/enqueue", l.enqueue)
		b.Run(size.name+"/whole", l.whole)
	}
}

func (l *load) match(b *testing.B) {
	defer cpuTime(b)()
	for i := range b.N {
		if l.set.Match(&l.requests[i%len(l.requests)]) == nil {
			b.Fatal("no spec matches")
		}
	}
}

func (l *load) exchange(b *testing.B) {
	for i := range l.requests { // what comes again is known when the measuring begins
		l.capture(b, i)
	}
	defer cpuTime(b)()
	for i := range b.N {
		l.capture(b, i)
	}
}

func (l *load) observe(b *testing.B) {
	events := make([]event.Event, len(l.requests))
	for i := range events {
		events[i] = l.fresh(i)
	}
	l.reset()
	for i := range len(l.requests) { // every visitor is known when the measuring begins
		l.judge(b, events[i], l.times(i))
	}
	defer cpuTime(b)()
	for i := range b.N {
		l.judge(b, events[i%len(l.requests)], l.times(i+len(l.requests)))
	}
}

func (l *load) encode(b *testing.B) {
	records := l.records(b)
	codec := event.NewCodec()
	var room []byte
	var err error
	defer cpuTime(b)()
	for i := range b.N {
		if room, err = codec.Append(room[:0], &records[i%len(l.requests)]); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(room)))
}

func (l *load) enqueue(b *testing.B) {
	records := l.records(b)
	log := openLog(b)
	defer cpuTime(b)()
	for i := range b.N {
		enqueue(b, log, i, records[i%len(l.requests)])
	}
}

func (l *load) whole(b *testing.B) {
	l.reset()
	log := openLog(b)
	step := func(i int) {
		e := l.capture(b, i)
		enqueue(b, log, i, l.judge(b, e, l.times(i)).Record)
	}
	for i := range len(l.requests) {
		step(i)
	}
	defer cpuTime(b)()
	for i := range b.N {
		step(i + len(l.requests))
	}
}

// load is what is inspected and by what.
type load struct {
	set       *capture.Set
	engine    *engine.Engine
	state     *state.Memory
	turn      *state.Turn
	requests  []capture.Request
	responses []capture.Response
	scratch   capture.Scratch
}

func newLoad(b *testing.B, visitors, exchanges int) *load {
	b.Helper()
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		b.Fatal(err)
	}
	var specs capture.Config
	decode(b, specsText(), &specs)
	set, problems := capture.Compile(specs, element.NewNormaliser(element.Default(), keys, element.Options{Region: "US"}), capture.Knowledge{Locate: locate})
	if err := problems.Err(); err != nil {
		b.Fatal(err)
	}
	rules, problems := rule.Compile(rulesConfig(b), rule.StandardVocabulary(element.Default(), set.Names()))
	if err := problems.Err(); err != nil {
		b.Fatal(err)
	}
	if len(set.Names()) != specCount || len(rules.Rules()) < ruleCount {
		b.Fatalf("%d specs and %d rules", len(set.Names()), len(rules.Rules()))
	}
	l := &load{set: set}
	if l.engine, err = engine.New(rules, engine.Settings{}); err != nil {
		b.Fatal(err)
	}
	l.exchanges(visitors, exchanges)
	return l
}

func (l *load) reset() { l.state, l.turn = state.NewMemory(0), state.NewTurn() }

func (l *load) times(i int) time.Time {
	return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC).Add(time.Duration(i) * stride)
}

// capture makes the event of the i-th exchange as the data path does.
func (l *load) capture(b *testing.B, i int) event.Event {
	at := i % len(l.requests)
	r := &l.requests[at]
	r.Time = l.times(i)
	spec := l.set.Match(r)
	if spec == nil {
		b.Fatal("no spec matches")
	}
	l.scratch.Reset()
	e := spec.ExchangeIn(&l.scratch, r, &l.responses[at])
	if len(e.Elements) < 15 || len(e.Issues) > 0 {
		b.Fatalf("only %d elements, issues %v", len(e.Elements), e.Issues)
	}
	return e
}

// fresh makes the event of the i-th exchange for keeping.
func (l *load) fresh(i int) event.Event {
	r := l.requests[i%len(l.requests)]
	r.Time = l.times(i)
	return l.set.Match(&r).Exchange(&r, &l.responses[i%len(l.requests)])
}

// judge does what app's judge does between the event and the log. The step is good until the next one.
func (l *load) judge(b *testing.B, e event.Event, at time.Time) *engine.Step {
	e.Time = at
	step, err := l.turn.Observe(context.Background(), l.state, l.engine, &e)
	if err != nil {
		b.Fatal(err)
	}
	return step
}

// records are those of all exchanges, for keeping.
func (l *load) records(b *testing.B) []event.Record {
	l.reset()
	records := make([]event.Record, len(l.requests))
	for i := range records {
		text, err := l.judge(b, l.fresh(i), l.times(i)).Record.Append(nil)
		if err == nil {
			err = json.Unmarshal(text, &records[i])
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return records
}

func openLog(b *testing.B) *stream.Disk {
	b.Helper()
	log, err := stream.OpenDisk(b.TempDir(), stream.Options{RetainBytes: -1, MaxBytes: 256 << 20})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = log.Close() })
	return log
}

// enqueue hands the i-th record to the log.
func enqueue(b *testing.B, log *stream.Disk, i int, record event.Record) {
	position, err := log.Enqueue(record)
	if err != nil {
		b.Fatal(err)
	}
	if i%breath != 0 {
		return
	}
	b.StopTimer()
	defer b.StartTimer()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := log.Wait(ctx, position-1); err != nil {
		b.Fatal(err)
	}
}

func decode(b *testing.B, text string, into any) {
	b.Helper()
	doc, problems := document.Parse("bench.yaml", []byte(text))
	if doc != nil {
		problems = append(problems, doc.Decode(into)...)
	}
	if err := problems.Err(); err != nil {
		b.Fatal(err)
	}
}

// specsText is one spec that takes 10 fields of a JSON body among 49 others, some of which look alike.
func specsText() string {
	var s strings.Builder
	s.WriteString("specs:\n")
	for i := range specCount - 1 {
		fmt.Fprintf(&s, "  - { name: other-%d, event: Other, type: product_view, match: { method: [GET, POST], path: %q } }\n", i,
			[]string{"/shop/%d/{id}", "/api/v2/orders/%d", "/page-%d/*"}[i%3])
	}
	text := strings.ReplaceAll(s.String(), "%d", "n")
	for i := range specCount - 1 {
		text = strings.Replace(text, "/n", fmt.Sprintf("/%d", i), 1)
		text = strings.Replace(text, "-n/", fmt.Sprintf("-%d/", i), 1)
	}
	return text + `  - name: checkout
    event: Checkout
    type: checkout
    match: { method: POST, path: "/api/v2/orders/{cart}/pay", content_type: application/json }
    take:
      username: { json: $.customer.login, transform: [trim, lowercase] }
      email: { json: $.customer.email }
      phone: { json: $.customer.phone }
      customer_id: { json: $.customer.id }
      transaction_amount: { json: $.payment.amount, currency: { json: $.payment.currency } }
      payment_from: { json: $.payment.card.number }
      card_holder: { json: $.payment.card.holder }
      product_sku: { json: "$.items[*].sku" }
      cart_items: { json: $.count }
      cart_id: { path: cart }
      campaign: { query: utm_campaign }
    take_response:
      order_id: { json: $.order.id }
    outcome:
      - { result: failure, when: { status: [4xx, 5xx] } }
      - { result: success, when: { status: 2xx, json: { $.order.id: "*" } } }
`
}

func rulesConfig(b *testing.B) rule.Config {
	b.Helper()
	var config rule.Config
	var s strings.Builder
	s.WriteString("rules:\n")
	for i := range ruleCount {
		fmt.Fprintf(&s, "  - { id: bench-%d, label: Bench %d, severity: informational, family: velocity, points: 0, on: [checkout], when: %q }\n", i, i,
			[]string{`count("ip_address", "events", "1h") > 100000 && session.distinct("email") > 3`, `session.count("events") > 1000000 || event.result == "challenged"`,
				`distinct("email", "ip_address", "24h") > 60`}[i%3])
	}
	decode(b, s.String(), &config)
	return config
}

func locate(a netip.Addr) capture.Place {
	return capture.Place{Country: "US", Region: "Massachusetts", City: "Boston", Latitude: "42.3601", Longitude: "-71.0589", ASN: "64500", Network: "Example Net"}
}

// exchanges writes the load: visitors with an account, a card and a browser each, whose orders differ.
func (l *load) exchanges(visitors, count int) {
	d := rand.New(rand.NewSource(1))
	for i := range count {
		v := d.Intn(visitors)
		body := fmt.Sprintf(`{"customer":{"id":"C-%07d","login":"Visitor.%d","email":"visitor.%d@mail%d.example","phone":"+1617555%04d","newsletter":false},"count":%d,
"payment":{"amount":%d.%02d,"currency":"USD","card":{"number":"%s","holder":"Visitor Number %d","expiry":{"month":%d,"year":2029}}},"items":[%s],
"shipping":{"method":"standard","street":"%d Harbor Street","city":"Boston","postal_code":"02110","country":"US"},"notes":"%s"}`,
			v*7919, v, v, v%40, v, 1+d.Intn(5), 10+d.Intn(900), d.Intn(100), cardNumber(v), v, 1+v%12, items(d), 1+v%300, strings.Repeat("leave it at the door, please. ", 18))
		l.requests = append(l.requests, capture.Request{ID: event.ID(fmt.Sprintf("01935a8e-0000-7000-8000-%012d", i)), Environment: event.DefaultEnvironment,
			Method: "POST", Scheme: "https", Host: "shop.example", Path: fmt.Sprintf("/api/v2/orders/cart-%06x/pay", d.Intn(1<<24)), Query: "utm_campaign=autumn&utm_source=mail",
			Header: head(v, len(body)), Peer: netip.AddrFrom4([4]byte{198, 51, byte(v >> 8), byte(v)}), Body: capture.Body{Bytes: []byte(body)}})
		l.responses = append(l.responses, capture.Response{Status: 201, Duration: 31 * time.Millisecond,
			Header: []capture.Field{{Name: "Content-Type", Value: "application/json"}, {Name: "Cache-Control", Value: "no-store"}},
			Body:   capture.Body{Bytes: []byte(fmt.Sprintf(`{"order":{"id":"O-%09d","state":"accepted"},"total":"12.00"}`, d.Intn(1e9)))}})
	}
}

func head(v, length int) []capture.Field {
	return []capture.Field{{Name: "Host", Value: "shop.example"}, {Name: "Connection", Value: "keep-alive"}, {Name: "Content-Length", Value: fmt.Sprint(length)},
		{Name: "sec-ch-ua", Value: `"Chromium";v="142", "Not_A Brand";v="99"`}, {Name: "Content-Type", Value: "application/json"}, {Name: "sec-ch-ua-mobile", Value: "?0"},
		{Name: "User-Agent", Value: fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 120+v%20)},
		{Name: "sec-ch-ua-platform", Value: `"Windows"`}, {Name: "Accept", Value: "application/json"}, {Name: "Origin", Value: "https://shop.example"},
		{Name: "Referer", Value: "https://shop.example/checkout"}, {Name: "Accept-Encoding", Value: "gzip, deflate, br, zstd"}, {Name: "Accept-Language", Value: "en-US,en;q=0.9"},
		{Name: "Cookie", Value: fmt.Sprintf("theme=dark; sid=%032x; _ga=GA1.1.%d.1700000000", v*2654435761, v)}}
}

func items(d *rand.Rand) string {
	var list []string
	for i := range 6 {
		list = append(list, fmt.Sprintf(`{"sku":"SKU-%05d","name":"A thing of number %d","quantity":%d,"price":%d.50,"options":["red","large"]}`, d.Intn(300), i, 1+d.Intn(3), d.Intn(90)))
	}
	return strings.Join(list[:1+d.Intn(2)+4], ",")
}

// cardNumber is a number with a valid check digit.
func cardNumber(v int) string {
	digits := fmt.Sprintf("4111%011d", v*104729)
	sum := 0
	for i, c := range digits {
		n := int(c - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}
