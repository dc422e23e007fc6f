// Package site decides, before anybody inspects a request, what is to become of it: which of the operator's sites it is
// for, in which mode, to which origin it goes under which Host, and whether it is answered here instead.
//
// A request may come from a visitor, or through a program on a CDN (a worker) that appends a domain of ours to the
// visitor's host (www.example.com becomes www.example.com.edge.example.net) and shows a customer key. What a request
// says about itself in control headers is believed with the right key only, and is never passed on.
//
// A Set is immutable: a reload compiles another one and swaps it in. Nothing here does I/O, looks at the clock or rolls
// dice; time and random bytes come with the Request.
package site
