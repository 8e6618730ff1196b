# shellcheck shell=bash
# The fleet file: what the product needs to know to work with this lab.

write_power() { # NAME
    printf '        "status": ["%s/lab", "powerstatus", "%s"],\n' "$HERE" "$1"
    printf '        "on": ["%s/lab", "poweron", "%s"],\n' "$HERE" "$1"
    printf '        "off": ["%s/lab", "poweroff", "%s"],\n' "$HERE" "$1"
    printf '        "environment": { "RUNBOOKS_LAB": "%s", "RUNBOOKS_LAB_CACHE": "%s" }\n' "$LAB" "$CACHE"
}

write_fleet() {
    local name separator=
    {
        printf '{\n  "driver": "libvirt",\n  "sshConfig": "%s/ssh/config",\n  "hosts": [' "$LAB"
        for name in $(host_names); do
            printf '%s\n    {\n' "$separator"
            printf '      "name": "%s", "pool": "lab", "priority": %d,\n' "$name" $((10 * ${name#host}))
            printf '      "ssh": "%s", "migrationUri": "qemu+ssh://root@%s/system", "domainType": "qemu",\n' "$name" "$name"
            [ ! -f "$LAB/$name/mbit" ] || printf '      "networkMbit": %d,\n' "$(cat "$LAB/$name/mbit")"
            printf '      "memoryMiB": %d, "cpus": %d,\n      "power": {\n' "$MEMORY_MIB" "$(nproc)"
            write_power "$name"
            printf '      }\n    }'
            separator=,
        done
        for name in $(machine_names); do
            printf '%s\n    {\n' "$separator"
            printf '      "name": "%s", "pool": "xen", "priority": %d, "driver": "xen",\n' "$name" $((1000 + 10 * ${name#xen}))
            printf '      "ssh": "%s", "migrationHost": "%s",\n      "power": {\n' "$name" "$name"
            write_power "$name"
            printf '      }\n    }'
            separator=,
        done
        printf '\n  ]\n}\n'
    } >"$LAB/fleet.json.new"
    mv "$LAB/fleet.json.new" "$LAB/fleet.json"
}
