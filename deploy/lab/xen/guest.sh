# shellcheck shell=bash
# The guests of the Xen machines: paravirtual, of the same image as those of the other hosts.

machine_guest_define() { # NAME MACHINE MEMORY-MIB VCPUS MOST-MEMORY-MIB MOST-VCPUS KERNEL-WORDS [DISK-MIB] [BRIDGE]
    local disk= vif=
    if [ "${8:-0}" -gt 0 ]; then
        machine_console "$2" truncate -s "${8}M" "/guests/$1.img"
        disk="disk = [ \"format=raw, vdev=xvda, access=rw, target=/guests/$1.img\" ]"
    fi
    if [ -n "${9:-}" ]; then
        vif="vif = [ \"mac=$(printf '00:16:3e:%02x:%02x:%02x' $((RANDOM % 128)) $((RANDOM % 256)) $((RANDOM % 256))), bridge=$9\" ]"
    fi
    machine_console "$2" sh -c 'mkdir -p /etc/xen/runbooks && printf "%s\n" "$2" >"/etc/xen/runbooks/$1.cfg" && sync' sh "$1" \
        "name = \"$1\"
uuid = \"$(cat /proc/sys/kernel/random/uuid)\"
type = \"pv\"
kernel = \"/guests/vmlinuz\"
ramdisk = \"/guests/initrd.gz\"
extra = \"console=hvc0 quiet panic=-1 $7\"
memory = $3
maxmem = $5
vcpus = $4
maxvcpus = $6
on_poweroff = \"destroy\"
on_crash = \"destroy\"
$disk
$vif"
}

machine_guest_start() { machine_console "$2" xl create -q "/etc/xen/runbooks/$1.cfg" >&2; }

# The heartbeats of a guest on all machines that are on. A copy that runs twice, or was started again, shows as a counter
# that comes twice.
machine_guest_beats() { # NAME
    local machine
    for machine in $(machine_names); do
        ! is_up "$LAB/$machine/pid" ||
            machine_console "$machine" sh -c 'cat "/var/log/xen/console/guest-$1.log" "/var/log/xen/console/guest-$1--incoming.log" 2>/dev/null' sh "$1" || true
    done
}
