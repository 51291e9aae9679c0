#!/usr/bin/env bash
# Whole process, warm cache, beside cargo-audit in one run. usage: benches/peers.sh DATABASE LOCKFILE [TREE]
#   DATABASE  a git checkout of the RustSec database   LOCKFILE  a Cargo.lock   TREE  a directory with many lockfiles
# Needs: hyperfine, and cargo-audit 0.22.2 on the PATH (cargo install --locked cargo-audit@0.22.2).
set -euo pipefail
database=$(realpath "$1"); lock=$(realpath "$2"); tree=${3:+$(realpath "$3")}
cd "$(dirname "$0")/.."
cargo build --release --quiet
bin=$PWD/target/release/portcullis
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
export PORTCULLIS_FEED_DIR=$scratch/feed PORTCULLIS_FEED_KEY=$scratch/feed.key
mkdir "$scratch/one"; cp "$lock" "$scratch/one/Cargo.lock"
"$bin" feed import "$database" >/dev/null
cd "$scratch/one"
# The peers leave no record, so the comparison is without one. The record's own cost is the first line less the second:
# a start and a decision in a local log, synced, and the user's name by git. The digest of the program is remembered from
# the warm-up on, if the program is older than two seconds.
export XDG_STATE_HOME=$scratch/state XDG_DATA_HOME=$scratch/data XDG_CACHE_HOME=$scratch/cache
sleep 2
unset CI GITHUB_ACTIONS GITLAB_CI
commands=(
  "$bin check"
  "$bin check --no-trail"
  "$bin check --no-trail --feed $database"
  "cargo-audit audit --no-fetch --stale --no-yanked --db $database"
)
[ -z "$tree" ] || commands+=("$bin check --no-trail $tree" "$bin check $tree")
hyperfine -N -i --warmup 5 --runs 50 --export-json "$scratch/times.json" "${commands[@]}"
echo "medians in ms:"
python3 - "$scratch/times.json" <<'PY'
import json, sys
for r in json.load(open(sys.argv[1]))["results"]:
    print(f'{r["median"] * 1000:8.2f}  {r["command"].split("/")[-1] if "portcullis" in r["command"] else "cargo-audit"}')
PY
if command -v /usr/bin/time >/dev/null; then
  echo "peak memory in KiB:"
  for command in "${commands[@]}"; do
    # shellcheck disable=SC2086 # the words of the command
    /usr/bin/time -f '%M' $command 2>&1 >/dev/null | tail -n 1 || true # exit 1 is an answer
  done
fi
