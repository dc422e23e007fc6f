// Package warehousetest is the suite every warehouse passes: Run tries one against a plain model of what it must
// answer, with records from Generator. An implementation's own tests call Run and add what is particular to it.
package warehousetest
