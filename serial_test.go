package headless

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// told is a serial that somebody was told, and how many changes there were before.
type told struct {
	serial  uint32
	changes int
}

// The law that secondaries rely on: a second after a change they are told a greater serial than any before it, however
// many changes fall into one second and whichever of them they have seen. It never goes back, and never runs ahead of
// the clock, so that it does not go back at the next start either.
func TestEveryChangeIsToldByAGreaterSerialWithinASecond(t *testing.T) {
	for _, who := range []string{"ours", "behind", "both"} {
		t.Run(who, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, 2))
				c := newTestCache(t)
				var all []told
				changes, behind := 0, uint32(0)
				ask := func() {
					all = append(all, told{c.serials.at(c.serials.now(), behind), changes})
				}
				for range 2000 {
					pass(time.Duration(random.IntN(700)) * time.Millisecond)
					ask()
					switch ours := who == "ours" || who == "both" && random.IntN(2) == 0; {
					case random.IntN(4) == 0:
						continue
					case ours:
						c.SetSlice(sliceWith("default", "db", "db-1"))
						c.DeleteService(nsName("default", "db"))
						c.SetService(headlessService("default", "db"))
					default:
						behind = uint32(time.Now().Unix())
					}
					changes++
					if random.IntN(3) == 0 {
						ask()
					}
					if random.IntN(10) == 0 {
						pass(time.Second)
						ask()
						checkTold(t, all)
					}
				}
				if last := all[len(all)-1].serial; int64(last) >= time.Now().Unix() {
					t.Errorf("The serial is %d, ahead of the clock", last)
				}
			})
		})
	}
}

// checkTold compares the last with all before it: a second has passed since the last change.
func checkTold(t *testing.T, all []told) {
	t.Helper()
	last := all[len(all)-1]
	for i, before := range all[:len(all)-1] {
		if before.serial > all[i+1].serial {
			t.Fatalf("The serial went back from %d to %d", before.serial, all[i+1].serial)
		}
		if before.changes < last.changes && !olderSerial(before.serial, last.serial) {
			t.Fatalf("After change %d the serial was %d, after change %d it is %d", before.changes, before.serial, last.changes, last.serial)
		}
	}
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // on the clock of synctest
}

func TestTheSerialOfAnEmptyZoneIsNotOlderThanBeforeARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := newTestCache(t)
		before.SetService(headlessService("default", "db"))
		pass(time.Second)
		after := newTestCache(t)
		after.ReplaceServices("", nil)
		if one, other := before.serials.at(before.serials.now(), 0), after.serials.at(after.serials.now(), 0); olderSerial(other, one) {
			t.Errorf("The serial was %d and is %d after a restart", one, other)
		}
	})
}

func TestSerialsAreComparedAsTheyWrap(t *testing.T) {
	for _, tt := range []struct {
		one, other uint32
		older      bool
	}{{1, 2, true}, {2, 1, false}, {2, 2, false}, {4294967295, 3, true}, {3, 4294967295, false}} {
		if got := olderSerial(tt.one, tt.other); got != tt.older {
			t.Errorf("%d is older than %d: %t", tt.one, tt.other, got)
		}
	}
}
