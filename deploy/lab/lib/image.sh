# shellcheck shell=bash
# The guests' kernel and initramfs: built once into the cache, from Debian's packages, busybox, the guest agent and our load.

image_key() { cat "$HERE"/guest/{load.c,init,shutdown} "$HERE/lib/image.sh" | sha256sum | cut -c1-16; }

build_image() {
    local key
    key=$(image_key)
    mkdir -p "$CACHE"
    (
        flock 8
        [ -s "$CACHE/$key/initrd.gz" ] && exit 0
        say "lab: building the guest image in $CACHE (once)"
        rm -rf "$CACHE/unfinished"
        mkdir -p "$CACHE/unfinished/root"/{bin,sbin,proc,sys,dev,run,lib/modules} "$CACHE/packages"
        unpack_packages
        fill_root "$CACHE/unfinished/root"
        (cd "$CACHE/unfinished/root" && find . | cpio -o -H newc --quiet | gzip -6) >"$CACHE/unfinished/initrd.gz"
        mkdir -p "$CACHE/$key"
        cp "$CACHE"/unfinished/unpacked/boot/vmlinuz-* "$CACHE/$key/vmlinuz"
        mv "$CACHE/unfinished/initrd.gz" "$CACHE/$key/initrd.gz"
        rm -rf "$CACHE/unfinished"
    ) 8>"$CACHE/lock"
    [ -s "$CACHE/$key/initrd.gz" ] || die "the guest image could not be built; see the messages above."
    printf '%s' "$CACHE/$key"
}

unpack_packages() {
    local kernel package
    kernel=$(apt-cache show --no-all-versions linux-image-cloud-amd64 | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p')
    [ -n "$kernel" ] || die "Debian's package linux-image-cloud-amd64 is not known here. Run: apt-get update"
    for package in "$kernel" qemu-guest-agent; do
        fetch_package "$package"
        dpkg -x "$CACHE"/packages/"${package}"_*.deb "$CACHE/unfinished/unpacked"
    done
}

# Into the cache, once.
fetch_package() { # NAME
    compgen -G "$CACHE/packages/${1}_*.deb" >/dev/null ||
        (cd "$CACHE/packages" && { apt-get download -q "$1" || { apt-get update -q && apt-get download -q "$1"; }; } >&2) ||
        die "could not download the package $1. Run: apt-get update && apt-get download $1"
}

fill_root() {
    local root=$1 module library applet
    cp /bin/busybox "$root/bin/busybox"
    for applet in sh mount mkdir insmod cat echo sleep dd sync poweroff reboot; do ln -s busybox "$root/bin/$applet"; done
    for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_balloon virtio_console virtio_blk xen-blkfront; do
        find "$CACHE/unfinished/unpacked/lib/modules" -name "$module.ko" -exec cp {} "$root/lib/modules/" \;
    done
    cp "$CACHE/unfinished/unpacked/usr/sbin/qemu-ga" "$root/bin/qemu-ga"
    ldd "$root/bin/qemu-ga" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$root${library%/*}"
        cp -L "$library" "$root$library"
    done
    gcc -O2 -Wall -Werror -static -pthread -o "$root/bin/load" "$HERE/guest/load.c"
    install -m 755 "$HERE/guest/init" "$root/init"
    install -m 755 "$HERE/guest/shutdown" "$root/sbin/shutdown"
    # What the kernel calls when Xen asks the guest to shut down.
    install -m 755 "$HERE/guest/shutdown" "$root/sbin/poweroff"
}
