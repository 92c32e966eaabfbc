# SPDX-License-Identifier: MIT
# A failure has the error code {SSPI name status token missing}, so that
#     try {...} trap {SSPI SEC_E_LOGON_DENIED} {message} {...}
# takes it. token is for the peer; missing: how many bytes are to come, of SEC_E_INCOMPLETE_MESSAGE.
namespace eval ::sspi {
    proc Status {number} {
        expr {$number - (1 << 32)}
    }

    variable SEC_E_OK 0
    variable SEC_I_ASYNC_CALL_PENDING 0x00090368
    variable SEC_I_CONTEXT_EXPIRED 0x00090317
    variable SEC_E_INSUFFICIENT_MEMORY [Status 0x80090300]
    variable SEC_E_INVALID_HANDLE [Status 0x80090301]
    variable SEC_E_CONTEXT_EXPIRED [Status 0x80090317]
    variable SEC_E_INCOMPLETE_MESSAGE [Status 0x80090318]
    variable SEC_E_DECRYPT_FAILURE [Status 0x80090330]
    variable SEC_E_INVALID_PARAMETER [Status 0x8009035D]
    variable STATUS_DEVICE_BUSY [Status 0x80000011]

    proc Fail {status {message ""} {token ""} {missing 0}} {
        set name [native::status_name $status]
        if {$message eq ""} {set message "$name: [native::status_text $status]"}
        throw [list SSPI $name $status $token $missing] $message
    }

    # The outputs behind a status, or its failure.
    proc Check {result} {
        set outputs [lassign $result status]
        if {$status < 0} {Fail $status [lindex [native::last_message] 1]}
        return $outputs
    }

    proc Known {options names} {
        dict for {name _} $options {
            if {$name ni $names} {
                throw {SSPI OPTION} "there is no option $name; there are [join $names {, }]"
            }
        }
    }
}
