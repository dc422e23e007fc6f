package hub

import (
	"context"
	"net/http"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/search"
)

// Explanation says why a session is rated as it is, or was after one of its events.
type Explanation struct {
	Session event.ID `json:"session_id"`
	// Event is the one that was asked about, empty when the question was about the session as it stands.
	Event  event.ID `json:"event_id,omitempty"`
	Device event.ID `json:"device_id"`
	// Person and Actor are empty where none is known.
	Person event.ID     `json:"person_id,omitempty"`
	Actor  event.ID     `json:"actor_id,omitempty"`
	Opened time.Time    `json:"opened"`
	At     time.Time    `json:"at"`
	Events int64        `json:"events"`
	Rating event.Rating `json:"rating"`
	Score  int64        `json:"score"`
	// Next is what the score lacks to the next worse rating, NextRating; 0 for a malicious session.
	Next       int64        `json:"next"`
	NextRating event.Rating `json:"next_rating"`
	// Tipped is a smallest set of the session's labels without which the rating would be Without. Exact is false where too many
	// labels were in question to be sure that no smaller set is.
	Tipped  []string     `json:"tipped"`
	Without event.Rating `json:"without"`
	Exact   bool         `json:"exact"`
	// Enough is a small set of the labels that alone come to the rating: where much speaks against a session, Tipped is long.
	// Turned are the labels that brought the rating when it last changed, TurnedAt when.
	Enough   []string  `json:"enough"`
	Turned   []string  `json:"turned"`
	TurnedAt time.Time `json:"turned_at,omitzero"`
	// Rules is the version of the rules that judged, Current whether they are those that explain.
	Rules   string `json:"rules"`
	Current bool   `json:"current"`
	// Join says why the event, or the session's first, was put in the session; Link why the session belongs to its device.
	Join       event.Join `json:"join"`
	Link       event.Link `json:"link"`
	Confidence int64      `json:"confidence_percent"`
	// Sentences say all of that in plain words: rating, what tipped it, what is next, session, device.
	Sentences []string         `json:"sentences"`
	Labels    []ExplainedLabel `json:"labels"`
	Timeline  []Moment         `json:"timeline"`
	// Partial says that the session's beginning is not kept any more, or that it has more events than are looked through.
	Partial bool `json:"partial,omitempty"`
}

// ExplainedLabel is a label with all that it rests on.
type ExplainedLabel struct {
	Name      string         `json:"name"`
	Severity  event.Severity `json:"severity"`
	Rule      string         `json:"rule"`
	Version   string         `json:"version"`
	Signature bool           `json:"signature,omitempty"`
	Shadow    bool           `json:"shadow,omitempty"`
	Points    int64          `json:"points"`
	Family    string         `json:"family,omitempty"`
	Event     event.ID       `json:"event_id"`
	At        time.Time      `json:"at"`
	// Tipped says that it is one of those without which the rating would be another; Without is the rating without this one alone.
	Tipped   bool         `json:"tipped,omitempty"`
	Without  event.Rating `json:"without"`
	Operands []Operand    `json:"operands"`
	Sentence string       `json:"sentence"`
}

// Operand is one thing that a label rests on.
type Operand struct {
	Expression string `json:"expression"`
	Value      string `json:"value"`
	// Operator and Threshold are what the rule compares it with, Window the span of time that it is counted over; empty where
	// there are none.
	Operator  string `json:"operator,omitempty"`
	Threshold string `json:"threshold,omitempty"`
	Window    string `json:"window,omitempty"`
	// Step is the number of the sequence's step that this tells of, from 1; 0 for none.
	Step int `json:"step,omitempty"`
}

// Moment is a line of a session's timeline: an event that changed something, or several that did not.
type Moment struct {
	At    time.Time    `json:"at"`
	Event event.ID     `json:"event_id"`
	Name  string       `json:"name"`
	Type  event.Type   `json:"type"`
	What  event.Result `json:"result,omitempty"`
	// Quiet counts the events like this one that brought nothing new, this one included; 0 for an event that did.
	Quiet  int64        `json:"quiet,omitempty"`
	Rating event.Rating `json:"rating"`
	Score  int64        `json:"score"`
	// Notes say what is new in plain words.
	Notes []string `json:"notes,omitempty"`
}

// Explainer explains a session, after the event named or, when that is empty, as it stands. It is false when the story has no
// such event.
type Explainer func(env event.Environment, story *search.Story, at event.ID) (Explanation, bool)

func (h *Hub) explanation(w http.ResponseWriter, r *http.Request, who visitor) error {
	id, at := event.ID(strings.ToLower(r.PathValue("id"))), event.ID(strings.ToLower(r.URL.Query().Get("event")))
	if !looksLikeID(string(id)) {
		return &problem{status: http.StatusNotFound, code: "no_such_session", message: "this is no session's id"}
	}
	if h.deps.Explain == nil {
		return &problem{status: http.StatusServiceUnavailable, code: "no_explanation", message: "nothing here knows the rules"}
	}
	story, err := ask(h, r, func(ctx context.Context) (search.Story, error) { return h.deps.Warehouse.Story(ctx, who.env, id) })
	if err != nil {
		return err
	}
	explained, found := h.deps.Explain(who.env, &story, at)
	if !found {
		return &problem{status: http.StatusNotFound, code: "no_such_event", message: "the session has no such event, or it is not kept any more"}
	}
	explained.Enough, explained.Turned = orEmpty(explained.Enough), orEmpty(explained.Turned)
	explained.Tipped, explained.Sentences = orEmpty(explained.Tipped), orEmpty(explained.Sentences)
	explained.Labels, explained.Timeline = orEmpty(explained.Labels), orEmpty(explained.Timeline)
	for i := range explained.Labels {
		explained.Labels[i].Operands = orEmpty(explained.Labels[i].Operands)
	}
	h.writeJSON(w, r, http.StatusOK, explained)
	return nil
}
