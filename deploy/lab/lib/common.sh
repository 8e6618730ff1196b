# shellcheck shell=bash
# Words that every part of the lab uses: messages, process files, names.

say() { printf '%s\n' "$*" >&2; }
die() {
    say "lab: $*"
    exit 1
}

# A process file holds "pid start-time"; both must match, because a pid alone may be somebody else's by now.
start_time() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$1" != Z ] && printf '%s' "${20}"
}

process_of() {
    local pid started
    [ -s "$1" ] || return 1
    read -r pid started <"$1" || return 1
    [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && printf '%s' "$pid"
}

is_up() { process_of "$1" >/dev/null; }

# Ends the first process of a PID namespace; the kernel ends everything else in it.
end_process() {
    local pid
    pid=$(process_of "$1") || {
        rm -f "$1"
        return 0
    }
    kill -KILL "$pid" 2>/dev/null || true
    wait_until 10 "process $pid to end" not is_up "$1"
    rm -f "$1"
}

not() { ! "$@"; }

# wait_until SECONDS WHAT COMMAND...
wait_until() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$limit" ] || die "waited in vain for $what."
        sleep 0.05
    done
}

host_names() { cat "$LAB/host-names" 2>/dev/null || true; }
all_names() { host_names && machine_names; }

host_dir() {
    [[ $1 =~ ^(host|xen)[1-9][0-9]?$ ]] || die "'$1' is not a host of this lab; hosts are named host1, host2 …, and xen1, xen2 …"
    [ -d "$LAB/$1" ] || die "$1 does not exist in the lab $LAB; start more hosts with: lab start HOSTS XEN-MACHINES"
    printf '%s' "$LAB/$1"
}

host_ip() {
    case $1 in
    xen*) printf '10.77.0.%d' $((100 + ${1#xen})) ;;
    *) printf '10.77.0.%d' $((10 + ${1#host})) ;;
    esac
}

require_guest_name() {
    [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$ ]] || die "'$1' is not a guest name: letters, digits, '.', '_', '-'."
}

net_namespace() { readlink "/proc/$1/ns/net"; }

# Nothing of the lab may ever touch the machine's own network.
refuse_own_network() {
    local theirs
    theirs=$(net_namespace "$1") || die "$2 ended before it was ready; see its log in $LAB."
    [ "$theirs" != "$(net_namespace self)" ] && [ "$theirs" != "$(net_namespace 1)" ] ||
        die "$2 has no network namespace of its own; refusing to go on, because that would change this machine's network."
}
