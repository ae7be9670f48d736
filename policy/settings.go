package policy

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Settings are what holds for all steps of a policy.
type Settings struct {
	// Min is the least number of endpoints that prefer, nearest and hints may leave: Min, or MinPercent percent of all
	// endpoints of the service, ready or not, where that is not 0.
	Min, MinPercent int
	// Overload says when a group of one zone or node is too small for its clients: its share of the endpoints times
	// Overload percent must be at least its share of the nodes. 0 is off.
	Overload int
	// Spare is how many endpoints of the next closest group come along behind a group that was chosen as the closest.
	Spare int
	// MembersSame says that clients which are endpoints of the service are treated like all others.
	MembersSame bool
	// TTL is the time to live of the answers in seconds; it holds where HasTTL is set.
	TTL    uint32
	HasTTL bool
}

// maxTTL is the longest time to live, in seconds, as it is for the plugin.
const maxTTL = 3600

// settings are the lines of a policy that are no steps.
var settings = map[string]func(s *Settings, args []string) error{
	"min":      setMin,
	"overload": setOverload,
	"spare":    setSpare,
	"members":  setMembers,
	"ttl":      setTTL,
}

// least returns how many endpoints a narrowing step must leave.
func (s *Settings) least(all int) int {
	return max(s.Min, (all*s.MinPercent+99)/100, 1)
}

func setMin(s *Settings, args []string) (err error) {
	if len(args) != 1 {
		return wrongCount(args, "N|P%")
	}
	if text, ok := strings.CutSuffix(args[0], "%"); ok {
		s.MinPercent, err = number(text, 1, 100)
	} else {
		s.Min, err = number(args[0], 1, math.MaxInt32)
	}
	if err != nil {
		return fmt.Errorf("'%s' is no number from 1, and no percentage from 1%% to 100%%", args[0])
	}
	return nil
}

func setOverload(s *Settings, args []string) (err error) {
	if len(args) != 1 {
		return wrongCount(args, "P%")
	}
	text, ok := strings.CutSuffix(args[0], "%")
	if s.Overload, err = number(text, 100, 100_000); err != nil || !ok {
		return fmt.Errorf("'%s' is no percentage from 100%% to 100000%%", args[0])
	}
	return nil
}

func setSpare(s *Settings, args []string) (err error) {
	if len(args) != 1 {
		return wrongCount(args, "N")
	}
	if s.Spare, err = number(args[0], 1, math.MaxInt32); err != nil {
		return fmt.Errorf("'%s' is no number from 1", args[0])
	}
	return nil
}

func setMembers(s *Settings, args []string) error {
	if len(args) != 1 || args[0] != "same" {
		return wrongCount(args, "'same'")
	}
	s.MembersSame = true
	return nil
}

func setTTL(s *Settings, args []string) error {
	if len(args) != 1 {
		return wrongCount(args, "SECONDS")
	}
	seconds, err := number(args[0], 0, maxTTL)
	if err != nil {
		return fmt.Errorf("'%s' is no number of seconds from 0 to %d", args[0], maxTTL)
	}
	s.TTL, s.HasTTL = uint32(seconds), true // #nosec G115 -- it is in range
	return nil
}

var errNumber = errors.New("out of range")

// number reads a decimal number without a sign.
func number(text string, least, most int) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || int(n) < least || int(n) > most {
		return 0, errNumber
	}
	return int(n), nil
}

// wrongCount is the error for missing and surplus arguments.
func wrongCount(args []string, usage string) error {
	switch {
	case usage == "" && len(args) > 0:
		return fmt.Errorf("takes no arguments, but has '%s'", strings.Join(args, " "))
	case len(args) == 0:
		return fmt.Errorf("needs %s", usage)
	}
	return fmt.Errorf("needs %s, but has '%s'", usage, strings.Join(args, " "))
}
