package chaos

import "slices"

// Shrink returns the smallest schedule that still fails, as far as it is found by leaving out parts of it until there is
// no more time. The beginning is what makes the world.
func Shrink(beginning, rest []Step, more func() bool, fails func([]Step) bool) []Step {
	try := func(some []Step) bool { return more() && fails(slices.Concat(beginning, some)) }
	// Mostly the last episodes are enough.
	for n := 1; ; n *= 2 {
		last := lastEpisodes(rest, n)
		if len(last) == len(rest) {
			break
		}
		if try(last) {
			rest = last
			break
		}
	}
	for size := max(1, len(rest)/2); ; size /= 2 {
		for from := 0; from < len(rest); {
			to := min(len(rest), from+size)
			if fewer := slices.Delete(slices.Clone(rest), from, to); try(fewer) {
				rest = fewer
			} else {
				from = to
			}
		}
		if size <= 1 || !more() {
			return slices.Concat(beginning, rest)
		}
	}
}

// lastEpisodes are the last n.
func lastEpisodes(steps []Step, n int) []Step {
	for i, s := range slices.Backward(steps) {
		// The last step of all may be one, too.
		if s.Verb == settle && i < len(steps)-1 {
			if n--; n == 0 {
				return steps[i+1:]
			}
		}
	}
	return steps
}
