package interceptor

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestBodyKindOf(t *testing.T) {
	for contentType, kind := range map[string]BodyKind{
		"":                                    JSON,
		"application/json":                    JSON,
		"Application/JSON; charset=utf-8":     JSON,
		"application/vnd.api+json":            JSON,
		"application/x-www-form-urlencoded":   Form,
		"application/x-www-form-urlencoded;q": Form,
		"text/xml; charset=utf-8":             XML,
		"application/soap+xml":                XML,
		"application/xml":                     XML,
		"multipart/form-data; boundary=x":     Opaque,
		"application/octet-stream":            Opaque,
		"json":                                Opaque,
		"/":                                   Opaque,
	} {
		if got := BodyKindOf(contentType); got != kind {
			t.Errorf("%q is %s, not %s", contentType, got, kind)
		}
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		kind     BodyKind
		body, is string
	}{
		{JSON, `{"a":{"b":[1,2.50,"x",true,null]}}`, `{"a":{"b":[1,2.50,"x",true,null]}}`},
		{JSON, "\xef\xbb\xbf{\"a\":1}\n", `{"a":1}`},
		{JSON, `"text"`, `"text"`},
		{JSON, ``, `null`},
		{Opaque, `--x`, `null`},
		{Form, `amount=2000&currency=usd`, `{"amount":"2000","currency":"usd"}`},
		{Form, `metadata[order_id]=6735&card[number]=4111+1111%2d`, `{"card":{"number":"4111 1111-"},"metadata":{"order_id":"6735"}}`},
		{Form, `a%5Bb%5D%5Bc%5D=1`, `{"a":{"b":{"c":"1"}}}`},
		{Form, `a[0][x]=1&a[1][x]=2`, `{"a":[{"x":"1"},{"x":"2"}]}`},
		{Form, `a[]=1&a[]=2&b[1]=x&b[7]=y`, `{"a":["1","2"],"b":{"1":"x","7":"y"}}`},
		{Form, `a=1&a=2&c&d=`, `{"a":["1","2"],"c":"","d":""}`},
		{Form, `a[b=1&a]c[=2&[x]=3&0=z`, `{"0":"z","[x]":"3","a[b":"1","a]c[":"2"}`},
		{Form, `&&a=1&`, `{"a":"1"}`},
		{Form, `a=%ff`, `{"a":"�"}`},
		{XML, `<?xml version="1.0"?><Pay><Amount currency="EUR"> 12.50 </Amount><Ref>x</Ref><Empty/></Pay>`,
			`{"Pay":{"Amount":{"#text":"12.50","@currency":"EUR"},"Empty":"","Ref":"x"}}`},
		{XML, `<p xmlns="u" xmlns:y="v"><y:i>1</y:i><y:i>2</y:i><y:i/><!-- c --><z><![CDATA[<&>]]></z></p>`, `{"p":{"i":["1","2",""],"z":"\u003c\u0026\u003e"}}`},
		{XML, "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>", `{"a":"ä"}`},
	} {
		got, problems := Read(c.kind, []byte(c.body))
		if problems != nil {
			t.Errorf("%s: %v", c.body, problems)
		} else if text := asJSON(t, got.root); text != c.is {
			t.Errorf("%s is\n%s, not\n%s", c.body, text, c.is)
		}
	}
}

func TestReadTellsWhatIsWrong(t *testing.T) {
	many := "[" + strings.Repeat("1,", maxNodes) + "1]"
	for _, c := range []struct {
		kind              BodyKind
		body, field, code string
	}{
		{JSON, `{"a":1,"b":{"c":1,"c":2}}`, "$.b.c", "duplicate"},
		{JSON, `{"4111111111111111":{"a":1,"a":2}}`, "$.?.a", "duplicate"},
		{JSON, `{"a":[1,{]}`, "$.a[1]", "format"},
		{JSON, `{"a":1} x`, "$", "format"},
		{JSON, `{"a":1,}`, "$", "format"},
		{JSON, `[1,]`, "$[1]", "format"},
		{JSON, `{"a" 1}`, "$.a", "format"},
		{JSON, strings.Repeat("[", 100), "$" + strings.Repeat("[0]", 64), "depth"},
		{JSON, many, "$[99999]", "size"},
		{Form, `a=1&a[b]=2`, "$.a", "conflict"},
		{Form, `a=%zz`, "$.a", "format"},
		{Form, `%zz=1`, "$", "format"},
		{Form, "a" + strings.Repeat("[b]", 100) + "=1", "$", "depth"},
		{Form, strings.Repeat("a&", maxNodes+1), "$", "size"},
		{XML, `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "$", "doctype"},
		{XML, `<a>&b;</a>`, "$.a", "format"},
		{XML, `<a><b></a>`, "$.a.b", "format"},
		{XML, `<a/><b/>`, "$", "format"},
		{XML, `<a/>x`, "$", "format"},
		{XML, `<a b="1" b="2"/>`, "$.a.@b", "duplicate"},
		{XML, `  `, "$", "format"},
		{XML, `<?xml version="1.0" encoding="koi8-r"?><a/>`, "$", "format"},
		{XML, strings.Repeat("<a>", 100), "$" + strings.Repeat(".a", 65), "depth"},
		{XML, "<a>" + strings.Repeat("<b/>", maxNodes) + "</a>", "$.a.b", "size"},
	} {
		_, problems := Read(c.kind, []byte(c.body))
		if len(problems) != 1 || problems[0].Field != c.field || problems[0].Code != c.code {
			t.Errorf("%s %.40s: %.200v", c.kind, c.body, problems)
		}
		if strings.Contains(fmt.Sprint(problems), "4111") {
			t.Error("a value is in a problem")
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,2]},"c":"4111111111111111"}`))
	f.Add([]byte(`a[b][]=1&c[0]=2&d=%41`))
	f.Add([]byte(`<a x="1"><b>2</b><b/>t</a>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		for _, kind := range []BodyKind{JSON, Form, XML, Opaque} {
			d, problems := Read(kind, body)
			if string(body) != before {
				t.Fatal("the body was changed")
			}
			if problems != nil {
				if d.root != nil {
					t.Fatal("a document beside a problem")
				}
				continue
			}
			again, _ := Read(kind, body)
			if !reflect.DeepEqual(d, again) {
				t.Fatalf("%s %q is read in two ways", kind, body)
			}
			if kind == JSON && len(body) > 0 && !json.Valid([]byte(strings.TrimPrefix(before, "\xef\xbb\xbf"))) {
				t.Fatalf("%q is no JSON", body)
			}
			if _, err := json.Marshal(d.root); err != nil {
				t.Fatal(err)
			}
			for _, key := range Discover(d) {
				if source, message := parseSource(key.Key); message == "" && !source.each {
					if _, found := source.read(Inbound{Document: d}); !found {
						t.Fatalf("%s was discovered in %q and cannot be read", key.Key, body)
					}
				}
			}
		}
	})
}
