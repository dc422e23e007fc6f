package identity

import "math/bits"

// likelihood is a probability or a ratio of two as a fixed-point number: unit is 1. Ratios stay below 2^20.
type likelihood uint64

// unitBits is how many binary places a likelihood has; the smallest that matters is the rate of unmodelled errors, 2^-14.
const unitBits = 40

const unit likelihood = 1 << unitBits

// ratio is a/b. Both must be below 2^23, which every bounded count is; b must not be 0.
func ratio(a, b uint64) likelihood { return likelihood(a<<unitBits) / likelihood(b) }

// ratioOf is a/b for likelihoods below 2^12, to 2^-20.
func ratioOf(a, b likelihood) likelihood { return a << 12 / (b >> 8) << 20 }

// times is the product.
func (l likelihood) times(o likelihood) likelihood {
	hi, lo := bits.Mul64(uint64(l), uint64(o))
	return likelihood(hi<<(64-unitBits) | lo>>unitBits)
}

// centibits is 100·log2 of the likelihood, rounded down; that of 0 is that of the smallest there is.
func (l likelihood) centibits() int64 { return log2(uint64(max(l, 1))) - 100*unitBits }

// odds is 100·log2(l/o).
func (l likelihood) odds(o likelihood) int64 { return l.centibits() - o.centibits() }

// log2 is 100·log2(x), rounded down to a hundredth, for x > 0. The fraction comes bit by bit from squaring, which is exact in
// integers and so the same on every machine.
func log2(x uint64) int64 {
	whole := int64(bits.Len64(x)) - 1
	mantissa := x << (63 - whole) // 1.63 fixed point, in [1, 2)
	fraction := int64(0)
	for range 12 {
		hi, _ := bits.Mul64(mantissa, mantissa)
		fraction <<= 1
		if hi>>63 == 1 { // the square is 2 or more: 2.62 fixed point
			fraction |= 1
			mantissa = hi
		} else {
			mantissa = hi << 1
		}
	}
	return (whole<<12 + fraction) * 100 >> 12
}

// Log2 is 100·log2(x) in centibits, 0 for x below 2.
func Log2(x int64) int64 {
	if x < 2 {
		return 0
	}
	return log2(uint64(x))
}

// power is 2^(-centibits/100), for centibits from 0 up.
func power(centibits int64) likelihood {
	if centibits >= 100*unitBits {
		return 0
	}
	// halves[i] is 2^(-1/2^(i+1)) in 63 binary places.
	halves := [...]uint64{0x5a827999fcef3242, 0x6ba27e656b4eb57a, 0x75606373ee921c97, 0x7a92be8a92436616,
		0x7d41d96db915019d, 0x7e9f06067a4360ba, 0x7f4f08ae3dc7c425, 0x7fa765aca88f6452}
	fraction := centibits % 100 * 256 / 100
	value := uint64(unit) >> (centibits / 100)
	for i, half := range halves {
		if fraction&(128>>i) != 0 {
			hi, lo := bits.Mul64(value, half)
			value = hi<<1 | lo>>63
		}
	}
	return likelihood(value)
}

// fade is e^(-age/life), where both are in the same unit and life is above 0.
func fade(age, life int64) likelihood {
	const log2e = 14427 // 10,000·log2(e)
	if age <= 0 {
		return unit
	}
	return power(min(age, 1<<30) * log2e / 100 / life)
}

// percent is how sure odds of so many centibits make one, from 0 to 99.
func percent(centibits int64) int64 {
	if centibits <= -700 {
		return 0
	}
	// odds/(1+odds)
	against := power(max(centibits, 0))
	if centibits < 0 {
		speaks := power(-centibits)
		return int64(100 * speaks / (unit + speaks))
	}
	return min(99, int64(100*unit/(unit+against)))
}
