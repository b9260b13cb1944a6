#!/usr/bin/env bash
# Runs the command against a session of its own, and writes down what the session did.
# Ends as the command does.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

for tool in jq curl; do
  command -v "$tool" >/dev/null || { annotate error "The runner has no $tool, which the action needs."; exit 1; }
done
report=$(mktemp -d "${RUNNER_TEMP:-/tmp}/mirra.XXXXXX")/report.json
flags=()
[ -z "${INPUT_MIRRORS:-}" ] || flags+=(--mirrors "$INPUT_MIRRORS")
[ "${INPUT_EGRESS:-false}" = true ] || flags+=(--no-egress)
if ! up=$(mirra up --new --json "${flags[@]}" 2>"$report.stderr"); then
  annotate error "$(cat "$report.stderr")"
  exit 1
fi
cat "$report.stderr" >&2
session=$(jq -r .sessionId <<<"$up")
trap 'mirra down --quiet --session "$session" >/dev/null' EXIT

code=0
mirra exec --quiet --session "$session" -- bash -e -o pipefail -c "$INPUT_RUN" || code=$?

proxy='{}'
if env=$(mirra env --json --no-proxy --session "$session"); then
  proxy=$(curl -sS --noproxy '*' -H "Authorization: Bearer $(jq -r .MIRRA_TOKEN <<<"$env")" "$(jq -r .MIRRA_URL <<<"$env")/v1/sessions/$session/proxy")
fi
mirra status --json --session "$session" |
  jq --argjson code "$code" --argjson proxy "$proxy" \
    '{exitCode: $code, mirrors: [.mirrors[] | {name, version, digest}], stats, tried: ($proxy.tried // [])}' >"$report"
echo "report=$report" >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$code"
