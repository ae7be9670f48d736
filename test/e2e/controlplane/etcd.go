package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// newEtcdCommand runs an etcd of one member. It does not wait for the disk: its data survives the death of the process,
// which is all a test asks for, but not that of the machine.
func newEtcdCommand() *cobra.Command {
	var dataDir, clientURL string
	command := &cobra.Command{
		Use:          "etcd",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			config, err := etcdConfig(dataDir, clientURL)
			if err != nil {
				return err
			}
			return runEtcd(config)
		},
	}
	command.Flags().StringVar(&dataDir, "data-dir", "", "where the data is kept")
	command.Flags().StringVar(&clientURL, "listen-client-url", "", "where clients are served")
	return command
}

func etcdConfig(dataDir, clientURL string) (*embed.Config, error) {
	client, err := url.Parse(clientURL)
	if err != nil || client.Host == "" {
		return nil, fmt.Errorf("no URL for clients: %q", clientURL)
	}
	// No other member will ever call: any free port does.
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"}

	config := embed.NewConfig()
	config.Dir = dataDir
	config.UnsafeNoFsync = true
	config.LogLevel = "warn"
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	return config, nil
}

func runEtcd(config *embed.Config) error {
	signals, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer etcd.Close()
	select {
	case <-signals.Done():
		return nil
	case err := <-etcd.Err():
		return err
	case <-etcd.Server.StopNotify():
		return errors.New("etcd stopped by itself")
	}
}
