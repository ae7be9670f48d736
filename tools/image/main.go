// Command image makes a container image of a CoreDNS, as a file that "docker load", "podman load", "kind load
// image-archive" and "ctr images import" take. No container engine is needed for that: the image has one file.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func main() {
	binary := flag.String("binary", "", "path of a static build of CoreDNS for Linux")
	tag := flag.String("tag", "", "what the image is called")
	output := flag.String("output", "", "path of the file to write")
	flag.Parse()
	if err := write(*binary, *tag, *output); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// write writes the image under a name that it has only when it is whole.
func write(binary, tag, output string) error {
	if binary == "" || output == "" {
		return errors.New("-binary and -output are needed")
	}
	reference, err := name.NewTag(tag)
	if err != nil {
		return fmt.Errorf("'%s' is no name of an image: %w", tag, err)
	}
	made, err := imageOf(binary)
	if err != nil {
		return err
	}
	next := output + ".next"
	err = tarball.WriteToFile(next, reference, made)
	if err == nil {
		err = os.Rename(next, output)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing '%s': %w", output, err), os.Remove(next))
	}
	return nil
}
