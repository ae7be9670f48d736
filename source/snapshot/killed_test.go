package snapshot

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A process with this in its environment writes snapshots to its working directory until it is killed.
const writesUntilKilled = "HEADLESS_WRITES_UNTIL_KILLED"

// large is so much that writing it takes a while.
func large() Content {
	c := chance{rand.New(rand.NewPCG(7, 0))}
	var content Content
	for i := range 2000 {
		content.Slices = append(content.Slices, c.slice(i))
	}
	return content
}

func TestMain(m *testing.M) {
	if os.Getenv(writesUntilKilled) != "" {
		for content := large(); ; {
			if _, err := Write("snapshot", Header{Source: "a", Time: time.Now()}, content, os.Rename); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

func TestAProcessThatIsKilledWhileItWritesLeavesAWholeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	if _, err := Write(path, Header{Source: "a", Time: time.Now()}, large(), os.Rename); err != nil {
		t.Fatal(err)
	}
	torn := 0
	for range 3 {
		writer := exec.CommandContext(t.Context(), os.Args[0])
		writer.Env, writer.Dir = append(os.Environ(), writesUntilKilled+"=1"), filepath.Dir(path)
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		waitForHalf(t, path, torn)
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := writer.Wait(); err == nil {
			t.Fatal("It has ended by itself")
		}
		var got kept
		if _, err := Read(path, "a", time.Hour, decoder(t, everything), &got); err != nil || len(got.content.Slices) != 2000 {
			t.Fatalf("There are %d slices: %v", len(got.content.Slices), err)
		}
		torn = len(halves(path))
	}
	if torn == 0 {
		t.Error("It was never killed while it wrote")
	}
}

func halves(path string) []string {
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), beginning(path)+"*"+ending))
	return left
}

// waitForHalf waits until there is another file that is being written.
func waitForHalf(t *testing.T, path string, before int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); len(halves(path)) <= before; {
		if time.Now().After(end) {
			t.Fatal("Nothing is written")
		}
	}
}
