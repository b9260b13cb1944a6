#!/usr/bin/env bash
# Annotates what a run should not have needed, and writes the summary: to the job's, and
# beside the report for the comment.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Names in the report come from the application: as code they cannot be markup.
jq -r '
  def code: "`" + (tostring | gsub("[`\\n\\r|]"; "?")) + "`";
  def names: keys | map(code) | join(", ");
  def plural($n; $what): "\($n) \($what)" + (if $n == 1 then "" else "s" end);
  (if .exitCode == 0 then "### ✓ Mirra" else "### ✗ Mirra: the command ended with \(.exitCode)" end), "",
  "| mirror | requests | webhooks |", "| --- | --- | --- |",
  "| \(.mirrors | map(.version | code) | join(", ")) | \(.stats.requests) | \(plural(.stats.webhooks; "attempt")) |", "",
  (if .stats.errors > 0 then "- " + plural(.stats.errors; "answer") + " of 500 and above" else empty end),
  (if .stats.rateLimited > 0 then "- " + plural(.stats.rateLimited; "request") + " rate limited (" + (.stats.limitedBy // {} | names) + ")" else empty end),
  (if .stats.generic then "- served generically: " + (.stats.generic | names) else empty end),
  (if .stats.notMirrored then "- not mirrored, answered 501: " + (.stats.notMirrored | names) else empty end),
  (.stats.warnings // {} | keys[] | "- " + code),
  (.tried[] | "- " + (.host | code) + (if .refused > 0 then " was refused: no mirror answers for it" else " was reached for real" end))
' "$REPORT" >"${REPORT%.json}.md"
cat "${REPORT%.json}.md" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"

code=$(jq .exitCode "$REPORT")
[ "$code" = 0 ] || annotate "error title=Mirra" "The command ended with $code."
while IFS= read -r text; do
  annotate "warning title=Mirra" "$text"
done < <(jq -r '
  def flat: gsub("[\\n\\r]"; " ");
  (.stats.notMirrored // {} | keys[] | "not mirrored, answered 501: " + flat),
  (.tried[] | select(.refused > 0) | (.host | flat) + " was refused: no mirror answers for it"),
  (if .stats.requests == 0 then "no request reached a mirror; does the command call the vendor at all?" else empty end)
' "$REPORT")
