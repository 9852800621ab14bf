#!/usr/bin/env bash
# As root: the tests of servers and supervisor once more as user `daemon`, in a copy of this tree below a home of mode
# 0700 with a space in its path. As anyone else there is nothing to show: `make test` already ran so.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
    echo "skipped: not root, so make test was this already"
    exit 0
fi
user=daemon
home=$(mktemp -d "${TMPDIR:-/tmp}/home of ours.XXXXXX")
trap 'rm -rf "$home"' EXIT
as_user() { setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all env -i HOME="$home" TMPDIR="$home" PATH="$PATH" "$@"; }

chmod 755 "$home"
python=$(readlink -f .venv/bin/python)
if ! (cd / && as_user "$python" -c 'import ssl' 2>/dev/null); then
    echo "skipped: user $user cannot run $python, which .venv is made with"
    exit 0
fi
tar --exclude=./.git --exclude=./var -cf - . | tar -xf - -C "$home"
chown -R "$user": "$home"
chmod 700 "$home"
cd "$home"
as_user .venv/bin/python -B -m pytest -n 2 tests/integration/test_embedded.py tests/integration/test_supervisor.py
