package harness

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// startInNamespace starts this program in a network namespace. Root can make one as it is, if it may in its container;
// anybody else needs a user namespace too, in which he is root.
func startInNamespace() (*exec.Cmd, error) {
	attributes := diesWithParent()
	attributes.Cloneflags = syscall.CLONE_NEWNET
	command, err := again(attributes)
	if !errors.Is(err, syscall.EPERM) {
		return command, err
	}
	attributes = diesWithParent()
	attributes.Cloneflags = syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER
	attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	return again(attributes)
}

// SetUpNamespace brings the loopback interface up, which is all that there is in a new namespace, and makes every
// address of the nodes, of their pods and of the tests' own pods one of this machine.
func SetUpNamespace() error {
	loopback, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(loopback)
	}
	if err != nil {
		return fmt.Errorf("bringing up the loopback interface: %w", err)
	}
	for _, network := range localNetworks() {
		_, destination, err := net.ParseCIDR(network)
		if err != nil {
			return err
		}
		if err := netlink.RouteAdd(&netlink.Route{
			LinkIndex: loopback.Attrs().Index, Dst: destination,
			Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST,
		}); err != nil {
			return fmt.Errorf("making the addresses of %s local: %w", network, err)
		}
	}
	return nil
}

// bindAny lets a socket have any address of a local network: Linux wants an IPv6 address to be one of an interface
// otherwise, and 2^64 of them are too many.
func bindAny(network, _ string, connection syscall.RawConn) error {
	if network != "udp6" && network != "tcp6" {
		return nil
	}
	var err error
	errControl := connection.Control(func(descriptor uintptr) {
		err = unix.SetsockoptInt(int(descriptor), unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
	})
	return errors.Join(err, errControl)
}
