# SPDX-License-Identifier: MIT
package SSPI::Async::Context;

# A handshake, and then the protection of messages. One call at a time.

use strict;
use warnings;
use Carp ();
use SSPI::Async::Call;
use SSPI::Async::Constants qw(:status :use :isc :asc);
use SSPI::Async::Credential;
use SSPI::Async::Error;
use SSPI::Async::Handle;
use SSPI::Async::Native;

our $VERSION = '1.0.0';

use constant {
    WRAP_NO_ENCRYPT => 0x80000001,
    STREAM_SIZES    => 4,
};

my %TEXTS    = ( user_name   => 1,  package_name         => 10, target => 27 );
my %BYTES    = ( session_key => 9,  application_protocol => 35, remote_certificate => 0x53 );
my %BINDINGS = ( unique      => 25, endpoint             => 26, exporter => 0x53500001 );

my %OPTIONS = map { $_ => 1 } qw(
    package credential identity principal flags channel_bindings application_protocols timeout
);

sub client {
    my ( $class, $target, %options ) = @_;
    return $class->new( 0, $target, \%options );
}

sub server {
    my ( $class, %options ) = @_;
    return $class->new( 1, undef, \%options );
}

sub new {
    my ( $class, $is_acceptor, $target, $options ) = @_;
    my ($unknown) = grep { !$OPTIONS{$_} } sort keys %{$options};
    Carp::croak( "there is no option $unknown; there are " . join ', ', sort keys %OPTIONS )
        if defined $unknown;
    my $credential = $options->{credential};
    my $package    = $options->{package} || ( $credential ? $credential->package : 'Negotiate' );
    my $flags      = $is_acceptor        ? ASC_REQ_DEFAULTS      : ISC_REQ_DEFAULTS;
    return bless {
        flags => $flags,
        %{$options},
        package     => $package,
        is_acceptor => $is_acceptor,
        target      => defined $target ? "$target" : undef,    # a URI is an object
        handle      => SSPI::Async::Handle->new( context => 0 ),
        attributes  => 0,
        extra       => '',
        rest        => '',
    }, $class;
}

sub import_context {
    my ( $class, $package, $packed ) = @_;
    my $number =
        SSPI::Async::Error->check( SSPI::Async::Native::import_context( $package, $packed ) );
    my $self = $class->new( 0, undef, { package => $package } );
    $self->{handle}->set($number);
    $self->{is_complete} = 1;
    return $self;
}

sub is_complete { return $_[0]{is_complete} ? 1 : '' }
sub handle      { return $_[0]{handle}->number }
sub attributes  { return $_[0]{attributes} }
sub expiry      { return $_[0]{expiry} }
sub extra       { return $_[0]{extra} }

# Checks tokens and messages here, where croak can report the line of the program.
sub bytes {
    my ( $name, $value ) = @_;
    Carp::croak("$name: bytes are wanted, not a reference") if ref $value;
    Carp::croak("$name: bytes are wanted, and there is a letter beyond 255")
        if defined $value && !utf8::downgrade( $value, 1 );
    return $value;
}

sub begin_step {
    my ( $self, $token, %options ) = @_;
    $token = bytes( token => $token );
    SSPI::Async::Error->throw( SEC_E_INVALID_HANDLE, 'the context was deleted' )
        if $self->{is_dead};
    my $timeout = exists $options{timeout} ? $options{timeout} : $self->{timeout};
    my @steps   = [ sub { $self->leg( @_, $token ) }, sub { $self->note( shift, $token ) } ];
    unshift @steps, $self->acquisition if !$self->{credential};
    return SSPI::Async::Call->start( $timeout, @steps );
}

sub step {
    my ( $self, @arguments ) = @_;
    return $self->begin_step(@arguments)->get;
}

# The first leg's credential, if none was given.
sub acquisition {
    my $self = shift;
    my ( $begin, $finish ) = @{
        SSPI::Async::Credential->acquisition( $self->{package},
            $self->{is_acceptor} ? INBOUND : OUTBOUND, $self )
    };
    return [
        $begin,
        sub {
            $self->{credential} = $finish->(@_);
            $self->{is_owner} = 1;
            return;
        },
    ];
}

sub leg {
    my ( $self, $call, $queue, $id, $token ) = @_;
    my $number = $self->handle;
    my @first  = $number ? ( undef, undef ) : ( $self->{channel_bindings}, $self->pack_protocols );
    my @rest   = ( $self->{flags}, $token, @first );
    my @common = ( $call, $queue, $id, $self->{credential}->handle, $number );
    return $self->{is_acceptor}
        ? SSPI::Async::Native::accept( @common, @rest )
        : SSPI::Async::Native::initialize( @common, $self->{target}, @rest );
}

# ALPN: each name after its length.
sub pack_protocols {
    my $self = shift;
    return undef if !$self->{application_protocols};    # an argument, not an empty list
    return join '', map { pack 'C/a*', $_ } @{ $self->{application_protocols} };
}

sub note {
    my ( $self, $outcome, $token ) = @_;
    $self->{handle}->set( $outcome->{context} ) if $outcome->{context};
    $self->{attributes}  = $outcome->{attributes};
    $self->{expiry}      = $outcome->{expiry} < 0 ? undef : $outcome->{expiry};
    $self->{extra}       = $outcome->{extra} ? substr $token, -$outcome->{extra} : '';
    $self->{is_complete} = $outcome->{status} == SEC_E_OK;
    $self->close if $self->{is_dead};    # deleted meanwhile
    return defined $outcome->{token} ? $outcome->{token} : '';
}

sub encrypt {
    my ( $self, $data, %options ) = @_;
    $data = bytes( data => $data );
    return SSPI::Async::Error->check(
        SSPI::Async::Native::encrypt(
            $self->handle, $options{sign_only} ? WRAP_NO_ENCRYPT : 0, $data
        ) );
}

sub decrypt {
    my ( $self, $data, %options ) = @_;
    my $whole = $self->{rest} . bytes( data => $data );
    my ( $status, $plain, $qop, $used ) = SSPI::Async::Native::decrypt( $self->handle, $whole );
    if ( $status == SEC_E_INCOMPLETE_MESSAGE && $self->is_stream ) {
        $self->{rest} = $whole;
        return '';
    }
    SSPI::Async::Error->check($status);
    $plain = '' if !defined $plain;
    SSPI::Async::Error->throw( SEC_E_CONTEXT_EXPIRED, 'the peer has closed the connection' )
        if $status == SEC_I_CONTEXT_EXPIRED && $plain eq '';
    $self->{rest} = substr $whole, $used;
    SSPI::Async::Error->throw( SEC_E_DECRYPT_FAILURE, 'the message is signed only, not encrypted' )
        if $qop == WRAP_NO_ENCRYPT && !$options{accept_signed};
    return $plain;
}

sub is_stream {
    my $self = shift;
    my ($status) = SSPI::Async::Native::query_number( $self->handle, STREAM_SIZES, 0 );
    return $status == SEC_E_OK;
}

sub sign {
    my ( $self, $data ) = @_;
    $data = bytes( data => $data );
    return SSPI::Async::Error->check( SSPI::Async::Native::sign( $self->handle, $data ) );
}

sub verify {
    my ( $self, $data, $signature ) = @_;
    ( $data, $signature ) = ( bytes( data => $data ), bytes( signature => $signature ) );
    SSPI::Async::Error->check( SSPI::Async::Native::verify( $self->handle, $data, $signature ) );
    return 1;
}

for my $name ( keys %TEXTS ) {
    no strict 'refs';
    *{$name} = sub {
        my $self = shift;
        return SSPI::Async::Error->check(
            SSPI::Async::Native::query_text( $self->handle, $TEXTS{$name}, 0 ) );
    };
}
for my $name ( keys %BYTES ) {
    no strict 'refs';
    *{$name} = sub {
        my $self = shift;
        return SSPI::Async::Error->check(
            SSPI::Async::Native::query_bytes( $self->handle, $BYTES{$name} ) );
    };
}

sub channel_bindings {
    my ( $self, $kind ) = @_;
    my $attribute = $BINDINGS{ $kind || 'endpoint' };
    Carp::croak("channel bindings are unique, endpoint or exporter, not $kind") if !$attribute;
    return SSPI::Async::Error->check(
        SSPI::Async::Native::query_bytes( $self->handle, $attribute ) );
}

sub message_limit {
    my ( $self, $size ) = @_;
    return SSPI::Async::Error->check(
        SSPI::Async::Native::message_limit( $self->handle, 0, $size ) );
}

sub delegated_credential {
    my $self = shift;
    my ( $number, $expiry ) =
        SSPI::Async::Error->check( SSPI::Async::Native::delegated_credential( $self->handle ) );
    return SSPI::Async::Credential->new( $self->{package}, $number, $expiry );
}

sub export_context {
    my $self = shift;
    return SSPI::Async::Error->check( SSPI::Async::Native::export_context( $self->handle, 0 ) );
}

sub begin_delete {
    my ( $self, %options ) = @_;
    my $is_begun = $self->handle || $self->{is_dead};
    my $number   = $self->give_up;
    return SSPI::Async::Call->done if !$is_begun;
    return SSPI::Async::Call->start( $options{timeout},
        [ sub { SSPI::Async::Native::delete_context( @_, $number ) }, sub { } ] );
}

sub delete {
    my ( $self, @options ) = @_;
    $self->begin_delete(@options)->get;
    return;
}

sub close {
    my $self = shift;
    my $number = $self->give_up;
    SSPI::Async::Native::delete_context( 0, 0, 0, $number ) if $number;
    return;
}

sub begin_delete_many {
    my ( $class, $contexts, %options ) = @_;
    my $packed = pack 'Q*', grep { $_ } map { $_->give_up } @{$contexts};
    return SSPI::Async::Call->start( $options{timeout},
        [ sub { SSPI::Async::Native::delete_contexts( @_, $packed ) }, sub { } ] );
}

sub give_up {
    my $self = shift;
    $self->{is_dead} = 1;
    $self->{credential}->close if $self->{is_owner};
    $self->{is_owner} = 0;
    return $self->{handle}->give_up;
}

sub CLONE_SKIP { return 1 }

1;

__END__

=head1 NAME

SSPI::Async::Context - a handshake, and then the protection of messages

=head1 SYNOPSIS

    my $client = client( 'HTTP@www.example.org', timeout => 10 );
    my $token  = $client->step;
    $token = $client->step( exchange($token) ) while !$client->is_complete;
    my $sealed = $client->encrypt('hello');
    $client->delete;

=head1 DESCRIPTION

L<SSPI::Async/client> and L<SSPI::Async/server> create a context. It runs one call at a time.

=over

=item step($token, timeout => $seconds)

One leg: C<$token> is what the peer sent, and C<undef> at first. It returns the token to send, or
C<''> if there is nothing to send. The first leg acquires a credential, unless one was given.

=item begin_step($token, timeout => $seconds)

The same, as an L<SSPI::Async::Call>.

=item is_complete, attributes, expiry, extra

Whether the handshake is complete; the attributes that were agreed on (C<ISC_RET_*> or
C<ASC_RET_*>); the expiry, in seconds since 1970 (C<undef>: never, or not known); the bytes after
the last token that belong to the data that follows the handshake.

=item encrypt($data, sign_only => 0), decrypt($data, accept_signed => 0)

Encrypt and decrypt a message. With TLS, the C<$data> of C<decrypt> is what was received, and an
incomplete record is kept for the next call. These and all functions below wait while a leg runs on
the context.

=item sign($data), verify($data, $signature)

C<verify> dies if the signature does not match the data.

=item user_name, package_name, target, session_key, application_protocol, remote_certificate

The authenticated client, C<alice@EXAMPLE.ORG> or C<DOMAIN\alice>; the package in use (with
Negotiate, the one that was chosen); the target that the client requested; the session key, which is
a secret; the protocol that ALPN chose; the peer's certificate (DER).

=item channel_bindings($kind)

Channel bindings for a context inside this TLS connection: C<endpoint>, C<unique> or C<exporter>.

=item message_limit($size)

How many bytes of data fit into an encrypted message of that size.

=item delegated_credential

A new L<SSPI::Async::Credential> from the one that the client delegated.

=item export_context

The context as bytes, for L<SSPI::Async/import_context>.

=item delete(timeout => $seconds), begin_delete

Deletes the context, and waits until it is deleted; earlier calls on it finish first.

=item close

The same, but does not wait, and reports no result; it may be called again. A context that is no
longer referenced is closed, whatever is pending.

=item is_stream, handle

Whether it is TLS, which has records instead of messages; its number in the library, which is 0
before the first leg and after it was deleted.

=back

=cut
