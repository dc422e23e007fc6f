// Package config reads the operator's files into each room's own Config: strict, every error at once with file, line
// and column. Any file may hold any section; files are joined in the order they are named.
package config
