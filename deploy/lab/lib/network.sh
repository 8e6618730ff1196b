# shellcheck shell=bash
# The lab's network: one namespace with a bridge, and a link from it to each host. The machine's own network has no part in it.

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

plug_in() { # HOST PID
    local port
    port=$(port_of "$1")
    # A host that has just died may still hold its end of the link for a moment.
    in_switch ip link delete "$port" 2>/dev/null || true
    in_switch ip link add "$port" type veth peer name eth0 netns "$2"
    in_switch ip link set "$port" master lan up
    nsenter --net="/proc/$2/ns/net" -- ip link set eth0 address "$(printf '02:4c:41:42:00:%02x' "${1#host}")" up
    nsenter --net="/proc/$2/ns/net" -- ip address add "$(host_ip "$1")/24" dev eth0
}

cut_link() { in_switch ip link set "$(port_of "$1")" down; }
heal_link() { in_switch ip link set "$(port_of "$1")" up; }

link_state() {
    local words
    read -ra words < <(in_switch ip -brief link show "$(port_of "$1")" 2>/dev/null) || true
    printf '%s' "${words[1]:-none}"
}
