# shellcheck shell=bash
# The hosts: their configuration, their power, their libvirtd.

make_hosts() { # COUNT
    local i
    [[ $1 =~ ^[0-9][0-9]?$ ]] && [ "$1" -le 40 ] || die "the number of hosts must be 0 to 40, not '$1'."
    mkdir -p "$LAB/etc" "$LAB/shared"
    for ((i = 1; i <= $1; i++)); do printf 'host%d\n' "$i"; done >"$LAB/host-names"
    {
        echo '127.0.0.1 localhost'
        for i in $(all_names); do printf '%s %s\n' "$(host_ip "$i")" "$i"; done
    } >"$LAB/etc/hosts"
    printf 'hosts: files\npasswd: files\ngroup: files\nshadow: files\n' >"$LAB/etc/nsswitch.conf"
    : >"$LAB/etc/resolv.conf"
    make_keys
    write_ssh_config
    for i in $(host_names); do
        mkdir -p "$LAB/$i"/{etc-libvirt,lib/images,log,cache,root}
        write_host_ssh "$i"
        write_libvirt "$i"
    done
}

write_libvirt() { # HOST
    local dir=$LAB/$1 uuid
    # libvirt refuses to migrate between two hosts of one UUID.
    [ -s "$dir/uuid" ] || cat /proc/sys/kernel/random/uuid >"$dir/uuid"
    uuid=$(<"$dir/uuid")
    cat >"$dir/etc-libvirt/libvirtd.conf" <<END
host_uuid = "$uuid"
listen_tls = 0
listen_tcp = 0
auth_unix_rw = "none"
log_outputs = "3:file:$dir/log/libvirtd.log"
END
    cat >"$dir/etc-libvirt/qemu.conf" <<END
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
migration_host = "$(host_ip "$1")"
migration_address = "$(host_ip "$1")"
max_queued = 0
keepalive_interval = 5
keepalive_count = 3
END
}

power_on() { # HOST: returns when the machine is told, not when it answers
    local dir=$LAB/$1 lab pid
    is_up "$dir/pid" && return
    lab=$(process_of "$LAB/switch/pid") || die "the lab $LAB is not running; start it with: lab start"
    rm -f "$dir/pid"
    setsid nsenter --net="/proc/$lab/ns/net" --pid="/proc/$lab/ns/pid" -- \
        unshare --net --mount --uts --ipc --pid --fork --kill-child \
        bash "$HERE/host-init" "$LAB" "$1" "$(host_ip "$1")" "$MEMORY_MIB" </dev/null >"$dir/log/init" 2>&1 9>&- &
    disown $!
    wait_until 10 "$1 (log: $dir/log/init)" is_up "$dir/pid"
    pid=$(process_of "$dir/pid")
    refuse_own_network "$pid" "$1"
    [ "$(net_namespace "$pid")" != "$(net_namespace "$lab")" ] || die "$1 shares the lab's network; refusing to go on."
    plug_in "$1" "$pid"
}

power_off() { end_process "$LAB/$1/pid"; }
power_status() { if is_up "$LAB/$1/pid"; then echo on; else echo off; fi; }

inside() { # HOST COMMAND...: the host's own console, works with the network cut
    local pid
    pid=$(process_of "$LAB/$1/pid") || die "$1 is off."
    shift
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
        nsenter --target "$pid" --mount --uts --ipc --net --pid --wd=/root -- "$@"
}

virtd_stop() { inside "$1" sh -c 'touch /run/no-libvirtd; [ ! -s /run/libvirtd.pid ] || kill -9 "$(cat /run/libvirtd.pid)"'; }
virtd_start() { inside "$1" rm -f /run/no-libvirtd; }

answers() { lab_ssh "$1" virsh -c qemu:///system version >/dev/null 2>&1; }
