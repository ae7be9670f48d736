#!/usr/bin/env bash
# Tests the plugin with the newest release of each minor version of CoreDNS that is supported, against the
# Kubernetes of all other tests and the oldest that still builds from its Go modules. It goes on where something
# fails, and ends with a table of what was run.
set -euo pipefail

readonly coredns=github.com/coredns/coredns headless=github.com/headless-dns/headless
readonly coredns_versions=(v1.13.2 v1.14.7 v1.15.0)
readonly old=test/e2e/oldkubernetes
readonly random_worlds=TestEveryAnswerIsThatOfTheKubernetesPluginButForTheIntendedDifferences

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
kubernetes=$(go list -C test/e2e -m -f '{{.Version}}' k8s.io/kubernetes)
old_kubernetes=$(go list -C $old -m -f '{{.Version}}' k8s.io/kubernetes)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# check VERSIONS WHAT COMMAND... runs a command and puts how it ended into the table.
table=()
failed=0
check() {
  local versions=$1 what=$2 begin=$SECONDS result=passed
  echo "==> $versions: $what"
  "${@:3}" || { result=FAILED; failed=1; }
  table+=("$(printf '%-36s  %-40s  %s in %d s' "$versions" "$what" "$result" $((SECONDS - begin)))")
  echo "==> $result in $((SECONDS - begin)) s"
}

# test_plugin VERSION tests the root module. CoreDNS is replaced there, for what go.mod requires can only be raised.
test_plugin() {
  local modfile=$scratch/$1.mod
  cp go.mod "$modfile" && cp go.sum "${modfile%.mod}.sum" &&
    go mod edit -replace "$coredns=$coredns@$1" "$modfile" &&
    go vet -mod=mod -modfile "$modfile" ./... &&
    go test -mod=mod -modfile "$modfile" ./...
}

# build_coredns VERSION builds CoreDNS as the README tells a user to: from its source, with what plugin.cfg says here.
build_coredns() {
  local release source=$scratch/source-$1
  go mod download "$coredns@$1" && release=$(go env GOMODCACHE)/$coredns@$1 &&
    cp -r "$release" "$source" && chmod -R u+w "$source" &&
    awk -v ours=test/versions/plugin.cfg '/^acl:/ {while ((getline line < ours) > 0) print line}
      !/^(any|tsig|rewrite|autopath|acl|loadbalance|cache):/' "$release/plugin.cfg" >"$source/plugin.cfg" &&
    go mod edit -replace "$headless=$root" "$source/go.mod" &&
    go get -C "$source" $headless@v0.0.0 &&
    go generate -C "$source" coredns.go &&
    build "$source" "$scratch/coredns-$1"
}

# build_old_kubernetes builds the API server and the controllers, with the version set as in their own build.
build_old_kubernetes() {
  local minor=${old_kubernetes#v1.} package flags=(-s -w)
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=(-X "$package.gitVersion=$old_kubernetes" -X "$package.gitMajor=1" -X "$package.gitMinor=${minor%.*}")
  done
  build $old "$scratch/kubernetes" -ldflags "${flags[*]}"
}

# build FOLDER OUTPUT FLAGS... builds a command and says how far it is. What is no name of a package is a failure.
build() {
  go build -C "$1" -v -o "$2" "${@:3}" . 2>&1 |
    awk '/[^A-Za-z0-9._~\/-]/ {print; next} ++n % 100 == 0 {print n " packages compiled"; fflush()}'
}

# test_cluster FLAGS... runs the tests against a control plane, in their folder: only there go test shows progress. It
# leaves out the random worlds: the differences that they know are those to the kubernetes plugin of one CoreDNS.
test_cluster() {
  go test -C test/e2e -count=1 -timeout 30m -skip "^$random_worlds\$" "$@"
}

for version in "${coredns_versions[@]}"; do
  check "CoreDNS $version" "units and scenarios" test_plugin "$version"
  check "CoreDNS $version" "build with the plugin" build_coredns "$version"
done
check "Kubernetes $old_kubernetes" "build (minutes where nothing is cached)" build_old_kubernetes
for version in "${coredns_versions[@]}"; do
  check "CoreDNS $version, Kubernetes $kubernetes" "tests against the control plane" \
    test_cluster -coredns "$scratch/coredns-$version"
  check "CoreDNS $version, Kubernetes $old_kubernetes" "tests against the control plane" \
    test_cluster -coredns "$scratch/coredns-$version" -kubernetes "$scratch/kubernetes"
done

printf '\n'
printf '%s\n' "${table[@]}"
exit $failed
