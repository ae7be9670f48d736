package kubernetes

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/headless-dns/headless/source"
)

// lookAgain is how long after a service was seen as headless that was not before it is looked at again: the controller
// may still write what it knew of the service before it was.
var lookAgain = []time.Duration{time.Second, 10 * time.Second, 100 * time.Second}

// maxLooks is how many services are looked at one by one, of which a second has some hundreds. More of them are looked at
// together, by one list of the scope.
const maxLooks = 100

// look follows suspects and looks at services that are due, one request after the other.
func (c *headlessScope) look(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		c.followSuspects(ctx)
		l, wait := c.nextLook(time.Now())
		if l == nil {
			c.rest(ctx, wait)
			continue
		}
		found, err := c.list(ctx, l.namespace, l.labels)
		if err == nil {
			failures = 0
			c.takeFound(l, found)
			continue
		}
		c.giveBack(l)
		failures++
		select {
		case <-ctx.Done():
		case <-time.After(min(time.Second<<min(failures, 6)/2, 2*longestRetry)):
		}
	}
}

// rest waits until there may be something to do, or for the time if it is not zero.
func (c *headlessScope) rest(ctx context.Context, wait time.Duration) {
	var due <-chan time.Time
	if wait > 0 {
		due = time.After(wait)
	}
	select {
	case <-ctx.Done():
	case <-c.wake:
	case <-due:
	}
}

// oneLook is a list of slices, and the services for which it is made.
type oneLook struct {
	all               bool
	namespace, labels string
	services          []*headlessService
	// lost are the slices of these services that no watch had when the list began.
	lost map[*headlessService][]*source.Slice
}

// nextLook returns what to look for now, or else how long there is time, zero for ever.
func (c *headlessScope) nextLook(now time.Time) (l *oneLook, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alone {
		return nil, 0
	}
	var due []*headlessService
	for _, h := range c.services {
		switch {
		case h.next.IsZero():
		case !h.next.After(now):
			due = append(due, h)
		case wait == 0 || h.next.Sub(now) < wait:
			wait = h.next.Sub(now)
		}
	}
	l = &oneLook{all: c.lookAtAll, namespace: c.scope, labels: unlabelled, lost: make(map[*headlessService][]*source.Slice)}
	switch {
	case c.lookAtAll:
		c.lookAtAll = false
		for _, h := range c.services {
			l.services = append(l.services, h)
		}
	case len(due) > maxLooks:
		l.services = due
	case len(due) > 0:
		h := due[0]
		l.namespace, l.labels, l.services = h.Namespace, l.labels+","+ofService(h), due[:1]
	default:
		return nil, wait
	}
	for _, h := range l.services {
		if len(h.lost) == 0 {
			continue
		}
		l.lost[h], h.lost = h.lost, nil
		if l.labels = ""; len(l.services) == 1 && !l.all {
			l.labels = ofService(h)
		}
	}
	return l, 0
}

func ofService(h *headlessService) string { return discoveryv1.LabelServiceName + "=" + h.Name }

// giveBack undoes a look that has failed.
func (c *headlessScope) giveBack(l *oneLook) {
	c.mu.Lock()
	c.lookAtAll = c.lookAtAll || l.all
	var gone []*source.Slice
	for h, lost := range l.lost {
		if h.lost = append(h.lost, lost...); c.services[h.NamespacedName] != h {
			gone = append(gone, lost...)
		}
	}
	c.mu.Unlock()
	c.slices.Forget(gone)
}

// takeFound takes what a look has found.
func (c *headlessScope) takeFound(l *oneLook, found []*foundSlice) {
	exists, unlabelled := make(map[types.NamespacedName]bool), make(map[types.NamespacedName]bool)
	for _, s := range found {
		exists[s.NamespacedName] = true
		if s.unlabelled {
			unlabelled[types.NamespacedName{Namespace: s.Namespace, Name: s.service}] = true
		}
	}
	var gone []*source.Slice
	for h, lost := range l.lost {
		var left []*source.Slice
		for _, slice := range lost {
			if exists[slice.NamespacedName] {
				left = append(left, slice)
			} else {
				gone = append(gone, slice)
			}
		}
		l.lost[h] = c.slices.Unheld(left) // a stream has the others by now
	}
	c.slices.Forget(append(gone, c.judge(l, unlabelled)...))
}

// judge decides about the services of a look, of which these have slices without the label. It returns slices that
// stayed for services that are gone.
func (c *headlessScope) judge(l *oneLook, unlabelled map[types.NamespacedName]bool) (gone []*source.Slice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, shown := time.Now(), 0
	for _, h := range l.services {
		if c.services[h.NamespacedName] != h {
			gone = append(gone, l.lost[h]...)
			continue
		}
		switch {
		case unlabelled[h.NamespacedName]:
			c.suspect(h)
		case h.suspect && h.trusted.After(now):
		default:
			c.trust(h)
			if !l.all {
				c.show(h)
			} else if !h.shown {
				h.shown = true
				shown++
			}
		}
		h.schedule(now, l.lost[h])
	}
	if l.all {
		c.lookedAtAll = true
		if shown > 0 {
			c.showShown()
		}
	}
	c.tellSynced()
	return gone
}

// schedule says when a service that was looked at is to be looked at again. Slices that are lost and still exist come by
// another stream soon, or by a target.
func (h *headlessService) schedule(now time.Time, lost []*source.Slice) {
	fresh := len(h.lost) > 0
	h.lost = append(h.lost, lost...)
	switch {
	case fresh:
		h.next = now
	case len(lost) > 0:
		h.next = now.Add(time.Second)
	case h.suspect:
		h.next = h.trusted
	default:
		h.next = time.Time{}
		for _, after := range slices.Backward(lookAgain) {
			if again := h.since.Add(after); again.After(now) {
				h.next = again
			}
		}
	}
}

// foundSlice is what is known of a slice that was looked for.
type foundSlice struct {
	types.NamespacedName
	service string
	// unlabelled says that it is one of the controller's without the label of headless services.
	unlabelled bool
}

// findSlices lists slices, of which only the metadata come over the wire.
func (s *Source) findSlices(ctx context.Context, namespace, labels string) ([]*foundSlice, error) {
	client := s.metadata.Resource(discoveryv1.SchemeGroupVersion.WithResource("endpointslices")).Namespace(namespace)
	r := &resource[*metav1.PartialObjectMetadata, foundSlice]{
		name:   "endpointslices",
		failed: s.failed,
		labels: labels,
		store:  store[*metav1.PartialObjectMetadata, foundSlice]{reduce: found},
		page: pages(client.List, func(l *metav1.PartialObjectMetadataList) ([]metav1.PartialObjectMetadata, metav1.ListMeta) {
			return l.Items, l.ListMeta
		}),
	}
	list, err := r.listAll(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var all []*foundSlice
	for _, item := range list.(*objectList[foundSlice]).Items {
		all = append(all, item.kept)
	}
	return all, nil
}

func found(in *metav1.PartialObjectMetadata) *foundSlice {
	_, headless := in.Labels[corev1.IsHeadlessService]
	return &foundSlice{
		NamespacedName: types.NamespacedName{Namespace: in.Namespace, Name: in.Name},
		service:        in.Labels[discoveryv1.LabelServiceName],
		unlabelled:     in.Labels[discoveryv1.LabelManagedBy] == source.SliceController && !headless,
	}
}
