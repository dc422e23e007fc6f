//go:build e2e

package main

import "wayguard/e2e/payments"

func decisions() []check {
	return []check{
		{"words", payments.CheckWords}, {"story", payments.CheckStory},
	}
}
