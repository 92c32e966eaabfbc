# SPDX-License-Identifier: MIT
# The list of tests/bindings/cases for Tcl. Without an argument all that need no process of their
# own; with a NAME, one that does: run.py looks how it ends.
package require sspi_async
package require sspi_async::raw
load $env(PROBE_TCL) Probe
namespace path ::sspi::raw

set PATIENCE 60

proc check {truth {what wrong}} {
    if {![uplevel 1 [list expr $truth]]} {error "$what: $truth"}
}

proc pause {} {
    set ::paused 0
    after 1 {set ::paused 1}
    vwait ::paused
}

proc eventually {truth} {
    set limit [expr {[clock seconds] + $::PATIENCE}]
    while {![uplevel 1 [list expr $truth]]} {
        if {[clock seconds] > $limit} {error "never: $truth"}
        pause
    }
}

proc fails {code script} {
    try {
        uplevel 1 $script
    } trap [list SSPI $code] {message} {
        return $message
    }
    error "it did not fail"
}

proc scripted {{script "all: per-leg"}} {
    sspi::acquire Scripted $::sspi::BOTH -principal $script
}

proc client {target credential} {
    sspi::client $target -credential $credential
}

# A context after its first leg.
proc begun {credential} {
    set context [client more $credential]
    $context step
    return $context
}

proc shake_hands {client server} {
    set token [$client step]
    while {![$client complete] || ![$server complete]} {
        set token [$server step $token]
        if {![$client complete]} {set token [$client step $token]}
    }
}

proc ntlm {script} {
    set client [sspi::client HTTP/localhost -package NTLM \
        -identity [dict create user alice domain TEST password $::env(ALICE_PASSWORD)]]
    set server [sspi::server -package NTLM \
        -identity [dict create ntlm_user_file $::env(NTLM_USER_FILE)]]
    shake_hands $client $server
    eval $script
    $client delete
    $server delete
}

set tasks 0
# Runs a script as a coroutine; its end is counted in ::left.
proc spawn {script} {
    coroutine task[incr ::tasks] apply [list {} "$script\nincr ::left -1"]
}

# So many legs, each with the deletion of its context, 64 at a time.
proc deletions {credential count} {
    set ::credential $credential
    set ::work $count
    set ::left 64
    for {set i 0} {$i < 64} {incr i} {
        spawn {
            while {[incr ::work -1] >= 0} {[begun $::credential] delete}
        }
    }
    while {$::left > 0} {vwait ::left}
}

proc block_leg {credential context} {
    set leg [SspiCreateAsyncContext]
    check {[SspiInitializeSecurityContextAsync $leg [$credential handle] [$context handle] \
        block 0 {} {} {} {} {}] == 0}
    return $leg
}

set cases {
    acquire {
        set credential [scripted]
        check {[probe_credentials] == 1}
        $credential free
        check {[probe_credentials] == 0}
        check {[string match *no [fails SEC_E_LOGON_DENIED {
            scripted "acquire: status=SEC_E_LOGON_DENIED say=no"
        }]]}
    }
    ntlm_handshake {
        ntlm {check {[$server user_name] eq "TEST\\alice"}}
    }
    tls_handshake {
        set certificate $::env(TLS_CERTIFICATE)
        set client [sspi::client localhost -package Schannel \
            -identity [dict create roots $certificate] -protocols {h2 http/1.1}]
        set server [sspi::server -package Schannel \
            -identity [dict create certificate $certificate] -protocols http/1.1]
        shake_hands $client $server
        check {[$client application_protocol] eq "http/1.1"}
        check {[$client channel_bindings] eq [$server channel_bindings]}
        set sealed [$client encrypt hello]
        check {[$server decrypt [string range $sealed 0 6]] eq ""}
        check {[$server decrypt [string range $sealed 7 end]] eq "hello"}
        sspi::delete_many [list $client $server]
    }
    kerberos_handshake {
        set client [sspi::client HTTP@localhost -package Kerberos]
        set server [sspi::server -package Kerberos]
        shake_hands $client $server
        check {[$server user_name] eq "alice@$::env(REALM)"}
        check {[$client expiry] > [clock seconds]}
        $client delete
        $server destroy
    }
    seal_and_unseal {
        ntlm {
            set message "h\x00\xffi"
            set sealed [$client encrypt $message]
            check {[string first $message $sealed] < 0}
            check {[$server decrypt $sealed] eq $message}
            set end [string index $sealed end]
            set altered [string replace $sealed end end [expr {$end eq "?" ? "!" : "?"}]]
            try {
                $server decrypt $altered
                error "it was opened"
            } trap SSPI {_ options} {
                check {[lindex [dict get $options -errorcode] 1] in
                    {SEC_E_MESSAGE_ALTERED SEC_E_OUT_OF_SEQUENCE}}
            }
            $server verify $message [$client sign $message]
            check {[catch {$client encrypt \u20ac}]} "a letter that is no byte"
        }
    }
    delete_pending_then_ok {
        set credential [scripted]
        set context [begun $credential]
        set leg [block_leg $credential $context]
        set deletion [SspiCreateAsyncContext]
        SspiSetAsyncNotifyCallback $deletion {set ::heard}
        check {[SspiDeleteSecurityContextAsync $deletion [$context handle]] == 0}
        check {[SspiGetAsyncCallStatus $deletion] == $::sspi::SEC_I_ASYNC_CALL_PENDING}
        probe_release 1
        vwait ::heard
        check {$::heard == $deletion}
        check {[SspiGetAsyncCallStatus $deletion] == 0}
        SspiFreeAsyncContext $leg
        SspiFreeAsyncContext $deletion
        $context destroy
        $credential free
    }
    delete_heard_on_the_loop {
        set ::credential [scripted]
        set ::context [begun $::credential]
        set leg [block_leg $::credential $::context]
        set ::left 1
        spawn {
            $::context delete
            check {[info coroutine] eq "::task$::tasks"}
        }
        check {$::left == 1}
        eventually {[probe_blocked] == 1}
        probe_release 1
        vwait ::left
        SspiFreeAsyncContext $leg
        $::credential free
    }
    fire_and_forget {
        set credential [scripted]
        set contexts [lmap _ [lrepeat 100 0] {begun $credential}]
        check {[probe_contexts] == 100}
        foreach context $contexts {$context destroy}
        $credential destroy
    }
    double_delete {
        set credential [scripted]
        set context [begun $credential]
        set handle [$context handle]
        $context delete
        check {[info commands $context] eq ""}
        set deletion [SspiCreateAsyncContext]
        SspiSetAsyncNotifyCallback $deletion {set ::heard}
        SspiDeleteSecurityContextAsync $deletion $handle
        vwait ::heard
        check {[SspiGetAsyncCallStatus $deletion] == $::sspi::SEC_E_INVALID_HANDLE}
        SspiFreeAsyncContext $deletion
        $credential free
    }
    exception_in_callback {
        set credential [scripted]
        set first [begun $credential]
        set second [begun $credential]
        set before [interp bgerror {}]
        interp bgerror {} {apply {{message options} {set ::caught $message}}}
        set deletion [SspiCreateAsyncContext]
        SspiSetAsyncNotifyCallback $deletion {error boom}
        SspiDeleteSecurityContextAsync $deletion [$first handle]
        $second delete
        eventually {[info exists ::caught]}
        interp bgerror {} $before
        check {[string match boom* $::caught]}
        SspiFreeAsyncContext $deletion
        $first destroy
        $credential free
    }
    ten_thousand_deletions {
        set credential [scripted]
        deletions $credential 10000
        check {[probe_contexts] == 0}
        $credential free
    }
    late_numbers {
        set limit [expr {1 << 53}]
        for {set i 0} {$i < 600000} {incr i} {
            set call [sspi::native::call_create]
            if {$call <= 0 || $call >= $limit || [sspi::native::call_status $call] >= 0} {
                error $call
            }
            sspi::native::call_free $call
        }
    }
    text_with_nul {
        fails SEC_E_INVALID_PARAMETER {scripted "all: name=ab\0evil"}
        fails SEC_E_INVALID_PARAMETER {sspi::acquire "Scripted\0"}
        try {
            sspi::acquire NTLM $::sspi::OUTBOUND \
                -identity [dict create user alice password "x\0user\0bob"]
            error "it was taken"
        } trap {SSPI IDENTITY} {message} {
            check {[string match *NUL* $message]}
        }
        set credential [scripted]
        set context [client "more\0evil" $credential]
        fails SEC_E_INVALID_PARAMETER {$context step}
        $context destroy
        $credential free
    }
    text_beyond_bmp {
        set name [encoding convertfrom utf-8 "\xf0\x9f\x94\x91\xc3\xa9"]
        set credential [scripted "all: per-leg name=$name"]
        set context [begun $credential]
        check {[$context user_name] eq $name}
        $context delete
        $credential free
    }
    deadline_ends_a_blocked_leg {
        set credential [scripted]
        set context [client block $credential]
        fails SEC_E_SECURITY_QOS_FAILED {$context step "" 20}
        probe_release [probe_blocked]
        $context destroy
        $credential free
    }
    cancel {
        set ::credential [scripted]
        set ::context [client block $::credential]
        set ::left 1
        spawn {set ::why [fails SEC_E_UNFINISHED_CONTEXT_DELETED {$::context step}]}
        eventually {[probe_blocked] == 1}
        $::context cancel
        vwait ::left
        probe_release 1
        $::context destroy
        $::credential free
    }
    two_loops {
        set children [lmap name {one two} {
            set child [interp create $name]
            interp alias $child done {} incr ::ended
            $child eval [list set auto_path $::auto_path]
            $child eval {
                package require sspi_async
                set credential [sspi::acquire Scripted 3 -principal "all: per-leg"]
                coroutine deletions apply {{} {
                    for {set i 0} {$i < 200} {incr i} {
                        set context [sspi::client more -credential $::credential]
                        $context step
                        $context delete
                    }
                    $::credential free
                    done
                }}
            }
            set child
        }]
        while {![info exists ::ended] || $::ended < 2} {vwait ::ended}
        foreach child $children {interp delete $child}
        check {[probe_contexts] == 0}
    }
}

proc hundred_blocked {} {
    set ::credential [scripted]
    set ::left 100
    for {set i 0} {$i < 100} {incr i} {
        spawn {[client block $::credential] step}
    }
    eventually {[probe_blocked] > 0}
}

set programs {
    exit_with_calls_pending {
        hundred_blocked
        exit 3
    }
    natural_end_with_calls_pending {
        hundred_blocked
        # What tclsh runs at the end of the program.
        rename exit end
        proc exit {_} {end 3}
    }
    killed_by_sigterm_while_waiting {
        hundred_blocked
        puts waiting
        flush stdout
        [client block $::credential] step
    }
    memory_stays_flat {
        # So many calls in 20 lots; what the process has after each.
        set credential [scripted]
        for {set lot 0} {$lot < 20} {incr lot} {
            deletions $credential [expr {[lindex $::argv 1] / 40}]
            puts [probe_resident]
        }
        $credential free
    }
}

proc run {body} {
    apply [list {} $body]
    eventually {[probe_contexts] == 0 && [probe_credentials] == 0}
}

if {$argc > 0} {
    eval [dict get $programs [lindex $argv 0]]
} else {
    dict for {name body} $cases {
        if {[catch {run $body} message options]} {
            puts "FAIL $name: [string map [list \n " | "] [dict get $options -errorinfo]]"
        } else {
            puts "PASS $name"
        }
        flush stdout
    }
}
