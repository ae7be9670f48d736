package main

// queryServices are those that queries ask for: one of each size, and those of the crowd.
func queryServices() []service {
	var all []service
	for _, n := range sizes {
		all = append(all, service{name: sized(n), endpoints: n, headless: true})
	}
	for i := range crowdServices {
		all = append(all, service{name: crowdName(i), endpoints: crowdEndpoints, headless: true})
	}
	return numbered(all)
}

// service is the one of a size.
func (b *bench) service(endpoints int) service {
	for _, s := range queryServices() {
		if s.endpoints == endpoints {
			return s
		}
	}
	panic("no service has so many endpoints")
}
