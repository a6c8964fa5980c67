#!/usr/bin/env bash
# Makes build/vouch_VERSION_ARCH.deb from the built binary. Dependencies are read off the binary.
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
version=$(sed -nE 's/#define VOUCH_VERSION "([^"]+)"/\1/p' core/version.h)
arch=$(dpkg --print-architecture)
root=$BUILD/deb
rm -rf "$root"
make --no-print-directory install DESTDIR="$root" PREFIX=/usr >/dev/null
strip "$root/usr/bin/vouch"
install -D -m 644 packaging/vouch.service "$root/lib/systemd/system/vouch.service"
install -D -m 644 packaging/vouch.json "$root/etc/vouch/vouch.json"
install -D -m 644 packaging/nginx.conf "$root/usr/share/doc/vouch/examples/nginx.conf"
install -D -m 644 README.md "$root/usr/share/doc/vouch/README.md"
cp docs/*.md "$root/usr/share/doc/vouch/"
install -D -m 644 LICENSE "$root/usr/share/doc/vouch/copyright"
cp -r samples "$root/usr/share/doc/vouch/examples/"
mkdir -p "$root/DEBIAN"
echo /etc/vouch/vouch.json >"$root/DEBIAN/conffiles"
# Each needed library's package, as installed on the machine that builds.
depends=$(objdump -p "$root/usr/bin/vouch" | awk '/NEEDED/ {print $2}' | while read -r lib; do
    path=$(ldconfig -p | awk -v l="$lib" '$1 == l {print $NF; exit}')
    file=$(readlink -f "$path")
    # Some packages still name their files by /lib, which is a link to /usr/lib.
    { dpkg-query -S "$file" 2>/dev/null || dpkg-query -S "${file#/usr}"; } | head -n 1 | cut -d: -f1
done | sort -u | paste -sd, | sed 's/,/, /g')
cat >"$root/DEBIAN/control" <<C
Package: vouch
Version: $version
Architecture: $arch
Maintainer: The vouch developers <vouch@example.org>
Section: misc
Priority: optional
Depends: $depends, ca-certificates
Description: question answering over a knowledge graph
 Answers questions about a knowledge graph and ties each sentence to the
 statements that were checked to support it, on one CPU, offline.
C
dpkg-deb --root-owner-group --build "$root" "$BUILD/vouch_${version}_${arch}.deb"
