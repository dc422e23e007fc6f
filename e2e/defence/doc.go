// Package defence checks what is done against attackers and what honest people notice of it: a real attack tool against a real
// application, real browsers, real receivers of alerts.
package defence
