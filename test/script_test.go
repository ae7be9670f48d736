package test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
)

// scenario is what a file in testdata says.
type scenario struct {
	proves   string
	corefile string
	steps    []step
}

// step is a change in the scenario's directory, or queries.
type step struct {
	file    string
	content []byte
	remove  bool
	example string // the directory to copy

	queries []query
}

// readScenario reads and checks a scenario, all of it before any of it is played.
func readScenario(path string) (*scenario, error) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		return nil, err
	}
	s := &scenario{proves: strings.Join(strings.Fields(string(archive.Comment)), " ")}
	if s.proves == "" {
		return nil, errors.New("no sentence says what the scenario proves")
	}
	for _, file := range archive.Files {
		content := repeatNumbered(file.Data)
		switch verb, rest, _ := strings.Cut(file.Name, " "); verb {
		case "Corefile":
			s.corefile = string(content)
		case "queries":
			queries, err := parseQueries(string(content))
			if err != nil {
				return nil, err
			}
			s.steps = append(s.steps, step{queries: queries})
		case "remove":
			s.steps = append(s.steps, step{file: rest, remove: true})
		case "example":
			if err := s.useExample(rest); err != nil {
				return nil, err
			}
		default:
			s.steps = append(s.steps, step{file: file.Name, content: content})
		}
	}
	if s.corefile == "" || len(s.steps) == 0 || s.steps[len(s.steps)-1].queries == nil {
		return nil, errors.New("a scenario needs a Corefile, and queries at its end")
	}
	return s, nil
}

// useExample takes the Corefile and the files of one of the repository's examples.
func (s *scenario) useExample(name string) error {
	dir, err := filepath.Abs(filepath.Join("..", "examples", name))
	if err != nil {
		return err
	}
	corefile, err := os.ReadFile(filepath.Join(dir, "Corefile"))
	s.corefile = string(corefile)
	s.steps = append(s.steps, step{file: filepath.Join("examples", name), example: dir})
	return err
}

// numbered is a range such as {1..200}.
var numbered = regexp.MustCompile(`\{(\d+)\.\.(\d+)\}`)

// repeatNumbered repeats each line that holds a range for each of its numbers. All ranges of a line count together.
func repeatNumbered(content []byte) []byte {
	var all bytes.Buffer
	for line := range bytes.Lines(content) {
		first, last := 0, 0
		if found := numbered.FindSubmatch(line); found != nil {
			first, _ = strconv.Atoi(string(found[1]))
			last, _ = strconv.Atoi(string(found[2]))
		}
		for n := 0; n <= last-first; n++ {
			all.Write(numbered.ReplaceAllFunc(line, func(found []byte) []byte {
				from, _ := strconv.Atoi(string(numbered.FindSubmatch(found)[1]))
				return strconv.AppendInt(nil, int64(from+n), 10)
			}))
		}
	}
	return all.Bytes()
}

// parseQueries reads queries and, under each, its reply. A line of the log to wait for is a query without a question.
func parseQueries(content string) ([]query, error) {
	var queries []query
	for line := range strings.Lines(content) {
		line = strings.TrimRight(line, "\n")
		asked, isQuery := strings.CutPrefix(line, "dig ")
		logged, isLog := strings.CutPrefix(line, "log: ")
		switch {
		case strings.TrimSpace(line) == "" || line[0] == '#':
		case isQuery:
			q, err := parseQuery(asked)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
			queries = append(queries, q)
		case isLog:
			queries = append(queries, query{text: line, logged: logged})
		case len(queries) == 0 || queries[len(queries)-1].logged != "":
			return nil, fmt.Errorf("%q stands under no query", line)
		default:
			q := &queries[len(queries)-1]
			if err := q.want.parseLine(line); err != nil {
				return nil, fmt.Errorf("dig %s: %w", q.text, err)
			}
		}
	}
	for _, q := range queries {
		if q.logged == "" && q.want.status == "" {
			return nil, fmt.Errorf("dig %s: no reply stands under it", q.text)
		}
	}
	return queries, nil
}
