# shellcheck shell=bash
# The Xen machines' hypervisor, kernel, initramfs and disk: built once into the cache, from Debian's packages.

XEN_RELEASE=bookworm
XEN_VERSION=4.17
XEN_PACKAGES="xen-utils-$XEN_VERSION,xenstore-utils,openssh-server,iproute2,kmod,procps,qemu-utils"
# What finds the disk at boot, and what a host of guests needs after it.
BOOT_MODULES=(virtio_pci virtio_blk crc32c_generic ext4)
HOST_MODULES=("${BOOT_MODULES[@]}" virtio_net xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs xen-netback xen-blkback loop bridge 8021q)
MACHINE_DISK_MIB=2048

machine_image_key() { cat "$HERE"/xen/{machine-image.sh,machine-boot} | sha256sum | cut -c1-16; }

# Prints the folder with xen, vmlinuz, initrd.gz and root.img.
build_machine_image() {
    local key image
    key=xen-$(machine_image_key)
    image=$CACHE/$key
    mkdir -p "$CACHE"
    (
        flock 8
        [ -s "$image/root.img" ] && exit 0
        say "lab: building the image of the Xen machines in $CACHE (once, about a minute)"
        rm -rf "$CACHE/unfinished-xen"
        mkdir -p "$CACHE/unfinished-xen/image" "$CACHE/packages"
        cd "$CACHE/unfinished-xen" || exit 1
        unpack_machine_packages
        debian_root "$PWD/root"
        fill_machine "$PWD"
        mv image "$image"
        rm -rf "$CACHE/unfinished-xen"
    ) 8>"$CACHE/lock-xen"
    [ -s "$image/root.img" ] || die "the image of the Xen machines could not be built; see the messages above."
    printf '%s' "$image"
}

# The hypervisor is the one of the release: Debian's security updates (4.17.7) are built without shadow paging, and then a
# paravirtual guest cannot be moved while it runs. Nobody outside can reach these machines.
# The cloud kernel of the guests cannot be the first domain of a Xen host; Debian's usual one can.
unpack_machine_packages() {
    local kernel package
    kernel=$(apt-cache show --no-all-versions linux-image-amd64 | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p')
    [ -n "$kernel" ] || die "Debian's package linux-image-amd64 is not known here. Run: apt-get update"
    fetch_package "$kernel"
    dpkg -x "$CACHE"/packages/"${kernel}"_*.deb unpacked
    package=xen-hypervisor-$XEN_VERSION-amd64
    apt-get download -q "$package/$XEN_RELEASE" >&2 || die "could not download $package of Debian $XEN_RELEASE. Run: apt-get update"
    dpkg -x "$package"_*.deb unpacked
    grep -q '^CONFIG_SHADOW_PAGING=y' unpacked/boot/xen-*.config || die "$package of Debian $XEN_RELEASE is built without shadow paging."
}

# A small Debian from where this machine has its own packages from.
debian_root() { # FOLDER
    apt-get indextargets \
        --format 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(SITE) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | grep " $XEN_RELEASE " | sort -u >sources || true
    [ -s sources ] || die "no package source of Debian $XEN_RELEASE is configured here; the Xen machines are built from it."
    mmdebstrap --quiet --variant=minbase --include="$XEN_PACKAGES" \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        "$XEN_RELEASE" "$1" sources >&2 || die "mmdebstrap could not make a Debian $XEN_RELEASE; see its messages above."
}

# modules TARGET NAMES...: the modules with all that they need
modules() {
    local target=$1 version name path
    shift
    version=$(ls unpacked/lib/modules)
    mkdir -p "$target/lib/modules/$version"
    cp unpacked/lib/modules/"$version"/modules.{builtin,order} "$target/lib/modules/$version/"
    for name in "$@"; do
        modprobe --dirname "$PWD/unpacked" --set-version "$version" --show-depends "$name" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | sort -u | while read -r path; do
        mkdir -p "$target/lib/modules/$version/$(dirname "${path#*"/$version/"}")"
        cp "$path" "$target/lib/modules/$version/${path#*"/$version/"}"
    done
    depmod --basedir "$target" "$version"
}

fill_machine() { # FOLDER
    local applet
    depmod --basedir "$PWD/unpacked" "$(ls unpacked/lib/modules)"
    # QEMU loads the hypervisor by multiboot, which does not unpack it.
    zcat unpacked/boot/xen-*-amd64.gz >image/xen
    cp unpacked/boot/vmlinuz-* image/vmlinuz

    mkdir -p boot/{bin,sbin,proc,sys,dev,new}
    cp /bin/busybox boot/bin/
    for applet in sh mount modprobe tar sleep switch_root; do ln -s busybox "boot/bin/$applet"; done
    ln -s ../bin/busybox boot/sbin/modprobe
    modules "$1/boot" "${BOOT_MODULES[@]}"
    install -m 755 "$HERE/xen/machine-boot" boot/init
    (cd boot && find . | cpio -o -H newc --quiet | gzip -6) >image/initrd.gz

    # /lib is a link into /usr here; a folder in its place would leave nothing that runs.
    modules "$1/root/usr" "${HOST_MODULES[@]}"
    rm -rf root/var/cache/apt/* root/var/lib/apt/lists/* root/etc/ssh/ssh_host_*
    mkdir -p root/etc/xen/runbooks root/root/.ssh root/guests
    mke2fs -q -t ext4 -d root -L root root.img.new "${MACHINE_DISK_MIB}M" >&2
    mv root.img.new image/root.img
}
