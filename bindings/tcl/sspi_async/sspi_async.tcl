# SPDX-License-Identifier: MIT
# Asynchronous SSPI for Tcl. docs/bindings-tcl.md has the tour.
package require Tcl 8.6

namespace eval ::sspi {
    variable INBOUND 1
    variable OUTBOUND 2
    variable BOTH 3
}
load [file join [file dirname [info script]] native.so] Native
foreach file {failure queue call credential context} {
    source [file join [file dirname [info script]] $file.tcl]
}
unset file

namespace eval ::sspi {
    # The initiator of a handshake with target, "HTTP@www.example.org": a command of the class
    # sspi::Context. Options: -package -credential -identity -principal -flags -bindings -protocols
    # -timeout.
    proc client {target args} {
        Context new 0 $target $args
    }

    # An acceptor, likewise.
    proc server {args} {
        Context new 1 "" $args
    }

    # A credential for several contexts: a command of the class sspi::Credential. use: 1 (inbound),
    # 2 (outbound), 3 (both). Options: -principal -identity -timeout.
    proc acquire {package {use 2} args} {
        set options [dict merge {-principal "" -identity "" -timeout ""} $args]
        Known $options {-principal -identity -timeout}
        set outcome [call::run [list ::sspi::native::acquire] \
            [list $package [dict get $options -principal] $use \
                [PackIdentity [dict get $options -identity]]] [dict get $options -timeout]]
        Credential new [dict get $outcome credential] $package [dict get $outcome expiry]
    }

    # Deletes many contexts by one call.
    proc delete_many {contexts {timeout ""}} {
        set packed ""
        foreach context $contexts {
            set handle [$context GiveUp]
            if {$handle != 0} {append packed [binary format m $handle]}
        }
        call::run [list ::sspi::native::delete_contexts] [list $packed] $timeout
        foreach context $contexts {$context destroy}
    }

    # The names of the packages that can be loaded here.
    proc packages {} {
        split [string trimright [encoding convertfrom utf-8 \
            [lindex [Check [native::packages]] 0]] \0] \0
    }

    # A module file (with "/"), or the module of that name.
    proc add_package {name} {
        Check [native::package_add $name]
        return
    }

    # Has this process do without a package; to be called before the first credential.
    proc turn_off {name} {
        Check [native::package_turn_off $name]
        return
    }

    # So many milliseconds for each acquire and leg that says nothing else; 0: no limit.
    proc set_default_timeout {milliseconds} {
        native::set_default_deadline $milliseconds
    }

    proc version {} {
        native::version
    }
}

package provide sspi_async 1.0.0
