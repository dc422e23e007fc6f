// Package bench measures what the parts cost together: inspection_test.go the way of one event from the finished exchange
// to the record in the log, proxy/ the whole data path beside other proxies. Nothing here is part of the product.
package bench
