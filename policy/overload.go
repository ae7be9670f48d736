package policy

// overloaded says whether a group of so many of all endpoints is too small for the clients that would come to it.
// Clients are taken to be spread evenly over the nodes: a node's group has the clients of one node, a zone's those of
// its nodes. Where the nodes are not known there is nothing to compare with. Regions are never judged: nodes are
// counted by zone, and a region may have zones in which no endpoint runs, whose region nobody says.
func overloaded(g *group, size, all int, about *View) bool {
	if about.Settings.Overload == 0 || g.level == "region" {
		return false
	}
	var nodes int64
	for _, n := range about.Nodes {
		nodes += int64(n)
	}
	if nodes == 0 {
		return false
	}
	itsNodes := int64(1)
	if g.level == "zone" {
		itsNodes = int64(about.Nodes[g.place])
	}
	// size / all * P / 100 < itsNodes / nodes, in whole numbers.
	return int64(size)*int64(about.Settings.Overload)*nodes < itsNodes*100*int64(all)
}
