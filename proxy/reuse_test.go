package proxy

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"wayguard/capture"
	"wayguard/event"
)

// checked is a spec that makes every event twice: in memory that is used again, and, by the same spec of another set, of copies
// that nobody else has.
type checked struct {
	*capture.Spec
	twins *capture.Set
	want  *sync.Map // by the event's id
}

func (s checked) ExchangeIn(scratch *capture.Scratch, r *capture.Request, answer *capture.Response) event.Event {
	request := *r
	request.Method, request.Host, request.Path = strings.Clone(r.Method), strings.Clone(r.Host), strings.Clone(r.Path)
	request.Query, request.Header, request.Body.Bytes = strings.Clone(r.Query), cloned(r.Header), bytes.Clone(r.Body.Bytes)
	var response *capture.Response
	if answer != nil {
		copied := *answer
		copied.Header, copied.Body.Bytes = cloned(answer.Header), bytes.Clone(answer.Body.Bytes)
		response = &copied
	}
	s.want.Store(r.ID, kept(s.twins.Match(&request).Exchange(&request, response)))
	return s.Spec.ExchangeIn(scratch, r, answer)
}

func cloned(fields []capture.Field) []capture.Field {
	all := slices.Clone(fields)
	for i := range all {
		all[i].Name, all[i].Value = strings.Clone(all[i].Name), strings.Clone(all[i].Value)
	}
	return all
}

// TestMemoryIsUsedAgainByOneAtATime has many visitors at once, and compares each event with one that shares no memory.
func TestMemoryIsUsedAgainByOneAtATime(t *testing.T) {
	var want sync.Map
	var compared sync.WaitGroup
	var once sync.Once
	o := newObserver()
	o.observe = func(_ context.Context, e event.Event) error {
		defer compared.Done()
		expected, _ := want.Load(e.ID)
		if got := kept(e); !reflect.DeepEqual(got, expected) {
			once.Do(func() { t.Errorf("got  %+v\nwant %+v", got, expected) })
		}
		return nil
	}
	s := start(t, echo(t), nil, o)
	set, twins := compiled(t), compiled(t)
	s.inspection.current.Store(&snapshot{match: func(head *capture.Request) route {
		if spec := set.Match(head); spec != nil {
			return checked{spec, twins, &want}
		}
		return nil
	}})
	var visitors sync.WaitGroup
	for seed := range uint64(4) {
		visitors.Go(func() {
			random := rand.New(rand.NewPCG(seed, 2))
			for range 150 {
				compared.Add(1)
				var request *http.Request
				if random.IntN(2) == 0 {
					request, _ = http.NewRequest(http.MethodGet, fmt.Sprintf("%s/shop/%d?q=%d", s.url, random.IntN(1000), random.IntN(1000)), nil)
				} else {
					body := fmt.Sprintf(`{"query":"{ products { id } }","padding":"%s"}`, strings.Repeat("p", random.IntN(9000)))
					request, _ = http.NewRequest(http.MethodPost, s.url+"/graphql", strings.NewReader(body))
					request.Header.Set("Content-Type", "application/json")
				}
				request.Header.Set("User-Agent", fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:1%d.0) Gecko/20100101 Firefox/1%[1]d.0", random.IntN(90)+10))
				request.Header.Set("Accept-Language", []string{"de-DE,de;q=0.5", "en-GB,en;q=0.5", "fr-CH,fr;q=0.5"}[random.IntN(3)])
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				_ = answer.Body.Close()
			}
		})
	}
	visitors.Wait()
	compared.Wait()
}

// TestActionsStayWithTheirRequest blocks every other request: what was done to one is not told of the next.
func TestActionsStayWithTheirRequest(t *testing.T) {
	o := newObserver()
	o.consider = func(_ context.Context, e event.Event) (event.Verdict, error) {
		if e.HTTP.Route == "/bad" {
			return event.Verdict{Actions: []event.Action{{Name: "block", Kind: event.Block}}}, nil
		}
		return event.Verdict{}, nil
	}
	s := start(t, echo(t), inline(100), o)
	for range 20 {
		for path, actions := range map[string]int{"/bad": 1, "/good": 0} {
			fetch(t, s.url+path)
			e := o.next(t)
			if e.HTTP.Route != path || len(e.Actions) != actions || (e.Result == event.Blocked) != (actions == 1) {
				t.Fatalf("%s: event %+v", path, e)
			}
		}
	}
}
