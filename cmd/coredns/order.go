package main

import (
	"fmt"
	"slices"
)

// placeHeadless returns the directives of a build with headless in it: headless directly after acl, so that tsig,
// rewrite, autopath and acl act on what it is asked, and above cache, which does not know clients and would give one
// client's answer to another. loadbalance moves to directly after headless: above it, it would shuffle what a policy
// ordered; below it, it still serves all other names as before. Everything else stays where it was.
func placeHeadless(stock []string) ([]string, error) {
	order := slices.DeleteFunc(slices.Clone(stock), func(d string) bool { return d == "loadbalance" })
	acl := slices.Index(order, "acl")
	if acl < 0 || len(order) != len(stock)-1 {
		return nil, fmt.Errorf("cannot place %q: need %q and %q once each in %q", "headless", "acl", "loadbalance", stock)
	}
	return slices.Insert(order, acl+1, "headless", "loadbalance"), nil
}
