# SPDX-License-Identifier: MIT
package SSPI::Async::Verifier;

# Passes the questions of NTLM servers to code of the program, inside poll or dispatch. The
# credential keeps it alive. When it is destroyed, its number is freed, which ends the wait for
# questions; later questions are refused at once.

use strict;
use warnings;
use Carp ();
use Scalar::Util 'blessed';
use SSPI::Async::Constants ':status';
use SSPI::Async::Error;
use SSPI::Async::Handle;
use SSPI::Async::Native;
use SSPI::Async::Queue;

our $VERSION = '1.0.0';

use constant { NO => 0, UNABLE => 1, HASH => 2, PASSWORD => 4 };

sub new {
    my ( $class, $look ) = @_;
    Carp::croak('identity: ntlm_verifier is a reference to code') if ref $look ne 'CODE';
    my $number = SSPI::Async::Native::verifier_create()
        or SSPI::Async::Error->throw(SEC_E_INSUFFICIENT_MEMORY);
    my $self = bless {
        handle => SSPI::Async::Handle->new( verifier => $number ),
        call   => SSPI::Async::Handle->new( call     => SSPI::Async::Native::call_create() ),
        look   => $look,
    }, $class;
    SSPI::Async::Error->check( $self->wait );
    return $self;
}

# The number for the identity.
sub number { return $_[0]{handle}->number }

sub wait {
    my $self = shift;
    $self->{id} = SSPI::Async::Queue::listen($self);
    return SSPI::Async::Native::verifier_wait( $self->{call}->number,
        SSPI::Async::Queue::number(), $self->{id}, $self->number );
}

# Questions have arrived. It waits for new ones before it asks, because the code that it calls may
# wait, too.
sub heard {
    my $self = shift;
    my $call = $self->{call}->number;
    return if SSPI::Async::Native::call_status($call) < 0;
    my @questions;
    while (1) {
        my ( $status, @question ) = SSPI::Async::Native::verifier_take( $self->number );
        last if $status != SEC_E_OK;
        push @questions, \@question;
    }
    SSPI::Async::Native::call_reinit($call);
    $self->wait;
    ask( $self->{look}, map { defined $_ ? $_ : '' } @{$_} ) for @questions;
    return;
}

sub ask {
    my ( $look, $question, $user, $domain ) = @_;
    answer( $question, sub {
        my $account = $look->( $user, $domain );
        return $account if !blessed $account || !$account->isa('Future');
        $account->on_ready( sub {
            my $future = shift;
            answer( $question, sub { $future->get } );
        } );
        $account->retain;
        return $account;
    } );
    return;
}

# Answers with the result of the code; a Future answers later. A question is always answered.
sub answer {
    my ( $question, $tell ) = @_;
    my $is_answered;
    SSPI::Async::Queue::call_back( sub {
        my $account = $tell->();
        if ( !blessed $account || !$account->isa('Future') ) {
            my ( $kind, $secret ) = secret_of($account);
            SSPI::Async::Error->check(
                SSPI::Async::Native::verifier_answer( $question, $kind, $secret ) );
        }
        $is_answered = 1;
    } );
    SSPI::Async::Native::verifier_answer( $question, UNABLE, undef ) if !$is_answered;
    return;
}

sub secret_of {
    my $account = shift;
    return ( NO, undef ) if !defined $account;
    return ( HASH, $account->bytes ) if blessed $account && $account->isa('SSPI::Async::NtHash');
    die "an ntlm_verifier returns a password, an SSPI::Async::NtHash or undef\n" if ref $account;
    utf8::encode( my $password = $account );
    return ( PASSWORD, $password );
}

sub DESTROY {
    my $self = shift;
    local ( $@, $!, $?, $^E );
    SSPI::Async::Queue::forget( $self->{id} ) if defined $self->{id};
    return;
}

sub CLONE_SKIP { return 1 }

package SSPI::Async::NtHash;

# The NT hash of an account's password, 16 bytes.

sub new {
    my ( $class, $bytes ) = @_;
    return bless { bytes => $bytes }, $class;
}

sub bytes { return $_[0]{bytes} }

1;
