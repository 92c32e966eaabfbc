# SPDX-License-Identifier: MIT
# One operation of the library: submitted, waited for, its outcome taken.
namespace eval ::sspi::call {
    proc outcome {call} {
        lassign [::sspi::native::call_take $call] _ \
            status attributes credential context expiry extra missing token
        return [dict create status $status attributes $attributes credential $credential \
            context $context expiry $expiry extra $extra missing $missing token $token]
    }

    # command gets call, queue and id, and then the arguments. timeout: milliseconds, "" for none of
    # its own. number: a variable that has the call's number while it runs, for cancel.
    proc run {command arguments {timeout ""} {number ""}} {
        set call [::sspi::native::call_create]
        if {$call == 0} {::sspi::Fail $::sspi::SEC_E_INSUFFICIENT_MEMORY}
        try {
            if {$timeout ne ""} {
                ::sspi::Check [::sspi::native::call_set_deadline $call $timeout]
            }
            if {$number ne ""} {set $number $call}
            ::sspi::queue::await [list ::sspi::call::Submit $command $call $arguments]
            set outcome [outcome $call]
            if {[dict get $outcome status] < 0} {
                ::sspi::Fail [dict get $outcome status] \
                    [lindex [::sspi::native::call_message $call] 1] \
                    [dict get $outcome token] [dict get $outcome missing]
            }
            return $outcome
        } finally {
            if {$number ne ""} {set $number 0}
            ::sspi::native::call_free $call
        }
    }

    # A delete or a free, which needs no call of its own.
    proc run_end {command arguments {timeout ""}} {
        if {$timeout ne ""} {
            run $command $arguments $timeout
            return
        }
        set status [::sspi::queue::await [list ::sspi::call::Submit $command 0 $arguments]]
        if {$status < 0} {::sspi::Fail $status}
    }

    proc Submit {command call arguments id} {
        {*}$command $call $::sspi::queue::number $id {*}$arguments
    }
}
