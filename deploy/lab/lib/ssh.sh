# shellcheck shell=bash
# Keys, known hosts and ssh configuration of one lab. Nobody's ~/.ssh is read or written.

make_keys() {
    local name
    mkdir -p "$LAB/ssh"
    chmod 700 "$LAB/ssh"
    [ -f "$LAB/ssh/id" ] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB/ssh/id"
    : >"$LAB/ssh/known_hosts.new"
    for name in $(all_names); do
        mkdir -p "$LAB/$name/sshd"
        [ -f "$LAB/$name/sshd/key" ] || ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$LAB/$name/sshd/key"
        printf '%s,%s %s\n' "$name" "$(host_ip "$name")" "$(cut -d' ' -f1,2 "$LAB/$name/sshd/key.pub")" >>"$LAB/ssh/known_hosts.new"
    done
    mv "$LAB/ssh/known_hosts.new" "$LAB/ssh/known_hosts"
}

ssh_config() { # FOLDER-OF-KEYS
    local name
    for name in $(all_names); do printf 'Host %s\n  HostName %s\n' "$name" "$(host_ip "$name")"; done
    cat <<END
Host host* xen* 10.77.0.*
  User root
  IdentityFile $1/id
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $1/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  HashKnownHosts no
  BatchMode yes
  ConnectTimeout 5
  ServerAliveInterval 5
  ServerAliveCountMax 3
  CanonicalizeHostname no
  # The default key exchange costs 100 ms more per connection; these hosts are on one machine.
  KexAlgorithms curve25519-sha256
END
}

# From outside, a connection begins inside the lab's own network; the connected socket is then handed over to ssh.
write_ssh_config() {
    cat >"$LAB/ssh/connect" <<END
#!/bin/bash
# Connects to HOST PORT from inside the lab's network; ssh's own ConnectTimeout does not reach in here.
. "$HERE/lib/common.sh"
pid=\$(process_of "$LAB/switch/pid") || { echo "lab: the lab $LAB is not running." >&2; exit 1; }
exec nsenter --net="/proc/\$pid/ns/net" nc.openbsd -w 3 -F "\$1" "\$2"
END
    chmod 755 "$LAB/ssh/connect"
    {
        ssh_config "$LAB/ssh"
        printf '  ProxyCommand %s %%h %%p\n  ProxyUseFdpass yes\n' "$LAB/ssh/connect"
    } >"$LAB/ssh/config"
}

write_host_ssh() { # HOST
    local dir=$LAB/$1
    mkdir -p "$dir/root/.ssh"
    chmod 700 "$dir/root/.ssh"
    install -m 600 "$LAB/ssh/id" "$dir/root/.ssh/id"
    cp "$LAB/ssh/known_hosts" "$dir/root/.ssh/known_hosts"
    ssh_config /root/.ssh >"$dir/root/.ssh/config"
    install -m 600 "$LAB/ssh/id.pub" "$dir/sshd/authorized_keys"
    cat >"$dir/sshd/config" <<END
ListenAddress $(host_ip "$1")
HostKey $dir/sshd/key
AuthorizedKeysFile $dir/sshd/authorized_keys
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
MaxSessions 50
MaxStartups 100
PrintMotd no
END
}

lab_ssh() { ssh -F "$LAB/ssh/config" "$@"; }
