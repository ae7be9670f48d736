#!/usr/bin/env bash
# vulnerabilities.sh MODULE... says which known vulnerabilities the code of modules can reach, and fails for each.
#
# They come from https://vuln.go.dev, or from the URL in GOVULNDB, such as file:///srv/vulndb. Where that cannot be had,
# nothing was looked at: this is said, and is no failure, for a build must not depend on it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD database=${GOVULNDB:-https://vuln.go.dev}

govulncheck() { (cd "$1" && shift && go tool -modfile="$root/tools/go.mod" govulncheck -db "$database" "$@" 2>&1); }

# Modules alone are looked up in no time, which tells whether there is a database before all code is read.
if ! out=$(govulncheck . -scan module) && [[ $out =~ "fetching vulnerabilities" ]]; then
	printf '\n    SKIPPED: not checked for vulnerabilities, for the database %s cannot be had:\n    %s\n\n' "$database" "$out"
	exit 0
fi
for module in "$@"; do
	echo "==> vulnerabilities in $module"
	govulncheck "$module" ./...
done
