//go:build e2e

package main

import "wayguard/e2e/defence"

func mitigation() []check {
	return []check{
		{"tool", defence.CheckTool}, {"refund", defence.CheckRefund}, {"oracle", defence.CheckOracle}, {"checks", defence.CheckChecks},
		{"alerts", defence.CheckAlerts}, {"enricher", defence.CheckEnricher}, {"breaker", defence.CheckBreaker},
	}
}
