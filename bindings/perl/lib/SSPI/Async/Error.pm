# SPDX-License-Identifier: MIT
package SSPI::Async::Error;

use strict;
use warnings;
use overload '""' => \&as_string, bool => sub { 1 }, fallback => 1;
use SSPI::Async::Constants ':status';
use SSPI::Async::Native;

our $VERSION = '1.0.0';

# Chooses the class for a status. The message is the status's own if the library gave none, and a
# failure takes the outputs that it may have from those of the call.
sub new {
    my ( $class, $status, $message, $outcome ) = @_;
    my $name = SSPI::Async::Native::status_name($status);
    $message = "$name: " . SSPI::Async::Native::status_text($status)
        if !defined $message || $message eq '';
    $class = 'SSPI::Async::Error::Timeout' if $status == SEC_E_SECURITY_QOS_FAILED;
    return bless {
        status  => $status,
        name    => $name,
        message => $message,
        token   => $outcome && $outcome->{token},
        missing => $outcome ? $outcome->{missing} : 0,
    }, $class;
}

# Dies with an object, or with one made from new's arguments; it gets the caller's file and line.
sub throw {
    my ( $self, @arguments ) = @_;
    $self = $self->new(@arguments) if !ref $self;
    my $depth = 0;
    my ( $package, $file, $line );
    do {
        ( $package, $file, $line ) = caller $depth++;
    } while ( defined $package && $package =~ /^SSPI::Async\b/x );
    @{$self}{qw(file line)} = ( $file, $line ) if defined $file;
    die $self;
}

# Returns the outputs of a function, which follow its status, or dies if it failed.
sub check {
    my ( $class, $status, @outputs ) = @_;
    $class->throw( $status, ( SSPI::Async::Native::last_message() )[1] ) if $status < 0;
    return wantarray ? @outputs : $outputs[0];
}

sub status  { return $_[0]{status} }
sub name    { return $_[0]{name} }
sub message { return $_[0]{message} }
sub token   { return $_[0]{token} }
sub missing { return $_[0]{missing} }
sub file    { return $_[0]{file} }
sub line    { return $_[0]{line} }

sub as_string {
    my $self = shift;
    return defined $self->{file}
        ? "$self->{message} at $self->{file} line $self->{line}.\n"
        : $self->{message};
}

package SSPI::Async::Error::Timeout;

our @ISA = ('SSPI::Async::Error');

1;

__END__

=head1 NAME

SSPI::Async::Error - why a call failed

=head1 SYNOPSIS

    use Scalar::Util 'blessed';

    my $token = eval { $client->step };
    if ( my $problem = $@ ) {
        die $problem if !blessed $problem || !$problem->isa('SSPI::Async::Error');
        print $problem->name, "\n" if $problem->isa('SSPI::Async::Error::Timeout');
    }

=head1 DESCRIPTION

A function that fails dies with an object of this class. As a string, the object is its message with
the file and line of the program, in the format of C<die>.

=over

=item status, name, message

C<-2146893044>, C<"SEC_E_LOGON_DENIED">, and one line that gives the reason.

=item token

A token for the peer, if the package has one.

=item missing

With C<SEC_E_INCOMPLETE_MESSAGE>: how many bytes are missing; 0 if that is not known.

=item file, line

Where the program called the function.

=back

C<SSPI::Async::Error::Timeout> is the class of errors of calls that were pending at the end of their
C<timeout>.

=cut
