// Package streamtest is the suite every event log must pass: on disk and in memory today, Kafka later.
package streamtest
