#!/usr/bin/env bash
# Whole process, warm cache, beside osv-scanner's offline mode in one run, on the same records.
# usage: benches/osv.sh ZIPS LOCKFILE ECOSYSTEM [TREE]
#   ZIPS       a directory with ECOSYSTEM/all.zip, as OSV publishes them
#   LOCKFILE   a lockfile of that ecosystem   TREE   a directory with many lockfiles
# Needs: hyperfine, python3, and osv-scanner on the PATH
# (go install github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.3.5).
set -euo pipefail
zips=$(realpath "$1"); lock=$(realpath "$2"); ecosystem=$3; tree=${4:+$(realpath "$4")}
cd "$(dirname "$0")/.."
cargo build --release --quiet
bin=$PWD/target/release/portcullis
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
export PORTCULLIS_FEED_DIR=$scratch/feed PORTCULLIS_FEED_KEY=$scratch/feed.key
for zip in "$zips"/*/all.zip; do
  name=$(basename "$(dirname "$zip")")
  "$bin" feed import "$zip" --format osv --name "osv-$(tr '[:upper:]. ' '[:lower:]--' <<<"$name")" >/dev/null
done
mkdir -p "$scratch/cache"; ln -s "$zips" "$scratch/cache/osv-scanner"
export OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY=$scratch/cache
unset CI GITHUB_ACTIONS GITLAB_CI
ours="$bin check --no-trail --report json $lock"
theirs="osv-scanner scan source --offline --offline-vulnerabilities --format json --lockfile $lock"
commands=("$ours" "$theirs")
[ -z "$tree" ] || commands+=("$bin check --no-trail --report json $tree")
hyperfine -N -i --warmup 2 --runs 20 --export-json "$scratch/times.json" "${commands[@]}"
# shellcheck disable=SC2086 # the words of the command; exit 1 is an answer
{ $ours >"$scratch/ours.json" || true; $theirs >"$scratch/theirs.json" 2>/dev/null || true; }
python3 - "$scratch" "$ecosystem" <<'PY'
import json, sys
scratch, ecosystem = sys.argv[1:]
times = [r["median"] * 1000 for r in json.load(open(f"{scratch}/times.json"))["results"]]
print(f"medians in ms: ours {times[0]:.1f}, osv-scanner {times[1]:.1f}: {times[1] / times[0]:.1f} times faster")
if len(times) > 2:
    print(f"the tree: {times[2]:.1f} ms")
ours, theirs = set(), set()
for finding in json.load(open(f"{scratch}/ours.json"))["findings"]:
    if finding["ecosystem"] != ecosystem:
        continue
    for evidence in finding["evidence"]:
        for said in evidence.get("sources", []):
            if said["says"] == "affected":
                ours.add((said["id"], finding["name"].lower(), finding["version"]))
for result in json.load(open(f"{scratch}/theirs.json"))["results"]:
    for package in result["packages"]:
        for found in package.get("vulnerabilities", []):
            if package["package"]["ecosystem"] == ecosystem:
                theirs.add((found["id"], package["package"]["name"].lower(), package["package"]["version"]))
same = len(ours & theirs)
print(f"findings: {same} of both, {len(ours - theirs)} of ours alone, {len(theirs - ours)} of theirs alone")
for row in sorted(ours - theirs)[:20]: print("  ours alone:", *row)
for row in sorted(theirs - ours)[:20]: print("  theirs alone:", *row)
PY
if command -v /usr/bin/time >/dev/null; then
  echo "peak memory in KiB, ours and theirs:"
  # shellcheck disable=SC2086 # the words of the commands
  for command in "$ours" "$theirs"; do /usr/bin/time -f '%M' $command 2>&1 >/dev/null | tail -n 1 || true; done
fi
