package decoy

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

func feign(t *testing.T, s *Set, o *simulated, user, session string) Answer {
	t.Helper()
	r, e := o.request(user)
	a, ok := s.Feign("login", "failure", policy.TemplateConfig{}, r, e, event.ID(session), r.Time)
	if !ok {
		t.Fatal("nothing was feigned")
	}
	return a
}

func TestReadyAfterEnoughSamples(t *testing.T) {
	o, s := newSimulated(1, true), testSet(t)
	r, e := o.request("anna")
	if s.Ready("login", "") {
		t.Error("ready before anything was seen")
	}
	if _, ok := s.Feign("login", "", policy.TemplateConfig{}, r, e, "s", r.Time); ok {
		t.Error("feigned from nothing")
	}
	o.teach(s, 19)
	if s.Ready("login", "failure") {
		t.Error("ready after 19 samples")
	}
	o.teach(s, 1)
	if !s.Ready("login", "failure") || !s.Ready("login", "") || s.Ready("login", "success") {
		t.Error("20 failures must do for failures, and for nothing else")
	}
}

// TestOneVisitorIsNotEnough: what one visitor's answers have in common may be the visitor's.
func TestOneVisitorIsNotEnough(t *testing.T) {
	o, s := newSimulated(2, true), testSet(t)
	for range 60 {
		r, e := o.request("anna")
		e.Evidence.Address = "198.51.100.1"
		s.Learn("login", event.Failure, r, o.fails(r, "anna"), e)
	}
	if s.Ready("login", "failure") {
		t.Error("learned from a single visitor")
	}
}

func TestRightAndWrongPasswordGetTheSame(t *testing.T) {
	o, s := newSimulated(3, true), testSet(t)
	o.teach(s, 200)
	r, e := o.request("anna77")
	wrong, _ := s.Feign("login", "failure", policy.TemplateConfig{}, r, e, "s", r.Time)
	r.Body.Bytes = []byte(`{"username":"anna77","password":"the right one"}`)
	right, _ := s.Feign("login", "failure", policy.TemplateConfig{}, r, e, "s", r.Time)
	if !bytes.Equal(wrong.Body, right.Body) || wrong.After != right.After || fmt.Sprint(wrong.Header) != fmt.Sprint(right.Header) {
		t.Error("the password has a part in the answer")
	}
}

// TestAskedAgain: what the origin decides stays, what it makes anew for each request is made anew.
func TestAskedAgain(t *testing.T) {
	o, s := newSimulated(4, true), testSet(t)
	o.teach(s, 300)
	reason := func(a Answer) string {
		_, after, _ := strings.Cut(string(a.Body), `"code":"`)
		code, _, _ := strings.Cut(after, `"`)
		return code
	}
	for i := range 40 {
		user := fmt.Sprintf("somebody%d", i)
		first, again, elsewhere := feign(t, s, o, user, "a"), feign(t, s, o, user, "a"), feign(t, s, o, user, "b")
		if reason(first) == "" || reason(first) != reason(again) || reason(first) != reason(elsewhere) {
			t.Fatalf("%s: %q, then %q, then %q", user, reason(first), reason(again), reason(elsewhere))
		}
		if bytes.Equal(first.Body, again.Body) {
			t.Fatal("a request id was repeated")
		}
	}
	// The origin's own word about an account outweighs chance.
	for i := range 40 {
		user := fmt.Sprintf("known%d", i)
		r, e := o.request(user)
		real := o.fails(r, user)
		s.Learn("login", event.Failure, r, real, e)
		if got, want := reason(feign(t, s, o, user, "a")), reason(Answer{Body: real.Body.Bytes}); got != want {
			t.Fatalf("%s is %q, the origin said %q", user, got, want)
		}
	}
}

func TestTokensThatBelongTogetherAreEqual(t *testing.T) {
	o, s := newSimulated(5, false), testSet(t)
	o.teach(s, 300)
	for i := range 50 {
		a := feign(t, s, o, fmt.Sprintf("u%d", i), "s")
		_, token, _ := strings.Cut(fieldValue(a.Header, "Set-Cookie"), "csrf=")
		token, _, _ = strings.Cut(token, ";")
		if len(token) != 32 || !strings.Contains(string(a.Body), `name="csrf" value="`+token+`"`) {
			t.Fatalf("the cookie's token %q is not the form's: %s", token, a.Body)
		}
	}
}

func TestNothingOfAVisitorIsRepeated(t *testing.T) {
	o, s := newSimulated(6, false), testSet(t)
	var secrets []string
	names := strings.Fields("Aldermann Brunswick Castellan Dragomir Eglinton Fitzwater Gorbunov Hawthorne Ivanovich Jablonski Kowalczyk Lindqvist")
	for i := range 400 {
		user := fmt.Sprintf("user%d", i)
		name := names[o.IntN(len(names))] + strings.ToLower(names[o.IntN(len(names))]) + string(rune('a'+i%26)) + string(rune('a'+i/26))
		mail, order, token := name+"@mail.example", strconv.Itoa(4_000_000+o.IntN(1_000_000)), o.hex(40)
		r, e := o.request(user)
		body := `{"ok":true,"order":"` + order + `","name":"` + name + `","mail":"` + mail + `","token":"` + token + `","state":"accepted"}`
		response := &capture.Response{Status: 200, Duration: time.Millisecond, Header: []capture.Field{{Name: "Content-Type", Value: "application/json"},
			{Name: "Set-Cookie", Value: "sid=" + token[:24] + "; HttpOnly"}}, Body: capture.Body{Bytes: []byte(body)}}
		s.Learn("login", event.Success, r, response, e)
		secrets = append(secrets, name, mail, order, token, token[:24])
	}
	for i := range 500 {
		r, e := o.request(fmt.Sprintf("attacker%d", i))
		a, ok := s.Feign("login", "success", policy.TemplateConfig{Canaries: map[string]string{"order": "digits:9"}}, r, e, "s", r.Time)
		if !ok {
			t.Fatal("nothing was feigned")
		}
		text := string(a.Body) + fmt.Sprint(a.Header)
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Fatalf("%q of another visitor is in %s", secret, text)
			}
		}
		if !strings.HasPrefix(text, `{"ok":true,"order":"`) || !strings.Contains(text, `"state":"accepted"`) {
			t.Fatalf("the answer is not like the origin's: %s", text)
		}
	}
}

func TestNothingBecomesMarkup(t *testing.T) {
	o, s := newSimulated(7, false), testSet(t)
	o.teach(s, 300)
	for _, user := range []string{`"><script>alert(1)</script>`, `a'b"c<d>&e`, "x\r\nSet-Cookie: a=b"} {
		a := feign(t, s, o, user, "s")
		if strings.Contains(string(a.Body), "<script>") || strings.Contains(string(a.Body), "c<d>") {
			t.Errorf("%q came back as markup: %s", user, a.Body)
		}
		for _, f := range a.Header {
			if strings.ContainsAny(f.Value, "\r\n") {
				t.Errorf("%q broke the header %q", user, f.Name)
			}
		}
	}
}

func TestDatesAreOfNow(t *testing.T) {
	o, s := newSimulated(8, false), testSet(t)
	o.teach(s, 100)
	o.now = o.now.Add(26 * time.Hour)
	a := feign(t, s, o, "anna", "s")
	sent := o.now.Add(a.After).UTC()
	if got, want := fieldValue(a.Header, "Date"), sent.Format("Mon, 02 Jan 2006 15:04:05 GMT"); got != want {
		t.Errorf("Date %q, want %q", got, want)
	}
	if want := sent.Add(2 * time.Hour).Format("expires=Mon, 02-Jan-2006 15:04:05 GMT"); !strings.Contains(fieldValue(a.Header, "Set-Cookie"), want) {
		t.Errorf("Set-Cookie %q lacks %q", fieldValue(a.Header, "Set-Cookie"), want)
	}
	if want := sent.Format("Rendered at 2006-01-02 15:04:05"); !strings.Contains(string(a.Body), want) {
		t.Errorf("%s lacks %q", a.Body, want)
	}
}

func TestDigestFollowsFromTheBody(t *testing.T) {
	o, s := newSimulated(9, true), testSet(t)
	o.teach(s, 100)
	for i := range 20 {
		a := feign(t, s, o, fmt.Sprintf("u%d@mail.example", i), "s")
		if got, want := fieldValue(a.Header, "etag"), `W/"`+digest("express", a.Body)+`"`; got != want {
			t.Errorf("etag %s, want %s", got, want)
		}
		if a.Framing.Name != "content-length" || a.Framing.At != 3 || a.Framing.Chunked {
			t.Errorf("framing %+v", a.Framing)
		}
	}
}

func TestCookiesAreSetAgainWhereTheyWereBrought(t *testing.T) {
	o, s := newSimulated(10, true), testSet(t)
	exchange := func(cookie string) (*capture.Request, *event.Event, *capture.Response) {
		r, e := o.request(o.username())
		a := o.fails(r, "somebody")
		if cookie != "" {
			r.Header = append(r.Header, capture.Field{Name: "Cookie", Value: "theme=dark; sid=" + cookie})
		} else {
			cookie = o.hex(24)
		}
		a.Header = append(a.Header, capture.Field{Name: "set-cookie", Value: "sid=" + cookie + "; Path=/"})
		return r, e, a
	}
	for i := range 300 {
		cookie := ""
		if i%2 == 0 {
			cookie = o.hex(24)
		}
		r, e, a := exchange(cookie)
		s.Learn("login", event.Failure, r, a, e)
	}
	given := map[string]bool{}
	for i := range 40 {
		cookie := ""
		if i%2 == 0 {
			cookie = o.hex(24)
		}
		r, e, _ := exchange(cookie)
		a, _ := s.Feign("login", "failure", policy.TemplateConfig{}, r, e, "s", r.Time)
		_, sid, _ := strings.Cut(fieldValue(a.Header, "set-cookie"), "sid=")
		sid, _, _ = strings.Cut(sid, ";")
		if len(sid) != 24 || cookie != "" && sid != cookie || given[sid] {
			t.Fatalf("brought %q, was given %q", cookie, sid)
		}
		given[sid] = true
	}
}

func TestCountersGoOn(t *testing.T) {
	o, s := newSimulated(12, true), testSet(t)
	count := 70_000
	for range 100 {
		r, e := o.request(o.username())
		count += 1 + o.IntN(3)
		s.Learn("login", event.Failure, r, &capture.Response{Status: 400, Duration: time.Millisecond, Header: []capture.Field{{Name: "Content-Type", Value: "text/plain"}},
			Body: capture.Body{Bytes: fmt.Appendf(nil, "no. case %d", count)}}, e)
	}
	a := feign(t, s, o, "anna", "s")
	number, err := strconv.Atoi(strings.TrimPrefix(string(a.Body), "no. case "))
	if err != nil || number <= count-60 || number > count+60 {
		t.Errorf("after %d came %q", count, a.Body)
	}
}

func TestCodings(t *testing.T) {
	for _, coding := range []string{"gzip", "br"} {
		t.Run(coding, func(t *testing.T) {
			o, s := newSimulated(13, true), testSet(t)
			coded := func() (*capture.Request, *event.Event, *capture.Response) {
				user := o.username()
				r, e := o.request(user)
				r.Header = append(r.Header, capture.Field{Name: "Accept-Encoding", Value: "gzip, deflate, br"})
				a := o.fails(r, user)
				a.Body.Bytes = pack(packer{coding: coding, level: 5}, a.Body.Bytes)
				a.Header = append(a.Header, capture.Field{Name: "content-encoding", Value: coding})
				return r, e, a
			}
			for range 60 {
				r, e, a := coded()
				s.Learn("login", event.Failure, r, a, e)
			}
			r, e, _ := coded()
			a, ok := s.Feign("login", "failure", policy.TemplateConfig{}, r, e, "s", r.Time)
			plain, err := unpack(coding, a.Body)
			if !ok || err != nil || fieldValue(a.Header, "content-encoding") != coding || !bytes.HasPrefix(plain, []byte(`{"error"`)) {
				t.Errorf("ok %v, %v, header %v, body %q", ok, err, a.Header, plain)
			}
			r.Header = r.Header[:2]
			a, _ = s.Feign("login", "failure", policy.TemplateConfig{}, r, e, "s", r.Time)
			if fieldValue(a.Header, "content-encoding") != "" || !bytes.HasPrefix(a.Body, []byte(`{"error"`)) {
				t.Errorf("who takes no coding got %v %q", a.Header, a.Body)
			}
		})
	}
	if _, err := unpack("zstd", []byte("x")); err == nil {
		t.Error("an unknown coding was undone")
	}
	if _, err := unpack("gzip", pack(packer{coding: "gzip", level: 9}, make([]byte, 1<<20))); err == nil {
		t.Error("a body beyond the bound was learned")
	}
	if got := codings("gzip;q=0, br; q=0.5, zstd, GZIP;q=0.000"); !slices.Equal(got, []string{"br"}) {
		t.Errorf("codings %v", got)
	}
}

// TestMannersGetTheirOwn: a browser gets a page where a script gets JSON.
func TestMannersGetTheirOwn(t *testing.T) {
	pages, api, s := newSimulated(14, false), newSimulated(15, true), testSet(t)
	for range 60 {
		pages.teach(s, 1)
		api.teach(s, 1)
	}
	for i := range 60 {
		user := fmt.Sprintf("u%d", i)
		if a := feign(t, s, pages, user, "s"); !bytes.HasPrefix(a.Body, []byte("<!DOCTYPE")) {
			t.Fatalf("a browser got %s", a.Body)
		}
		if a := feign(t, s, api, user, "s"); !bytes.HasPrefix(a.Body, []byte("{")) {
			t.Fatalf("a script got %s", a.Body)
		}
	}
}

func TestLatencyFollowsTheOrigin(t *testing.T) {
	o, s := newSimulated(16, true), testSet(t)
	var real, feigned []float64
	for range 1000 {
		user := o.username()
		r, e := o.request(user)
		a := o.fails(r, user)
		real = append(real, a.Duration.Seconds())
		s.Learn("login", event.Failure, r, a, e)
	}
	seen := map[time.Duration]bool{}
	for i := range 2000 {
		a := feign(t, s, o, fmt.Sprintf("u%d", i), "s")
		if seen[a.After] {
			t.Fatalf("%v was given twice", a.After)
		}
		seen[a.After] = true
		feigned = append(feigned, a.After.Seconds())
	}
	slices.Sort(real)
	slices.Sort(feigned)
	worst := 0.0 // the statistic of Kolmogorov and Smirnov
	for i, d := range real {
		at, _ := slices.BinarySearch(feigned, d)
		worst = math.Max(worst, math.Abs(float64(i)/float64(len(real))-float64(at)/float64(len(feigned))))
	}
	if worst > 0.063 { // p = 0.01
		t.Errorf("the distributions differ by %.3f", worst)
	}
	// The origin becomes slow: answers follow within its window.
	o.now = o.now.Add(time.Hour)
	for range 200 {
		r, e := o.request(o.username())
		a := o.fails(r, "x")
		a.Duration += 2 * time.Second
		s.Learn("login", event.Failure, r, a, e)
	}
	slow := 0
	for i := range 50 {
		if feign(t, s, o, fmt.Sprintf("v%d", i), "s").After > 2*time.Second {
			slow++
		}
	}
	if slow < 45 {
		t.Errorf("only %d of 50 answers became slow with the origin", slow)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	o, s := newSimulated(17, true), testSet(t)
	for i := range 700 {
		r, e := o.request(o.username())
		body := `{"list":[` + strings.Repeat(`{"a":1},`, o.IntN(7000)) + `{"b":"` + o.hex(32) + `"}],"k` + fmt.Sprint(i%40) + `":1}`
		s.Learn("login", event.Failure, r, &capture.Response{Status: 400 + i%9, Duration: time.Millisecond, Body: capture.Body{Bytes: []byte(body)},
			Header: []capture.Field{{Name: "Content-Type", Value: "application/json"}}}, e)
	}
	b := s.known("login", event.Failure)
	sum := 0
	for _, v := range b.variants {
		sum += v.bytes
	}
	if sum != b.bytes || b.bytes > maxBookBytes || len(b.variants) > maxVariants {
		t.Errorf("%d bytes counted, %d there, %d kinds", b.bytes, sum, len(b.variants))
	}
	for i := range 2 * maxBooks {
		r, e := o.request("anna")
		s.Learn(fmt.Sprint("spec", i), event.Failure, r, o.fails(r, "anna"), e)
	}
	if len(s.books) > maxBooks {
		t.Errorf("%d books", len(s.books))
	}
}

// TestOddSamplesDoNoHarm: an answer of the same build with another text keeps no other from being learned.
func TestOddSamplesDoNoHarm(t *testing.T) {
	o, s := newSimulated(18, true), testSet(t)
	for i := range 60 {
		r, e := o.request(o.username())
		text := "Sorry, case " + o.hex(12) + " is open."
		if i%10 == 0 {
			text = strings.Repeat(o.hex(4)+" ", 1500)
		}
		s.Learn("login", event.Failure, r, &capture.Response{Status: 400, Duration: time.Millisecond, Body: capture.Body{Bytes: []byte(text)},
			Header: []capture.Field{{Name: "Content-Type", Value: "text/plain"}}}, e)
	}
	if a := feign(t, s, o, "anna", "s"); !strings.HasPrefix(string(a.Body), "Sorry, case ") || len(a.Body) != 33 {
		t.Errorf("%q", a.Body)
	}
}

func TestUsedByMany(t *testing.T) {
	o, s := newSimulated(19, false), testSet(t)
	o.teach(s, 30)
	done := make(chan bool)
	for n := range 4 {
		go func() {
			defer func() { done <- true }()
			mine := newSimulated(uint64(30+n), false)
			for i := range 100 {
				mine.teach(s, 1)
				r, e := mine.request(fmt.Sprintf("u%d", i))
				a, ok := s.Feign("login", "failure", policy.TemplateConfig{Canaries: map[string]string{"csrf": "hex:32"}}, r, e, event.ID(fmt.Sprint(n)), r.Time)
				if !ok || len(a.Body) == 0 {
					t.Error("nothing was feigned")
				}
				s.Submitted(r, e, "s", "p", policy.SinkConfig{})
				s.Canary(e)
				s.Ready("login", "failure")
				if i%50 == 0 {
					if data, err := s.Save(); err != nil || len(data) == 0 {
						t.Error(err)
					}
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
}

// TestMissingFieldsAreMissed: who leaves out the password is told what the origin tells such people, and nobody else is.
func TestMissingFieldsAreMissed(t *testing.T) {
	o, s := newSimulated(40, true), testSet(t)
	ask := func(i int, short bool) (*capture.Request, *event.Event, string) {
		user := fmt.Sprintf("u%d", i)
		r, e := o.request(user)
		if short {
			r.Body.Bytes = fmt.Appendf(nil, `{"username":%q,"password":""}`, user)
		}
		return r, e, user
	}
	for i := range 200 {
		r, e, user := ask(i, i%3 == 0)
		a := o.fails(r, user)
		if i%3 == 0 {
			a.Status, a.Body.Bytes = 422, []byte(`{"missing":["password"]}`)
		}
		s.Learn("login", event.Failure, r, a, e)
	}
	for i := range 60 {
		r, e, _ := ask(i, i%2 == 0)
		a, _ := s.Feign("login", "failure", policy.TemplateConfig{}, r, e, "s", r.Time)
		if want := 401 + 21*(1-i%2); a.Status != want {
			t.Fatalf("request %d got %d, want %d", i, a.Status, want)
		}
	}
}
