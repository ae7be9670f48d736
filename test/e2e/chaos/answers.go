package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// Answers are all that the objects of a namespace mean.
type Answers struct {
	data  map[string][]string // by question
	names map[string]bool     // that exist
}

// ReadAnswers reads the objects that there are now: from etcd, not from what the API server remembers.
func ReadAnswers(ctx context.Context, client kubernetes.Interface, namespace string) (Answers, error) {
	objects, err := (&Watcher{client: client, namespace: namespace}).Read(ctx)
	return answersOf(objects.Records()), err
}

func answersOf(records map[Record]bool) Answers {
	a := Answers{data: map[string][]string{}, names: map[string]bool{}}
	for record := range records {
		if !slices.Contains(a.data[record.Question], record.Data) {
			a.data[record.Question] = append(a.data[record.Question], record.Data)
		}
		a.names[nameOf(record.Question)] = true
	}
	for _, data := range a.data {
		slices.Sort(data)
	}
	return a
}

// Questions are those that have an answer.
func (a Answers) Questions() []string {
	questions := make([]string, 0, len(a.data))
	for question := range a.data {
		questions = append(questions, question)
	}
	return questions
}

// Check asks servers all of that, over UDP and TCP, and tells what is answered in another way. Other questions may be
// asked too: what has no answer is to be denied.
func (a Answers) Check(addresses []string, others ...string) error {
	questions := append(a.Questions(), others...)
	slices.Sort(questions)
	asking := errgroup.Group{}
	asking.SetLimit(8)
	for _, question := range slices.Compact(questions) {
		asking.Go(func() error { return a.checkOne(addresses, question) })
	}
	return asking.Wait()
}

func (a Answers) checkOne(addresses []string, question string) error {
	for _, network := range harness.Transports {
		for _, s := range together(len(addresses), func(i int) Sample { return ask(i, addresses[i], network, question) }) {
			if err := a.compare(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a Answers) compare(s Sample) error {
	rcode := dns.RcodeNameError
	if a.names[nameOf(s.Question)] {
		rcode = dns.RcodeSuccess
	}
	switch {
	case s.Err != nil:
		return fmt.Errorf("%s: %w", s, s.Err)
	case s.Stale:
		return fmt.Errorf("%s: the API server is there", s)
	case s.Rcode != rcode || !slices.Equal(s.Data, a.data[s.Question]):
		return fmt.Errorf("%s: want %s %s", s, dns.RcodeToString[rcode], a.data[s.Question])
	}
	return nil
}

func nameOf(question string) string {
	name, _, _ := strings.Cut(question, " ")
	return name
}

// isOfService says whether a question is for a service's own name.
func isOfService(question string) bool {
	name := nameOf(question)
	return strings.HasSuffix(name, zone) && (dns.CountLabel(name) == 5 || strings.HasPrefix(name, "_"))
}
