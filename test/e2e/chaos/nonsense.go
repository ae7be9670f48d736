package chaos

import (
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/headless-dns/headless/test/e2e/harness"
)

// nonsenses is how many packets a step sends.
const nonsenses = 60

// askNonsense sends a replica packets that are no queries, and queries that make no sense, over UDP and TCP. What comes
// back does not matter, if only it goes on.
func (r *Run) askNonsense(a []string) error {
	number, err := r.numberOf(a[0])
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(a[1], 10, 64)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	questions := r.history.Questions()
	for i := range nonsenses {
		packet := harness.RandomOctets(random, random.IntN(600))
		if i%2 == 0 && len(questions) > 0 {
			packet = oddQuery(random, questions[random.IntN(len(questions))])
		}
		if err := throw(r.replicas[number].Address, harness.Transports[i/2%2], packet); err != nil {
			return err
		}
	}
	return nil
}

// throw sends a packet and hangs up. Over TCP the length before it is sometimes another one.
func throw(address, network string, packet []byte) error {
	connection, err := net.DialTimeout(network, address, harness.Patience)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	if err := connection.SetDeadline(time.Now().Add(harness.Patience)); err != nil {
		return err
	}
	if network == "tcp" {
		packet = append([]byte{byte(len(packet) >> 8), byte(len(packet) + len(packet)%3)}, packet...)
	}
	_, _ = connection.Write(packet) // it may have been reset
	return nil
}

// oddQuery is a query for something near a name that there is.
func oddQuery(random *rand.Rand, question string) []byte {
	name := nameOf(question)
	labels := dns.SplitDomainName(name)
	switch random.IntN(5) {
	case 0:
		name = strings.Join(labels[1:], ".") + "."
	case 1:
		name = strings.Repeat("_x.", random.IntN(20)) + name
	case 2:
		name = "_zone." + name
	case 3:
		name = "*." + strings.ToUpper(name)
	}
	query := new(dns.Msg).SetQuestion(name, uint16(random.Uint32()))
	query.Opcode = random.IntN(8)
	query.Response = random.IntN(8) == 0
	if random.IntN(2) == 0 {
		query.SetEdns0(uint16(random.Uint32()), true)
	}
	if random.IntN(4) == 0 {
		query.Question = append(query.Question, query.Question[0])
	}
	packet, err := query.Pack()
	if err != nil {
		return nil
	}
	if len(packet) > 0 && random.IntN(4) == 0 {
		packet = packet[:random.IntN(len(packet))]
	}
	return packet
}
