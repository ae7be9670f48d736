package worlds

import (
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// askPatience is how long a server may take for one answer, on a machine that has much else to do.
const askPatience = 10 * time.Second

// Asker asks one server, over connections that it keeps. It is for one goroutine.
type Asker struct {
	address string
	kept    map[string]*dns.Conn // by network
}

// NewAsker asks the server at that address.
func NewAsker(address string) *Asker { return &Asker{address: address, kept: map[string]*dns.Conn{}} }

// Ask asks a question, once more where a connection turns out to have been closed.
func (a *Asker) Ask(q Question) (*dns.Msg, error) {
	_, known := a.kept[q.Network]
	reply, err := a.exchange(q)
	if err != nil && known {
		reply, err = a.exchange(q)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q, err)
	}
	return reply, nil
}

func (a *Asker) exchange(q Question) (*dns.Msg, error) {
	conn, ok := a.kept[q.Network]
	if !ok {
		var err error
		if conn, err = dns.DialTimeout(q.Network, a.address, askPatience); err != nil {
			return nil, err
		}
		a.kept[q.Network] = conn
	}
	reply, err := exchange(conn, q)
	if err != nil {
		_ = conn.Close()
		delete(a.kept, q.Network)
	}
	return reply, err
}

func exchange(conn *dns.Conn, q Question) (*dns.Msg, error) {
	query := q.query()
	// What a client can take must not be more than what it announces, else an answer that is too large goes
	// unnoticed.
	conn.UDPSize = max(dns.MinMsgSize, q.Size)
	if err := conn.SetDeadline(time.Now().Add(askPatience)); err != nil {
		return nil, err
	}
	if err := conn.WriteMsg(query); err != nil {
		return nil, err
	}
	reply, err := conn.ReadMsg()
	if err == nil && reply.Id != query.Id {
		err = fmt.Errorf("the reply has the ID of another query")
	}
	return reply, err
}

// Close closes the connections.
func (a *Asker) Close() {
	for _, conn := range a.kept {
		_ = conn.Close()
	}
}
