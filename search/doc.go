// Package search holds the questions an analyst asks and the answers given: the words the warehouse and the Hub share,
// and the JSON the Hub's pages read. Types only; whoever answers them lives two floors up.
package search
