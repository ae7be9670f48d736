// Package chaos does to a control plane, and to the CoreDNS beside it, whatever may happen to them, and holds every
// answer against what the API server said.
//
//	seed --> Generator --> Step, Step, Step ...      data, a line each: step.go generate*.go
//	                            |
//	                           Run                   carries them out: run.go verbs.go world_*.go faults.go death.go replica.go
//	                          /   \
//	          API server <---+     +---> CoreDNS, CoreDNS
//	              |                          |
//	           Watcher                     Asker     all the time: watch.go ask.go
//	              | model.go                 |
//	           History  ----> Judge <---- Samples    history.go judge.go stale.go
//	                            |
//	                         Shrink                  the smallest schedule that still fails: shrink.go
//
// A schedule follows from a number alone. When its steps meet what the processes do does not: a run that fails is run
// again to see whether it fails again.
//
// The model is written down once, as slowly as it can be: the records that the API's objects mean (model.go). It knows
// nothing of the plugin's code. After each settle all answers must be those. Meanwhile an answer may lag behind: by
// [Bound] as long as the API can be reached, and else until the next settle. What a replica answers that was killed and
// says that it is stale may be as old as its snapshot (disk.go). Who hears nothing for longer than [StaleAfter] must say so,
// and so must who has heard nothing since its start; nobody else may.
package chaos
