# SPDX-License-Identifier: MIT
# Tcl's side of bench/languages.py: coroutines, and a pool of the package Thread, each thread of which
# has an interpreter of its own.
package require sspi_async
load $env(PROBE_TCL) Probe

set IN_FLIGHT 64
set DEADLINE 5000
set LOOK 4000 ;# threads without work have left by then

set rest [probe_threads]
proc threads {} {expr {[probe_threads] - $::rest}}

namespace eval ours {
    # Runs a script in so many coroutines; ::left is how many go on.
    proc begin {count script} {
        set ::left $count
        for {set i 0} {$i < $count} {incr i} {
            coroutine ::task$i apply [list {i} "$script\nincr ::left -1"] $i
        }
    }

    proc calls {count script} {
        set ::credential [sspi::acquire Scripted $::sspi::OUTBOUND -principal $script]
        set ::work $count
        begin $::IN_FLIGHT {
            while {[incr ::work -1] >= 0} {
                set context [sspi::client "" -credential $::credential]
                $context step
                $context delete
            }
        }
        while {$::left > 0} {vwait ::left}
        $::credential free
    }

    proc silent {count} {
        set ::credential [sspi::acquire Kerberos $::sspi::OUTBOUND]
        begin $count {
            set context [sspi::client HTTP@host$i.localhost -credential $::credential]
            try {
                $context step "" $::DEADLINE
            } trap {SSPI SEC_E_SECURITY_QOS_FAILED} {} {
                $context destroy
            }
        }
        after $::LOOK {set ::look 1}
        vwait ::look
        set seen [list $::left [threads] [probe_library_threads]]
        while {$::left > 0} {vwait ::left}
        $::credential free
        return $seen
    }
}

namespace eval theirs {
    proc begin {} {
        if {[info exists ::pool]} {return $::pool}
        set ::pool [tpool::create -minworkers $::IN_FLIGHT -maxworkers $::IN_FLIGHT \
            -initcmd [list load $::env(PROBE_TCL) Probe]]
    }

    proc calls {count target} {
        set pool [begin]
        for {set i 0} {$i < $count} {incr i} {
            lappend left [tpool::post -nowait $pool [list probe_log_on Scripted $target]]
        }
        while {[llength $left] > 0} {
            foreach job [tpool::wait $pool $left left] {
                if {[tpool::get $pool $job] != 0} {error $target}
            }
        }
    }

    proc silent {count} {
        set pool [begin]
        for {set i 0} {$i < $count} {incr i} {
            tpool::post -detached -nowait $pool [list probe_log_on Kerberos HTTP@host$i.localhost]
        }
        while {[probe_inside] < $count} {after 1}
        list [probe_inside] [threads]
    }
}

set side [lindex $argv 0]
set here [expr {$side eq "ours" || ![catch {package require Thread}]}]
while {[gets stdin line] >= 0} {
    set words [lassign [split $line] what count]
    if {!$here} {
        puts ""
    } elseif {$what eq "calls"} {
        ${side}::calls $count [join $words]
        puts [threads]
    } else {
        puts [${side}::silent $count]
    }
    flush stdout
}
