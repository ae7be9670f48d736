package e2e

import (
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/chaos"
)

// One address is there for a minute and another one comes after it; a third is always there. A replica was killed half a
// minute later, with a snapshot that may be of the last seconds of the first address.
func TestTheJudgeOfTheChaosForgivesASnapshotItsAgeAndNothingElse(t *testing.T) {
	t.Parallel()
	const question, first, always = "db.default.svc.cluster.local. A", "10.0.0.1", "10.0.0.3"
	begin := time.Now()
	end := begin.Add(time.Minute)
	killed := end.Add(30 * time.Second)
	later := killed.Add(10 * time.Second)
	settled := later.Add(time.Minute)
	for _, test := range []struct {
		what   string
		sample chaos.Sample
		since  time.Time
		wrong  bool
	}{
		{"it holds what was in the snapshot", chaos.Sample{Asked: later, Stale: true, Data: []string{first, always}}, end.Add(-time.Second), false},
		{"what it holds is older than the snapshot", chaos.Sample{Asked: later, Stale: true, Data: []string{first, always}}, end.Add(time.Second), true},
		{"it does not say that it is stale", chaos.Sample{Asked: later, Data: []string{first, always}}, end.Add(-time.Second), true},
		{"it is another replica", chaos.Sample{Replica: 1, Asked: later, Stale: true, Data: []string{first, always}}, end.Add(-time.Second), true},
		{"it has not been killed yet", chaos.Sample{Asked: killed.Add(-2 * chaos.Bound), Stale: true, Data: []string{first, always}}, end.Add(-time.Second), true},
		{"it has settled", chaos.Sample{Asked: settled.Add(time.Second), Stale: true, Data: []string{first, always}}, end.Add(-time.Second), true},
		{"it lacks what came after the snapshot", chaos.Sample{Asked: later, Stale: true, Data: []string{always}}, end.Add(-time.Second), false},
		{"it lacks what was always there", chaos.Sample{Asked: later, Stale: true, Data: []string{first}}, end.Add(-time.Second), true},
		{"the name is denied", chaos.Sample{Asked: later, Stale: true, Rcode: dns.RcodeNameError}, end.Add(-time.Second), true},
		{"it knows nothing", chaos.Sample{Asked: later, Rcode: dns.RcodeServerFailure}, end.Add(-time.Second), true},
		{"it has what is true", chaos.Sample{Asked: later, Data: []string{"10.0.0.2", always}}, end.Add(-time.Second), false},
		{"it does not run", chaos.Sample{Asked: later, Down: true}, end.Add(-time.Second), false},
	} {
		all := func(data string) map[chaos.Record]bool {
			return map[chaos.Record]bool{{Question: question, Data: data}: true, {Question: question, Data: always}: true}
		}
		history, possible := &chaos.History{}, &chaos.History{}
		for _, h := range []*chaos.History{history, possible} {
			h.Set(begin, all(first))
			h.Set(end, all("10.0.0.2"))
		}
		judge := chaos.NewJudge(history, possible)
		judge.Killed(0, killed, test.since)
		judge.Settled(settled)
		test.sample.Network, test.sample.Question, test.sample.Answered = "udp", question, test.sample.Asked
		if errs := judge.Check([]chaos.Sample{test.sample}, 1); (len(errs) > 0) != test.wrong {
			t.Errorf("When %s, the judge says %v", test.what, errs)
		}
	}
}

func TestTheJudgeOfTheChaosWantsToBeToldOfAnswersThatAreStaleAndOfNoOthers(t *testing.T) {
	t.Parallel()
	const question, address = "db.default.svc.cluster.local. A", "10.0.0.1"
	begin := time.Now()
	end := begin.Add(time.Minute)
	history, possible := &chaos.History{}, &chaos.History{}
	for _, h := range []*chaos.History{history, possible} {
		h.Set(begin.Add(-time.Hour), map[chaos.Record]bool{{Question: question, Data: address}: true})
	}
	slack := chaos.StaleAfter + chaos.Bound
	for _, test := range []struct {
		what        string
		asked       time.Time
		replica     int
		kept, stale bool
		wrong       bool
	}{
		{"the API is not away yet", begin.Add(-slack), 0, false, true, true},
		{"the API is away for a moment", begin.Add(chaos.Bound), 0, false, false, false},
		{"the API is away, and it says so early", begin.Add(chaos.Bound), 0, false, true, false},
		{"the API is away for long", begin.Add(slack + time.Second), 0, false, false, true},
		{"the API is away for long, and it says so", begin.Add(slack + time.Second), 0, false, true, false},
		{"the API is away for long for another replica", begin.Add(slack + time.Second), 1, false, false, false},
		{"it has a snapshot and nothing else", begin.Add(time.Second), 0, true, false, true},
		{"it has a snapshot and nothing else, and says so", begin.Add(time.Second), 0, true, true, false},
		{"the API is back for a moment", end.Add(chaos.Bound / 2), 0, true, true, false},
		{"the API is back for long", end.Add(2 * chaos.Bound), 0, false, true, true},
		{"the API is back for long, and it says nothing", end.Add(2 * chaos.Bound), 0, false, false, false},
	} {
		judge := chaos.NewJudge(history, possible)
		judge.Disturbed(begin, end)
		judge.Silent(chaos.Silence{Begin: begin, End: end, Kept: test.kept})
		sample := chaos.Sample{
			Replica: test.replica, Network: "udp", Question: question, Asked: test.asked, Answered: test.asked, Data: []string{address}, Stale: test.stale,
		}
		if errs := judge.Check([]chaos.Sample{sample}, 1); (len(errs) > 0) != test.wrong {
			t.Errorf("When %s, the judge says %v", test.what, errs)
		}
	}
}

func TestASnapshotIsAsOldAsItsLastWritingMayBe(t *testing.T) {
	t.Parallel()
	const long = time.Hour
	begin := time.Now()
	var disk chaos.Disk
	if disk.Killed(begin, begin); disk.Started() {
		t.Error("Before it knew anything it has one")
	}
	disk.Settled(begin)
	if disk.Killed(begin.Add(long), begin.Add(long)); !disk.Started() {
		t.Error("Long after it knew everything it has none")
	}
	first := disk.Since(begin.Add(2 * long))
	if age := begin.Add(long).Sub(first); age < 10*time.Second || age > 20*time.Second {
		t.Errorf("It is %s old", age)
	}
	if disk.Killed(begin.Add(2*long), begin.Add(2*long)); !disk.Since(begin).Equal(first) || !disk.Started() {
		t.Error("Who was killed before it knew anything new has another one")
	}
	disk.Settled(begin.Add(3 * long))
	if disk.Killed(begin.Add(3*long+time.Second), begin.Add(3*long+time.Second)); !disk.Since(begin).Equal(first) {
		t.Error("A moment after it knows anything new that is certainly written")
	}
	disk.Settled(begin.Add(4 * long))
	disk.Mix()
	if disk.Killed(begin.Add(5*long), begin.Add(5*long)); disk.Started() {
		t.Error("It can be used, whatever the Corefile reads")
	}
}
