// Package mitigation decides and says what is done with a held request, once a verdict asks for something: who outranks whom
// (an operator's stop, allow lists, an undo, a breaker, quiet hours, shadow, shares, a passed check), which step of a policy's
// ladder it is, and what that means for the request. It keeps who is being dealt with, counts what was done, and touches no
// socket, disk or network itself.
package mitigation
