// Package path checks the data path from outside: the real binary between real clients and real origins. Each check gives
// figures with their goals, as in package e2e. Everything but this file needs the build tag e2e.
package path
