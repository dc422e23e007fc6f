package capture

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"unicode/utf8"
)

// The bounds of a multipart body.
const (
	maxFormParts = 256
)

// multipartBody is a parsed multipart form. Files are skipped; only their names are here.
type multipartBody struct {
	fields []formPart
	files  []formPart
}

type formPart struct {
	name, value string
	// encoded parts have a transfer encoding, which some applications undo and others do not.
	encoded bool
}

// readMultipart parses the message's content at the first call. Of a cut body the parts complete before the cut remain.
func (m *message) readMultipart() *multipartBody {
	if m.parts != nil {
		return m.parts
	}
	m.parts = &multipartBody{}
	c := m.read()
	if c.unreadable || c.media != "multipart/form-data" || c.boundary == "" {
		return m.parts
	}
	reader := multipart.NewReader(bytes.NewReader(c.data), c.boundary)
	for range maxFormParts {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.parts
		}
		if err == nil {
			err = m.parts.add(part)
		}
		if err != nil {
			if !c.truncated {
				m.issues.add("invalid_multipart", "", m.side()+" is no valid multipart form")
			}
			return m.parts
		}
	}
	m.issues.add("too_many_parts", "", m.side()+" has more parts than are read")
	return m.parts
}

// add reads one part to its end; a part that is cut is not added.
func (b *multipartBody) add(part *multipart.Part) error {
	defer part.Close()
	name, file := part.FormName(), part.FileName()
	if file != "" {
		if _, err := io.Copy(io.Discard, part); err != nil {
			return err
		}
		b.files = append(b.files, formPart{name: name, value: file})
		return nil
	}
	value, err := io.ReadAll(part)
	if err != nil {
		return err
	}
	b.fields = append(b.fields, formPart{name: name, value: string(value), encoded: encodedPart(part)})
	return nil
}

func encodedPart(part *multipart.Part) bool {
	switch strings.ToLower(strings.TrimSpace(part.Header.Get("Content-Transfer-Encoding"))) {
	case "", "7bit", "8bit", "binary":
		return false
	}
	return true
}

func partsNamed(parts []formPart, name string) []found {
	var values []found
	for _, part := range parts {
		if part.name == name {
			values = append(values, found{text: strings.TrimSuffix(part.value, "\r\n"), broken: part.encoded || !utf8.ValidString(part.value)})
		}
	}
	return values
}
