# SPDX-License-Identifier: MIT
package SSPI::Async::Handle;

# A number of the library, which is released when it is no longer referenced. None of the functions
# blocks, whatever is pending.

use strict;
use warnings;
use SSPI::Async::Native;

our $VERSION = '1.0.0';

my %release = (
    context    => sub { SSPI::Async::Native::delete_context( 0, 0, 0, shift ) },
    credential => sub { SSPI::Async::Native::free_credential( 0, 0, 0, shift ) },
    call       => sub { SSPI::Async::Native::call_free(shift) },
    verifier   => sub { SSPI::Async::Native::verifier_free(shift) },
    queue      => sub { SSPI::Async::Native::queue_free(shift) },
);

sub new {
    my ( $class, $kind, $number ) = @_;
    return bless { kind => $kind, number => $number }, $class;
}

sub number { return $_[0]{number} }

sub set {
    my ( $self, $number ) = @_;
    $self->{number} = $number;
    return;
}

# Returns the number, and forgets it.
sub give_up {
    my $self  = shift;
    my $given = $self->{number};
    $self->{number} = 0;
    return $given;
}

sub close {
    my $self = shift;
    my $given = $self->give_up;
    $release{ $self->{kind} }->($given) if $given;
    return;
}

# When the interpreter ends, %release may be gone before the last object.
sub DESTROY {
    my $self = shift;
    local ( $@, $!, $?, $^E );
    $self->close if $self->{number} && $release{ $self->{kind} };
    return;
}

# A Perl thread cannot use the objects of another one.
sub CLONE_SKIP { return 1 }

1;
