#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tls.sh CLIENT SERVER
#
# Shows that Schannel speaks TLS 1.2 and 1.3 with other implementations: our client with
# openssl s_server, gnutls-serv and nginx; our server with openssl s_client, gnutls-cli, wget
# and curl. On loopback, in a folder of its own. What is not installed is skipped and named;
# without openssl nothing is left (77).
#
# Nothing here measures time: who must wait for another waits for what the other shows. The
# limits are far from what any step takes, and end only what hangs.

set -u
LC_ALL=C
export LC_ALL

client=$1
server=$2
command -v openssl >/dev/null || exit 77
work=$(mktemp -d "${TMPDIR:-/tmp}/tls.XXXXXX")
pids=
# shellcheck disable=SC2086 # one word a process
trap 'kill $pids 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0

# A limit that no step comes near, also on a busy machine and under a sanitizer.
patience=240

limit() {
    timeout -k 2 $patience "$@"
}

ok() {
    passed=$((passed + 1))
}

bad() {
    failed=$((failed + 1))
    echo "FAILED: $step: $1"
    for file in out err peer; do
        [ -s "$file" ] && sed "s/^/    $file: /" "$file" | tail -12
    done
}

# expect FILE WORDS...: each stands in the file.
expect() {
    file=$1
    shift
    for words in "$@"; do
        grep -qF -- "$words" "$file" || {
            bad "no \"$words\" in $file"
            return 1
        }
    done
}

# Names as OpenSSL prints them: "CN = person" before 3.2, "CN=person" since.
expect_name() { # FILE WORDS
    sed 's/ = /=/g' "$1" >names
    expect names "$2"
}

same() {
    cmp -s "$1" "$2" || {
        bad "$1 and $2 differ"
        return 1
    }
}

# ---- Certificates ----

authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

certificate() { # NAME AUTHORITY SUBJECTALTNAME [DAYS [ALGORITHM]]
    # shellcheck disable=SC2046 # two words or none
    openssl req -newkey "${5:-ec}" $([ "${5:-ec}" = ec ] && echo -pkeyopt ec_paramgen_curve:P-256) \
        -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial \
        -days "${4:-30}" -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    cat "$1.pem" "$1.key" >"$1.both"
}

authority ca
authority stranger
certificate good ca DNS:localhost,IP:127.0.0.1
certificate rsa ca DNS:localhost,IP:127.0.0.1 30 rsa:2048
certificate unknown stranger DNS:localhost
certificate person ca DNS:person.test
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=alone \
    -addext subjectAltName=DNS:localhost -keyout alone.key -out alone.pem 2>/dev/null
# Valid from yesterday to a second after: expired.
openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 0 \
    -extfile good.ext -out old.pem 2>/dev/null
cp good.key old.key
openssl pkcs12 -export -in person.pem -inkey person.key -passout pass:secret -out person.p12
head -c 16777216 /dev/urandom >big
head -c 1048576 big >part
printf 'GET /big HTTP/1.0\r\n\r\n' >get-big
printf 'GET / HTTP/1.0\r\n\r\n' >./get
printf 'GET /hello HTTP/1.0\r\n\r\n' >get-hello
printf 'hello, world\n' >hello

# ---- Servers of others ----

free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# Waits until a command succeeds; who was to make it so is dead if it takes too long.
await() { # COMMAND...
    tries=0
    until "$@" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -gt $((patience * 20)) ] && return 1
        sleep 0.05
    done
}

# Without connecting: some peers serve one client.
has_listener() { # PORT
    grep -q "$(printf ':%04X [0-9A-F]*:0000 0A' "$1")" /proc/net/tcp /proc/net/tcp6
}

listening() {
    await has_listener "$port"
}

has() { # FILE WORDS [LINES]
    [ "$(grep -cF -- "$2" "$1")" -ge "${3:-1}" ]
}

is_as_big() { # FILE OTHER
    [ "$(wc -c <"$1")" -ge "$(wc -c <"$2")" ]
}

# Starts s_server with these options; its input is a file or /dev/null.
guard="timeout -k 2 $patience"
s_server() { # INPUT OPTIONS...
    input=$1
    shift
    port=$(free_port)
    # shellcheck disable=SC2086 # no word, or several
    $guard stdbuf -oL openssl s_server -accept "127.0.0.1:$port" "$@" <"$input" \
        >sent 2>peer &
    peer=$!
    pids="$pids $peer"
    listening
}

stop() {
    kill "$peer" 2>/dev/null
    wait "$peer" 2>/dev/null
}

# An input, named pipe, that does not end: at its end others give up. Open for reading too,
# so that opening it waits for nobody.
hold() {
    mkfifo pipe
    exec 9<>pipe
}

let_go() {
    exec 9>&-
    rm pipe
}

# What earlier steps left is not what this one waits for.
forget() {
    rm -f out err peer sent got
    : >got
}

# Our client; status in $status, output in out and err.
ours() {
    limit "$client" "$@" >out 2>err
    status=$?
}

succeeds() {
    [ "$status" = 0 ] || {
        bad "exit status $status"
        return 1
    }
}

# ---- Our client with openssl s_server ----

for version in 1.2 1.3; do
    flag=-tls$(echo $version | tr . _)

    step="client, s_server $version: download of 16 MiB, ALPN"
    s_server /dev/null -cert good.pem -key good.key "$flag" -WWW -alpn h2,http/1.1
    ours --roots ca.pem --alpn http/1.1,h2 --send get-big --receive got localhost "$port"
    # Behind the head that -WWW writes.
    tail -c 16777216 got >body 2>/dev/null
    succeeds && expect out "protocol=$version " "alpn=h2 " "end=close_notify" &&
        same body big && ok
    step="client, s_server $version: ALPN http/1.1, byte by byte"
    ours --roots ca.pem --alpn http/1.1 --chop 1 --send get-hello --receive got \
        localhost "$port"
    succeeds && expect out "alpn=http/1.1 " && expect got "hello, world" && ok
    step="client, s_server $version: another name"
    ours --roots ca.pem --name other.test localhost "$port"
    expect out "failed=SEC_E_WRONG_PRINCIPAL" && expect err "CN=good" "other.test" && ok
    step="client, s_server $version: an address for name"
    ours --roots ca.pem --send get-big --receive got 127.0.0.1 "$port"
    succeeds && ok
    step="client, s_server $version: roots that do not know it"
    ours --roots stranger.pem localhost "$port"
    expect out "failed=SEC_E_UNTRUSTED_ROOT" && expect err "CN=ca" && ok
    step="client, s_server $version: manual validation"
    ours --manual --send get-hello --receive got localhost "$port"
    succeeds && ok
    step="client, s_server $version: the system's roots"
    SSL_CERT_FILE=$work/ca.pem ours --send get-hello --receive got localhost "$port"
    succeeds && expect got "hello, world" && ok
    step="client, s_server $version: a root that the system does not have"
    SSL_CERT_FILE=$work/stranger.pem ours localhost "$port"
    expect out "failed=SEC_E_UNTRUSTED_ROOT" && ok
    step="client, s_server $version: resumption"
    ours --roots ca.pem --send get-big --receive got --repeat 3 localhost "$port"
    succeeds && expect out "resumed=1" && ok
    stop

    step="client, s_server $version: upload of 16 MiB"
    hold
    s_server pipe -cert rsa.pem -key rsa.key "$flag" -quiet -naccept 1
    ours --roots ca.pem --send big --finish localhost "$port"
    wait "$peer"
    let_go
    succeeds && same sent big && ok

    for mode in "--cert person.both" "--cert person.p12 --password secret" \
        "--cert person.pem --key person.key --late"; do
        step="client, s_server $version: certificate by $mode"
        s_server /dev/null -cert good.pem -key good.key "$flag" -Verify 3 -CAfile ca.pem \
            -verify_return_error -www
        # shellcheck disable=SC2086 # several words
        ours --roots ca.pem $mode --send get --receive got localhost "$port"
        succeeds && expect_name peer "depth=0 CN=person" && expect got HTTP && ok
        stop
    done
    step="client, s_server $version: no certificate where one is required"
    s_server /dev/null -cert good.pem -key good.key "$flag" -Verify 3 -CAfile ca.pem \
        -verify_return_error -www
    ours --roots ca.pem --send get --receive got localhost "$port"
    [ "$status" != 0 ] && ok || bad "it went through"
    stop

    for wrong in "old SEC_E_CERT_EXPIRED CN=good" "alone SEC_E_UNTRUSTED_ROOT CN=alone" \
        "unknown SEC_E_UNTRUSTED_ROOT CN=unknown"; do
        # shellcheck disable=SC2086 # three words
        set -- $wrong
        step="client, s_server $version: the certificate $1.pem"
        s_server /dev/null -cert "$1.pem" -key "$1.key" "$flag" -quiet
        ours --roots ca.pem localhost "$port"
        expect out "failed=$2" && expect err "$3" && ok
        stop
    done

    step="client, s_server $version: a peer that dies without close_notify"
    forget
    hold
    cat hello >&9
    guard= # the server itself must die
    s_server pipe -cert good.pem -key good.key "$flag" -quiet
    guard="timeout -k 2 $patience"
    limit "$client" --roots ca.pem --receive got localhost "$port" >out 2>err &
    mine=$!
    await has got hello
    kill -KILL "$peer"
    wait "$mine"
    status=$?
    succeeds && expect out "end=truncated" && same got hello && ok
    let_go
    stop
done

# A line that is typed is a command only if it is read alone.
step="client, s_server 1.3: key update by the peer"
forget
hold
(
    await has out protocol=
    echo K
    await has sent "SSL_do_handshake -> 1"
    echo word
    await has got word
    echo Q
) >&9 &
pids="$pids $!"
s_server pipe -cert good.pem -key good.key -tls1_3
ours --roots ca.pem --receive got localhost "$port"
succeeds && expect got word && expect out "updates=yes" && ok
let_go
stop
step="client, s_server 1.3: key update by us"
s_server /dev/null -cert good.pem -key good.key -tls1_3 -WWW
ours --roots ca.pem --update --send get-big --receive got localhost "$port"
tail -c 16777216 got >body
succeeds && same body big && ok
stop
step="client, s_server 1.2: a peer that asks to renegotiate"
forget
hold
(
    await has out protocol=
    echo r
) >&9 &
pids="$pids $!"
s_server pipe -cert good.pem -key good.key -tls1_2
ours --roots ca.pem --receive got localhost "$port"
# s_server takes the refusal for a failure.
expect out "protocol=1.2" && expect peer "no renegotiation" && ok
let_go
stop

# ---- Our server with openssl s_client ----

serve() {
    rm -f port
    timeout -k 2 $patience "$server" "$@" port >peer 2>&1 &
    peer=$!
    pids="$pids $peer"
    await test -s port
    port=$(cat port 2>/dev/null)
}

for version in 1.2 1.3; do
    flag=-tls$(echo $version | tr . _)
    base="-connect 127.0.0.1:PORT -servername localhost -CAfile ca.pem -verify_return_error $flag"

    s_client() { # INPUT OPTIONS...
        input=$1
        shift
        # shellcheck disable=SC2046,SC2086 # several words
        limit openssl s_client $(echo $base | sed "s/PORT/$port/") "$@" \
            <"$input" >out 2>err
        status=$?
    }

    step="server, s_client $version: download of 16 MiB, ALPN"
    serve --cert good.both --version $version --alpn h2,http/1.1 --send big --finish
    s_client /dev/null -quiet -alpn http/1.1,h2
    wait "$peer"
    same out big && expect peer "protocol=$version " "alpn=h2 " && ok

    step="server, s_client $version: upload of 16 MiB"
    forget
    serve --cert rsa.pem --key rsa.key --version $version --receive got
    (cat big; await is_as_big got big) | s_client /dev/stdin -quiet -no_ign_eof -nocommands
    wait "$peer"
    same got big && ok

    step="server, s_client $version: handshake in pieces of one byte"
    serve --cert good.both --version $version --chop 1 --send hello --finish
    s_client /dev/null -quiet
    wait "$peer"
    same out hello && ok

    step="server, s_client $version: client certificate"
    serve --cert good.both --version $version --roots ca.pem --mutual --send hello --finish
    s_client /dev/null -quiet -cert person.pem -key person.key
    wait "$peer"
    same out hello && ! grep -q "peer=0" peer && ok || bad "no certificate"

    step="server, s_client $version: unknown client certificate"
    serve --cert good.both --version $version --roots ca.pem --mutual --send hello --finish
    s_client /dev/null -quiet -cert unknown.pem -key unknown.key
    wait "$peer"
    expect peer "failed=SEC_E_UNTRUSTED_ROOT" "CN=unknown" && expect err "unknown ca" && ok

    step="server, s_client $version: no client certificate"
    serve --cert good.both --version $version --roots ca.pem --mutual --send hello --finish
    s_client /dev/null -quiet
    wait "$peer"
    expect peer "failed=SEC_E_INCOMPLETE_CREDENTIALS" && ok

    step="server, s_client $version: no protocol in common"
    serve --cert good.both --version $version --alpn h2
    s_client /dev/null -quiet -alpn http/1.1
    wait "$peer"
    expect peer "failed=SEC_E_APPLICATION_PROTOCOL_MISMATCH" &&
        expect err "no application protocol" && ok

    step="server, s_client $version: resumption"
    serve --cert good.both --version $version --send hello --finish --count 2
    s_client /dev/null -ign_eof -sess_out session
    s_client /dev/null -ign_eof -sess_in session
    wait "$peer"
    expect out Reused && expect peer "resumed=1" && ok
done

step="server, s_client: SSL 3 and TLS 1.0 are refused"
serve --cert good.both
limit openssl s_client -connect "127.0.0.1:$port" -tls1 -cipher DEFAULT:@SECLEVEL=0 \
    </dev/null >out 2>err
wait "$peer"
expect peer "failed=SEC_E_ALGORITHM_MISMATCH" && ok

step="server, s_client 1.3: key update by the peer"
forget
serve --cert good.both --version 1.3 --receive got
(
    echo K
    await has err KEYUPDATE
    echo k
    await has err KEYUPDATE 2
    echo word
    await has got word
    echo Q
) |
    limit openssl s_client -connect "127.0.0.1:$port" -servername localhost -CAfile ca.pem \
        >out 2>err
wait "$peer"
expect got word && ok

# ---- GnuTLS ----

if command -v gnutls-cli >/dev/null && command -v gnutls-serv >/dev/null; then
    for version in 1.2 1.3; do
        priority=NORMAL:-VERS-ALL:+VERS-TLS$version

        # It writes each byte by a call of its own: 16 MiB would be a minute's work for it.
        step="server, gnutls-cli $version: download of 1 MiB, client certificate, ALPN"
        serve --cert good.both --version $version --alpn h2,http/1.1 --roots ca.pem --mutual \
            --send part --finish
        # It quits at the end of its input.
        hold
        limit gnutls-cli --priority "$priority" --x509cafile ca.pem --logfile log \
            --x509certfile person.pem --x509keyfile person.key --alpn h2 \
            --port "$port" localhost <pipe >out 2>err
        wait "$peer"
        let_go
        same out part && expect peer "alpn=h2 " "protocol=$version " && ok

        step="server, gnutls-cli $version: upload of 16 MiB"
        forget
        serve --cert rsa.pem --key rsa.key --version $version --receive got
        (cat big; await is_as_big got big) | limit gnutls-cli --priority "$priority" --x509cafile ca.pem \
            --logfile log --port "$port" localhost >out 2>err
        wait "$peer"
        same got big && ok

        step="client, gnutls-serv $version: HTTP, client certificate, ALPN"
        port=$(free_port)
        timeout -k 2 $patience gnutls-serv --priority "$priority" --x509certfile good.pem \
            --x509keyfile good.key --x509cafile ca.pem --require-client-cert \
            --verify-client-cert --alpn h2 --alpn http/1.1 --http --port "$port" \
            >peer 2>&1 </dev/null &
        peer=$!
        pids="$pids $peer"
        listening
        ours --roots ca.pem --cert person.both --alpn http/1.1 --send get --receive got \
            localhost "$port"
        succeeds && expect out "protocol=$version " "alpn=http/1.1 " &&
            expect got "GnuTLS" && ok
        step="client, gnutls-serv $version: resumption, late certificate, byte by byte"
        ours --roots ca.pem --cert person.both --late --alpn h2 --send get --receive got \
            --chop 1 --repeat 3 localhost "$port"
        succeeds && expect got "GnuTLS" && ok
        stop

        step="client, gnutls-serv $version: echo of 1 MiB"
        head -c 1048576 big | base64 -w 70 >lines
        port=$(free_port)
        timeout -k 2 $patience gnutls-serv --priority "$priority" --x509certfile good.pem \
            --x509keyfile good.key --echo --port "$port" >peer 2>&1 </dev/null &
        peer=$!
        pids="$pids $peer"
        listening
        ours --roots ca.pem --send lines --receive got --finish localhost "$port"
        succeeds && [ -s got ] && ok || bad "nothing came back"
        stop
    done
else
    echo "skipped: gnutls-cli and gnutls-serv are not installed"
fi

# Debian's wget is a program on GnuTLS too, and writes as fast as it reads.
case $(wget --version 2>/dev/null) in
*+ssl/gnutls*)
    for version in 1.2 1.3; do
        step="server, wget on GnuTLS $version: download of 16 MiB, client certificate"
        serve --cert good.both --version $version --http big --roots ca.pem --mutual
        limit wget --no-config --no-proxy --no-hsts -nv --tries=1 --ca-certificate=ca.pem \
            --certificate=person.pem --private-key=person.key -O got \
            "https://localhost:$port/" >out 2>err
        status=$?
        wait "$peer"
        succeeds && same got big && expect peer "protocol=$version " &&
            ! grep -q "peer=0" peer && ok || bad "not downloaded"
    done
    ;;
*) echo "skipped: no wget that is built on GnuTLS is installed" ;;
esac

# ---- curl ----

if command -v curl >/dev/null; then
    for version in 1.2 1.3; do
        step="server, curl $version"
        serve --cert good.both --version $version --alpn http/1.1 --http big --count 2
        limit curl -sS --cacert ca.pem -o got "https://localhost:$port/" >out 2>err
        status=$?
        succeeds && same got big && ok
        step="server, curl $version: a second request, by address"
        limit curl -sS --cacert ca.pem -o got "https://127.0.0.1:$port/" >out 2>err
        status=$?
        wait "$peer"
        succeeds && same got big && expect peer "protocol=$version " "alpn=http/1.1 " && ok

        step="server, curl $version: client certificate"
        serve --cert good.both --version $version --http hello --roots ca.pem --mutual
        limit curl -sS --cacert ca.pem --cert person.both -o got "https://localhost:$port/" \
            >out 2>err
        status=$?
        wait "$peer"
        succeeds && same got hello && ok
    done
else
    echo "skipped: curl is not installed"
fi

# ---- nginx ----

if command -v nginx >/dev/null; then
    mkdir -p nginx/logs nginx/html
    cp big nginx/html/big
    port=$(free_port)
    cat >nginx/nginx.conf <<END
daemon off;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
$([ "$(id -u)" = 0 ] && echo 'user root;')
worker_processes 1;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $work/nginx; proxy_temp_path $work/nginx;
    fastcgi_temp_path $work/nginx; uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx;
    server {
        listen 127.0.0.1:$port ssl http2;
        root $work/nginx/html;
        ssl_certificate $work/good.pem;
        ssl_certificate_key $work/good.key;
        ssl_client_certificate $work/ca.pem;
        ssl_verify_client optional;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:a:1m;
        location = /who { return 200 "verify=\$ssl_client_verify \$ssl_client_s_dn\n"; }
    }
}
END
    printf 'GET /who HTTP/1.0\r\n\r\n' >get-who
    timeout -k 2 $patience nginx -p "$work/nginx" -c "$work/nginx/nginx.conf" >peer 2>&1 &
    peer=$!
    pids="$pids $peer"
    listening
    for version in 1.2 1.3; do
        step="client, nginx $version: download of 16 MiB"
        ours --roots ca.pem --version $version --alpn http/1.1 --send get-big --receive got \
            localhost "$port"
        tail -c 16777216 got >body
        succeeds && expect out "protocol=$version " "alpn=http/1.1 " && same body big && ok
        step="client, nginx $version: h2 is chosen"
        : >nothing
        ours --roots ca.pem --version $version --alpn h2,http/1.1 --send nothing --finish \
            localhost "$port"
        succeeds && expect out "alpn=h2 " && ok
        step="client, nginx $version: client certificate, and without"
        ours --roots ca.pem --version $version --cert person.both --send get-who --receive got \
            localhost "$port"
        succeeds && expect got "verify=SUCCESS CN=person" || continue
        ours --roots ca.pem --version $version --send get-who --receive got localhost "$port"
        succeeds && expect got "verify=NONE" && ok
        step="client, nginx $version: resumption"
        ours --roots ca.pem --version $version --alpn http/1.1 --send get-who --receive got \
            --repeat 2 localhost "$port"
        succeeds && expect out "resumed=1" && ok
    done
    stop
else
    echo "skipped: nginx is not installed"
fi

echo "tls: $passed passed, $failed failed"
[ "$failed" = 0 ]
