package headless

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/headless-dns/headless/source"
)

// gauges returns what the gauges show, without those at 0.
func gauges() map[string]float64 {
	shown := map[string]float64{
		"services with endpoints": testutil.ToFloat64(serviceCount.WithLabelValues("ready")),
		"services without":        testutil.ToFloat64(serviceCount.WithLabelValues("none")),
		"headless slices":         testutil.ToFloat64(sliceCount.WithLabelValues("headless")),
		"other slices":            testutil.ToFloat64(sliceCount.WithLabelValues("other")),
		"endpoints":               testutil.ToFloat64(endpointCount),
	}
	maps.DeleteFunc(shown, func(_ string, n float64) bool { return n == 0 })
	return shown
}

func TestTheGaugesCountWhatIsKept(t *testing.T) {
	if got := gauges(); len(got) > 0 {
		t.Fatalf("Before the test the gauges show %v", got)
	}
	c := newEndpointsCache(cacheShape{})
	other := newEndpointsCache(cacheShape{})
	check := func(what string, want map[string]float64) {
		t.Helper()
		if got := gauges(); !maps.Equal(got, want) {
			t.Errorf("%s: the gauges show %v, want %v", what, got, want)
		}
	}
	c.SetSlice(sliceWith("default", "db", "db-1", ready("10.0.0.1", "a"), unready("10.0.0.2", "b")))
	check("a slice without a service", map[string]float64{"other slices": 1})
	c.SetService(headlessService("default", "db"))
	check("its service", map[string]float64{"services with endpoints": 1, "headless slices": 1, "endpoints": 2})
	other.SetService(headlessService("default", "web"))
	check("a service without slices in another block", map[string]float64{"services with endpoints": 1, "services without": 1, "headless slices": 1, "endpoints": 2})
	c.ReplaceSlices("", []*source.Slice{sliceWith("default", "db", "db-2", unready("10.0.0.1", "a"))})
	check("no endpoint is ready", map[string]float64{"services without": 2, "headless slices": 1, "endpoints": 1})
	c.DeleteService(nsName("default", "db"))
	check("the service is gone", map[string]float64{"services without": 1, "other slices": 1})
	c.close()
	other.close()
	check("both blocks are gone", map[string]float64{})
}

func TestWhatIsMalformedIsCountedEachTimeAndRememberedOnce(t *testing.T) {
	var p problems
	bad := source.Problem{Kind: "EndpointSlice", Object: nsName("default", "db-1"), Reason: source.ReasonAddress, Value: "x"}
	count := malformedCount.WithLabelValues(bad.Kind, bad.Reason)
	before := testutil.ToFloat64(count)
	p.report(bad)
	bad.Value = "y"
	p.report(bad)
	if n := testutil.ToFloat64(count) - before; n != 2 || p.first(bad) {
		t.Errorf("Two addresses of one slice were counted %v times, and would be logged again: %t", n, p.first(bad))
	}
	for i := range 2 * maxLogged {
		bad.Object.Name = string(rune(i))
		p.first(bad)
	}
	if len(p.logged) > maxLogged {
		t.Errorf("%d objects are remembered", len(p.logged))
	}
}

func TestAFailureThatGoesOnIsLoggedOnceAMinute(t *testing.T) {
	var f failures
	now := time.Now()
	for _, step := range []struct {
		text  string
		after time.Duration
		want  bool
	}{{"refused", 0, true}, {"refused", time.Second, false}, {"forbidden", 2 * time.Second, true}, {"forbidden", time.Minute, false}, {"forbidden", 2 * time.Minute, true}} {
		if got := f.first("list services", step.text, now.Add(step.after)); got != step.want {
			t.Errorf("%q after %s is logged: %t", step.text, step.after, got)
		}
	}
	if !f.first("watch services", "forbidden", now) {
		t.Error("Another operation's failure is not logged")
	}
	f.report("watch services", &url.Error{Op: "Get", URL: "https://10.0.0.1/?timeoutSeconds=457", Err: errors.New("refused")})
	if f.first("watch services", "refused", time.Now()) {
		t.Error("The same failure with another URL is logged again")
	}
}

func TestWhatComesAndGoesAllTheTimeIsToldOfOnceAMinute(t *testing.T) {
	var e episode
	now := time.Now()
	for _, step := range []struct {
		after      time.Duration
		begin, end bool
	}{{0, true, true}, {time.Second, false, false}, {time.Minute, true, true}} {
		now = now.Add(step.after)
		if begin, end := e.begin(now), e.end(); begin != step.begin || end != step.end {
			t.Errorf("%s later its beginning is told: %t, and its end: %t", step.after, begin, end)
		}
	}
}

func TestWatchesThatAreRefusedForSeveralNamespacesAreOneFailure(t *testing.T) {
	refused := func(namespace string) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "endpointslices"}, "", fmt.Errorf("in the namespace %q", namespace))
	}
	if a, b := kindOf(refused("a")), kindOf(refused("b")); a != b {
		t.Errorf("They are told as %q and %q in turns", a, b)
	}
	if a, b := kindOf(errors.New("connection refused")), kindOf(errors.New("connection reset")); a == b {
		t.Errorf("Two failures are told as one, %q", a)
	}
}
