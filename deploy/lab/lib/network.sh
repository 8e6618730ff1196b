# shellcheck shell=bash
# The lab's networks: one namespace with two bridges, and a link from each to each host. Hosts talk by eth0; eth1 is for
# guests, and the host itself has no address on it. The machine's own network has no part in it.

in_switch() {
    local pid
    pid=$(process_of "$LAB/switch/pid") || die "the lab $LAB is not running; start it with: lab start"
    nsenter --net="/proc/$pid/ns/net" -- "$@"
}

start_switch() {
    is_up "$LAB/switch/pid" && return
    mkdir -p "$LAB/switch"
    rm -f "$LAB/switch/pid" "$LAB"/{host,xen}*/pid
    local owner=() unshared
    if [ -n "${RUNBOOKS_LAB_OWNER:-}" ]; then
        owner=("$RUNBOOKS_LAB_OWNER" "$(start_time "$RUNBOOKS_LAB_OWNER")") || die "there is no process $RUNBOOKS_LAB_OWNER to own the lab."
    fi
    setsid unshare --net --pid --fork --kill-child bash "$HERE/switch-init" "$LAB" "${owner[@]}" \
        </dev/null >"$LAB/switch/log" 2>&1 9>&- &
    unshared=$!
    wait_until 10 "the lab's network (log: $LAB/switch/log)" is_up "$LAB/switch/pid"
    disown "$unshared"
    refuse_own_network "$(process_of "$LAB/switch/pid")" "The lab's network"
}

port_of() { printf 'to-%s' "$1"; }
guest_port_of() { printf 'for-%s' "$1"; }

plug_in() { # HOST PID
    link_to "$2" "$(port_of "$1")" lan eth0
    link_to "$2" "$(guest_port_of "$1")" guests eth1
    nsenter --net="/proc/$2/ns/net" -- ip link set eth1 addrgenmode none up
    nsenter --net="/proc/$2/ns/net" -- ip link set eth0 address "$(printf '02:4c:41:42:00:%02x' "${1#host}")" up
    nsenter --net="/proc/$2/ns/net" -- ip address add "$(host_ip "$1")/24" dev eth0
    [ ! -f "$LAB/$1/mbit" ] || narrow "$1" "$2"
}

# A slow network for one host, to it and from it; it stays so when the host is switched off and on.
narrow() { # HOST PID
    local rate
    rate=$(cat "$LAB/$1/mbit")mbit
    in_switch tc qdisc replace dev "$(port_of "$1")" root tbf rate "$rate" burst 256kb latency 50ms
    nsenter --net="/proc/$2/ns/net" -- tc qdisc replace dev eth0 root tbf rate "$rate" burst 256kb latency 50ms
}

shape_link() { # HOST MBIT
    [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || die "'${2:-}' is not a speed: give whole Mbit/s, 1 to 999999."
    local pid
    pid=$(process_of "$LAB/$1/pid") || die "$1 is off."
    echo "$2" >"$LAB/$1/mbit"
    narrow "$1" "$pid"
    write_fleet
}

unshape_link() { # HOST
    local pid
    rm -f "$LAB/$1/mbit"
    write_fleet
    in_switch tc qdisc delete dev "$(port_of "$1")" root 2>/dev/null || true
    pid=$(process_of "$LAB/$1/pid") || return 0
    nsenter --net="/proc/$pid/ns/net" -- tc qdisc delete dev eth0 root 2>/dev/null || true
}

link_to() { # PID PORT BRIDGE INTERFACE
    # A host that has just died may still hold its end of the link for a moment.
    in_switch ip link delete "$2" 2>/dev/null || true
    in_switch ip link add "$2" type veth peer name "$4" netns "$1"
    in_switch ip link set "$2" master "$3" up
}

# Behind which host the switch has last heard a MAC address; nothing when it has not.
heard_from() { # MAC
    local line
    line=$(in_switch bridge fdb show br guests | grep -i "^$1 .*master guests" | grep -v permanent) || return 0
    [[ $line =~ dev\ for-(host[0-9]+) ]] && printf '%s\n' "${BASH_REMATCH[1]}"
}

forget_mac() { # MAC
    local host
    host=$(heard_from "$1")
    [ -z "$host" ] || in_switch bridge fdb del "$1" dev "$(guest_port_of "$host")" master
}

cut_link() { set_links "$1" down; }
heal_link() { set_links "$1" up; }

# A Xen machine has one card in the lab, its guests have none.
set_links() { # HOST STATE
    in_switch ip link set "$(port_of "$1")" "$2"
    [[ $1 == xen* ]] || in_switch ip link set "$(guest_port_of "$1")" "$2"
}

link_state() {
    local words
    read -ra words < <(in_switch ip -brief link show "$(port_of "$1")" 2>/dev/null) || true
    printf '%s' "${words[1]:-none}"
}
