package proxy

import "wayguard/event"

// block is the answer of the first block action that the verdict asks for and the policy knows, nil when there is none.
func (ex *exchange) block(verdict event.Verdict) *answer {
	for _, action := range verdict.Actions {
		if action.Kind != event.Block || action.Shadow {
			continue
		}
		status, contentType, body, ok := ex.policyBlock(action.Name)
		if !ok {
			ex.in.counts.fail(failurePolicy)
			action.Outcome = event.Failed
			ex.acted(0, action)
			continue
		}
		if status < 200 || status > 599 {
			status = 403
		}
		ex.in.counts.blocked.Add(1)
		action.Outcome = event.Done
		ex.acted(status, action)
		return &answer{status: status, contentType: contentType, body: body}
	}
	return nil
}

func (ex *exchange) policyBlock(action string) (status int, contentType string, body []byte, ok bool) {
	if ex.now.policy == nil {
		return 0, "", nil, false
	}
	return ex.now.policy.Block(action)
}

// acted notes an action on the event to come; status is that of our own answer, 0 when there was none.
func (ex *exchange) acted(status int, action event.Action) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.actions = append(ex.actions, action)
	if status != 0 {
		ex.blocked = status
	}
}
