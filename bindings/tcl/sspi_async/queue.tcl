# SPDX-License-Identifier: MIT
# Completions come to one queue for each interpreter, whose descriptor Tcl's event loop watches.
# Each is told by an event of its own: one that waits inside, by a vwait, holds up no other.
namespace eval ::sspi::queue {
    variable LOT 256
    variable number [::sspi::native::queue_create]
    variable lastId 0
    variable heard
    array set heard {}

    # A new id; the command gets its status behind its words.
    proc expect {command} {
        variable lastId
        variable heard
        set heard([incr lastId]) $command
        return $lastId
    }

    proc forget {id} {
        variable heard
        unset -nocomplain heard($id)
    }

    proc drain {} {
        variable LOT
        variable number
        while 1 {
            set taken [lassign [::sspi::native::queue_take $number 0 $LOT] count]
            foreach {id status} $taken {
                after 0 [list ::sspi::queue::tell $id $status]
            }
            if {$count < $LOT} return
        }
    }

    proc tell {id status} {
        variable heard
        if {![info exists heard($id)]} return
        set command $heard($id)
        forget $id
        uplevel #0 [list {*}$command $status]
    }

    # Submits by the command, which gets an id, and waits for the status: a coroutine yields, other
    # code runs the event loop.
    proc await {submit} {
        variable told
        variable lastId
        set coroutine [info coroutine]
        set id [expect [list ::sspi::queue::settle [expr {$lastId + 1}] $coroutine]]
        try {
            ::sspi::Check [{*}$submit $id]
            while {![info exists told($id)]} {
                if {$coroutine ne ""} {yield} else {vwait ::sspi::queue::told($id)}
            }
            return $told($id)
        } finally {
            forget $id
            unset -nocomplain told($id)
        }
    }

    proc settle {id coroutine status} {
        variable told
        set told($id) $status
        if {$coroutine eq ""} return
        if {[namespace which $coroutine] eq ""} {
            unset told($id) ;# the coroutine was deleted
        } else {
            $coroutine
        }
    }

    ::sspi::native::watch $number ::sspi::queue::drain
}
