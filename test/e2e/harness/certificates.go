package harness

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"testing"
	"time"
)

const (
	authorityFile         = "authority.crt"
	clientCertificateFile = corednsUser + ".crt"
	clientKeyFile         = corednsUser + ".key"
	serverCertificateFile = "server.crt"
	serverKeyFile         = "server.key"
)

// writeCertificates makes the certificate that CoreDNS may show the API server instead of a token, the one that it shows
// its own clients, and that of their authority.
func (c *ControlPlane) writeCertificates() error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := certificateTemplate("e2e authority", 1)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	if err := c.writeCertificate(authorityFile, ca, ca, caKey.Public(), caKey); err != nil {
		return err
	}
	client := certificateTemplate(corednsUser, 2) // the common name is the user
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	server := certificateTemplate("e2e server", 3)
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	return errors.Join(
		c.issue(clientCertificateFile, clientKeyFile, client, ca, caKey),
		c.issue(serverCertificateFile, serverKeyFile, server, ca, caKey),
	)
}

// issue writes a certificate and its key.
func (c *ControlPlane) issue(certificateFile, keyFile string, template, ca *x509.Certificate, caKey crypto.Signer) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := c.writeCertificate(certificateFile, template, ca, key.Public(), caKey); err != nil {
		return err
	}
	return c.writeKey(keyFile, key)
}

// TLSClient is the configuration of a client that believes the certificate of CoreDNS and no other.
func (c *ControlPlane) TLSClient(t testing.TB) *tls.Config {
	t.Helper()
	authority, err := os.ReadFile(c.path(authorityFile))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}
}

func certificateTemplate(name string, serial int64) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
}

func (c *ControlPlane) writeCertificate(file string, template, issuer *x509.Certificate, public crypto.PublicKey, issuerKey crypto.Signer) error {
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, issuerKey)
	if err != nil {
		return err
	}
	return os.WriteFile(c.path(file), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

func (c *ControlPlane) writeKey(file string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(c.path(file), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
