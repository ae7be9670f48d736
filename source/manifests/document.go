package manifests

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"
)

// document is an object of a file.
type document struct {
	file   string
	text   []byte     // as JSON
	node   *yaml.Node // as it stands in the file; empty where that is JSON that cannot be read as YAML too
	inList bool
}

// decode decodes as an API server does that is asked for strict validation.
func (d document) decode(into any) error {
	strict, err := kjson.UnmarshalStrict(d.text, into)
	if err == nil && len(strict) > 0 {
		err = strict[0]
	}
	return d.mistake(err)
}

// readJSON calls each for the object of a JSON file.
func readJSON(file string, data []byte, each func(document) error) error {
	d := document{file: file, text: bytes.TrimRight(data, " \t\r\n"), node: &yaml.Node{}}
	var node yaml.Node
	if yaml.Unmarshal(data, &node) == nil && len(node.Content) > 0 { // for the lines alone
		d.node = node.Content[0]
	}
	return each(d)
}

// readYAML calls each for the objects of a YAML file.
func readYAML(file string, data []byte, each func(document) error) error {
	// The library names no line where that is the first one. So an empty one goes before it.
	decoder := yaml.NewDecoder(io.MultiReader(strings.NewReader("\n"), bytes.NewReader(data)))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return syntaxMistake(file, err)
		}
		d := document{file: file, node: node.Content[0]}
		if err := d.fromYAML(); err != nil {
			return err
		}
		if string(d.text) == "null" { // nothing but remarks
			continue
		}
		if err := each(d); err != nil {
			return err
		}
	}
}

// fromYAML makes the text of a document from its node.
func (d *document) fromYAML() error {
	if adapt(d.node, map[*yaml.Node]int{}) > maxFile {
		return d.place().errorf("aliases stand for more than %d MiB", maxFile>>20)
	}
	var value any
	if err := d.node.Decode(&value); err != nil {
		line, text := lineIn(err)
		return place{d.file, max(line, d.node.Line)}.errorf("%s", text)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return d.place().errorf("%w", err) // infinity, for one
	}
	d.text = text
	return nil
}

// adapt makes strings of keys and of dates, as kubectl does, and lines those of the file. It returns about how much
// text a value stands for: the library bounds how many values come of aliases, but not how long they are.
func adapt(n *yaml.Node, anchored map[*yaml.Node]int) int {
	n.Line-- // see readYAML
	if n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	size := 1 + len(n.Value) + anchored[n.Alias]
	for i, child := range n.Content {
		isKey := n.Kind == yaml.MappingNode && i%2 == 0
		if isKey && child.Kind == yaml.ScalarNode && child.ShortTag() != "!!merge" {
			child.Tag = "!!str"
		}
		size = min(size+adapt(child, anchored), maxFile+1)
	}
	if n.Anchor != "" {
		anchored[n] = size
	}
	return size
}

var (
	// yamlError is the form of the library's errors.
	yamlError = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s+)?(?:line (\d+): )?(.*)`)
	// parserError is what the library's parser says: it counts lines from 0, the scanner below it counts from 1.
	parserError = regexp.MustCompile(`^did not find expected (key|'-' indicator|',' or|node content|<document start>)`)
)

// syntaxMistake says where a text is no YAML, as far as the library knows.
func syntaxMistake(file string, err error) error {
	line, text := lineIn(err)
	if line > 0 && !parserError.MatchString(text) {
		line-- // see readYAML
	}
	return place{file, line}.errorf("%s", text)
}

// lineIn takes an error of the library apart.
func lineIn(err error) (line int, text string) {
	parts := yamlError.FindStringSubmatch(err.Error())
	line, _ = strconv.Atoi(parts[1])
	return line, parts[2]
}
