package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sizes are the numbers of endpoints of the services, each called db-N.
var sizes = []int{1, 3, 10, 73, 100, 1000, 10_000}

// sliceSize is how many endpoints the endpointslice controller puts into a slice.
const sliceSize = 100

// serveAPI serves the services and their slices as an API server lists them; a watch stays open and says nothing.
// What is measured is the plugins on objects that do not change, so no control plane is needed.
func serveAPI(b *testing.B) string {
	b.Helper()
	lists := map[string]any{
		"/api/v1/services":                         services(),
		"/apis/discovery.k8s.io/v1/endpointslices": endpointSlices(),
		"/api/v1/namespaces": corev1.NamespaceList{
			TypeMeta: metav1.TypeMeta{Kind: "NamespaceList", APIVersion: "v1"},
			ListMeta: metav1.ListMeta{ResourceVersion: "1"},
			Items:    []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "default"}}},
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		list, ok := lists[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
		case r.URL.Query().Get("sendInitialEvents") != "":
			http.Error(w, "no streamed lists here", http.StatusUnprocessableEntity)
		case r.URL.Query().Get("watch") != "":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			if err := json.NewEncoder(w).Encode(list); err != nil {
				b.Error(err)
			}
		}
	}))
	b.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func services() corev1.ServiceList {
	list := corev1.ServiceList{
		TypeMeta: metav1.TypeMeta{Kind: "ServiceList", APIVersion: "v1"},
		ListMeta: metav1.ListMeta{ResourceVersion: "1"},
	}
	for _, n := range sizes {
		list.Items = append(list.Items, corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("db-%d", n)},
			Spec: corev1.ServiceSpec{
				Type: corev1.ServiceTypeClusterIP, ClusterIP: corev1.ClusterIPNone, ClusterIPs: []string{corev1.ClusterIPNone},
				Ports: []corev1.ServicePort{{Name: "mysql", Protocol: corev1.ProtocolTCP, Port: 3306}},
			},
		})
	}
	return list
}

func endpointSlices() discoveryv1.EndpointSliceList {
	list := discoveryv1.EndpointSliceList{
		TypeMeta: metav1.TypeMeta{Kind: "EndpointSliceList", APIVersion: "discovery.k8s.io/v1"},
		ListMeta: metav1.ListMeta{ResourceVersion: "1"},
	}
	for _, n := range sizes {
		for from := 0; from < n; from += sliceSize {
			list.Items = append(list.Items, endpointSlice(n, from))
		}
	}
	return list
}

func endpointSlice(n, from int) discoveryv1.EndpointSlice {
	service := fmt.Sprintf("db-%d", n)
	s := discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: fmt.Sprintf("%s-%d", service, from),
			Labels: map[string]string{discoveryv1.LabelServiceName: service, corev1.IsHeadlessService: ""},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("mysql"), Protocol: new(corev1.ProtocolTCP), Port: new(int32(3306))}},
	}
	for i := from; i < min(n, from+sliceSize); i++ {
		pod := fmt.Sprintf("%s-%d", service, i)
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{fmt.Sprintf("10.0.%d.%d", i>>8, i&255)}, Hostname: new(pod),
			NodeName: new(fmt.Sprintf("node-%d", i%50)), Zone: new(fmt.Sprintf("zone-%d", i%3)),
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: pod},
			Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)},
		})
	}
	return s
}
