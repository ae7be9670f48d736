package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/headless-dns/headless/source"
)

// followed runs a test of a source that follows its paths, in a bubble whose clock is the tests' own. It does so for
// a folder and for a file in it.
func followed(t *testing.T, test func(t *testing.T, r *recorder)) {
	t.Helper()
	for _, path := range []string{"m", "m/a.yaml"} {
		t.Run(path, func(t *testing.T) {
			t.Chdir(t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				put(t, "m/a.yaml", mariadb)
				test(t, run(t, path))
			})
		})
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// first are the calls before anything has changed.
var first = []string{`ReplaceSlices("", 1)`, `ReplaceServices("", 1)`, "FactsSynced", "Synced"}

func TestSlicesAreDeliveredBeforeServicesAndBothBeforeSynced(t *testing.T) {
	followed(t, func(t *testing.T, r *recorder) {
		r.wantCalls(t, first...)
		put(t, "m/a.yaml", mariadb+"---\n"+strings.ReplaceAll(mariadb, "mariadb", "galera"))
		after(2)
		r.wantCalls(t, append(first, `ReplaceSlices("", 2)`, `ReplaceServices("", 2)`)...)
	})
}

func TestAFileThatIsRewrittenInPlaceIsReadWhenTwoLooksHaveFoundTheSame(t *testing.T) {
	followed(t, func(t *testing.T, r *recorder) {
		for _, address := range []string{"10.0.0.1", "10.0.0.2"} {
			before := r.addresses()
			put(t, "m/a.yaml", at(address))
			after(1)
			r.wantAddresses(t, before)
			after(1)
			r.wantAddresses(t, address)
		}
	})
}

func TestAChangeIsServedWithinASecondWhileSomethingWritesWithoutEnd(t *testing.T) {
	followed(t, func(t *testing.T, r *recorder) {
		for i, address := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"} {
			put(t, "m/a.yaml", at(address))
			after(1)
			r.wantAddresses(t, []string{"172.16.44.32", "172.16.44.32", "10.0.0.3", "10.0.0.3", "10.0.0.3", "10.0.0.6"}[i])
		}
	})
}

// What is read while something writes may be half of a write, and the other half may come in the same tick of the file
// system's clock.
func TestWhatWasReadWhileSomethingWroteIsReadAgainWhenItRests(t *testing.T) {
	followed(t, func(t *testing.T, r *recorder) {
		for _, address := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"} {
			put(t, "m/a.yaml", at(address))
			written := time.Now()
			after(1)
			if address == "10.0.0.3" {
				put(t, "m/a.yaml", at("10.0.0.4"))
				if err := os.Chtimes("m/a.yaml", written, written); err != nil {
					t.Fatal(err)
				}
			}
		}
		r.wantAddresses(t, "10.0.0.3")
		after(1)
		r.wantAddresses(t, "10.0.0.4")
	})
}

func TestAFileThatIsReplacedByRenameIsReadAgain(t *testing.T) {
	followed(t, func(t *testing.T, r *recorder) {
		for _, address := range []string{"10.0.0.1", "10.0.0.2", "172.16.44.32"} {
			put(t, "m/.a.yaml.swp", at(address))
			rename(t, "m/.a.yaml.swp", "m/a.yaml")
			after(2)
			r.wantAddresses(t, address)
		}
	})
}

func TestAnotherFileOfTheSameSizeAndTimeIsReadAgain(t *testing.T) {
	followed(t, func(t *testing.T, r *recorder) {
		for _, version := range []string{"1", "2"} {
			put(t, "store/"+version, at("10.0.0."+version))
			if err := os.Chtimes("store/"+version, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("../store/"+version, "m/.next"); err != nil {
				t.Fatal(err)
			}
			rename(t, "m/.next", "m/a.yaml")
			after(2)
			r.wantAddresses(t, "10.0.0."+version)
		}
	})
}

func TestFilesThatComeAndGoAreFollowed(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		put(t, "m/a.yaml", mariadbService)
		r := run(t, "m")
		put(t, "m/b.yaml", mariadbSlice)
		after(2)
		r.wantAddresses(t, "172.16.44.32")
		if err := os.Remove("m/b.yaml"); err != nil {
			t.Fatal(err)
		}
		after(1)
		r.wantAddresses(t, "172.16.44.32")
		after(1)
		r.wantAddresses(t, "")
	})
}

// A file that is replaced in two steps is gone for a moment.
func TestAFolderThatIsEmptyForAMomentIsServedOn(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		put(t, "m/a.yaml", mariadb)
		r := run(t, "m")
		for range 3 {
			rename(t, "m/a.yaml", "m/.a.yaml")
			after(1)
			rename(t, "m/.a.yaml", "m/a.yaml")
			after(1)
		}
		r.wantCalls(t, first...)
	})
}

// swap makes the volume of a ConfigMap hold another content, in the steps of a kubelet.
func swap(t *testing.T, volume, version, content string) {
	t.Helper()
	put(t, filepath.Join(volume, version, "a.yaml"), content)
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(volume, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	before, _ := os.Readlink(filepath.Join(volume, "..data"))
	link(version, "..data_tmp")
	rename(t, filepath.Join(volume, "..data_tmp"), filepath.Join(volume, "..data"))
	link("..data/a.yaml", "a.yaml")
	if before != "" {
		if err := os.RemoveAll(filepath.Join(volume, before)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheVolumeOfAConfigMapIsFollowed(t *testing.T) {
	for _, path := range []string{"m", "m/a.yaml"} {
		t.Run(path, func(t *testing.T) {
			t.Chdir(t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				swap(t, "m", "..1", mariadb)
				r := run(t, path)
				swap(t, "m", "..2", at("10.0.0.1"))
				after(2)
				r.wantAddresses(t, "10.0.0.1")
				swap(t, "m", "..1", mariadb)
				after(2)
				r.wantAddresses(t, "172.16.44.32")
			})
		})
	}
}

func TestALinkToAFolderIsFollowedWhereverItLeads(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		put(t, "1/a.yaml", mariadb)
		put(t, "2/a.yaml", at("10.0.0.1"))
		for name, to := range map[string]string{"m": "1", "next": "2"} {
			if err := os.Symlink(to, name); err != nil {
				t.Fatal(err)
			}
		}
		r := run(t, "m")
		rename(t, "next", "m")
		after(2)
		r.wantAddresses(t, "10.0.0.1")
		put(t, "2/a.yaml", at("10.0.0.2"))
		after(2)
		r.wantAddresses(t, "10.0.0.2")
	})
}

func TestAFolderThatVanishesIsServedOnAndReadWhenItComesBack(t *testing.T) {
	write(t, file(mariadb))
	synctest.Test(t, func(t *testing.T) {
		r := run(t, "m")
		rename(t, "m", "away")
		after(5)
		r.wantErrors(t, `path "m" does not exist`)
		r.wantAddresses(t, "172.16.44.32")
		put(t, "away/a.yaml", at("10.0.0.1"))
		rename(t, "away", "m")
		after(2)
		r.wantAddresses(t, "10.0.0.1")
	})
}

func TestAFileThatCannotBeReadIsTriedAgainThoughItDoesNotChange(t *testing.T) {
	write(t, file(mariadb))
	synctest.Test(t, func(t *testing.T) {
		r := run(t, "m/a.yaml")
		put(t, "m/a.yaml", at("10.0.0.1"))
		limit := syscall.Rlimit{}
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		setLimit := func(cur uint64) {
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: cur, Max: limit.Max}); err != nil {
				t.Fatal(err)
			}
		}
		setLimit(0)
		defer setLimit(limit.Cur)
		after(5)
		r.wantErrors(t, "open m/a.yaml: too many open files")
		setLimit(limit.Cur) // nothing of the file changes by that
		after(1)
		r.wantAddresses(t, "10.0.0.1")
	})
}

// counter selects every Service and counts how often it is asked.
type counter struct {
	labels.Selector
	asked *int
}

func (c counter) Matches(labels.Labels) bool {
	*c.asked++
	return true
}

func TestAFileThatStaysUnreadableCostsLessAndLess(t *testing.T) {
	write(t, file(mariadb))
	synctest.Test(t, func(t *testing.T) {
		readings := 0
		s, err := New([]string{"m"}, source.Decoder{Labels: counter{labels.Everything(), &readings}, Report: func(source.Problem) {}}, func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		go s.Run(t.Context(), &recorder{})
		if err := os.Symlink("loop.yaml", "m/loop.yaml"); err != nil {
			t.Fatal(err)
		}
		after(5 * 60 * 5) // five minutes
		if readings < 10 || readings > 20 {
			t.Errorf("In five minutes the files were read %d times", readings)
		}
	})
}
