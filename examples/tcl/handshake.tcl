# SPDX-License-Identifier: MIT
# Both sides of a handshake in one program: what each of our languages does in its own way.
#
#     tclsh handshake.tcl Kerberos
#     tclsh handshake.tcl NTLM alice TEST PASSWORD USER_FILE
#
# Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
# lines DOMAIN:user:password. The other examples called handshake print the same.
package require sspi_async

# Lets each side's token go to the other one; how many legs that took.
proc shake_hands {client server} {
    set token [$client step]
    set legs 1
    while {![$client complete] || ![$server complete]} {
        set side [expr {$legs % 2 == 0 ? $client : $server}]
        set token [$side step $token]
        incr legs
    }
    return $legs
}

proc main {package {user ""} {domain ""} {password ""} {users ""}} {
    set ours [expr {$user eq "" ? "" : [dict create user $user domain $domain password $password]}]
    set theirs [expr {$users eq "" ? "" : [dict create ntlm_user_file $users]}]
    set client [sspi::client HTTP@localhost -package $package -identity $ours -timeout 10000]
    set server [sspi::server -package $package -identity $theirs -timeout 10000]
    puts "$package: [shake_hands $client $server] legs"
    puts "the server knows [$server user_name]"
    puts "sealed and opened: [$server decrypt [$client encrypt hello]]"
    foreach side [list $client $server] {
        $side delete
    }
    puts deleted
}

coroutine handshake apply {{} {
    main {*}$::argv
    set ::done 1
}}
if {![info exists done]} {vwait done}
