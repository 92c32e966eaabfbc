# SPDX-License-Identifier: MIT
namespace eval ::sspi {
    # Mutual (initiator), replay, sequence, confidentiality, integrity.
    variable CLIENT_DEFAULTS [expr {0x2 | 0x4 | 0x8 | 0x10 | 0x10000}]
    variable SERVER_DEFAULTS [expr {0x4 | 0x8 | 0x10 | 0x20000}]
    variable WRAP_NO_ENCRYPT 0x80000001
    variable STREAM_SIZES 4
    variable TEXTS {user_name 1 package_name 10 target 27}
    variable BYTES {session_key 9 application_protocol 35 remote_certificate 0x53}
    variable BINDINGS {unique 25 endpoint 26 exporter 0x53500001}

    # ALPN: each name behind its length.
    proc PackProtocols {names} {
        set packed ""
        foreach name $names {
            set bytes [encoding convertto utf-8 $name]
            append packed [binary format c [string length $bytes]] $bytes
        }
        return $packed
    }
}

# A handshake, and then what it protects. One call at a time.
oo::class create ::sspi::Context {
    variable acceptor target options handle owns dead complete rest attributes expiry extra call

    constructor {isAcceptor peer given} {
        set options [dict merge {
            -package "" -credential "" -identity "" -principal "" -flags "" -bindings ""
            -protocols "" -timeout ""
        } $given]
        ::sspi::Known $options {
            -package -credential -identity -principal -flags -bindings -protocols -timeout
        }
        if {[dict get $options -package] eq ""} {
            set credential [dict get $options -credential]
            dict set options -package \
                [expr {$credential eq "" ? "Negotiate" : [$credential package]}]
        }
        lassign [list $isAcceptor $peer] acceptor target
        lassign {0 0 0 0 0 -1 0} handle owns dead complete attributes expiry call
        lassign {} rest extra
    }

    # Deletes it with nobody to hear of it.
    destructor {
        set number [my GiveUp]
        if {$number != 0} {::sspi::native::delete_context 0 0 0 $number}
    }

    # Is the handshake done?
    method complete {} {return $complete}
    # Its number in the library; 0 before the first leg.
    method handle {} {return $handle}
    # What was agreed on so far: ISC_RET_* or ASC_RET_*.
    method attributes {} {return $attributes}
    # Until when it is good, as clock seconds; -1: for ever, or not known.
    method expiry {} {return $expiry}
    # Bytes behind the last token that belong to what follows.
    method extra {} {return $extra}

    # One leg: the peer's token ("" at first), and what to send ("" for nothing).
    method step {{token ""} {timeout ""}} {
        if {$dead} {::sspi::Fail $::sspi::SEC_E_INVALID_HANDLE "the context was deleted"}
        if {$timeout eq ""} {set timeout [dict get $options -timeout]}
        my Acquire $timeout
        set credential [[dict get $options -credential] handle]
        if {$handle == 0} {
            set first [list [dict get $options -bindings] \
                [::sspi::PackProtocols [dict get $options -protocols]]]
        } else {
            set first {"" ""}
        }
        if {$acceptor} {
            set outcome [::sspi::call::run ::sspi::native::accept \
                [list $credential $handle [my Flags] $token {*}$first] $timeout [my varname call]]
        } else {
            set outcome [::sspi::call::run ::sspi::native::initialize \
                [list $credential $handle $target [my Flags] $token {*}$first] $timeout \
                [my varname call]]
        }
        my Note $outcome $token
        return [dict get $outcome token]
    }

    # Ends the leg that another coroutine waits for: there it is SEC_E_UNFINISHED_CONTEXT_DELETED.
    method cancel {} {
        if {$call != 0} {::sspi::native::call_cancel $call}
        return
    }

    method Flags {} {
        set flags [dict get $options -flags]
        if {$flags ne ""} {return $flags}
        return [expr {$acceptor ? $::sspi::SERVER_DEFAULTS : $::sspi::CLIENT_DEFAULTS}]
    }

    method Acquire {timeout} {
        if {[dict get $options -credential] ne ""} return
        dict set options -credential [::sspi::acquire [dict get $options -package] \
            [expr {$acceptor ? $::sspi::INBOUND : $::sspi::OUTBOUND}] \
            -principal [dict get $options -principal] -identity [dict get $options -identity] \
            -timeout $timeout]
        set owns 1
    }

    method Note {outcome token} {
        if {[dict get $outcome context] != 0} {set handle [dict get $outcome context]}
        set attributes [dict get $outcome attributes]
        set expiry [dict get $outcome expiry]
        set size [string length $token]
        set extra [string range $token [expr {$size - [dict get $outcome extra]}] end]
        set complete [expr {[dict get $outcome status] == 0}]
    }

    # Seals a message. Waits, like all below, and the interpreter with it, while a leg runs here.
    method encrypt {data {signOnly 0}} {
        lindex [::sspi::Check [::sspi::native::encrypt $handle \
            [expr {$signOnly ? $::sspi::WRAP_NO_ENCRYPT : 0}] $data]] 0
    }

    # Opens what encrypt made on the other side. TLS: data is what the connection brought; what is no
    # whole record is kept for the next time.
    method decrypt {data {acceptSigned 0}} {
        set whole $rest$data
        lassign [::sspi::native::decrypt $handle $whole] status plain qop used
        if {$status == $::sspi::SEC_E_INCOMPLETE_MESSAGE && [my is_stream]} {
            set rest $whole
            return ""
        }
        ::sspi::Check $status
        if {$status == $::sspi::SEC_I_CONTEXT_EXPIRED && $plain eq ""} {
            ::sspi::Fail $::sspi::SEC_E_CONTEXT_EXPIRED "the peer has closed the connection"
        }
        set rest [string range $whole $used end]
        if {$qop == $::sspi::WRAP_NO_ENCRYPT && !$acceptSigned} {
            ::sspi::Fail $::sspi::SEC_E_DECRYPT_FAILURE \
                "the message is signed only, not encrypted"
        }
        return $plain
    }

    # Is it TLS, which has records and no messages?
    method is_stream {} {
        expr {[lindex [::sspi::native::query_number $handle $::sspi::STREAM_SIZES 0] 0] == 0}
    }

    method sign {data} {
        lindex [::sspi::Check [::sspi::native::sign $handle $data]] 0
    }

    # Fails if signature is not of data.
    method verify {data signature} {
        ::sspi::Check [::sspi::native::verify $handle $data $signature]
        return
    }

    # Channel bindings for a context inside this TLS connection: unique, endpoint, exporter.
    method channel_bindings {{kind endpoint}} {
        lindex [::sspi::Check [::sspi::native::query_bytes $handle \
            [dict get $::sspi::BINDINGS $kind]]] 0
    }

    # A new credential of what the client delegated.
    method delegated_credential {} {
        lassign [::sspi::Check [::sspi::native::delegated_credential $handle]] number until
        ::sspi::Credential new $number [dict get $options -package] $until
    }

    method GiveUp {} {
        if {$owns} {[dict get $options -credential] destroy}
        lassign [list $handle 0 1 0] number handle dead owns
        return $number
    }
    export GiveUp

    # Deletes it and waits for that; calls on it that were made before finish first. The command is
    # gone then. destroy waits for nothing.
    method delete {{timeout ""}} {
        set begun [expr {$handle != 0 || $dead}]
        set number [my GiveUp]
        if {$begun} {
            ::sspi::call::run_end ::sspi::native::delete_context [list $number] $timeout
        }
        my destroy
    }
}

# user_name: who was authenticated, "alice@EXAMPLE.ORG" or "DOMAIN\alice". package_name: with
# Negotiate, what was chosen. session_key is a secret.
dict for {name attribute} $::sspi::TEXTS {
    oo::define ::sspi::Context method $name {} [string map [list %ATTRIBUTE% $attribute] {
        lindex [::sspi::Check [::sspi::native::query_text $handle %ATTRIBUTE% 0]] 0
    }]
}
dict for {name attribute} $::sspi::BYTES {
    oo::define ::sspi::Context method $name {} [string map [list %ATTRIBUTE% $attribute] {
        lindex [::sspi::Check [::sspi::native::query_bytes $handle %ATTRIBUTE%]] 0
    }]
}
unset name attribute
