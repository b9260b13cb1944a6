#!/usr/bin/env bash
# The topology of examples/compose with namespaces in place of containers: the service
# mirra at 10.77.0.2 with the unpacked image as read-only root, the service app, which
# this shell is, at 10.77.0.3. Arguments: the root, the folder of the example, the
# application.
set -euo pipefail
root=$1 compose=$2 app=$3

fail() { echo "FAIL: $*"; cat "$WORK"/*.log; exit 1; }
# await CMD... until it succeeds, for at most half a minute.
await() {
  local until=$((SECONDS + 30))
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $until ] || fail "never: $*"; done
}

setting() { awk -v key="$1:" '$1 == key { print $2; exit }' "$compose/compose.yaml"; }
secret=$(setting STRIPE_WEBHOOK_SECRET) proxy=$(setting HTTPS_PROXY) key=$(setting STRIPE_API_KEY)
command=$(sed -n 's/^    command: \[\(.*\)\]$/\1/p' "$compose/compose.yaml" | tr -d '",')
health=$(sed -n 's/^      test: \["CMD", "\/mirra", \(.*\)\]$/\1/p' "$compose/compose.yaml" | tr -d '",')
[ -n "$secret$proxy$key" ] && [ -n "$command" ] && [ -n "$health" ] || fail "compose.yaml is not understood"

mount --make-rprivate /
mount -t tmpfs tmpfs "$root/ca" && mount -t tmpfs tmpfs "$root/var/lib/mirra"
chown "${IMAGE_USER}" "$root/ca" "$root/var/lib/mirra" 2>/dev/null || true # with one user there is nobody else
chmod 700 "$root/var/lib/mirra"
mkdir -p "$root/dev" "$root/proc"
touch "$root/project/mirra.yaml" "$root/etc/hosts" "$root/etc/resolv.conf" "$root/dev/null"
mount --bind /dev/null "$root/dev/null"
printf '127.0.0.1 localhost\n10.77.0.2 mirra\n10.77.0.3 app\n' >"$WORK/hosts"
mount --bind "$WORK/hosts" "$root/etc/hosts" && mount --bind "$WORK/hosts" /etc/hosts
mount --bind "$compose/mirra.yaml" "$root/project/mirra.yaml"
mount --rbind "$root" "$root" && mount -o remount,bind,ro "$root"

enter=("$(command -v unshare)" --root="$root" --wd="$IMAGE_DIR") # by its path: the image's PATH has none
user=(-S "${IMAGE_USER%:*}" -G "${IMAGE_USER#*:}")
"${enter[@]}" "${user[@]}" /mirra version >/dev/null 2>&1 || user=() # where there is one user alone
ip link set lo up
mkfifo "$WORK/go"
unshare -n bash -c 'read -r < "$1/go"; ip link set lo up; ip addr add 10.77.0.2/24 dev v1; ip link set v1 up; shift; cd /; exec "$@"' sh "$WORK" \
  env -i $IMAGE_ENV STRIPE_WEBHOOK_SECRET="$secret" "${enter[@]}" "${user[@]}" /mirra $command >"$WORK/mirra.log" 2>&1 &
mirra=$!
ip link add name v0 type veth peer name v1
await ip link set v1 netns "$mirra"
ip addr add 10.77.0.3/24 dev v0 && ip link set v0 up
echo >"$WORK/go"

curl() { command curl -sS --noproxy '*' --max-time 20 "$@"; }
await test -s "$root/ca/ca.pem"
await curl -f -H 'Host: localhost' http://mirra:4400/readyz
# The health check of the container is run in its network too.
nsenter -t "$mirra" -n env -i $IMAGE_ENV "${enter[@]}" "${user[@]}" /mirra $health || fail "the health check"
touch "$root/written" 2>/dev/null && fail "the root can be written to"
[ ${#user[@]} = 0 ] || [ "$(stat -c %u "/proc/$mirra")" = "${IMAGE_USER%:*}" ] || fail "it runs as $(stat -c %u "/proc/$mirra")"
# Off loopback the control API goes by no other name, and wants its token.
[ "$(curl -o /dev/null -w '%{http_code}' http://mirra:4400/v1/sessions)" = 403 ] || fail "the control API answers to any name"

env -u NO_PROXY -u no_proxy HTTPS_PROXY="$proxy" SSL_CERT_FILE="$root/ca/ca.pem" STRIPE_API_KEY="$key" STRIPE_WEBHOOK_SECRET="$secret" "$app" >"$WORK/app.log" 2>&1 &
await curl -f http://app:3000/events
made=$(curl --fail-with-body -d email=jenny@example.com http://app:3000/register) || fail "register: $made"
grep -q '"id": "cus_' <<<"$made" || fail "made $made"
heard() { curl -f http://app:3000/events | grep -qx customer.created; }
await heard
# By another name there is no session; other hosts are refused.
through() { env -u NO_PROXY -u no_proxy curl -sS --max-time 20 --cacert "$root/ca/ca.pem" "$@" 2>&1 || true; }
said=$(through -x http://other:x@mirra:4401 https://api.stripe.com/v1/customers)
[[ $said == *407* ]] || fail "by another name: $said"
said=$(through -x "$proxy" https://example.com/)
[[ $said == *"response 502"* || $said == *"response 403"* ]] || fail "egress: $said"

kill -TERM "$mirra"
code=0
wait "$mirra" || code=$?
[ "$code" = 0 ] || fail "SIGTERM ends it with $code"
[ ! -e "$root/ca/ca.pem" ] || fail "the certificate is left behind"
echo
echo PASS
