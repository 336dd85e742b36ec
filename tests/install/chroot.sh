#!/bin/bash
# From a fresh Debian to a session's summary and back: install, upgrade, an emulated sensor as the service's own
# command, a real broker, uninstall. Needs root, mmdebstrap and the network; see docs/install.md for how long it takes.
#
#   sudo tests/install/chroot.sh [bookworm|trixie]
set -euo pipefail

suite=${1:-bookworm}
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$(mktemp -d)
mounted=()
started=$SECONDS

cleanup() {
    local place
    for place in "${mounted[@]}"; do umount -l "$place"; done
    rm -rf --one-file-system "$root"
}
trap cleanup EXIT

step() { printf '%4d s  %s\n' $((SECONDS - started)) "$*"; }
within() { chroot "$root" /usr/bin/env "$@"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

step "a fresh $suite"
mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,mosquitto,mosquitto-clients,ca-certificates \
    "$suite" "$root"
for place in proc dev; do
    mount --rbind "/$place" "$root/$place"
    mount --make-rslave "$root/$place"
    mounted=("$root/$place" "${mounted[@]}")
done
# The network and its certificates are the machine's.
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    [[ -e $file ]] && cp -L "$file" "$root$file"
done
install -d "$root/boot/firmware" "$root/root/backbeat"
printf '[pi4]\narm_boost=1\n' >"$root/boot/firmware/config.txt"
cp "$root/boot/firmware/config.txt" "$root/root/config.txt.before"
git -C "$project" archive HEAD | tar -x -C "$root/root/backbeat"

step "install"
within /root/backbeat/config/install.sh
within backbeat --version

step "install again: nothing changes, configuration stays"
printf '# mine\n' >>"$root/etc/backbeat/backbeat.toml"
cp -a "$root/boot/firmware/config.txt" "$root/root/config.txt.after"
within /root/backbeat/config/install.sh
cmp "$root/boot/firmware/config.txt" "$root/root/config.txt.after" || fail "config.txt changed twice"
grep -q '^# mine$' "$root/etc/backbeat/backbeat.toml" || fail "the configuration was overwritten"
[[ $(find "$root/opt/backbeat" -maxdepth 1 -name 'env-*' | wc -l) == 1 ]] || fail "an old environment was left"

step "the unit is one that systemd takes"
sed "s|^ExecStart=.*|ExecStart=/bin/true|" "$root/etc/systemd/system/backbeat.service" >"$root/root/backbeat.service"
systemd-analyze verify --recursive-errors=one "$root/root/backbeat.service"
systemd-analyze security --offline=true --threshold=25 --no-pager "$root/root/backbeat.service" | tail -1

step "a broker and the service's own command, as the service's user, with an emulated sensor"
cat >"$root/etc/backbeat/backbeat.toml" <<'TOML'
[runner]
id = "sam"
[sensor]
source = "emulate:lsm6dsox?source=sim:%3Fcadence=172"
[session]
start_after_running_s = 10
[mqtt]
host = "127.0.0.1"
port = 18833
TOML
printf 'listener 18833 127.0.0.1\nallow_anonymous true\n' >"$root/root/mosquitto.conf"
chroot "$root" /usr/sbin/mosquitto -c /root/mosquitto.conf >"$root/root/mosquitto.log" 2>&1 &
broker=$!
for _ in {1..60}; do   # until it answers
    chroot "$root" /usr/bin/mosquitto_pub -p 18833 -t hello -n 2>/dev/null && break
    sleep 1
done
chroot "$root" /usr/bin/mosquitto_sub -p 18833 -t 'backbeat/v1/home/sam/session/+/summary' -C 1 -W 180 \
    >"$root/root/summary.json" &
listener=$!
command=$(sed -n 's/^ExecStart=//p' "$root/etc/systemd/system/backbeat.service")
# shellcheck disable=SC2086  # the command's words are meant
chroot "$root" /usr/sbin/runuser -u backbeat -- env STATE_DIRECTORY=/var/lib/backbeat $command \
    >"$root/root/run.log" 2>&1 &
runner=$!
sleep 45   # of running
pid=$(pgrep -P "$runner" -f 'backbeat run' | head -1 || true)
before=$SECONDS
kill -TERM "${pid:-$runner}"
wait "$runner" || { cat "$root/root/run.log"; fail "the run did not end in order"; }
ended=$((SECONDS - before))
wait "$listener" || { cat "$root/root/run.log"; fail "no summary at the broker"; }
kill "$broker" || true
step "stopped in $ended s; summary at the broker: $(cut -c1-160 "$root/root/summary.json")…"
[[ $ended -le 5 ]] || fail "SIGTERM took $ended s"
ls "$root"/var/lib/backbeat/recordings/*.mcap >/dev/null || fail "nothing was recorded"

step "uninstall"
within /root/backbeat/config/install.sh uninstall
[[ -e $root/etc/backbeat/backbeat.toml && -d $root/var/lib/backbeat ]] || fail "configuration or recordings went"
within /root/backbeat/config/install.sh uninstall --purge
cmp "$root/boot/firmware/config.txt" "$root/root/config.txt.before" || fail "config.txt is not as before"
left=$(find "$root" -xdev \( -path "$root/proc" -o -path "$root/dev" -o -path "$root/root" \) -prune -o -iname '*backbeat*' -print)
[[ -z $left ]] || fail "left behind: $left"
step "done: $suite, $(within python3 --version 2>&1)"
