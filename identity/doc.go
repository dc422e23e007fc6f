// Package identity says who a visitor is over time. This floor of it is thin on purpose: a device fingerprint from the
// wire, and a journey that follows a proof of sameness (the application's own token, or a login from a known device),
// never a mere shared key. Each answer carries its reason.
package identity
