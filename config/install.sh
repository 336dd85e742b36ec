#!/bin/bash
# Installs Backbeat on Raspberry Pi OS or Debian 12/13 (64-bit), upgrades it, removes it.
#
#   sudo config/install.sh                 install or upgrade; may be repeated, changes no configuration
#   sudo config/install.sh uninstall       remove the program; configuration and recordings stay
#   sudo config/install.sh uninstall --purge    remove these too, and the user
#   config/install.sh stage DIR            only lay the files into DIR, as for an image of an SD card
#
# Every package is checked against its hash (config/requirements.txt) before it is installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_tree=$(dirname "$here")
home=/opt/backbeat
state=/var/lib/backbeat
etc=/etc/backbeat
root=

say() { printf 'backbeat: %s\n' "$*"; }
fail() { printf 'backbeat: %s\n' "$*" >&2; exit 1; }
has_systemd() { [[ -d /run/systemd/system ]]; }

# A fresh image knows no packages before its first update.
apt_install() {
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_root() {
    [[ $(id -u) -eq 0 ]] || fail "this needs root; run: sudo $0 ${*-}"
}

check_machine() {
    local version
    command -v apt-get >/dev/null || fail "this is neither Raspberry Pi OS nor Debian; docs/install.md says how to do without."
    [[ $(getconf LONG_BIT) == 64 ]] || fail "this system is 32-bit; install the 64-bit Raspberry Pi OS."
    if ! command -v python3 >/dev/null || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        say "installing python3-venv"
        apt_install python3-venv
    fi
    version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    case $version in
        3.11 | 3.12 | 3.13) ;;
        *) fail "this system has Python $version; Backbeat needs 3.11, 3.12 or 3.13 (Debian 12 or 13)." ;;
    esac
}

make_user() {
    getent group i2c >/dev/null || groupadd --system i2c
    getent group bluetooth >/dev/null || groupadd --system bluetooth
    getent group gpio >/dev/null || groupadd --system gpio
    getent passwd backbeat >/dev/null ||
        useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin backbeat
    install -d -m 0750 -o backbeat -g backbeat "$state"
}

# A new environment beside the old one, put in its place by one rename: an upgrade that fails changes nothing.
make_environment() {
    local new
    install -d -m 0755 "$home"
    new=$(mktemp -d "$home/env-XXXXXX")
    chmod 0755 "$new"
    # shellcheck disable=SC2064  # the name of now is meant
    trap "rm -rf '$new'" EXIT
    say "making the environment (a few minutes on a Pi)"
    python3 -m venv "$new"
    "$new/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$here/requirements.txt"
    "$new/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation "$source_tree"
    link_lgpio "$new"
    "$new/bin/backbeat" --version >/dev/null || fail "the new installation does not start; the old one stays."
    ln -sfn "$new" "$home/next"
    mv -fT "$home/next" "$home/current"
    trap - EXIT
    find "$home" -maxdepth 1 -name 'env-*' ! -path "$new" -exec rm -rf {} +
    ln -sfn "$home/current/bin/backbeat" /usr/local/bin/backbeat
}

# At its import it leaves a pipe in the current folder.
has_lgpio() {
    local folder found=0
    folder=$(mktemp -d)
    (cd "$folder" && "$1/bin/python" -c 'import lgpio' 2>/dev/null) || found=1
    rm -rf "$folder"
    return $found
}

# The registry has no lgpio for Python 3.13; Raspberry Pi OS has. Without it all works but motor and button.
link_lgpio() {
    local file site
    if has_lgpio "$1"; then return; fi
    apt_install python3-lgpio 2>/dev/null || true
    site=$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
    for file in /usr/lib/python3/dist-packages/lgpio.py /usr/lib/python3/dist-packages/_lgpio.*.so; do
        if [[ -e $file ]]; then ln -s "$file" "$site/"; fi
    done
    has_lgpio "$1" ||
        say "motor and button will not work: there is no lgpio here; see docs/install.md. All else does."
}

lay_files() {
    install -D -m 0644 "$here/systemd/backbeat.service" "$root/etc/systemd/system/backbeat.service"
    install -D -m 0644 "$here/systemd/journald.conf" "$root/etc/systemd/journald.conf.d/backbeat.conf"
    install -D -m 0644 "$here/udev/90-backbeat.rules" "$root/etc/udev/rules.d/90-backbeat.rules"
    install -D -m 0644 "$here/backbeat.toml" "$root$etc/backbeat.toml.complete"
    if [[ ! -e $root$etc/backbeat.toml ]]; then
        install -D -m 0644 "$here/backbeat.toml" "$root$etc/backbeat.toml"
    fi
    enable_i2c
}

# The bus at 400 kHz; from the next start of the Pi on.
enable_i2c() {
    local boot line=dtparam=i2c_arm=on,i2c_arm_baudrate=400000
    install -d "$root/etc/modules-load.d"
    printf 'i2c-dev\n' >"$root/etc/modules-load.d/backbeat.conf"
    for boot in "$root/boot/firmware/config.txt" "$root/boot/config.txt"; do
        [[ -f $boot && ! -L $boot ]] || continue
        if ! grep -qxF "$line" "$boot"; then
            # A section such as [cm4] may be open at the end of the file.
            printf '\n[all]\n# Backbeat: the I2C bus at 400 kHz\n%s\n' "$line" >>"$boot"
            say "I2C is enabled from the next start on: sudo reboot"
        fi
        return
    done
}

disable_i2c() {
    local boot
    rm -f /etc/modules-load.d/backbeat.conf
    for boot in /boot/firmware/config.txt /boot/config.txt; do
        [[ -f $boot && ! -L $boot ]] || continue
        # Takes away the four lines that enable_i2c wrote, and nothing else.
        sed -i '/^$/{N;N;N;/\n\[all\]\n# Backbeat: the I2C bus at 400 kHz\n/d}' "$boot"
    done
}

install_all() {
    need_root
    check_machine
    make_user
    make_environment
    lay_files
    if has_systemd; then
        udevadm control --reload || true
        udevadm trigger --subsystem-match=i2c-dev --subsystem-match=gpio || true
        systemctl daemon-reload
        systemctl restart systemd-journald
        systemctl enable --quiet backbeat.service
        systemctl try-restart backbeat.service
    fi
    say "installed $("$home/current/bin/backbeat" --version)."
    say "next: sudo backbeat setup, then: sudo systemctl start backbeat"
}

uninstall_all() {
    need_root uninstall
    if has_systemd && [[ -e /etc/systemd/system/backbeat.service ]]; then
        systemctl disable --now --quiet backbeat.service
    fi
    rm -f /etc/systemd/system/backbeat.service /etc/systemd/journald.conf.d/backbeat.conf
    rm -f /etc/udev/rules.d/90-backbeat.rules /usr/local/bin/backbeat "$etc/backbeat.toml.complete"
    rmdir --ignore-fail-on-non-empty /etc/systemd/journald.conf.d 2>/dev/null || true
    disable_i2c
    rm -rf "$home"
    if has_systemd; then
        systemctl daemon-reload
        udevadm control --reload || true
    fi
    if [[ ${1-} == --purge ]]; then
        rm -rf "$etc" "$state"
        if getent passwd backbeat >/dev/null; then userdel backbeat; fi
        say "removed, with configuration and recordings."
    else
        say "removed; $etc and $state stay (uninstall --purge removes them too)."
    fi
}

case ${1-install} in
    install | upgrade) install_all ;;
    uninstall) uninstall_all "${2-}" ;;
    stage)
        root=${2-}
        [[ -n $root ]] || fail "name a folder: $0 stage DIR"
        lay_files
        ;;
    *) fail "unknown word '$1'; known are install, upgrade, uninstall [--purge], stage DIR." ;;
esac
