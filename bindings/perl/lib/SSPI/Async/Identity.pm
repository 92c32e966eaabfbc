# SPDX-License-Identifier: MIT
package SSPI::Async::Identity;

# The identity, in the form of the pairs of sspia_hub_acquire.

use strict;
use warnings;
use Carp ();

our $VERSION = '1.0.0';

use constant MANUAL_CRED_VALIDATION => '8';

my @NAMES = qw(
    user domain password packages ccache keytab client_keytab replay_cache armor_cache
    ntlm_user_file ntlm_helper impersonate certificate key key_password roots
);
my %names = map { $_ => 1 } @NAMES;

# $verifier belongs to the identity's ntlm_verifier.
sub pack_identity {
    my ( $identity, $verifier ) = @_;
    my @given    = grep { defined $identity->{$_} } sort keys %{ $identity || {} };
    return if !@given;
    return join '', map { pack_one( $_, $identity->{$_}, $verifier ) } @given;
}

sub pack_one {
    my ( $name, $value, $verifier ) = @_;
    if ( $name eq 'ntlm_verifier' ) {
        Carp::croak('identity: ntlm_verifier is for acquire and server') if !$verifier;
        return pair( $name, $verifier->number );
    }
    return $value ? pair( 'delegation', '1' ) : '' if $name eq 'constrained_delegation';
    return pair( 'tls_flags', $value ? '0' : MANUAL_CRED_VALIDATION ) if $name eq 'verify';
    Carp::croak( "identity: there is no $name; there are "
            . join( ', ', @NAMES )
            . ', ntlm_verifier, constrained_delegation and verify' )
        if !$names{$name};
    return pair( $name, $value );
}

sub pair {
    my ( $name, $value ) = @_;
    my $text = "$value";
    utf8::encode($text);
    Carp::croak("identity: $name has a NUL in it") if index( $text, "\0" ) >= 0;
    return "$name\0$text\0";
}

1;
