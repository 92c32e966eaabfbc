# SPDX-License-Identifier: MIT
package SSPI::Async;

use strict;
use warnings;
use Exporter 'import';
use SSPI::Async::Native;
use SSPI::Async::Constants;
use SSPI::Async::Error;
use SSPI::Async::Queue;
use SSPI::Async::Call;
use SSPI::Async::Credential;
use SSPI::Async::Context;

our $VERSION = '1.0.0';

my @FUNCTIONS = qw(
    client server acquire begin_acquire delete_many begin_delete_many import_context
    packages add_package turn_off set_default_timeout on_error version fd dispatch poll pending
);
our %EXPORT_TAGS = ( %SSPI::Async::Constants::EXPORT_TAGS, functions => \@FUNCTIONS );
our @EXPORT_OK   = ( @FUNCTIONS, @SSPI::Async::Constants::EXPORT_OK );

BEGIN { SSPI::Async::Constants->import( map { ":$_" } qw(status use isc asc) ) }

sub client         { return SSPI::Async::Context->client(@_) }
sub server         { return SSPI::Async::Context->server(@_) }
sub import_context { return SSPI::Async::Context->import_context(@_) }
sub acquire        { return SSPI::Async::Credential->acquire(@_) }
sub begin_acquire  { return SSPI::Async::Credential->begin_acquire(@_) }

sub begin_delete_many { return SSPI::Async::Context->begin_delete_many(@_) }

sub delete_many {
    begin_delete_many(@_)->get;
    return;
}

sub packages {
    return split /\0/, SSPI::Async::Error->check( SSPI::Async::Native::packages() );
}

sub add_package {
    my $module = shift;
    SSPI::Async::Error->check( SSPI::Async::Native::package_add($module) );
    return;
}

sub turn_off {
    my $package = shift;
    SSPI::Async::Error->check( SSPI::Async::Native::package_turn_off($package) );
    return;
}

sub set_default_timeout {
    my $seconds = shift;
    SSPI::Async::Call::check_timeout($seconds) if defined $seconds;
    my $has_limit = defined $seconds && $seconds < SSPI::Async::Call::LONGEST / 1000;
    my $milliseconds = $has_limit ? int( $seconds * 1000 ) || 1 : 0;
    SSPI::Async::Native::set_default_deadline($milliseconds);
    return;
}

sub on_error {
    $SSPI::Async::Queue::on_error = shift;
    return;
}

sub version  { return SSPI::Async::Native::version() }
sub fd       { return SSPI::Async::Queue::fd() }
sub dispatch { return SSPI::Async::Queue::dispatch() }
sub poll     { return SSPI::Async::Queue::poll(@_) }
sub pending  { return SSPI::Async::Queue::pending() }

1;

__END__

=encoding UTF-8

=head1 NAME

SSPI::Async - asynchronous SSPI: Kerberos, NTLM, Negotiate and TLS

=head1 SYNOPSIS

    use SSPI::Async qw(client server);

    my $client = client( 'HTTP@localhost', package => 'Kerberos', timeout => 10 );
    my $server = server( package => 'Kerberos' );
    my $token  = $client->step;                      # for the server
    $token = $server->step($token);
    $client->step($token);
    print $server->user_name, ' ', $server->decrypt( $client->encrypt('hi') ), "\n";

=head1 DESCRIPTION

This module uses the library sspi-async for handshakes that wait for a KDC without occupying a
thread. While a function waits, the callbacks of other calls run. A function whose name begins with
C<begin_> returns an L<SSPI::Async::Call>, which offers a L<Future>, a condition variable of
L<AnyEvent>, or a callback.

Nothing is exported by default; there are the tags C<:functions>, C<:use>, C<:isc>,
C<:asc> and C<:status>.

=head1 FUNCTIONS

=over

=item client($target, %options), server(%options)

C<client> creates the initiator of a handshake, for example with C<HTTP@www.example.org>; C<server>
creates an acceptor. Both are an L<SSPI::Async::Context>. Options:

    package                 "Negotiate" if nothing is said; Kerberos, NTLM, Schannel
    credential              or else, for the one that the first leg acquires:
    identity, principal     see below; whose credential
    flags                   ISC_REQ_* or ASC_REQ_*
    channel_bindings        of the connection around it
    application_protocols   ALPN: a list of names
    timeout                 seconds, for each call

=item acquire($package, $use, %options), begin_acquire

An L<SSPI::Async::Credential> for several contexts. C<$use> is C<INBOUND>, C<OUTBOUND> or C<BOTH>.
Options: C<identity>, C<principal>, C<timeout>.

=item delete_many(\@contexts, timeout => $seconds), begin_delete_many

Deletes many contexts in one call.

=item import_context($package, $packed)

Creates a context from the result of C<export_context>, also in another process.

=item packages, add_package($module), turn_off($package)

C<packages> returns the names of the packages that can be loaded here. C<add_package> adds a
package: a module file (with C</>), or the module of that name. C<turn_off> turns off a package in
this process; call it before the first credential is acquired.

=item set_default_timeout($seconds)

The timeout of each acquire and leg that sets no other; C<undef>: none.

=item on_error($code)

Called with exceptions that no caller receives: those of callbacks. C<undef> restores the default,
a warning.

=item fd, dispatch, poll($seconds), pending

For an event loop of your own: see below.

=item version

The version of the loaded library.

=back

=head1 IDENTITY

A hash with C<user>, C<domain>, C<password>, C<packages>, C<ccache>, C<keytab>, C<client_keytab>,
C<replay_cache>, C<armor_cache>, C<ntlm_user_file>, C<ntlm_helper>, C<impersonate> and
C<constrained_delegation>; for TLS (C<< package => 'Schannel' >>) with C<certificate>, C<key>,
C<key_password>, C<roots> and C<verify>. The system's defaults apply to whatever you leave out.

For an NTLM server, C<< ntlm_verifier => sub { my ( $user, $domain ) = @_; ... } >> returns the
account's password, an C<< SSPI::Async::NtHash->new($bytes) >>, C<undef> if there is no such
account, or a L<Future> of one of these. It runs inside C<poll> or C<dispatch>. If it dies, the
logon is refused, and the exception is passed to C<on_error>.

=head1 FAILURES

A function that fails dies with an L<SSPI::Async::Error>, which has C<status>, C<name> and
C<message>. After C<timeout> it is an C<SSPI::Async::Error::Timeout>. After a leg was stopped, its
context can only be deleted.

=head1 EVENT LOOPS

    my $token = $client->begin_step->future($loop)->get;     # IO::Async
    my $token = $client->begin_step->condvar->recv;          # AnyEvent
    my $token = await $client->begin_step->future;           # no loop

The loop watches the queue's descriptor while calls are pending. In any other loop, watch C<fd> for
reading and call C<dispatch>, which never waits:

    my $select = IO::Select->new( SSPI::Async::fd() );
    while ( SSPI::Async::pending() ) {
        SSPI::Async::dispatch() if $select->can_read;
    }

C<fd> belongs to the library: no Perl filehandle may close it.

Text values are Perl character strings, with any characters. Tokens and messages are bytes, and a
character above 255 in them is refused.

=head1 FORK AND THREADS

A child of C<fork> has its own queue, and may use the contexts and credentials that it inherited. A
call that was pending is over in the child: C<get> dies with C<SEC_E_SHUTDOWN_IN_PROGRESS>, and its
callbacks do not run by themselves.

A Perl thread (L<threads>) also has its own queue. It cannot use the objects of the thread that
created it: they are C<undef> there.

=head1 SEE ALSO

L<SSPI::Async::Context>, L<SSPI::Async::Credential>, L<SSPI::Async::Call>, L<SSPI::Async::Error>,
L<SSPI::Async::LWP>, L<SSPI::Async::Raw>

=head1 LICENSE

MIT.

=cut
