# shellcheck shell=bash
# The Xen machines: QEMU in emulation, with a real Xen and a real first domain in it.

MACHINE_MIB=1024
FIRST_DOMAIN_MIB=512

machine_names() { cat "$LAB/machine-names" 2>/dev/null || true; }
is_machine() { [[ $1 == xen* ]]; }
machine_console_port() { printf '%d' $((2200 + ${1#xen})); }

require_machine_packages() {
    local entry path package missing=
    for entry in /usr/bin/mmdebstrap:mmdebstrap /usr/sbin/mke2fs:e2fsprogs /usr/sbin/modprobe:kmod /usr/bin/qemu-img:qemu-utils \
        /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring /usr/bin/ssh:openssh-client; do
        IFS=: read -r path package <<<"$entry"
        [ -e "$path" ] || [ -e "${path/\/usr/}" ] || missing="$missing $package"
    done
    [ -z "$missing" ] || install_packages "${missing# }"
}

make_machines() { # COUNT
    local i
    [[ $1 =~ ^[0-9]$ ]] || die "the number of Xen machines must be 0 to 9, not '$1'."
    for ((i = 1; i <= $1; i++)); do printf 'xen%d\n' "$i"; done >"$LAB/machine-names"
}

# The machine's disk lies over the one of the image; what is its own comes on a second one, new at each start.
write_machine() { # NAME
    local dir=$LAB/$1 own=$LAB/$1/own image guests
    image=$(build_machine_image)
    guests=$(build_image)
    rm -rf "$own"
    mkdir -p "$dir/log" "$own"/{etc/ssh,root/.ssh,guests}
    [ -s "$dir/disk.qcow2" ] || qemu-img create -q -f qcow2 -b "$image/root.img" -F raw "$dir/disk.qcow2"
    printf 'name=%s\naddress=%s\n' "$1" "$(host_ip "$1")" >"$own/etc/machine"
    cp "$LAB"/etc/{hosts,nsswitch.conf,resolv.conf} "$own/etc/"
    install -m 600 "$dir/sshd/key" "$own/etc/ssh/machine_key"
    install -m 600 "$LAB/ssh/id" "$own/root/.ssh/id"
    install -m 600 "$LAB/ssh/id.pub" "$own/root/.ssh/authorized_keys"
    cp "$LAB/ssh/known_hosts" "$own/root/.ssh/known_hosts"
    ssh_config /root/.ssh >"$own/root/.ssh/config"
    cp "$guests"/{vmlinuz,initrd.gz} "$own/guests/"
    install -m 755 "$HERE/xen/machine-init" "$own/machine-init"
    tar -C "$own" --owner=0 --group=0 -cf "$dir/own.tar" machine-init etc root guests
    truncate -s %1M "$dir/own.tar"
    printf '%s\n' "$image" >"$dir/image"
}

machine_on() { # NAME: returns when the machine is told, not when it answers
    local dir=$LAB/$1 lab port image
    is_up "$dir/pid" && return
    lab=$(process_of "$LAB/switch/pid") || die "the lab $LAB is not running; start it with: lab start"
    rm -f "$dir/pid"
    write_machine "$1"
    image=$(<"$dir/image")
    port=$(port_of "$1")
    in_switch ip link delete "$port" 2>/dev/null || true
    in_switch ip tuntap add dev "$port" mode tap
    in_switch ip link set "$port" master lan up
    setsid nsenter --net="/proc/$lab/ns/net" --pid="/proc/$lab/ns/pid" -- \
        bash "$HERE/xen/machine-run" "$LAB" "$1" "$image" "$port" "$(machine_console_port "$1")" "$MACHINE_MIB" "$FIRST_DOMAIN_MIB" \
        </dev/null >"$dir/log/qemu" 2>&1 9>&- &
    disown $!
    wait_until 10 "$1 (log: $dir/log/qemu)" is_up "$dir/pid"
    refuse_own_network "$(process_of "$dir/pid")" "$1"
}

machine_off() { end_process "$LAB/$1/pid"; }

# The machine's console: a second card that no cut reaches.
machine_console() { # NAME COMMAND...
    local name=$1
    shift
    is_up "$LAB/$name/pid" || die "$name is off."
    lab_ssh -o HostName=127.0.0.1 -o Port="$(machine_console_port "$name")" -o HostKeyAlias="$name" "$name" "$(printf '%q ' "$@")"
}

machine_answers() { lab_ssh "$1" xl info >/dev/null 2>&1; }
