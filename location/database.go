package location

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Place is what is known of an address. Absent fields are empty, zero or nil.
type Place struct {
	// Country is ISO 3166-1 alpha-2.
	Country string
	// Region is the name of the first subdivision.
	Region string
	City   string
	// Latitude and Longitude are in degrees; both are set or none.
	Latitude  *float64
	Longitude *float64
	// ASN is the number of the autonomous system that announces the address, Network the organisation's name.
	ASN     uint32
	Network string
}

// Info describes one file of a database.
type Info struct {
	File string
	// Type is the file's own word for what it holds, such as "GeoLite2-City".
	Type string
	// BuildUnix is when the file was built, in seconds since 1970 UTC.
	BuildUnix int64
}

// Database is one or several MMDB files read together. It may be used from many goroutines at once. The zero Database
// and a nil one know no place.
type Database struct {
	files []file
}

type file struct {
	info   Info
	reader *maxminddb.Reader
	layout layout
}

// Open reads MMDB files by name; the name is for messages only. The bytes belong to the database from then on. Where
// two files tell the same thing, the first by name wins.
//
// Both layouts in use are understood: MaxMind's nested one (GeoIP2, GeoLite2, DB-IP) and the flat one of ip-location-db.
func Open(files map[string][]byte) (*Database, error) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	db := &Database{}
	var problems []error
	for _, name := range names {
		reader, err := maxminddb.OpenBytes(files[name])
		if err != nil {
			problems = append(problems, fmt.Errorf("location file %s: %w", name, err))
			continue
		}
		found, ok := detectLayout(reader)
		if !ok {
			problems = append(problems, fmt.Errorf("location file %s: type %.64q holds neither places nor networks", name, reader.Metadata.DatabaseType))
			continue
		}
		build := reader.Metadata.BuildEpoch
		info := Info{File: name, Type: safeName(reader.Metadata.DatabaseType), BuildUnix: int64(min(uint64(build), math.MaxInt64))}
		db.files = append(db.files, file{info: info, reader: reader, layout: found})
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return db, nil
}

// Files describes the files the database was opened with, by name.
func (db *Database) Files() []Info {
	if db == nil {
		return nil
	}
	infos := make([]Info, len(db.files))
	for i, f := range db.files {
		infos[i] = f.info
	}
	return infos
}

// Lookup gives what the files say about the address; an empty Place for private, loopback and unknown addresses. A
// file that turns out to be damaged at this address counts as not knowing it.
func (db *Database) Lookup(addr netip.Addr) Place {
	addr = addr.WithZone("").Unmap()
	if db == nil || !isPublic(addr) {
		return Place{}
	}
	var place Place
	for _, f := range db.files {
		result := f.reader.Lookup(addr)
		if result.Err() != nil || !result.Found() {
			continue
		}
		found, err := f.layout.decode(result)
		if err != nil {
			continue
		}
		place.complete(found)
	}
	return place
}

func isPublic(addr netip.Addr) bool {
	return addr.IsValid() && addr.IsGlobalUnicast() && !addr.IsPrivate()
}

// complete fills what is absent from another file's answer.
func (p *Place) complete(other Place) {
	if p.Country == "" {
		p.Country = other.Country
	}
	// Region, city and coordinates go together: halves of two files would make a place that neither named.
	if p.Region == "" && p.City == "" && p.Latitude == nil {
		p.Region, p.City, p.Latitude, p.Longitude = other.Region, other.City, other.Latitude, other.Longitude
	}
	if p.ASN == 0 && p.Network == "" {
		p.ASN, p.Network = other.ASN, other.Network
	}
}
