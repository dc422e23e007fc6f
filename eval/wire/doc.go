// Package wire turns what happens in a world into the requests that its visitors would send and the answers that the shop
// would give, byte for byte as browsers and programs write them: what the capture layer makes of them must be the world's own
// event again.
package wire
