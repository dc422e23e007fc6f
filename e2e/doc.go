// Package e2e runs the real binary against real parts from outside: a real browser, WordPress on MariaDB, kill -9. Each
// check gives figures with their goals; the tests of this package fail where a goal is not met, and e2e/show prints them.
// Everything but this file needs the build tag e2e.
package e2e
