#!/bin/bash
# Prints the path of a VictoriaMetrics server: the one in PATH, or Debian's package, unpacked into .build/victoria and not
# installed, so that no service starts.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$here/../.build/victoria
if command -v victoria-metrics; then exit 0; fi
program=$folder/usr/bin/victoria-metrics
if [[ ! -x $program ]]; then
    mkdir -p "$folder"
    (cd "$folder" && apt-get download --quiet victoria-metrics >&2 && dpkg-deb --extract victoria-metrics_*.deb .) || {
        echo "peers: no VictoriaMetrics; Debian has the package victoria-metrics" >&2
        exit 1
    }
fi
echo "$(cd "$folder" && pwd)/usr/bin/victoria-metrics"
