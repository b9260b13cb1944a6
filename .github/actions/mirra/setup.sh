#!/usr/bin/env bash
# Puts mirra on PATH and installs what the project's lock pins, or says in what they
# differ.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v mirra >/dev/null; then
  npm install --global --no-audit --no-fund --loglevel=error "@mirrahq/cli@${INPUT_VERSION:-latest}"
fi
mirra version
if [ ! -f mirra.lock ]; then
  annotate notice "This project pins no mirrors: mirra plugin install NAME, and commit mirra.lock, so that runs are of the same builds."
  exit 0
fi
if ! said=$(mirra plugin install --frozen 2>&1); then
  annotate "error file=mirra.lock" "$said"
  exit 1
fi
printf '%s\n' "$said"
