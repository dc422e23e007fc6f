//go:build e2e

package main

import "wayguard/e2e/payments"

func decisions() []check {
	return []check{
		{"words", payments.CheckWords}, {"destination", payments.CheckDestination}, {"acquirer", payments.CheckAcquirer},
		{"numbers", payments.CheckNumbers}, {"load", payments.CheckLoad}, {"backend", payments.CheckBackend},
		{"story", payments.CheckStory}, {"kill", payments.CheckKill}, {"upgrade", payments.CheckUpgrade},
	}
}
