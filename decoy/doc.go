// Package decoy makes what attackers are shown instead of the truth: answers that pass for the origin's own, learned from
// those it really gave; values that are made up for one visitor and known when they come back; and links and form fields
// that no person meets. It is pure: it reads no clock, keeps nothing on disk, and what it learned of bodies never leaves
// its memory but as an answer in which every part that could be a visitor's was made anew.
package decoy
