package worlds

// Shrink returns the smallest world that still shows what the given one shows, as far as it is found by leaving out
// one thing after the other in so many tries.
func Shrink(w *World, tries int, shows func(*World) bool) *World {
	for smaller := true; smaller && tries > 0; {
		smaller = false
		for candidate := range w.Smaller() {
			if tries--; tries < 0 {
				break
			}
			if shows(candidate) {
				w, smaller = candidate, true
				break
			}
		}
	}
	return w
}
