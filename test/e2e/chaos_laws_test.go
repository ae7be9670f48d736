package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/chaos"
)

func TestAScheduleFollowsFromItsSeedAndCanBeReadBack(t *testing.T) {
	t.Parallel()
	schedule := func(seed uint64) []chaos.Step {
		g := chaos.NewGenerator(seed)
		steps := g.Begin()
		for range 50 {
			steps = append(steps, g.Episode()...)
		}
		return steps
	}
	first := chaos.Text(schedule(1))
	if first != chaos.Text(schedule(1)) || first == chaos.Text(schedule(2)) {
		t.Error("The schedule follows from something else than its seed")
	}
	steps, err := chaos.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	if chaos.Text(steps) != first {
		t.Error("What is read is another schedule")
	}
	for _, wrong := range []string{"explode apiserver", "kill", "move hand-a 3 one"} {
		if _, err := chaos.Parse(wrong); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q is read: %v", wrong, err)
		}
	}
}

func TestTheSmallestScheduleThatFailsIsFound(t *testing.T) {
	t.Parallel()
	g := chaos.NewGenerator(1)
	beginning := g.Begin()
	var rest []chaos.Step
	for range 20 {
		rest = append(rest, g.Episode()...)
	}
	two := []string{rest[len(rest)/3].String(), rest[len(rest)-2].String()}
	small := chaos.Shrink(beginning, rest, func() bool { return true }, func(steps []chaos.Step) bool {
		text := chaos.Text(steps)
		return strings.Contains(text, two[0]+"\n") && strings.Contains(text, two[1]+"\n")
	})
	if got := chaos.Text(small[len(beginning):]); got != strings.Join(two, "\n")+"\n" {
		t.Errorf("It is\n%s, want\n%s", got, two)
	}
}

// An address is there for a minute, and then gone.
func TestTheJudgeOfTheChaosForgivesWhatNobodyCouldKnowAndNothingElse(t *testing.T) {
	t.Parallel()
	const question, address = "db.default.svc.cluster.local. A", "10.0.0.1"
	begin := time.Now()
	end := begin.Add(time.Minute)
	for _, test := range []struct {
		what  string
		asked time.Time
		data  string
		rcode int
		away  time.Duration // for how long the API is, from the end of the address
		wrong bool
	}{
		{"it is answered", begin.Add(30 * time.Second), address, dns.RcodeSuccess, 0, false},
		{"it is denied", begin.Add(30 * time.Second), "", dns.RcodeNameError, 0, true},
		{"it is denied at first", begin.Add(chaos.Bound / 2), "", dns.RcodeNameError, 0, false},
		{"nobody answers", begin.Add(30 * time.Second), "", dns.RcodeServerFailure, 0, true},
		{"it is answered for a moment after its end", end.Add(chaos.Bound / 2), address, dns.RcodeSuccess, 0, false},
		{"it is answered for long after its end", end.Add(2 * chaos.Bound), address, dns.RcodeSuccess, 0, true},
		{"it is answered as long as the API is away", end.Add(20 * time.Second), address, dns.RcodeSuccess, 30 * time.Second, false},
		{"it is answered when the API is back", end.Add(40 * time.Second), address, dns.RcodeSuccess, 30 * time.Second, true},
		{"it is another one", end.Add(20 * time.Second), "10.0.0.2", dns.RcodeSuccess, 30 * time.Second, true},
	} {
		history, possible := &chaos.History{}, &chaos.History{}
		for _, h := range []*chaos.History{history, possible} {
			h.Set(begin, map[chaos.Record]bool{{Question: question, Data: address}: true})
			h.Set(end, nil)
		}
		judge := chaos.NewJudge(history, possible)
		if test.away > 0 {
			judge.Disturbed(end, end.Add(test.away))
		}
		sample := chaos.Sample{Network: "udp", Question: question, Asked: test.asked, Answered: test.asked, Rcode: test.rcode}
		if test.data != "" {
			sample.Data = []string{test.data}
		}
		if errs := judge.Check([]chaos.Sample{sample}, 1); (len(errs) > 0) != test.wrong {
			t.Errorf("When %s, the judge says %v", test.what, errs)
		}
	}
}

func TestWhoCanReadSlicesAndNotServicesMayAnswerForAServiceThatIsNotHeadlessAnyMore(t *testing.T) {
	t.Parallel()
	const question = "db.default.svc.cluster.local. A"
	begin := time.Now()
	later := begin.Add(10 * chaos.Bound)
	possible := &chaos.History{}
	possible.Set(begin, map[chaos.Record]bool{{Question: question, Data: "10.0.0.1"}: true})
	judge := chaos.NewJudge(&chaos.History{}, possible)
	sample := chaos.Sample{Network: "udp", Question: question, Asked: later, Answered: later, Rcode: dns.RcodeSuccess, Data: []string{"10.0.0.1"}}
	if len(judge.Check([]chaos.Sample{sample}, 1)) == 0 {
		t.Error("While everything can be read it may too")
	}
	judge.Disturbed(begin, later)
	if errs := judge.Check([]chaos.Sample{sample}, 1); len(errs) > 0 {
		t.Errorf("The judge says %v", errs)
	}
}

func TestReplicasThatDoNotAgreeForLongAreTold(t *testing.T) {
	t.Parallel()
	const question = "db.default.svc.cluster.local. A"
	begin := time.Now()
	history := &chaos.History{}
	for i, address := range []string{"10.0.0.1", "10.0.0.2"} { // both are right for a while
		history.Set(begin.Add(time.Duration(i)), map[chaos.Record]bool{{Question: question, Data: "10.0.0.1"}: true, {Question: question, Data: address}: true})
	}
	history.Interrupt(begin.Add(chaos.Bound), func(chaos.Record) bool { return true })
	judge := chaos.NewJudge(history, &chaos.History{})
	ask := func(at time.Duration, said ...string) []error {
		var samples []chaos.Sample
		for i, data := range said {
			samples = append(samples, chaos.Sample{
				Replica: i, Question: question, Asked: begin.Add(at), Answered: begin.Add(at), Data: slices.Sorted(strings.SplitSeq(data, " ")),
			})
		}
		return judge.Check(samples, len(said))
	}
	const both = "10.0.0.1 10.0.0.2"
	for _, asked := range []struct {
		at     time.Duration
		second string
		wrong  bool
	}{{0, "10.0.0.1", false}, {chaos.Bound / 2, "10.0.0.1", false}, {chaos.Bound, both, false}, {chaos.Bound, "10.0.0.1", false}, {2*chaos.Bound + time.Millisecond, "10.0.0.1", true}} {
		if errs := ask(asked.at, both, asked.second); (len(errs) > 0) != asked.wrong {
			t.Errorf("After %s the judge says %v", asked.at, errs)
		}
	}
}
