// Package stream is the durable event log between the engine and whoever reads records: what Append or Durable has
// acknowledged survives kill -9 and a power cut, in order, once.
//
// Log is the whole interface. Disk keeps it on this machine in segments of checksummed frames; Memory keeps it nowhere,
// for tests and trials. Both pass the suite of stream/streamtest.
//
// A Log is one ordered sequence with one writing process, which is what Kafka calls a partition with an idempotent
// producer: Position is then the offset plus one, Enqueue hands the record to the producer, Durable follows its
// acknowledgements, Read and Wait are a fetch, TrimBefore commits the consumers' offset. Positions rise but may have
// gaps, because Kafka's do. Callers need no more than that.
//
// The segment format is in frame.go, what Open does with a damaged log in recover.go, what the writer does with a failing
// disk in writer.go.
package stream
