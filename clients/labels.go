package clients

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// Where endpoints are a source of clients, and Pods none, the labels of Pods come by themselves.

func (d *Directory) keepsLabels() bool { return d.sources.Endpoints && !d.sources.Pods }

func (d *Directory) setLabels(name types.NamespacedName, facts *source.PodFacts) {
	switch {
	case !d.keepsLabels():
	case facts == nil:
		d.labels.Delete(name)
	default:
		d.labels.Store(name, facts)
	}
}

func (d *Directory) replaceLabels(scope string, all []*source.Pod) {
	if !d.keepsLabels() {
		return
	}
	listed := make(map[types.NamespacedName]bool, len(all))
	for _, p := range all {
		listed[p.NamespacedName] = true
		d.setLabels(p.NamespacedName, p.Facts)
	}
	d.labelsRead.Store(true)
	for key := range d.labels.Range {
		name := key.(types.NamespacedName)
		if (scope == "" || name.Namespace == scope) && !listed[name] {
			d.labels.Delete(name)
		}
	}
}

// labelsOf returns the labels of a Pod that policies name.
func (d *Directory) labelsOf(name types.NamespacedName) map[string]string {
	if facts, ok := d.labels.Load(name); ok {
		return facts.(*source.PodFacts).Labels
	}
	return nil
}
