#!/usr/bin/env bash
# vulnerabilities.sh MODULE... says which known vulnerabilities the code of modules can reach, and fails where one is in a module
# that they need. Those in Go itself depend on whose Go builds, and are told.
#
# They come from the URL in GOVULNDB, such as file:///srv/vulndb. Where there is none they come from https://vuln.go.dev, and
# where that cannot be reached, from what it is made of: the module golang.org/x/vulndb, through Go's module proxy. Where
# that cannot be had either, nothing was looked at: this is said, and is no failure, for a build must not depend on it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD database=${GOVULNDB:-https://vuln.go.dev} source=golang.org/x/vulndb@latest

govulncheck() { (cd "$1" && shift && go tool -modfile="$root/tools/go.mod" govulncheck -db "$database" "$@" 2>&1); }

# Modules alone are looked up in no time, which tells whether there is a database before all code is read.
reached() { out=$(govulncheck . -scan module) || ! [[ $out =~ "fetching vulnerabilities" ]]; }

if ! reached; then
	[[ ! ${GOVULNDB:-} ]] && about=$(cd tools && go mod download -json "$source") &&
		folder=$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' <<<"$about") && database=file://$folder/data/osv
	if ! reached; then
		printf '\n    SKIPPED: not checked for vulnerabilities, for the database %s cannot be had:\n    %s\n\n' "$database" "$out"
		exit 0
	fi
	echo "==> vulnerabilities as $(sed -n 's/^\t"Version": "\(.*\)",$/\1/p' <<<"$about") of golang.org/x/vulndb has them"
fi
# ours says whether what was found is in a module and not in Go itself alone.
ours() { grep -q '^  Module: ' <<<"$out"; }

failed=0
for module in "$@"; do
	echo "==> vulnerabilities in $module"
	status=0
	out=$(govulncheck "$module" -scan module) || status=$?
	if ((status == 3)) && ours; then # reading all code, which takes long, tells which are called
		status=0
		out=$(govulncheck "$module" ./...) || status=$?
	fi
	case $status in
	0) tail -n 4 <<<"$out" ;;
	3)
		if ours; then
			echo "$out"
			failed=1
		else
			echo "Nothing of a module. Build with another Go than $(go env GOVERSION), in which these are not mended:"
			awk '/^Vulnerability #/ { id = $3 } /^    Fixed in: / { sub(/.*@/, "", $3); print id "     mended in " $3 }' <<<"$out" | sort -V
		fi
		;;
	*)
		echo "$out"
		exit "$status"
		;;
	esac
done
exit "$failed"
