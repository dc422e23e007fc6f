package journey

import "unsafe"

func unsafeText(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
