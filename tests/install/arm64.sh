#!/bin/bash
# The core of the tests and a live run on arm64, as on a Pi, emulated by QEMU's user mode (make arm64).
# Debian's packages are only unpacked and the locked wheels are fetched from here, so that little is emulated.
# Needs root, mmdebstrap, arch-test, qemu-user-static, binfmt-support and the network. About ten times slower than
# the machine it runs on. TESTS='tests/gait …' runs others.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=${PYTHON:-python3}
# Those that hold numbers and bytes; the statistics of tests/strain and tests/gait take very long here.
tests=(tests/test_monitor.py tests/firmware_host/test_clock.py tests/firmware_host/test_lsm6dsox.py
    tests/logbook/test_csv_file.py tests/strain/test_symmetry.py tests/config/test_config_file.py tests/test_run.py)
read -ra tests <<<"${TESTS:-${tests[*]}}"
# A Zero 2 W's processor; QEMU's own choice makes numpy take a path that is slow to emulate.
export QEMU_CPU=cortex-a53
root=$(mktemp -d)
started=$SECONDS
mounted=()

cleanup() {
    local place
    for place in "${mounted[@]}"; do umount -l "$place"; done
    rm -rf --one-file-system "$root"
}
trap cleanup EXIT
step() { printf '%4d s  %s\n' $((SECONDS - started)) "$*"; }
emulated() {
    chroot "$root" /usr/bin/env PYTHONPATH=/site PYTHONDONTWRITEBYTECODE=1 HOME=/root STATE_DIRECTORY=/root/state "$@"
}

if [[ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]]; then
    mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    update-binfmts --enable qemu-aarch64
fi

step "Debian 12 for arm64, unpacked"
mmdebstrap --quiet --variant=extract --arch=arm64 \
    --include=python3,libpython3-stdlib,libstdc++6,libgomp1,libc-bin,bash,dash,coreutils,time bookworm "$root" 2>/dev/null
ln -sfn python3.11 "$root/usr/bin/python3"
for place in proc dev; do
    mount --rbind "/$place" "$root/$place"
    mount --make-rslave "$root/$place"
    mounted=("$root/$place" "${mounted[@]}")
done

step "the locked packages as wheels for arm64"
target=(--quiet --disable-pip-version-check --platform manylinux2014_aarch64 --platform manylinux_2_27_aarch64
    --platform manylinux_2_28_aarch64 --platform manylinux_2_34_aarch64 --python-version 3.11 --implementation cp --only-binary=:all: --target "$root/site")
# pip compares the lock's markers with the Python that runs it; the lines for Python 3.12 on are not for this one.
awk '/^[a-z]/ {keep = !/>= .3\.12/} keep' "$project/config/requirements.txt" | sed "s/ ; python_full_version < '3.12'//" \
    >"$root/requirements.txt"
"$python" -m pip install "${target[@]}" --require-hashes --requirement "$root/requirements.txt"
"$python" -m pip install "${target[@]}" --upgrade pytest pytest-timeout hypothesis
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$root/wheel" "$project"
"$python" -m pip install "${target[@]}" --no-deps --upgrade "$root"/wheel/*.whl
printf '        %s wheels with machine code for arm64, %s MB in all\n' \
    "$(grep -l 'Tag: .*aarch64' "$root"/site/*.dist-info/WHEEL | wc -l)" "$(du -sm "$root/site" | cut -f1)"

emulated python3 -c 'import platform, numpy
print("       ", platform.machine(), "Python", platform.python_version(), "numpy", numpy.__version__)'

step "start-up"
emulated time -f '        %e s, %M kB: backbeat --version' python3 -m backbeat --version
step "a live run of an emulated sensor, 60 s"
emulated time -f '        %e s, %U s of processor, %M kB resident at most' \
    python3 -m backbeat run --source 'emulate:lsm6dsox?source=sim:%3Fcadence=172' --seconds 60 --jsonl /root/events.jsonl >/dev/null
step "$(grep -c '"kind":"step"' "$root/root/events.jsonl") steps found; the core tests"
cp -r "$project/tests" "$project/config" "$project/pyproject.toml" "$root/root/"
emulated bash -c "cd /root && python3 -m pytest -q -p no:cacheprovider --timeout=1200 ${tests[*]}"
step "done"
