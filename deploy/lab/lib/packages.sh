# shellcheck shell=bash
# What the lab needs from the system, installed when we may, named exactly when we may not.

missing_packages() {
    local entry
    for entry in \
        /usr/sbin/sshd:openssh-server /usr/bin/ssh:openssh-client /usr/bin/qemu-system-x86_64:qemu-system-x86 \
        /usr/sbin/libvirtd:libvirt-daemon-system /usr/bin/virsh:libvirt-clients /bin/busybox:busybox-static \
        /usr/bin/nc.openbsd:netcat-openbsd:/bin/nc.openbsd /usr/bin/cpio:cpio:/bin/cpio /usr/bin/gcc:gcc \
        /usr/include/stdio.h:libc6-dev /usr/sbin/ip:iproute2:/sbin/ip /usr/bin/nsenter:util-linux; do
        IFS=: read -r path package other <<<"$entry"
        [ -e "$path" ] || { [ -n "$other" ] && [ -e "$other" ]; } || printf '%s\n' "$package"
    done | sort -u
}

require_packages() {
    [ "$(id -u)" = 0 ] || die "the lab makes namespaces and mounts and must run as root: sudo $0"
    local missing
    missing=$(missing_packages | xargs)
    [ -z "$missing" ] || install_packages "$missing"
}

install_packages() { # NAMES, separated by spaces
    local missing=$1
    command -v apt-get >/dev/null || die "missing packages (Debian's names): $missing. Install them with your system's package manager."
    say "lab: installing $missing"
    # Runlevel 1 keeps the packages from starting their services: the lab brings its own.
    # shellcheck disable=SC2086
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >"$LAB/install.log" 2>&1 ||
        { apt-get update -q >>"$LAB/install.log" 2>&1 &&
            RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >>"$LAB/install.log" 2>&1; } ||
        die "could not install packages (see $LAB/install.log). Run: apt-get update && apt-get install $missing"
}
