//go:build e2e

package defence_test

import (
	"testing"

	"wayguard/e2e"
	"wayguard/e2e/defence"
)

func TestTool(t *testing.T) { e2e.Meet(t, defence.CheckTool) }

func TestRefund(t *testing.T) { e2e.Meet(t, defence.CheckRefund) }

func TestOracle(t *testing.T) { e2e.Meet(t, defence.CheckOracle) }

func TestChecks(t *testing.T) { e2e.Meet(t, defence.CheckChecks) }

func TestAlerts(t *testing.T) { e2e.Meet(t, defence.CheckAlerts) }

func TestEnricher(t *testing.T) { e2e.Meet(t, defence.CheckEnricher) }

func TestBreaker(t *testing.T) { e2e.Meet(t, defence.CheckBreaker) }
