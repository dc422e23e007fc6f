package mitigation

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestEditForm(t *testing.T) {
	fields := []formField{{"mail", change{format: strings.ToLower}}, {"role", change{fixed: true, value: "user & co"}}}
	for _, c := range []struct{ name, body, want, note string }{
		{"one", "a=B&mail=A%40B&c=D", "a=B&mail=a%40b&c=D", ""},
		{"all of a name", "mail=A&mail=B", "mail=a&mail=b", ""},
		{"a fixed value", "role=admin", "role=user+%26+co", ""},
		{"an escaped name", "%6dail=A", "%6dail=a", ""},
		{"nothing to change keeps the spelling", "mail=%61+b&x=%7e", "mail=%61+b&x=%7e", ""},
		{"others keep theirs", "x=%7E+&&mail=A&;=", "x=%7E+&&mail=a&;=", ""},
		{"a name alone", "mail&x=1", "mail&x=1", noteNoField},
		{"an empty value", "mail=&role=", "mail=&role=user+%26+co", ""},
		{"not there", "a=b", "a=b", noteNoField},
		{"a broken value", "mail=%4&role=x", "mail=%4&role=x", noteBrokenForm},
		{"too many", strings.Repeat("a&", maxFormPairs) + "mail=A", strings.Repeat("a&", maxFormPairs) + "mail=A", noteBrokenForm},
	} {
		got, note := editForm([]byte(c.body), fields)
		if string(got) != c.want || note != c.note {
			t.Errorf("%s: %q (%q), want %q (%q)", c.name, got, note, c.want, c.note)
		}
		if again, _ := editForm(got, fields); string(again) != string(got) {
			t.Errorf("%s: the second time it is %q", c.name, again)
		}
	}
}

func part(head, value string) string {
	return "--b\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n"
}

func TestEditMultipart(t *testing.T) {
	fields := []formField{{"mail", change{format: strings.ToLower}}, {"role", change{fixed: true, value: "user"}}}
	const kind = "multipart/form-data; boundary=b"
	whole := func(parts ...string) string { return strings.Join(parts, "") + "--b--\r\n" }
	for _, c := range []struct{ name, kind, body, want, note string }{
		{"one", kind, whole(part(`name="x"`, "X"), part(`name="mail"`, "A@B"), part(`name=role`, "")), whole(part(`name="x"`, "X"), part(`name="mail"`, "a@b"), part(`name=role`, "user")), ""},
		{"a file stays", kind, whole(part(`name="mail"; filename="A"`, "A")), whole(part(`name="mail"; filename="A"`, "A")), noteNoField},
		{"a packed field stays", kind, whole(part("name=\"mail\"\r\nContent-Transfer-Encoding: base64", "QQ==")), whole(part("name=\"mail\"\r\nContent-Transfer-Encoding: base64", "QQ==")), noteNoField},
		{"an epilogue", kind, whole(part(`name="mail"`, "A")) + "bye A", whole(part(`name="mail"`, "a")) + "bye A", ""},
		{"a preamble", kind, "hello\r\n" + whole(part(`name="mail"`, "A")), "hello\r\n" + whole(part(`name="mail"`, "A")), noteBrokenForm},
		{"half a line end", kind, whole("--b\r\nContent-Disposition: form-data; name=mail\n\r\n\r\nA\r\n"), whole("--b\r\nContent-Disposition: form-data; name=mail\n\r\n\r\nA\r\n"), noteBrokenForm},
		{"cut", kind, part(`name="mail"`, "A"), part(`name="mail"`, "A"), noteBrokenForm},
		{"no boundary", "multipart/form-data", whole(part(`name="mail"`, "A")), whole(part(`name="mail"`, "A")), noteBrokenForm},
		{"no head", kind, "--b\r\nmail\r\n--b--", "--b\r\nmail\r\n--b--", noteBrokenForm},
		{"nothing", kind, "", "", noteBrokenForm},
	} {
		got, note := editMultipart(c.kind, []byte(c.body), fields)
		if string(got) != c.want || note != c.note {
			t.Errorf("%s: %q (%q), want %q (%q)", c.name, got, note, c.want, c.note)
		}
	}
	closing := []formField{{"mail", change{fixed: true, value: "x\r\n--b--\r\n"}}}
	body := whole(part(`name="mail"`, "A"))
	if got, _ := editMultipart(kind, []byte(body), closing); string(got) != body {
		t.Errorf("a value that ends the form went in: %q", got)
	}
}

func FuzzEditForm(f *testing.F) {
	for _, seed := range []string{"a=1&mail=A%40B", "mail=A&mail=B+C", "%6dail=%41", "mail=%zz", "&&=&mail", "mail=a=b"} {
		f.Add([]byte(seed))
	}
	fields := []formField{{"mail", change{format: newFormats().of("email")}}, {"a", change{fixed: true, value: "é&="}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		edited, note := editForm(body, fields)
		if again, _ := editForm(edited, fields); !bytes.Equal(again, edited) {
			t.Fatalf("once %q, twice %q", edited, again)
		}
		before, after := strings.Split(string(body), "&"), strings.Split(string(edited), "&")
		if len(before) != len(after) || note != "" && !bytes.Equal(body, edited) {
			t.Fatalf("%q became %q (%s)", body, edited, note)
		}
		for i := range before {
			name, _, _ := strings.Cut(before[i], "=")
			if decoded, err := url.QueryUnescape(name); before[i] != after[i] && (err != nil || decoded != "a" && decoded != "mail") {
				t.Fatalf("the pair %q became %q", before[i], after[i])
			}
		}
	})
}

// formOf reads a multipart body as the standard library does.
func formOf(body []byte) (values []string, ok bool) {
	r := multipart.NewReader(bytes.NewReader(body), "b")
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return values, true
		}
		if err != nil {
			return values, false
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return values, false
		}
		if p.FormName() != "mail" || p.FileName() != "" {
			values = append(values, p.FormName()+"\x00"+string(content))
		}
	}
}

// FuzzEditMultipart: what another reader makes of the other parts stays.
func FuzzEditMultipart(f *testing.F) {
	f.Add([]byte(part(`name="x"`, "X") + part(`name="mail"`, "A@B") + "--b--\r\n"))
	f.Add([]byte("pre\r\n" + part(`name="mail"`, "") + part(`name="mail"; filename="f"`, "A") + "--b--"))
	f.Add([]byte("--b\r\n\r\nA\r\n--b--"))
	fields := []formField{{"mail", change{format: strings.ToLower}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		const kind = "multipart/form-data; boundary=b"
		edited, note := editMultipart(kind, body, fields)
		if note != "" {
			if !bytes.Equal(edited, body) {
				t.Fatalf("%q became %q (%s)", body, edited, note)
			}
			return
		}
		if again, _ := editMultipart(kind, edited, fields); !bytes.Equal(again, edited) {
			t.Fatalf("once %q, twice %q", edited, again)
		}
		before, ok := formOf(body)
		after, still := formOf(edited)
		if ok && (!still || !slices.Equal(before, after)) {
			t.Fatalf("%q became %q", body, edited)
		}
	})
}
