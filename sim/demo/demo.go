// Package demo is a placeholder until the real one lands.
package demo

// Attribution is shown in the Hub.
const Attribution = "IP location by DB-IP (db-ip.com), CC BY 4.0"

// File is one document.
type File struct {
	Name string
	Data []byte
}

// Files lists them.
func Files() []File { return nil }
