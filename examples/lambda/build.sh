#!/usr/bin/env bash
# Builds the deployment packages of the Lambda function, for the runtime
# provided.al2023: eipbinder-ARCH.zip, with the program "bootstrap" in it, which
# also stays beside it as ARCH/bootstrap.
#
#	examples/lambda/build.sh [-o folder] [arch ...]     default: -o dist, arm64 and amd64
#
# Fails if a program is larger than 15 MB, or if it links a package that makes
# it so, or that has no business there.
set -euo pipefail

out=dist
if [ "${1-}" = -o ]; then
	out=$2
	shift 2
fi
[ $# -gt 0 ] || set -- arm64 amd64
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")"

# Whatever suits a developer must not shape what is deployed.
export CGO_ENABLED=0 GOOS=linux GOFLAGS="-buildvcs=false -tags=lambda.norpc -trimpath"
limit=15000000

# The first three call methods by name, so that the linker has to keep every
# method of the SDK's clients. lambda.norpc keeps net/rpc out. The databases are
# the command line's.
banned=$(go list -deps . | grep -E '^(text/template|html/template|net/rpc|golang\.org/x/net/http|github\.com/spf13|database/sql|modernc\.org|github\.com/jackc)(/|$)' || true)
if [ -n "$banned" ]; then
	printf 'these packages must not be linked:\n%s\n' "$banned" >&2
	exit 1
fi

for arch in "$@"; do
	program=$out/$arch/bootstrap
	GOARCH=$arch go build -ldflags="-s -w" -o "$program" .
	touch -d 2000-01-01T00:00:00Z "$program" # the same program gives the same package
	rm -f "$out/eipbinder-$arch.zip"
	zip -qjX "$out/eipbinder-$arch.zip" "$program"
	size=$(wc -c <"$program")
	echo "$out/eipbinder-$arch.zip: $(wc -c <"$out/eipbinder-$arch.zip") bytes, unpacked $size"
	if [ "$size" -gt $limit ]; then
		echo "$program is larger than $limit bytes" >&2
		exit 1
	fi
done
