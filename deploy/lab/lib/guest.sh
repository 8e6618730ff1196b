# shellcheck shell=bash
# The guests: small, diskless, all of one image; each writes its heartbeat into <lab>/shared/NAME.console.

IMAGES=/var/lib/libvirt/images

# What an emulated CPU need not do at boot: a quarter less time until a guest is up.
QUICK_BOOT='nokaslr mitigations=off tsc=reliable no_timer_check random.trust_cpu=on cryptomgr.notests 8250.nr_uarts=1'

share_image() {
    local image
    image=$(build_image)
    cmp -s "$image/initrd.gz" "$LAB/shared/initrd.gz" || cp "$image"/{vmlinuz,initrd.gz} "$LAB/shared/"
}

# 8 KiB that a guest has above its whole MiB. QEMU's emulation before 9.0 forgets, when memory is a multiple of 256 KiB,
# to watch a page again for writes after each round of a migration: the destination then gets stale pages, and the guest
# crashes. Other sizes are tracked page by page, and correctly. (KVM has its own tracking and is not concerned.)
ODD_KIB=8

# QEMU's emulation keeps translated code in regions of one cache, and ends itself when a vCPU that is plugged in finds none
# free. A guest that is to grow gets a cache that it does not fill; it costs memory only as far as it is used.
code_cache() { # VCPUS MAX-VCPUS
    [ "$2" -gt "$1" ] && echo 256 || echo 32
}

# A plain guest has nothing in its definition that only QEMU knows, and so not those 8 KiB: it can become one of Xen, and
# must not be migrated here.
guest_xml() { # NAME MEMORY-MIB VCPUS KERNEL-WORDS MAX-MEMORY-MIB MAX-VCPUS DEVICES-XML [PLAIN]
    local size=$(($5 * 1024 + ODD_KIB))K
    cat <<END
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>$1</name>
  <memory unit='MiB'>$5</memory>
  <currentMemory unit='MiB'>$2</currentMemory>
  <vcpu current='$3'>$6</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>$IMAGES/vmlinuz</kernel>
    <initrd>$IMAGES/initrd.gz</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 $QUICK_BOOT $4</cmdline>
  </os>
  <features>
    <acpi/>
    <tcg><tb-cache unit='MiB'>$(code_cache "$3" "$6")</tb-cache></tcg>
  </features>
  <cpu mode='custom' match='exact'><model>qemu64</model></cpu>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='$IMAGES/$1.console' append='on'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='virtio'><stats period='1'/></memballoon>
$7  </devices>
END
    [ "${8:-0}" = 1 ] || cat <<END
  <qemu:commandline>
    <qemu:arg value='-object'/>
    <qemu:arg value='memory-backend-ram,id=memory,size=$size'/>
    <qemu:arg value='-m'/>
    <qemu:arg value='size=$size'/>
    <qemu:arg value='-machine'/>
    <qemu:arg value='memory-backend=memory'/>
  </qemu:commandline>
END
    echo '</domain>'
}

# --bridge and --network plug in an interface each; its driver is not in the guest, so it never says a word by itself.
# --disk is a path on the host, where a small image is made; --image makes one of so many MiB in the shared folder.
guest_define() { # NAME HOST [--memory MiB] [--max-memory MiB] [--vcpus n] [--max-vcpus n] [--cpu %] [--ws MiB] [--rate MiB/s] [--bridge B] [--network N] [--disk PATH] [--image MiB] [--plain 1]
    local name=$1 host=$2 memory=96 vcpus=1 cpu=0 ws=0 rate=0 max_memory=0 max_vcpus=0 image=0 plain=0 bridge='' devices='' words
    require_guest_name "$name"
    shift 2
    while [ $# -gt 0 ]; do
        case $1 in
        --bridge | --network | --disk)
            [[ ${2:-} =~ ^[A-Za-z0-9_./-]+$ ]] || die "guest-define: $1 needs a plain name, found '${2:-}'."
            ;;
        *) [[ ${2:-} =~ ^[0-9]+$ ]] || die "guest-define: $1 needs a whole number, found '${2:-}'." ;;
        esac
        case $1 in
        --bridge)
            bridge=$2
            devices+="    <interface type='bridge'><source bridge='$2'/><model type='virtio'/></interface>"$'\n'
            ;;
        --network) devices+="    <interface type='network'><source network='$2'/><model type='virtio'/></interface>"$'\n' ;;
        --disk)
            inside "$host" truncate -s 1M "$2"
            devices+="    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$2'/><target dev='vda' bus='virtio'/></disk>"$'\n'
            ;;
        --memory) memory=$2 ;;
        --vcpus) vcpus=$2 ;;
        --max-memory) max_memory=$2 ;;
        --max-vcpus) max_vcpus=$2 ;;
        --cpu) cpu=$2 ;;
        --ws) ws=$2 ;;
        --rate) rate=$2 ;;
        --image) image=$2 ;;
        --plain) plain=$2 ;;
        *) die "guest-define: unknown option $1." ;;
        esac
        shift 2
    done
    [ "$memory" -ge 96 ] || die "guest-define: a guest needs at least 96 MiB to boot, not $memory."
    # What is not said to grow does not: its maximum is what it starts with.
    [ "$max_memory" -ge "$memory" ] || max_memory=$memory
    [ "$max_vcpus" -ge "$vcpus" ] || max_vcpus=$vcpus
    words="lab.cpu=$cpu lab.ws=$ws lab.rate=$rate"
    if is_machine "$host"; then
        machine_guest_define "$name" "$host" "$memory" "$vcpus" "$max_memory" "$max_vcpus" "$words" "$image" "$bridge"
        return
    fi
    if [ "$image" -gt 0 ]; then
        qemu-img create -q -f qcow2 "$LAB/shared/$name.qcow2" "${image}M"
        devices+="    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$IMAGES/$name.qcow2'/><target dev='vda' bus='virtio'/></disk>"$'\n'
    fi
    guest_xml "$name" "$memory" "$vcpus" "$words" "$max_memory" "$max_vcpus" "$devices" "$plain" >"$LAB/shared/$name.xml"
    inside "$host" virsh -q -c qemu:///system define "$IMAGES/$name.xml" >&2
}

guest_start() {
    if is_machine "$2"; then
        machine_guest_start "$@"
        return
    fi
    inside "$2" virsh -q -c qemu:///system start "$1" >&2
}

guest_load() { # NAME HOST cpu=… ws=… rate=…
    local name=$1 host=$2 word
    require_guest_name "$name"
    shift 2
    for word in "$@"; do [[ $word =~ ^(cpu|ws|rate)=[0-9]+$ ]] || die "guest-load: '$word' is not cpu=N, ws=N or rate=N."; done
    inside "$host" virsh -q -c qemu:///system qemu-agent-command "$name" \
        '{"execute":"guest-exec","arguments":{"path":"/bin/sh","arg":["-c","echo '"$*"' > /run/load"]}}' >/dev/null
}

# Six small guests, unevenly on three hosts: enough for a planner to have an opinion. One that is there already stays
# where it is, and is started when it does not run: a host that was switched off has forgotten that its guests ran.
example_guests() {
    local name host load place
    while read -r name host load; do
        place=$(whereabouts "$name")
        if [ -z "$place" ]; then
            # shellcheck disable=SC2086
            guest_define "$name" "$host" $load
            place=$host
        fi
        runs "$name" || guest_start "$name" "$place"
    done <<END
web1 host1 --cpu 5 --ws 8 --rate 2
web2 host2 --cpu 5 --ws 8 --rate 2
db1 host2 --cpu 10 --ws 16 --rate 4
web3 host3 --cpu 5 --ws 8 --rate 2
db2 host3 --cpu 10 --ws 16 --rate 4
batch1 host3 --cpu 15 --ws 0 --rate 0
END
}

# The first host that has the guest defined.
whereabouts() { # NAME
    local host
    for host in $(host_names); do
        if inside "$host" virsh -q -c qemu:///system domstate "$1" >/dev/null 2>&1; then
            printf '%s' "$host"
            return
        fi
    done
}

runs() { # NAME
    local host
    for host in $(host_names); do
        inside "$host" virsh -q -c qemu:///system list --name 2>/dev/null | grep -qx "$1" && return
    done
    return 1
}
