package integration

import "wayguard/event"

// The Detection Finding of the Open Cybersecurity Schema Framework (schema.ocsf.io, version 1.4.0). The class's required
// attributes are activity_id, category_uid, class_uid, finding_info (with title and uid), metadata (with product and version),
// severity_id, time and type_uid.
const (
	ocsfVersion  = "1.4.0"
	ocsfCategory = 2    // Findings
	ocsfClass    = 2004 // Detection Finding
	ocsfCreate   = 1    // a finding was created
	ocsfNew      = 1    // the status of one that nobody has looked at
	ocsfRule     = 1    // the analytic is a rule
)

type ocsfProduct struct {
	Name   string `json:"name"`
	Vendor string `json:"vendor_name"`
}

type ocsfMetadata struct {
	// UID is the same each time the finding is sent.
	UID     string      `json:"uid"`
	Version string      `json:"version"`
	Product ocsfProduct `json:"product"`
	Labels  []string    `json:"labels,omitempty"`
}

type ocsfAnalytic struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

type ocsfRelated struct {
	UID string `json:"uid"`
}

type ocsfFinding struct {
	UID         string        `json:"uid"`
	Title       string        `json:"title"`
	Description string        `json:"desc,omitempty"`
	Types       []string      `json:"types,omitempty"`
	Created     int64         `json:"created_time"`
	SourceURL   string        `json:"src_url,omitempty"`
	Analytic    ocsfAnalytic  `json:"analytic"`
	Related     []ocsfRelated `json:"related_events,omitempty"`
}

type ocsfEvidence struct {
	Data map[string]string `json:"data"`
}

type ocsfEvent struct {
	ActivityID   int    `json:"activity_id"`
	ActivityName string `json:"activity_name"`
	CategoryUID  int    `json:"category_uid"`
	CategoryName string `json:"category_name"`
	ClassUID     int    `json:"class_uid"`
	ClassName    string `json:"class_name"`
	TypeUID      int    `json:"type_uid"`
	TypeName     string `json:"type_name"`
	// Time is in milliseconds since 1970.
	Time       int64          `json:"time"`
	SeverityID int            `json:"severity_id"`
	Severity   string         `json:"severity"`
	RiskID     int            `json:"risk_level_id"`
	Risk       string         `json:"risk_level"`
	RiskScore  int64          `json:"risk_score"`
	StatusID   int            `json:"status_id"`
	Status     string         `json:"status"`
	Alert      bool           `json:"is_alert"`
	Message    string         `json:"message"`
	Metadata   ocsfMetadata   `json:"metadata"`
	Finding    ocsfFinding    `json:"finding_info"`
	Evidences  []ocsfEvidence `json:"evidences"`
}

// ocsfSeverity is a rating's severity_id and risk_level_id with their captions.
func ocsfSeverity(r event.Rating) (severityID int, severity string, riskID int, risk string) {
	switch r {
	case event.Malicious:
		return 4, "High", 3, "High"
	case event.Suspicious:
		return 3, "Medium", 2, "Medium"
	}
	return 1, "Informational", 0, "Info"
}

// composeOCSF makes a Detection Finding, with what the schema has no attribute for as evidence.
func composeOCSF(l *letter) []byte {
	a := &l.alert
	at := a.Time.UnixMilli()
	severityID, severity, riskID, risk := ocsfSeverity(a.Rating)
	data := map[string]string{}
	for name, text := range map[string]string{"environment": string(a.Environment), "session": string(a.SessionID),
		"journey": string(a.JourneyID), "event": a.EventName, "event_type": string(a.EventType), "result": string(a.Result),
		"policy": a.Policy, "action": a.Action, "rating": a.Rating.String()} {
		if text != "" {
			data[name] = clip(text, maxWord)
		}
	}
	e := ocsfEvent{
		ActivityID: ocsfCreate, ActivityName: "Create", CategoryUID: ocsfCategory, CategoryName: "Findings", ClassUID: ocsfClass,
		ClassName: "Detection Finding", TypeUID: ocsfClass*100 + ocsfCreate, TypeName: "Detection Finding: Create", Time: at,
		SeverityID: severityID, Severity: severity, RiskID: riskID, Risk: risk, RiskScore: max(a.Score, 0), StatusID: ocsfNew, Status: "New",
		Alert: true, Message: clip(l.title, maxWord),
		Metadata: ocsfMetadata{UID: string(l.id), Version: ocsfVersion, Product: ocsfProduct{Name: "Wayguard", Vendor: "Wayguard"},
			Labels: a.Labels[:min(len(a.Labels), maxLabels)]},
		Finding: ocsfFinding{UID: string(l.id), Title: clip(l.title, maxWord), Description: clip(l.text, teamsText),
			Types: a.Labels[:min(len(a.Labels), maxLabels)], Created: at, SourceURL: a.Link,
			Analytic: ocsfAnalytic{Name: clip(a.Because, maxWord), TypeID: ocsfRule, Type: "Rule"}},
		Evidences: []ocsfEvidence{{Data: data}},
	}
	if a.EventID != "" {
		e.Finding.Related = []ocsfRelated{{UID: string(a.EventID)}}
	}
	return encode(e)
}
