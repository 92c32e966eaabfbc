# SPDX-License-Identifier: MIT
# The eleven functions under their Windows names, for ports. An output is the name of a global or
# namespace variable, "" for none, which is set when the call completes; a handle that goes in is its
# number. input is a dictionary of token, bindings and protocols; output a variable that gets one of
# token, missing and extra.
package require sspi_async

namespace eval ::sspi::raw {
    variable async
    array set async {}

    proc SspiCreateAsyncContext {} {
        variable async
        set call [::sspi::native::call_create]
        if {$call != 0} {set async($call) {callback "" id 0 fill ""}}
        return $call
    }

    proc Pending {call} {
        expr {[::sspi::native::call_status $call] == $::sspi::SEC_I_ASYNC_CALL_PENDING}
    }

    # Sets the outputs of a call that is over, once.
    proc Collect {call} {
        variable async
        if {![info exists async($call)] || [Pending $call]} return
        set fill [dict get $async($call) fill]
        dict set async($call) fill ""
        if {$fill ne ""} {{*}$fill [::sspi::call::outcome $call]}
    }

    # While pending it is detached: it finishes by itself, and no callback starts.
    proc SspiFreeAsyncContext {call} {
        variable async
        if {![info exists async($call)]} return
        Collect $call
        ::sspi::queue::forget [dict get $async($call) id]
        unset async($call)
        ::sspi::native::call_free $call
    }

    proc SspiReinitAsyncContext {call} {
        if {[Pending $call]} {return $::sspi::STATUS_DEVICE_BUSY}
        Collect $call
        ::sspi::native::call_reinit $call
    }

    # The callback is a command that gets the async context behind its words; "": none. It runs as
    # an event, and what it raises goes to bgerror.
    proc SspiSetAsyncNotifyCallback {call callback} {
        variable async
        if {![info exists async($call)]} {return $::sspi::SEC_E_INVALID_HANDLE}
        if {[Pending $call]} {return $::sspi::SEC_E_INVALID_PARAMETER}
        dict set async($call) callback $callback
        return $::sspi::SEC_E_OK
    }

    proc SspiAsyncContextRequiresNotify {call} {
        variable async
        expr {[info exists async($call)] && [dict get $async($call) callback] ne ""}
    }

    proc SspiGetAsyncCallStatus {call} {
        set status [::sspi::native::call_status $call]
        if {$status != $::sspi::SEC_I_ASYNC_CALL_PENDING} {Collect $call}
        return $status
    }

    proc Submit {call command arguments {fill ""}} {
        variable async
        if {![info exists async($call)]} {return $::sspi::SEC_E_INVALID_HANDLE}
        set callback [dict get $async($call) callback]
        set id [::sspi::queue::expect [list ::sspi::raw::Heard $call $callback]]
        set status [{*}$command $call $::sspi::queue::number $id {*}$arguments]
        if {$status < 0} {
            ::sspi::queue::forget $id
        } else {
            dict set async($call) id $id
            dict set async($call) fill $fill
        }
        return $status
    }

    proc Heard {call callback _status} {
        Collect $call
        if {$callback ne ""} {uplevel #0 [list {*}$callback $call]}
    }

    proc Put {name value} {
        if {$name ne ""} {set $name $value}
    }

    proc SspiAcquireCredentialsHandleAsync {call principal package use identity credential expiry} {
        Submit $call ::sspi::native::acquire \
            [list $package $principal $use [::sspi::PackIdentity $identity]] \
            [list ::sspi::raw::FillCredential $credential $expiry]
    }

    proc FillCredential {credential expiry outcome} {
        if {[dict get $outcome status] < 0} return
        Put $credential [dict get $outcome credential]
        Put $expiry [dict get $outcome expiry]
    }

    proc Inputs {input} {
        lmap name {token bindings protocols} {
            expr {[dict exists $input $name] ? [dict get $input $name] : ""}
        }
    }

    proc SspiInitializeSecurityContextAsync {call credential context target request input
                                             newContext output attributes expiry} {
        if {$context == 0 && $newContext eq ""} {return $::sspi::SEC_E_INVALID_PARAMETER}
        Submit $call ::sspi::native::initialize \
            [list $credential $context $target $request {*}[Inputs $input]] \
            [list ::sspi::raw::FillStep $context $newContext $output $attributes $expiry]
    }

    proc SspiAcceptSecurityContextAsync {call credential context input request newContext output
                                         attributes expiry} {
        if {$context == 0 && $newContext eq ""} {return $::sspi::SEC_E_INVALID_PARAMETER}
        Submit $call ::sspi::native::accept \
            [list $credential $context $request {*}[Inputs $input]] \
            [list ::sspi::raw::FillStep $context $newContext $output $attributes $expiry]
    }

    proc FillStep {context newContext output attributes expiry outcome} {
        Put $output [dict filter $outcome key token missing extra]
        if {[dict get $outcome status] < 0} return
        if {[dict get $outcome context] != 0} {set context [dict get $outcome context]}
        Put $newContext $context
        Put $attributes [dict get $outcome attributes]
        Put $expiry [dict get $outcome expiry]
    }

    proc SspiFreeCredentialsHandleAsync {call credential} {
        Submit $call ::sspi::native::free_credential [list $credential]
    }

    proc SspiDeleteSecurityContextAsync {call context} {
        Submit $call ::sspi::native::delete_context [list $context]
    }
}

package provide sspi_async::raw 1.0.0
