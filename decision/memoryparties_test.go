package decision

import (
	"context"
	"maps"
	"slices"
	"time"

	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/ruleset"
)

func (m *memory) UpsertValue(_ context.Context, _ event.Environment, v ListValue) (ListValue, error) {
	leave, err := m.enter()
	if err != nil {
		return v, err
	}
	defer leave()
	for id, old := range m.values {
		if placeOf(old) != placeOf(v) || old.Value != v.Value {
			continue
		}
		if old.ExpiresAt != nil && (v.ExpiresAt == nil || v.ExpiresAt.After(*old.ExpiresAt)) {
			old.ExpiresAt, old.UpdatedAt = v.ExpiresAt, v.UpdatedAt
			m.values[id] = old
		}
		return old, nil
	}
	m.values[v.ID] = v
	return v, nil
}

func (m *memory) Value(_ context.Context, _ event.Environment, id event.ID) (ListValue, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, found := m.values[id]
	return v, found, nil
}

func (m *memory) DeleteValue(_ context.Context, _ event.Environment, id event.ID) (bool, error) {
	leave, err := m.enter()
	if err != nil {
		return false, err
	}
	defer leave()
	return taken(m.values, id), nil
}

func taken[K comparable, V any](all map[K]V, key K) bool {
	_, found := all[key]
	delete(all, key)
	return found
}

func (m *memory) ValuePage(_ context.Context, _ event.Environment, q ValueQuery) ([]ListValue, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return newest(m.values, func(v ListValue) bool {
		return v.List == q.List && (q.FieldPath == "" || v.FieldPath == q.FieldPath) && (q.Value == "" || v.Value == q.Value)
	}, q.After, q.Limit), nil
}

func (m *memory) EachValue(_ context.Context, _ event.Environment, at time.Time, visit func(ListValue) error) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, v := range m.values {
		if v.ExpiresAt == nil || v.ExpiresAt.After(at) {
			if err := visit(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *memory) DeleteExpiredValues(_ context.Context, before time.Time) (n int64, err error) {
	leave, err := m.enter()
	if err != nil {
		return 0, err
	}
	defer leave()
	for id, v := range m.values {
		if v.ExpiresAt != nil && !v.ExpiresAt.After(before) {
			delete(m.values, id)
			n++
		}
	}
	return n, nil
}

func (m *memory) CreateInterceptor(_ context.Context, _ event.Environment, i interceptor.Interceptor) (interceptor.Interceptor, error) {
	leave, err := m.enter()
	if err != nil {
		return i, err
	}
	defer leave()
	for _, other := range m.interceptors {
		if other.Ref == i.Ref {
			i.Version = max(i.Version, other.Version)
		}
	}
	i.Version++
	m.interceptors[i.ID] = i
	return i, nil
}

func (m *memory) Interceptor(_ context.Context, _ event.Environment, id event.ID) (interceptor.Interceptor, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, found := m.interceptors[id]
	return i, found, nil
}

func (m *memory) UpdateInterceptor(_ context.Context, _ event.Environment, i interceptor.Interceptor) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	if m.interceptors[i.ID].Status != ruleset.Draft {
		return ErrStatus
	}
	m.interceptors[i.ID] = i
	return nil
}

func (m *memory) ActivateInterceptor(_ context.Context, _ event.Environment, id event.ID, from ruleset.Status, shared bool, at time.Time) (interceptor.Interceptor, error) {
	leave, err := m.enter()
	if err != nil {
		return interceptor.Interceptor{}, err
	}
	defer leave()
	i := m.interceptors[id]
	if i.Status != from {
		return i, ErrStatus
	}
	for other, o := range m.interceptors {
		if o.Status == ruleset.Active && (o.Ref == i.Ref || !shared && o.Context == i.Context) {
			o.Status = ruleset.Inactive
			m.interceptors[other] = o
		}
	}
	i.Status, i.UpdatedAt = ruleset.Active, at
	m.interceptors[id] = i
	return i, nil
}

func (m *memory) DeleteInterceptor(_ context.Context, _ event.Environment, id event.ID) (bool, error) {
	leave, err := m.enter()
	if err != nil {
		return false, err
	}
	defer leave()
	if m.interceptors[id].Status == ruleset.Active {
		return true, ErrStatus
	}
	return taken(m.interceptors, id), nil
}

func (m *memory) ActiveInterceptors(context.Context, event.Environment) (list []interceptor.Interceptor, err error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	for _, i := range m.interceptors {
		if i.Status == ruleset.Active {
			list = append(list, i)
		}
	}
	return list, nil
}

func (m *memory) InterceptorPage(_ context.Context, _ event.Environment, after event.ID, limit int) ([]interceptor.Interceptor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return newest(m.interceptors, func(interceptor.Interceptor) bool { return true }, after, limit), nil
}

func (m *memory) SetDiscovered(_ context.Context, _ event.Environment, id event.ID, keys []interceptor.DiscoveredKey) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	i := m.interceptors[id]
	i.Discovered = keys
	m.interceptors[id] = i
	return nil
}

func (m *memory) PutClient(_ context.Context, _ event.Environment, c Client) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	m.clients[c.ID] = c
	return nil
}

func (m *memory) ClientByID(_ context.Context, _ event.Environment, id string) (Client, bool, error) {
	leave, err := m.enter()
	if err != nil {
		return Client{}, false, err
	}
	defer leave()
	c, found := m.clients[id]
	return c, found, nil
}

func (m *memory) Clients(context.Context, event.Environment) ([]Client, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.clients)), nil
}

func (m *memory) DeleteClient(_ context.Context, _ event.Environment, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return taken(m.clients, id), nil
}

func (m *memory) PutIntegration(_ context.Context, _ event.Environment, i Integration) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	m.integrations[i.ID] = i
	return nil
}

func (m *memory) Integrations(context.Context, event.Environment) ([]Integration, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Collect(maps.Values(m.integrations)), nil
}

func (m *memory) DeleteIntegration(_ context.Context, _ event.Environment, id event.ID) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return taken(m.integrations, id), nil
}

func (m *memory) PutEndpoint(_ context.Context, _ event.Environment, w Endpoint) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	m.endpoints[w.ID] = w
	return nil
}

func (m *memory) Endpoints(context.Context, event.Environment) ([]Endpoint, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Collect(maps.Values(m.endpoints)), nil
}

func (m *memory) DeleteEndpoint(_ context.Context, _ event.Environment, id event.ID) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return taken(m.endpoints, id), nil
}
