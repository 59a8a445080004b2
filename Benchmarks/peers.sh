#!/bin/bash
# Makes .build/peers, a Python environment with the pinned peers of requirements.txt from PyPI (about 1 GB), unless it
# is there and of these versions. Prints the path of its interpreter. PYTHON names another one to make it with.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$here/../.build/peers
wanted=$here/requirements.txt
if ! cmp -s "$wanted" "$folder/requirements.txt"; then
    rm -rf "$folder"
    "${PYTHON:-python3}" -m venv "$folder" >&2 || {
        echo "peers: no Python with venv; apt-get install python3-venv" >&2
        exit 1
    }
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$wanted" >&2
    # Last, so that what was interrupted is made anew.
    cp "$wanted" "$folder/requirements.txt"
fi
echo "$(cd "$folder" && pwd)/bin/python3"
