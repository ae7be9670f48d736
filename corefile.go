package headless

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnsutil"
	"github.com/coredns/coredns/plugin/pkg/fall"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/headless-dns/headless/clients"
	"github.com/headless-dns/headless/policy"
	"github.com/headless-dns/headless/source/kubernetes"
)

const (
	defaultTTL = 5
	maxTTL     = 3600 // as in the kubernetes plugin
)

// config is what a block of the Corefile says.
type config struct {
	root string // folder that relative paths begin at

	zones      []string
	api        kubernetes.Config
	manifests  []string
	namespaces []string
	labels     labels.Selector
	// namespaceLabels selects namespaces.
	namespaceLabels labels.Selector
	podNames        bool
	unreadyNames    serviceGlobs
	ttl             uint32
	negativeTTL     uint32
	soaTTL          uint32
	startupTimeout  time.Duration
	stale           time.Duration
	// snapshot is the file to keep what is known in, empty for none; it is not used when it is older than maxAge.
	snapshot string
	maxAge   time.Duration
	fall     fall.F

	clients      *clients.Config // nil without the block
	policies     []policyBlock
	applications []application
	annotations  annotationRule
	// compiled are the policies by name, and uses what they look at.
	compiled map[string]*policy.Policy
	uses     policy.Uses
}

// directives are the properties of a block. Each is given its arguments, and at most once a block, save those that are
// repeatable.
var directives = map[string]func(c *config, args []string) error{
	"kubeconfig":         (*config).setKubeconfig,
	"endpoint":           (*config).setEndpoint,
	"tls":                (*config).setTLS,
	"manifests":          (*config).setManifests,
	"namespaces":         (*config).setNamespaces,
	"watch":              (*config).setWatch,
	"labels":             func(c *config, args []string) error { return setSelector(&c.labels, args) },
	"namespace_labels":   func(c *config, args []string) error { return setSelector(&c.namespaceLabels, args) },
	"endpoint_pod_names": (*config).setPodNames,
	"unready_names":      (*config).setUnreadyNames,
	"ttl":                func(c *config, args []string) error { return setTTL(&c.ttl, args) },
	"negative_ttl":       func(c *config, args []string) error { return setTTL(&c.negativeTTL, args) },
	"startup_timeout":    (*config).setStartupTimeout,
	"stale":              (*config).setStale,
	"snapshot":           (*config).setSnapshot,
	"fallthrough":        (*config).setFallthrough,
	"annotations":        (*config).setAnnotations,
	"apply":              (*config).addApplication,
}

var repeatable = map[string]bool{"apply": true}

// parse reads the plugin's block of a server block. Relative paths begin at the root, as they do for CoreDNS's own
// plugins.
func parse(c *caddy.Controller, root string) (*config, error) {
	var conf *config
	for c.Next() {
		if c.Val() != pluginName {
			return nil, c.Errf("unexpected '%s': a brace stands behind %s and its zones, or alone on its line", c.Val(), pluginName)
		}
		if conf != nil {
			return nil, c.Err(plugin.ErrOnce.Error())
		}
		conf = &config{root: root, ttl: defaultTTL, startupTimeout: defaultStartupTimeout, stale: defaultStale, maxAge: defaultMaxAge}
		if err := conf.setZones(c.RemainingArgs(), c.ServerBlockKeys); err != nil {
			return nil, c.Err(err.Error())
		}
		seen, err := conf.readDirectives(c)
		if err != nil {
			return nil, c.Err(err.Error())
		}
		if err := conf.compilePolicies(); err != nil {
			return nil, c.Err(err.Error())
		}
		conf.soaTTL = conf.negativeTTL
		if !seen["negative_ttl"] {
			conf.negativeTTL, conf.soaTTL = conf.ttl, min(conf.ttl, maxSOATTL)
		}
		if err := checkSources(seen); err != nil {
			return nil, c.Err(err.Error())
		}
	}
	return conf, nil
}

// readDirectives reads the lines of the block, and returns which properties are given.
func (c *config) readDirectives(in *caddy.Controller) (seen map[string]bool, err error) {
	seen = make(map[string]bool)
	for err == nil && in.NextBlock() {
		switch in.Val() {
		case "policy":
			err = c.readPolicy(in)
		case "clients":
			err = c.readClients(in)
		default:
			err = c.setDirective(in.Val(), in.RemainingArgs(), seen)
		}
	}
	return seen, err
}

func (c *config) setDirective(name string, args []string, seen map[string]bool) error {
	set, ok := directives[name]
	if !ok {
		return fmt.Errorf("unknown property '%s'", name)
	}
	if seen[name] && !repeatable[name] {
		return fmt.Errorf("property '%s' is given twice", name)
	}
	seen[name] = true
	if slices.Contains(args, "") {
		return fmt.Errorf("%s: an argument is empty; is a variable of the environment not set?", name)
	}
	if err := set(c, args); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (c *config) setZones(args, serverBlockKeys []string) error {
	if err := checkZones(args); err != nil {
		return err
	}
	c.zones = plugin.OriginsFromArgsOrServerBlock(args, serverBlockKeys)
	if c.forwardZone() == "" {
		return fmt.Errorf("a zone that is no reverse zone is needed beside %s", strings.Join(c.zones, " "))
	}
	return nil
}

// checkZones refuses what is no zone. A brace is a block that is closed on the line where something else stands; a
// slash is left only of a network that is none.
func checkZones(args []string) error {
	for _, arg := range args {
		zones := plugin.Host(arg).NormalizeExact()
		if len(zones) == 0 || arg == "" || strings.ContainsAny(strings.Join(zones, ""), "{}/") {
			return fmt.Errorf("'%s' is no zone", arg)
		}
	}
	return nil
}

// forwardZone returns the first zone that is no reverse zone.
func (c *config) forwardZone() string {
	for _, zone := range c.zones {
		if dnsutil.IsReverse("."+zone) == 0 {
			return zone
		}
	}
	return ""
}

// hasReverse says whether reverse names are asked for in one of the zones.
func (c *config) hasReverse() bool {
	return slices.ContainsFunc(c.zones, func(zone string) bool {
		return zone == "." || zone == "arpa." || dnsutil.IsReverse("."+zone) > 0
	})
}

func (c *config) setNamespaces(args []string) error {
	if len(args) == 0 {
		return wrongCount(args, "NAMESPACE...")
	}
	for _, arg := range args {
		if len(validation.IsDNS1123Label(arg)) > 0 {
			return fmt.Errorf("'%s' is no name of a namespace", arg)
		}
		if !slices.Contains(c.namespaces, arg) {
			c.namespaces = append(c.namespaces, arg)
		}
	}
	return nil
}

func setSelector(selector *labels.Selector, args []string) error {
	if len(args) == 0 {
		return wrongCount(args, "SELECTOR")
	}
	text := strings.Join(args, " ")
	parsed, err := labels.Parse(text)
	if err != nil {
		return fmt.Errorf("'%s' is no label selector: %w", text, err)
	}
	*selector = parsed
	return nil
}

func (c *config) setPodNames(args []string) error {
	if len(args) != 0 {
		return wrongCount(args, "")
	}
	c.podNames = true
	return nil
}

func (c *config) setUnreadyNames(args []string) (err error) {
	c.unreadyNames = everyService
	if len(args) > 0 {
		c.unreadyNames, err = parseServiceGlobs(args)
	}
	return err
}

func setTTL(ttl *uint32, args []string) error {
	if len(args) != 1 {
		return wrongCount(args, "SECONDS")
	}
	seconds, err := strconv.ParseUint(args[0], 10, 32)
	if err != nil || seconds > maxTTL {
		return fmt.Errorf("'%s' is no number of seconds from 0 to %d", args[0], maxTTL)
	}
	*ttl = uint32(seconds)
	return nil
}

func (c *config) setFallthrough(args []string) error {
	if err := checkZones(args); err != nil {
		return err
	}
	c.fall.SetZonesFromArgs(args)
	return nil
}

// wrongCount is the error for missing and surplus arguments.
func wrongCount(args []string, usage string) error {
	switch {
	case usage == "":
		return fmt.Errorf("takes no arguments, but has '%s'", strings.Join(args, " "))
	case len(args) == 0:
		return fmt.Errorf("needs %s", usage)
	}
	return fmt.Errorf("needs %s, but has '%s'", usage, strings.Join(args, " "))
}
