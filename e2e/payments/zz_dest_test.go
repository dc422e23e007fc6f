//go:build e2e

package payments_test

import (
	"testing"

	"wayguard/e2e"
	"wayguard/e2e/payments"
)

func TestDestinationTmp(t *testing.T) { e2e.Meet(t, payments.CheckDestination) }
func TestAcquirerTmp(t *testing.T)    { e2e.Meet(t, payments.CheckAcquirer) }
func TestNumbersTmp(t *testing.T)     { e2e.Meet(t, payments.CheckNumbers) }
