//go:build e2e

package main

import "wayguard/e2e/payments"

func decisions() []check {
	return []check{
		{"story", payments.CheckStory},
	}
}
