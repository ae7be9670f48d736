package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// reverseZone is the one of all endpoints.
const reverseZone = "10.in-addr.arpa"

// fileVariant writes zones for the file plugin, of what headless answers to the questions: the same records. For UDP these
// are as many as the client takes, so that the plugin neither builds nor cuts more than is sent: the least that a plugin
// can do for such an answer.
func (b *bench) fileVariant(from *server, questions []question) (variant, error) {
	records := map[string][]string{clusterZone: nil, reverseZone: nil}
	for _, q := range questions {
		// In the zone with all records are those of TCP.
		for _, via := range []transport{q.via, tcp} {
			q.via = via
			reply, err := exchange(from.Address, via, q.message(b.service(q.endpoints), clusterZone))
			if err != nil {
				return variant{}, fmt.Errorf("asking for %s: %w", q, err)
			}
			zone := via.zone
			if q.kind == kindPTR {
				zone = reverseZone
			}
			for _, rr := range slices.Concat(reply.Answer, reply.Extra) {
				if rr.Header().Rrtype != dns.TypeOPT {
					records[zone] = append(records[zone], strings.ReplaceAll(rr.String(), clusterZone, zoneName(zone)))
				}
			}
		}
	}
	var block strings.Builder
	for zone, lines := range records {
		path := filepath.Join(b.dir, zone)
		if err := os.WriteFile(path, []byte(zoneText(zone, lines)), 0o600); err != nil {
			return variant{}, err
		}
		fmt.Fprintf(&block, "file %s %s {\nreload 0\n}\n", path, zone)
	}
	return variant{file, block.String()}, nil
}

// zoneName is what stands for the cluster's zone in a zone: the targets of reverse names stay what they are.
func zoneName(zone string) string {
	if zone == reverseZone {
		return clusterZone
	}
	return zone
}

func zoneText(zone string, lines []string) string {
	slices.Sort(lines)
	lines = slices.Compact(lines) // each record is in several answers
	return fmt.Sprintf("$ORIGIN %s.\n@ 5 IN SOA ns.dns hostmaster 1 7200 1800 86400 5\n@ 5 IN NS ns.dns\n%s\n", zone, strings.Join(lines, "\n"))
}

// patience is how long a reply may take: long, for a machine that is busy otherwise is slow, and nothing may be lost.
const patience = 30 * time.Second

// exchange asks once.
func exchange(target string, via transport, query *dns.Msg) (*dns.Msg, error) {
	client := &dns.Client{Net: via.network, UDPSize: via.udpSize, Timeout: patience}
	reply, _, err := client.Exchange(query, target)
	return reply, err
}
