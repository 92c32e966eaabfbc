# SPDX-License-Identifier: MIT
namespace eval ::sspi {
    variable IDENTITY {
        user domain password packages ccache keytab client_keytab replay_cache armor_cache
        ntlm_user_file ntlm_helper impersonate certificate key key_password roots
    }
    variable MANUAL_CRED_VALIDATION 8

    # A dictionary as the pairs of sspia_hub_acquire.
    proc PackIdentity {identity} {
        variable IDENTITY
        variable MANUAL_CRED_VALIDATION
        set packed ""
        dict for {name value} $identity {
            if {$name eq "constrained_delegation"} {
                if {!$value} continue
                lassign {delegation 1} name value
            } elseif {$name eq "verify"} {
                set name tls_flags
                set value [expr {$value ? 0 : $MANUAL_CRED_VALIDATION}]
            } elseif {$name ni $IDENTITY} {
                throw {SSPI IDENTITY} "identity: there is no $name; there are\
                    [join $IDENTITY {, }], constrained_delegation and verify"
            }
            if {[string first \0 $value] >= 0} {
                throw {SSPI IDENTITY} "identity: $name has a NUL in it"
            }
            append packed $name \0 $value \0
        }
        return [encoding convertto utf-8 $packed]
    }
}

# What one logs on with. Any number of contexts may use it at the same time.
oo::class create ::sspi::Credential {
    variable handle package expiry

    constructor {number packageName seconds} {
        set handle $number
        set package $packageName
        set expiry $seconds
    }

    destructor {
        if {$handle != 0} {::sspi::native::free_credential 0 0 0 $handle}
    }

    # Its number in the library.
    method handle {} {return $handle}
    method package {} {return $package}
    # Until when it is good, as clock seconds; -1: for ever, or not known.
    method expiry {} {return $expiry}

    # Who it is of.
    method name {} {
        lindex [::sspi::Check [::sspi::native::credential_name $handle]] 0
    }

    # Frees it and waits for that; contexts that were made with it go on. destroy waits for nothing.
    method free {{timeout ""}} {
        set number $handle
        set handle 0
        ::sspi::call::run_end ::sspi::native::free_credential [list $number] $timeout
        my destroy
    }
}
