// Command choose says which endpoints the policy of one line, hints, leaves for clients. It reads objects of JSON, one
// after the other, and answers each with the numbers of the endpoints that each client gets.
//
// It is built in the root module, and talked to from a test in another one: in one module with Kubernetes, the plugin's
// dependencies would raise those of the control plane to versions that it was never released with.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/headless-dns/headless/policy"
)

// question is what is read: endpoints, and who asks for them.
type question struct {
	Endpoints []policy.Endpoint
	Clients   []policy.Client
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "choose:", err)
		os.Exit(1)
	}
}

func run() error {
	hints, err := policy.Compile("hints", [][]string{{"hints"}}, &policy.Environment{Places: true})
	if err != nil {
		return err
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	in.DisallowUnknownFields() // whoever asks has a type of his own
	memory := policy.NewMemory(1 << 20)
	for {
		var q question
		if err := in.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		prepared := policy.Prepare(hints, q.Endpoints, nil, memory, rand.Uint32N)
		chosen := make([][]int32, len(q.Clients))
		for i := range q.Clients {
			choice := prepared.Choose(&q.Clients[i])
			chosen[i] = choice.Pick(nil, choice.Len())
		}
		if err := out.Encode(chosen); err != nil {
			return err
		}
	}
}
