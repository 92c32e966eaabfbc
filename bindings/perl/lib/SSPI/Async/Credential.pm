# SPDX-License-Identifier: MIT
package SSPI::Async::Credential;

use strict;
use warnings;
use SSPI::Async::Call;
use SSPI::Async::Constants ':use';
use SSPI::Async::Error;
use SSPI::Async::Handle;
use SSPI::Async::Identity;
use SSPI::Async::Native;
use SSPI::Async::Verifier;

our $VERSION = '1.0.0';

# The step of a call that acquires a credential.
sub acquisition {
    my ( $class, $package, $use, $options ) = @_;
    my $identity  = $options->{identity} || {};
    my $look      = $identity->{ntlm_verifier};
    my $verifier  = defined $look ? SSPI::Async::Verifier->new($look) : undef;
    my $packed    = SSPI::Async::Identity::pack_identity( $identity, $verifier );
    my $principal = $options->{principal};
    return [
        sub { SSPI::Async::Native::acquire( @_, $package, $principal, $use, $packed ) },
        sub {
            my $outcome = shift;
            return $class->new( $package, @{$outcome}{qw(credential expiry)}, $verifier );
        },
    ];
}

sub begin_acquire {
    my ( $class, $package, $use, %options ) = @_;
    $use = OUTBOUND if !defined $use;
    return SSPI::Async::Call->start( $options{timeout},
        $class->acquisition( $package, $use, \%options ) );
}

sub acquire {
    my ( $class, @arguments ) = @_;
    return $class->begin_acquire(@arguments)->get;
}

sub new {
    my ( $class, $package, $number, $expiry, $verifier ) = @_;
    return bless {
        package  => $package,
        handle   => SSPI::Async::Handle->new( credential => $number ),
        expiry   => $expiry < 0 ? undef : $expiry,
        verifier => $verifier,    # must live as long as questions may come
    }, $class;
}

sub package { return $_[0]{package} }
sub expiry  { return $_[0]{expiry} }
sub handle  { return $_[0]{handle}->number }

sub name {
    my $self = shift;
    return SSPI::Async::Error->check( SSPI::Async::Native::credential_name( $self->handle ) );
}

sub begin_free {
    my ( $self, %options ) = @_;
    my $number = $self->{handle}->give_up;
    return SSPI::Async::Call->start( $options{timeout},
        [ sub { SSPI::Async::Native::free_credential( @_, $number ) }, sub { } ] );
}

sub free {
    my ( $self, @options ) = @_;
    $self->begin_free(@options)->get;
    return;
}

sub close {
    my $self = shift;
    $self->{handle}->close;
    return;
}

sub CLONE_SKIP { return 1 }

1;

__END__

=head1 NAME

SSPI::Async::Credential - a credential to log on with

=head1 SYNOPSIS

    my $credential = acquire( 'Kerberos', BOTH, identity => { keytab => '/etc/http.keytab' } );
    my $server     = server( credential => $credential );

=head1 DESCRIPTION

Any number of contexts may use a credential at the same time. L<SSPI::Async/acquire> makes one.

=over

=item package, expiry, name

The credential's package; its expiry, in seconds since 1970 (C<undef>: never, or not known); the name
of its principal.

=item free, begin_free

Frees the credential, and waits until it is freed. Contexts that were created with it continue.

=item close

The same, but does not wait, and reports no result; it may be called again. A credential that is no
longer referenced is closed.

=item handle

Its number in the library; 0 after it was freed.

=back

=cut
