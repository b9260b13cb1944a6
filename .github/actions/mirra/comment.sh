#!/usr/bin/env bash
# Writes the summary into the pull request's comment, the same one for all runs of a job.
# Where the token may not comment, as for forks, it says so and goes on.
# See https://docs.github.com/rest/issues/comments (believed).
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
[ -n "$number" ] || exit 0
issues="${GITHUB_API_URL:-https://api.github.com}/repos/$GITHUB_REPOSITORY/issues"
marker="<!-- mirra: ${GITHUB_WORKFLOW:-} / ${GITHUB_JOB:-} -->"
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# call METHOD URL [FILE] leaves the answer in $answer and prints its status.
call() {
  local body=()
  [ $# -lt 3 ] || body=(-H "Content-Type: application/json" --data-binary "@$3")
  # The token is not an argument, which other processes see.
  curl -sS -o "$answer" -w '%{http_code}' -X "$1" -H "Accept: application/vnd.github+json" -H @- "${body[@]}" "$2" <<<"Authorization: Bearer $GITHUB_TOKEN"
}

give_up() {
  annotate notice "No comment on the pull request: GitHub answers $1 ($(jq -r '.message // "without a message"' "$answer" 2>/dev/null || echo "no JSON")). A token of a fork may not comment; others need the permission pull-requests: write. The summary of the run has the same."
  exit 0
}

id=
for page in $(seq 1 30); do
  status=$(call GET "$issues/$number/comments?per_page=100&page=$page") || give_up "nothing"
  [ "$status" = 200 ] || give_up "$status"
  id=$(jq -r --arg marker "$marker" 'map(select(.body // "" | startswith($marker)))[0].id // empty' "$answer")
  [ -z "$id" ] && [ "$(jq length "$answer")" = 100 ] || break
done
body="${REPORT%.json}.body.json"
jq -n --arg marker "$marker" --rawfile text "${REPORT%.json}.md" '{body: ($marker + "\n" + $text)}' >"$body"
if [ -n "$id" ]; then
  status=$(call PATCH "$issues/comments/$id" "$body") || give_up "nothing"
else
  status=$(call POST "$issues/$number/comments" "$body") || give_up "nothing"
fi
case $status in
  2*) echo "the comment is $(jq -r .html_url "$answer")" ;;
  *) give_up "$status" ;;
esac
