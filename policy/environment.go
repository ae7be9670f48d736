package policy

// Environment is what policies are compiled for. Compiling notes in Uses what they look at, so that nothing else need
// be watched.
type Environment struct {
	// Places says that there is a source that knows where clients are; Pods, that there is one that knows their Pods.
	Places, Pods bool
	// Failed, where it is not nil, is called for each endpoint that an expression fails for: it costs the endpoint its
	// place. It is called by several goroutines.
	Failed func(expression string, err error)
	// Uses is what all policies compiled so far look at.
	Uses Uses
}

// Uses is what policies look at that does not stand in an EndpointSlice.
type Uses struct {
	// Labels and Annotations are the keys of those of Pods that are named.
	Labels, Annotations map[string]bool
	// Nodes says that regions of endpoints or the readiness of nodes are looked at.
	Nodes bool
	// ClientPods says that it is looked at which Pod a client is, and ClientLabels are the keys of those of its labels
	// that are named.
	ClientPods   bool
	ClientLabels map[string]bool
}

// Add adds what others look at.
func (u *Uses) Add(others Uses) {
	for key := range others.Labels {
		u.useLabel(key)
	}
	for key := range others.Annotations {
		u.useAnnotation(key)
	}
	for key := range others.ClientLabels {
		u.useClientLabel(key)
	}
	u.Nodes = u.Nodes || others.Nodes
	u.ClientPods = u.ClientPods || others.ClientPods
}

// useLabel notes that a label is looked at.
func (u *Uses) useLabel(key string) { use(&u.Labels, key) }

// useAnnotation notes that an annotation is looked at.
func (u *Uses) useAnnotation(key string) { use(&u.Annotations, key) }

// useClientLabel notes that a label of clients is looked at.
func (u *Uses) useClientLabel(key string) { use(&u.ClientLabels, key) }

func use(keys *map[string]bool, key string) {
	if *keys == nil {
		*keys = map[string]bool{}
	}
	(*keys)[key] = true
}
