#!/usr/bin/env bash
# Runs the microbenchmarks of two states of the repository in turns, so that a machine that is busy for a while slows both
# down, and compares them by benchstat.
#
#   compare.sh BASE BENCH PACKAGE COUNT BENCHSTAT...
set -euo pipefail
base=$1 bench=$2 package=$3 count=$4
shift 4

work=$(mktemp -d)
trap 'git worktree remove --force "$work/base" 2>/dev/null; rm -rf "$work"' EXIT
git worktree add --quiet --detach "$work/base" "$base"

for round in $(seq "$count"); do
  for state in base now; do
    echo "==> round $round of $count: $state" >&2
    dir=$PWD
    if [ "$state" = base ]; then dir=$work/base; fi
    go test -C "$dir" -run '^$' -bench "$bench" -benchmem -benchtime 0.3s "$package" >>"$work/$state.txt" || exit 1
  done
done
"$@" "$(git rev-parse --short "$base")=$work/base.txt" "now=$work/now.txt"
