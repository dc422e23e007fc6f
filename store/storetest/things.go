package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"wayguard/event"
	"wayguard/store"
)

func objects(t *testing.T, s Store) {
	ctx := context.Background()
	key := store.Key{Environment: "production", Kind: "rule", Name: "login velocity"}
	for i := 1; i <= 3; i++ {
		n, err := s.SaveObject(ctx, key, []byte(fmt.Sprintf("body %d", i)), store.Note{Who: "ann", Why: "tune", At: at(i)})
		if err != nil || n != int64(i) {
			t.Fatalf("version %d, %v; want %d", n, err, i)
		}
	}
	other := key
	other.Environment = "staging"
	if n, err := s.SaveObject(ctx, other, nil, store.Note{}); err != nil || n != 1 {
		t.Errorf("another environment's version is %d, %v", n, err)
	}
	want := store.Version{Key: key, Number: 2, Status: store.Draft, Body: []byte("body 2"),
		Saved: store.Note{Who: "ann", Why: "tune", At: at(2)}}
	if got, found, err := s.Object(ctx, key, 2); err != nil || !found || !reflect.DeepEqual(got, want) {
		t.Errorf("object is %+v, %v, %v; want %+v", got, found, err, want)
	}
	all, err := s.Versions(ctx, key)
	must(t, err)
	if len(all) != 3 || all[0].Number != 3 || all[2].Number != 1 {
		t.Errorf("versions are %+v", all)
	}
	if _, err := s.SaveObject(ctx, store.Key{Kind: "rule"}, nil, store.Note{}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an object without a name gave %v", err)
	}
	if _, err := s.SaveObject(ctx, key, make([]byte, 5<<20), store.Note{}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an object of 5 MiB gave %v", err)
	}
}

func oneActive(t *testing.T, s Store) {
	ctx := context.Background()
	key := store.Key{Environment: "production", Kind: "spec", Name: "login"}
	for range 3 {
		_, err := s.SaveObject(ctx, key, []byte("x"), store.Note{Who: "ann", At: at(0)})
		must(t, err)
	}
	note := store.Note{Who: "bob", Why: "go", At: at(1)}
	must(t, s.SetStatus(ctx, key, 1, store.Shadow, note))
	must(t, s.SetStatus(ctx, key, 1, store.Active, note))
	must(t, s.SetStatus(ctx, key, 2, store.Active, note))
	must(t, s.SetStatus(ctx, key, 3, store.Shadow, note))
	must(t, s.SetStatus(ctx, key, 1, store.Active, store.Note{Who: "bob", Why: "rollback", At: at(2)}))
	for status, want := range map[store.Status]int64{store.Active: 1, store.Inactive: 2, store.Shadow: 3} {
		got, err := s.Objects(ctx, "production", "spec", status)
		if err != nil || len(got) != 1 || got[0].Number != want {
			t.Errorf("%s is %+v, %v; want version %d", status, got, err, want)
		}
	}
	changes, err := s.Changes(ctx, key)
	must(t, err)
	newest := store.Change{Version: 1, Status: store.Active, Note: store.Note{Who: "bob", Why: "rollback", At: at(2)}}
	if len(changes) != 10 || !reflect.DeepEqual(changes[0], newest) || changes[1].Version != 2 ||
		changes[1].Status != store.Inactive {
		t.Errorf("changes are %+v", changes)
	}
	if err := s.SetStatus(ctx, key, 1, "LIVE", note); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an unknown status gave %v", err)
	}
	if err := s.SetStatus(ctx, key, 77, store.Active, note); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown version gave %v", err)
	}
	if got, err := s.Objects(ctx, "production", "spec", store.Active); err != nil || len(got) != 1 {
		t.Errorf("a refused change left %d active, %v", len(got), err)
	}
}

func settings(t *testing.T, s Store) {
	ctx := context.Background()
	must(t, s.SetSetting(ctx, "production", "idle", "30m", at(1)))
	must(t, s.SetSetting(ctx, "production", "idle", "20m", at(2)))
	must(t, s.SetSetting(ctx, "staging", "idle", "1m", at(2)))
	must(t, s.SetSetting(ctx, "", "idle", "", at(2)))
	if got, found, err := s.Setting(ctx, "production", "idle"); got != "20m" || !found || err != nil {
		t.Errorf("setting is %q, %v, %v", got, found, err)
	}
	if got, found, err := s.Setting(ctx, "", "idle"); got != "" || !found || err != nil {
		t.Errorf("an empty setting is %q, %v, %v", got, found, err)
	}
	if got, err := s.Settings(ctx, "staging"); err != nil || !reflect.DeepEqual(got, map[string]string{"idle": "1m"}) {
		t.Errorf("settings are %v, %v", got, err)
	}
	must(t, s.DeleteSetting(ctx, "staging", "idle"))
	must(t, s.DeleteSetting(ctx, "staging", "idle"))
	if got, err := s.Settings(ctx, "staging"); err != nil || len(got) != 0 {
		t.Errorf("settings are %v, %v", got, err)
	}
}

func claims(t *testing.T, s Store) {
	ctx := context.Background()
	kept := make([]string, 8)
	var group sync.WaitGroup
	for i := range kept {
		group.Go(func() {
			var err error
			if kept[i], err = s.ClaimSetting(ctx, "", "key", fmt.Sprint("value ", i), at(i)); err != nil {
				t.Errorf("claim: %v", err)
			}
		})
	}
	group.Wait()
	for _, value := range kept {
		if value == "" || value != kept[0] {
			t.Fatalf("claims gave %q", kept)
		}
	}
}

func outbox(t *testing.T, s Outbox) {
	ctx := context.Background()
	for i := range 4 {
		d := delivery(i)
		d.Due = at(4 - i)
		if queued, err := s.EnqueueDelivery(ctx, d); !queued || err != nil {
			t.Fatalf("delivery %d: %v, %v", i, queued, err)
		}
	}
	due := func(now, limit int) (ids []event.ID) {
		list, err := s.DueDeliveries(ctx, at(now), limit)
		must(t, err)
		for _, d := range list {
			ids = append(ids, d.ID)
		}
		return ids
	}
	if got := due(2, 10); !reflect.DeepEqual(got, []event.ID{id(3), id(2)}) {
		t.Errorf("due are %v", got)
	}
	if got := due(9, 1); !reflect.DeepEqual(got, []event.ID{id(3)}) {
		t.Errorf("the first due is %v", got)
	}
	must(t, s.MarkDelivered(ctx, id(3), at(5)))
	must(t, s.MarkFailed(ctx, id(2), strings.Repeat("é\x00", 400)+"\xff", at(7)))
	must(t, s.MarkDead(ctx, id(1), "status 404", at(6)))
	if got := due(6, 10); !reflect.DeepEqual(got, []event.ID{id(0)}) {
		t.Errorf("due are %v", got)
	}
	failed, err := s.DueDeliveries(ctx, at(7), 10)
	must(t, err)
	if len(failed) != 2 || failed[1].ID != id(2) || failed[1].Attempts != 1 || string(failed[1].Body) != `{"n":1}` ||
		!utf8.ValidString(failed[1].LastError) || len(failed[1].LastError) > 500 || failed[1].LastError == "" {
		t.Errorf("failed delivery is %+v", failed)
	}
	counts, err := s.DeliveryCounts(ctx, "production")
	if want := (store.DeliveryCounts{Pending: 2, Delivered: 1, Dead: 1}); err != nil || counts != want {
		t.Errorf("counts are %+v, %v; want %+v", counts, err, want)
	}
	buried, err := s.DeadDeliveries(ctx, "production", 10)
	if err != nil || len(buried) != 1 || buried[0].ID != id(1) || buried[0].LastError != "status 404" || buried[0].Attempts != 1 {
		t.Errorf("dead deliveries are %+v, %v", buried, err)
	}
	must(t, s.MarkDead(ctx, id(3), "late", at(8)))
	must(t, s.MarkFailed(ctx, id(3), "late", at(0)))
	if got := due(99, 10); len(got) != 2 {
		t.Errorf("marking a delivered one again made due %v", got)
	}
	if n, err := s.ForgetDeliveries(ctx, at(6)); err != nil || n != 1 {
		t.Errorf("forgot %d, %v; want the delivered one", n, err)
	}
}

func idempotent(t *testing.T, s Outbox) {
	ctx, first := context.Background(), delivery(1)
	if queued, err := s.EnqueueDelivery(ctx, first); !queued || err != nil {
		t.Fatal(queued, err)
	}
	again := delivery(2)
	again.Key = first.Key
	for _, after := range []func() error{
		func() error { return nil },
		func() error { return s.MarkFailed(ctx, first.ID, "x", at(1)) },
		func() error { return s.MarkDelivered(ctx, first.ID, at(1)) },
	} {
		must(t, after())
		if queued, err := s.EnqueueDelivery(ctx, again); queued || err != nil {
			t.Errorf("the same key was queued again: %v, %v", queued, err)
		}
	}
	again.Environment = "staging"
	if queued, err := s.EnqueueDelivery(ctx, again); !queued || err != nil {
		t.Errorf("the same key in another environment: %v, %v", queued, err)
	}
	if _, err := s.EnqueueDelivery(ctx, event.Delivery{ID: id(5)}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a delivery without a key gave %v", err)
	}
}

func concurrent(t *testing.T, s Store) {
	ctx := context.Background()
	key := store.Key{Environment: "production", Kind: "rule", Name: "r"}
	const writers, each = 8, 5
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				n := w*each + i
				_, err := s.SaveObject(ctx, key, []byte("x"), store.Note{At: at(n)})
				_, err2 := s.EnqueueDelivery(ctx, delivery(n))
				_, err3 := s.DueDeliveries(ctx, at(1000), 5)
				if err := errors.Join(err, err2, err3, s.SetSetting(ctx, "", fmt.Sprint(n), "v", at(n))); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	group.Wait()
	all, err := s.Versions(ctx, key)
	must(t, err)
	for i, v := range all {
		if v.Number != int64(writers*each-i) {
			t.Fatalf("version %d stands at place %d", v.Number, i)
		}
	}
	counts, err := s.DeliveryCounts(ctx, "production")
	kept, err2 := s.Settings(ctx, "")
	if len(all) != writers*each || counts.Pending != writers*each || len(kept) != writers*each || err != nil || err2 != nil {
		t.Errorf("%d versions, %+v, %d settings, %v, %v", len(all), counts, len(kept), err, err2)
	}
}

// postponing puts messages back without counting an attempt, and changes none that has ended.
func postponing(t *testing.T, s Outbox) {
	ctx := context.Background()
	for n := range 2 {
		_, err := s.EnqueueDelivery(ctx, delivery(n+1))
		must(t, err)
	}
	first, second := delivery(1), delivery(2)
	must(t, s.MarkDelivered(ctx, second.ID, at(0)))
	must(t, s.Postpone(ctx, first.ID, at(50)))
	must(t, s.Postpone(ctx, second.ID, at(50)))
	if due, err := s.DueDeliveries(ctx, at(49), 10); len(due) != 0 || err != nil {
		t.Errorf("before its time %v is due, %v", due, err)
	}
	due, err := s.DueDeliveries(ctx, at(50), 10)
	if err != nil || len(due) != 1 || due[0].ID != first.ID || due[0].Attempts != 0 {
		t.Errorf("at its time %+v is due, %v", due, err)
	}
}

// byAction reads some of each action, however many there are of one.
func byAction(t *testing.T, s Outbox) {
	ctx := context.Background()
	if due, err := s.DueByAction(ctx, at(100), 5, nil); len(due) != 0 || err != nil {
		t.Errorf("of none %v is due, %v", due, err)
	}
	for n := range 60 {
		d := delivery(n)
		d.Action, d.Due = "many", at(n)
		if n >= 50 {
			d.Action = []string{"a few", "others"}[n%2]
		}
		_, err := s.EnqueueDelivery(ctx, d)
		must(t, err)
	}
	must(t, s.MarkDelivered(ctx, id(1), at(1)))
	for name, test := range map[string]struct {
		now, each int
		except    []string
		want      []int
	}{
		"some of each":   {100, 3, nil, []int{0, 2, 3, 50, 51, 52, 53, 54, 55}},
		"but for many":   {100, 2, []string{"many", "nobody"}, []int{50, 51, 52, 53}},
		"as time has it": {51, 2, []string{"a few"}, []int{0, 2, 51}},
		"all excepted":   {100, 2, []string{"a few", "many", "others"}, nil},
	} {
		due, err := s.DueByAction(ctx, at(test.now), test.each, test.except)
		var got []event.ID
		for _, d := range due {
			got = append(got, d.ID)
		}
		var want []event.ID
		for _, n := range test.want {
			want = append(want, id(n))
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: due are %v, %v", name, got, err)
		}
	}
}

// redelivering makes what has ended due again, and knows one environment's messages from another's.
func redelivering(t *testing.T, s Outbox) {
	ctx := context.Background()
	for n := range 3 {
		_, err := s.EnqueueDelivery(ctx, delivery(n))
		must(t, err)
	}
	must(t, s.MarkDead(ctx, id(0), "status 404", at(5)))
	must(t, s.MarkDelivered(ctx, id(1), at(5)))
	for n, want := range []bool{true, true, true, false} {
		if found, err := s.Redeliver(ctx, "production", id(n), at(20)); found != want || err != nil {
			t.Errorf("message %d: found %v, %v", n, found, err)
		}
	}
	if found, err := s.Redeliver(ctx, "staging", id(0), at(20)); found || err != nil {
		t.Errorf("another environment's message: found %v, %v", found, err)
	}
	if due, err := s.DueDeliveries(ctx, at(19), 10); len(due) != 0 || err != nil {
		t.Errorf("before its time %v is due, %v", due, err)
	}
	due, err := s.DueDeliveries(ctx, at(20), 10)
	if err != nil || len(due) != 3 || due[0].Attempts != 0 || !due[0].Created.Equal(at(20)) {
		t.Errorf("at its time %+v is due, %v", due, err)
	}
	if counts, err := s.DeliveryCounts(ctx, "production"); err != nil || counts != (store.DeliveryCounts{Pending: 3}) {
		t.Errorf("counts are %+v, %v", counts, err)
	}
}

func reopening(t *testing.T, s Store, again func() Store) {
	ctx := context.Background()
	must(t, s.CreateUser(ctx, user(1)))
	must(t, s.SetSetting(ctx, "", "a", "b", at(0)))
	_, err := s.EnqueueDelivery(ctx, delivery(1))
	must(t, err)
	s = again()
	if got, found, err := s.User(ctx, id(1)); err != nil || !found || !reflect.DeepEqual(got, user(1)) {
		t.Errorf("after reopening the user is %+v, %v, %v", got, found, err)
	}
	if got, _, err := s.Setting(ctx, "", "a"); got != "b" || err != nil {
		t.Errorf("after reopening the setting is %q, %v", got, err)
	}
	if queued, err := s.EnqueueDelivery(ctx, delivery(1)); queued || err != nil {
		t.Errorf("after reopening a delivery was queued again: %v, %v", queued, err)
	}
}
