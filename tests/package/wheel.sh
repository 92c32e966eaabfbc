#!/bin/sh
# SPDX-License-Identifier: MIT
#
# wheel.sh: for a new system, as root: installs the wheel that lies in /root by the system's pip,
# then does handshakes in a realm of the system's krb5. ./dev wheel SUITE runs it.

set -eu
here=$(cd "$(dirname "$0")" && pwd)

apt="env DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends"
$apt update
$apt install python3-venv libgssapi-krb5-2 krb5-kdc krb5-admin-server krb5-user

work=$(mktemp -d)
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-index /root/*-manylinux*.whl
PATH=$PATH:/usr/sbin venv/bin/python "$here/wheel.py"
