# Runs in /bin/sh on another machine, which reads it from standard input (see crates/evenly/src/launch.rs). The
# calls of its functions follow it.
tell() { printf 'evenly-launch %s\n' "$*"; }
quit() { tell "$@"; exit 0; }
cache=${XDG_CACHE_HOME:-}
case $cache in /*) ;; *) cache=${HOME:-/nonexistent}/.cache ;; esac
cache=$cache/evenly
umask 077

# check SYSTEM MACHINE: this machine runs programs of the other one.
check() {
    here="$(uname -s) on $(uname -m)"
    [ "$here" = "$1 on $2" ] ||
        quit stop "it has $here, and this evenly is for $1 on $2; install evenly there, and start: evenly join"
}

sum() { sha256sum < "$1" | cut -c 1-64; }

# copy HASH BYTES: that file is in the cache.
copy() {
    f=$cache/$1/evenly
    [ -f "$f" ] && [ "$(sum "$f")" = "$1" ] && return
    command -v sha256sum > /dev/null || quit stop "it has no sha256sum, which coreutils has; install that there"
    mkdir -p "$cache/$1" || quit fail "cannot make the directory $cache/$1"
    t=$cache/$1/new.$$
    tell send "$1"
    head -c "$2" > "$t"
    if [ "$(sum "$t")" != "$1" ]; then
        rm -f "$t"
        quit fail "the copy in $cache is not complete; is the disk full?"
    fi
    chmod 700 "$t" && mv -f "$t" "$f" || quit fail "cannot write $f"
}

# enter DIRECTORY: that is the working directory, if there is one.
enter() {
    cd "$1" 2> /dev/null && return
    cd || cd /
    tell say "there is no directory $1; works in $PWD"
}

# start HASH ARGUMENTS: this shell becomes the agent.
start() {
    f=$cache/$1/evenly
    shift
    why=$("$f" --version 2>&1 > /dev/null) || quit stop "cannot run the copy of evenly: $(echo $why | head -c 300); \
build it there, or name a static one here by EVENLY_SSH_BINARY=FILE (docs/agents.md)"
    tell join
    exec "$f" "$@"
}
