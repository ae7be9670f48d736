package manifests

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"
)

// place is a line of a file. The line is 0 where it is not known.
type place struct {
	file string
	line int
}

func (p place) String() string {
	if p.line == 0 {
		return p.file
	}
	return p.file + ":" + strconv.Itoa(p.line)
}

func (p place) errorf(format string, args ...any) error {
	return fmt.Errorf("%v: %w", p, fmt.Errorf(format, args...))
}

// place returns where the document begins.
func (d document) place() place { return place{d.file, d.node.Line} }

// placeOf returns where a field stands, or else where the document begins.
func (d document) placeOf(path string) place {
	if key, _ := find(d.node, d.node, path, func(*yaml.Node) bool { return true }); key != nil {
		return place{d.file, key.Line}
	}
	return d.place()
}

// mistake says what is wrong and where.
func (d document) mistake(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return d.mistakenType(e)
	}
	if e, ok := errors.AsType[kjson.FieldError](err); ok {
		return d.placeOf(e.FieldPath()).errorf("%w", err)
	}
	if ok, offset := kjson.SyntaxErrorOffset(err); ok {
		return place{d.file, 1 + bytes.Count(d.text[:max(offset-1, 0)], []byte("\n"))}.errorf("%w", err)
	}
	return d.place().errorf("%w", err)
}

// jsonTypes has the type in JSON of what has a tag in YAML.
var jsonTypes = map[string]string{
	"!!map": "object", "!!seq": "array", "!!str": "string", "!!bool": "bool", "!!int": "number", "!!float": "number",
}

// jsonKinds has what JSON calls the types of Go whose names say nothing to the reader of an error.
var jsonKinds = map[reflect.Kind]string{reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array"}

// mistakenType names the field that has a value of the wrong type. The path in the error has no indices and ends above
// the keys of labels, so the first value there that is of the type that was found is the mistaken one.
func (d document) mistakenType(e *json.UnmarshalTypeError) error {
	here := d.place()
	found, number, _ := strings.Cut(e.Value, " ")
	if _, value := find(d.node, d.node, e.Field, func(n *yaml.Node) bool {
		return jsonTypes[n.ShortTag()] == found && (number == "" || number == n.Value)
	}); value != nil {
		here.line = value.Line
	}
	want := cmp.Or(jsonKinds[e.Type.Kind()], e.Type.Kind().String())
	if e.Field == "" {
		return here.errorf("found %s, want %s", e.Value, want)
	}
	return here.errorf("field %q: found %s, want %s", e.Field, e.Value, want)
}

// find returns the first value at the path of a field, or below it, that is a wanted one, and its key. It begins at
// the value given.
func find(key, value *yaml.Node, path string, wanted func(*yaml.Node) bool) (*yaml.Node, *yaml.Node) {
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if path == "" && wanted(value) {
		return key, value
	}
	for i, child := range value.Content {
		key, rest, on := child, path, true
		switch {
		case value.Kind == yaml.MappingNode && i%2 == 0:
			continue // a key
		case value.Kind == yaml.MappingNode:
			key = value.Content[i-1]
			if path != "" && key.ShortTag() != "!!merge" {
				rest, on = cut(path, key.Value)
			}
		case strings.HasPrefix(path, "["):
			rest, on = cut(path, "["+strconv.Itoa(i)+"]")
		}
		if on {
			if key, found := find(key, child, rest, wanted); found != nil {
				return key, found
			}
		}
	}
	return nil, nil
}

// cut takes the first field off a path.
func cut(path, field string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, field)
	ok = ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	return strings.TrimPrefix(rest, "."), ok
}
