// Package velocity counts in bounded memory over four sliding windows: sums (Counter) and distinct values (Set). Both
// are one-sided: what they answer is never more than what happened. Rolling counts over windows of any length, exactly for keys with few
// events, and is one-sided too.
package velocity
