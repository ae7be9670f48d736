package headless

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/coredns/caddy"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/headless-dns/headless/clients"
	"github.com/headless-dns/headless/policy"
)

// clientDirectives are the lines of a block 'clients'.
var clientDirectives = map[string]func(c *clients.Config, args []string) error{
	"nodes":     func(c *clients.Config, args []string) error { return setSource(&c.Sources.Nodes, args) },
	"pods":      func(c *clients.Config, args []string) error { return setSource(&c.Sources.Pods, args) },
	"endpoints": func(c *clients.Config, args []string) error { return setSource(&c.Sources.Endpoints, args) },
	"subnet":    addSubnet,
	"shared":    addShared,
	"ecs": func(c *clients.Config, args []string) error {
		return addNetworks(&c.Resolvers, args, "CIDR...")
	},
}

// readClients reads the block that says how clients are known.
func (c *config) readClients(in *caddy.Controller) error {
	args := restOfLine(in)
	lines, err := readBlock(in, args)
	switch {
	case err != nil:
	case c.clients != nil:
		err = errGivenTwice
	case len(args) > 1:
		err = wrongCount(args[:len(args)-1], "")
	case len(lines) == 0:
		err = fmt.Errorf("it needs one line at least; there are %s", strings.Join(slices.Sorted(maps.Keys(clientDirectives)), " "))
	default:
		c.clients = new(clients.Config)
		err = c.setClients(lines)
	}
	if err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	return nil
}

func (c *config) setClients(lines [][]string) error {
	for _, line := range lines {
		set, ok := clientDirectives[line[0]]
		if !ok {
			return fmt.Errorf("unknown line '%s', there are %s", line[0], strings.Join(slices.Sorted(maps.Keys(clientDirectives)), " "))
		}
		if slices.Contains(line[1:], "") {
			return fmt.Errorf("%s: an argument is empty; is a variable of the environment not set?", line[0])
		}
		if err := set(c.clients, line[1:]); err != nil {
			return fmt.Errorf("'%s': %w", strings.Join(line, " "), err)
		}
	}
	if c.clients.SharedNodes && !c.clients.Sources.Nodes && !c.clients.Sources.Pods {
		return errors.New("'shared nodes' needs to know the addresses of nodes: add 'nodes' or 'pods'")
	}
	return nil
}

func setSource(is *bool, args []string) error {
	switch {
	case len(args) > 0:
		return wrongCount(args, "")
	case *is:
		return errGivenTwice
	}
	*is = true
	return nil
}

var errGivenTwice = errors.New("it is given twice")

const subnetUsage = "CIDR, and one at least of zone ZONE, node NODE and region REGION"

func addSubnet(c *clients.Config, args []string) error {
	if len(args) < 3 || len(args)%2 == 0 {
		return wrongCount(args, subnetUsage)
	}
	prefix, err := parseNetwork(args[0])
	if err != nil {
		return err
	}
	if slices.ContainsFunc(c.Subnets, func(s clients.Subnet) bool { return s.Prefix == prefix }) {
		return fmt.Errorf("'%s' is given twice", args[0])
	}
	var place policy.Place
	fields := map[string]*string{"zone": &place.Zone, "node": &place.Node, "region": &place.Region}
	for pair := range slices.Chunk(args[1:], 2) {
		field, ok := fields[pair[0]]
		switch {
		case !ok:
			return fmt.Errorf("'%s' is no place: %s", pair[0], subnetUsage)
		case *field != "":
			return fmt.Errorf("'%s' is given twice", pair[0])
		case !isPlaceName(pair[0], pair[1]):
			return fmt.Errorf("'%s' is no name of a %s", pair[1], pair[0])
		}
		*field = pair[1]
	}
	c.Subnets = append(c.Subnets, clients.Subnet{Prefix: prefix, Place: place})
	return nil
}

// isPlaceName says whether a value is one that the API allows: zones and regions are values of labels, nodes are names.
func isPlaceName(kind, value string) bool {
	if kind == "node" {
		return len(validation.IsDNS1123Subdomain(value)) == 0
	}
	return len(validation.IsValidLabelValue(value)) == 0
}

func addShared(c *clients.Config, args []string) error {
	if i := slices.Index(args, "nodes"); i >= 0 {
		if c.SharedNodes {
			return errGivenTwice
		}
		c.SharedNodes = true
		if args = slices.Delete(slices.Clone(args), i, i+1); len(args) == 0 {
			return nil
		}
	}
	return addNetworks(&c.Shared, args, "'nodes' or CIDR...")
}

func addNetworks(to *[]netip.Prefix, args []string, usage string) error {
	if len(args) == 0 {
		return wrongCount(args, usage)
	}
	for _, arg := range args {
		prefix, err := parseNetwork(arg)
		if err != nil {
			return err
		}
		*to = append(*to, prefix)
	}
	return nil
}

// parseNetwork reads a CIDR. An address stands for itself alone; one that is no beginning of its network is a mistake
// that would go on unnoticed.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || prefix.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("'%s' is no CIDR, such as 10.0.0.0/16", text)
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Errorf("'%s' has bits behind its length: '%s' is the network", text, prefix.Masked())
	}
	return prefix, nil
}

// environment is what the policies of the block are compiled for.
func (c *config) environment() policy.Environment {
	if c.clients == nil {
		return policy.Environment{}
	}
	from := c.clients.Sources
	return policy.Environment{
		Places: from != clients.Sources{} || len(c.clients.Subnets) > 0, Pods: from.Pods || from.Endpoints,
	}
}

// newFinder makes what finds clients, nil where the block is not there.
func (c *config) newFinder(directory *clients.Directory) *clients.Finder {
	if c.clients == nil {
		return nil
	}
	return clients.NewFinder(c.clients, directory)
}
