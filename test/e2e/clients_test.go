package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/miekg/dns"
	"github.com/quic-go/quic-go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// asker sends a query to a server and returns its reply, by one of the protocols that carry DNS messages.
type asker func(ctx context.Context, address string, config *tls.Config, query *dns.Msg) (*dns.Msg, error)

func overTLS(ctx context.Context, address string, config *tls.Config, query *dns.Msg) (*dns.Msg, error) {
	client := &dns.Client{Net: "tcp-tls", TLSConfig: config}
	reply, _, err := client.ExchangeContext(ctx, query, address)
	return reply, err
}

// overQUIC is RFC 9250: a stream for each query, with lengths as over TCP.
func overQUIC(ctx context.Context, address string, config *tls.Config, query *dns.Msg) (*dns.Msg, error) {
	config = config.Clone()
	config.NextProtos = []string{"doq"}
	connection, err := quic.DialAddr(ctx, address, config, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.CloseWithError(0, "") }()
	stream, err := connection.OpenStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	wire, err := pack(query)
	if err != nil {
		return nil, err
	}
	wire = append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)
	if _, err := stream.Write(wire); err != nil {
		return nil, err
	}
	if err := stream.Close(); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(stream) // to the end of the stream, which the server must mark
	if err != nil {
		return nil, err
	}
	if len(answer) < 2 || int(binary.BigEndian.Uint16(answer)) != len(answer)-2 {
		return nil, fmt.Errorf("a stream of %d octets is no message", len(answer))
	}
	return unpack(answer[2:])
}

// overGRPC is the service coredns.dns.DnsService. Its messages have one field, the DNS message: on the wire they are
// those of BytesValue.
func overGRPC(ctx context.Context, address string, config *tls.Config, query *dns.Msg) (*dns.Msg, error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	wire, err := pack(query)
	if err != nil {
		return nil, err
	}
	answer := new(wrapperspb.BytesValue)
	if err := connection.Invoke(ctx, "/coredns.dns.DnsService/Query", wrapperspb.Bytes(wire), answer); err != nil {
		return nil, err
	}
	return unpack(answer.GetValue())
}

// overHTTP is RFC 8484 with the method GET or POST. The version of HTTP is that of the round tripper.
func overHTTP(method string, tripper func(*tls.Config) (http.RoundTripper, int)) asker {
	return func(ctx context.Context, address string, config *tls.Config, query *dns.Msg) (*dns.Msg, error) {
		wire, err := pack(query)
		if err != nil {
			return nil, err
		}
		url, body := "https://"+address+"/dns-query", io.Reader(bytes.NewReader(wire))
		if method == http.MethodGet {
			url, body = url+"?dns="+base64.RawURLEncoding.EncodeToString(wire), nil
		}
		request, err := http.NewRequestWithContext(ctx, method, url, body)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Content-Type", "application/dns-message")
		transport, version := tripper(config)
		client := &http.Client{Transport: transport}
		defer client.CloseIdleConnections()
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK || response.ProtoMajor != version {
			return nil, errors.Join(err, fmt.Errorf("%s by %s: %s", response.Status, response.Proto, answer))
		}
		return unpack(answer)
	}
}

// pack makes the wire format of a query, with the ID that DoH prefers and DoQ demands.
func pack(query *dns.Msg) ([]byte, error) {
	query.Id = 0
	return query.Pack()
}

func unpack(wire []byte) (*dns.Msg, error) {
	reply := new(dns.Msg)
	return reply, reply.Unpack(wire)
}
