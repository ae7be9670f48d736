package headless

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"

	"golang.org/x/tools/txtar"
)

// Each file of clients/testdata is a cluster with a network plugin, in the format txtar. Its text says where it comes
// from. Then come objects.yaml, the Nodes, Pods and slices as they are with that plugin, and tables. A table is called
// by the lines of a block 'clients', with semicolons between them. In each of its lines stand the address that a query
// comes from, then node, zone, what has told it and who it is: NAMESPACE/POD, or shared. A dash is for what is unknown.
func TestClientsAreFoundWithTheNetworkPluginsThatThereAre(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("clients", "testdata", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("No clusters found: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		objects := filepath.Join(t.TempDir(), "objects.yaml")
		if err := os.WriteFile(objects, archive.Files[0].Data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, table := range archive.Files[1:] {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+table.Name, func(t *testing.T) {
				h := knowingClients(t, objects, table.Name)
				for line := range strings.Lines(string(table.Data)) {
					line, _, _ := strings.Cut(line, "#")
					if row := strings.Fields(line); len(row) > 0 {
						checkPlacement(t, h, row)
					}
				}
			})
		}
	}
}

// knowingClients is a plugin that knows clients by the lines, and has read the objects.
func knowingClients(t *testing.T, objects, lines string) *Headless {
	t.Helper()
	block := strings.ReplaceAll(lines, ";", "\n")
	conf, err := parse(caddy.NewTestController("dns", fmt.Sprintf("headless cluster.local {\nmanifests %s\nclients {\n%s\n}\n}", objects, block)), "")
	if err != nil {
		t.Fatal(err)
	}
	from, err := conf.open()
	if err != nil {
		t.Fatal(err)
	}
	h := conf.handler()
	h.cache = newEndpointsCache(conf.cacheShape())
	t.Cleanup(h.cache.close)
	h.finder = conf.newFinder(h.cache.clients)
	go from.Run(t.Context(), h.cache)
	conf.startupTimeout = time.Minute
	if err := h.waitForSync(t.Context(), conf, time.Now()); err != nil {
		t.Fatal(err)
	}
	return h
}

func checkPlacement(t *testing.T, h *Headless, row []string) {
	t.Helper()
	address, err := netip.ParseAddr(row[0])
	if err != nil || len(row) != 5 {
		t.Fatalf("%q is no line of a table: %v", row, err)
	}
	client, source := h.finder.Find(address, true)
	got := []string{row[0], client.Node, client.Zone, string(source), ""}
	switch {
	case client.Shared && client.Pod != "":
		t.Errorf("Many share %s, and yet it is %s/%s", address, client.Namespace, client.Pod)
	case client.Shared:
		got[4] = "shared"
	case client.Pod != "":
		got[4] = client.Namespace + "/" + client.Pod
	}
	for i := range got {
		if got[i] == "" {
			got[i] = "-"
		}
	}
	if g, w := strings.Join(got, " "), strings.Join(row, " "); g != w {
		t.Errorf("It is %q, want %q", g, w)
	}
}
