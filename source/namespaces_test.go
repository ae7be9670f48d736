package source

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// keptServices is a sink that keeps Services alone.
type keptServices map[types.NamespacedName]bool

func (k keptServices) SetService(s *Service)                   { k[s.NamespacedName] = true }
func (k keptServices) DeleteService(name types.NamespacedName) { delete(k, name) }
func (k keptServices) SetSlice(*Slice)                         {}
func (k keptServices) DeleteSlice(types.NamespacedName)        {}
func (k keptServices) ReplaceSlices(string, []*Slice)          {}
func (k keptServices) SetPod(*Pod)                             {}
func (k keptServices) DeletePod(types.NamespacedName)          {}
func (k keptServices) ReplacePods(string, []*Pod)              {}
func (k keptServices) SetNode(*Node)                           {}
func (k keptServices) DeleteNode(string)                       {}
func (k keptServices) ReplaceNodes([]*Node)                    {}
func (k keptServices) Synced()                                 {}
func (k keptServices) FactsSynced()                            {}
func (k keptServices) LostPods()                               {}
func (k keptServices) LostNodes()                              {}
func (k keptServices) Contact(time.Time)                       {}
func (k keptServices) ReplaceServices(scope string, all []*Service) {
	maps.DeleteFunc(k, func(name types.NamespacedName, _ bool) bool { return scope == "" || name.Namespace == scope })
	for _, s := range all {
		k[s.NamespacedName] = true
	}
}

// Whatever comes in whatever order, those Services are there whose namespace is chosen.
func TestOnlyServicesOfChosenNamespacesPassInWhateverOrderTheyCome(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		namespace := func() string { return fmt.Sprintf("n%d", random.IntN(3)) }
		service := func() *Service {
			return &Service{NamespacedName: types.NamespacedName{Namespace: namespace(), Name: fmt.Sprintf("s%d", random.IntN(3))}}
		}
		got := keptServices{}
		gate := NewNamespaces(got)
		chosen, all := map[string]bool{}, keptServices{}
		for range 30 {
			switch random.IntN(6) {
			case 0:
				n := namespace()
				gate.SetNamespace(n)
				chosen[n] = true
			case 1:
				n := namespace()
				gate.DeleteNamespace(n)
				delete(chosen, n)
			case 2:
				names := []string{namespace(), namespace()}
				gate.ReplaceNamespaces(names)
				chosen = map[string]bool{names[0]: true, names[1]: true}
			case 3:
				s := service()
				gate.SetService(s)
				all.SetService(s)
			case 4:
				s := service().NamespacedName
				gate.DeleteService(s)
				all.DeleteService(s)
			case 5:
				scope, list := "", []*Service{service(), service()}
				if random.IntN(2) == 0 {
					scope, list = list[0].Namespace, list[:1]
				}
				gate.ReplaceServices(scope, list)
				all.ReplaceServices(scope, list)
			}
			want := maps.Clone(all)
			maps.DeleteFunc(want, func(name types.NamespacedName, _ bool) bool { return !chosen[name.Namespace] })
			if !maps.Equal(got, want) {
				t.Fatalf("With seed %d %v pass, want %v", seed, slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(want)))
			}
		}
	}
}
