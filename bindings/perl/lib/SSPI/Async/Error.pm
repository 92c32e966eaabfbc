# SPDX-License-Identifier: MIT
package SSPI::Async::Error;

use strict;
use warnings;
use overload '""' => \&as_string, bool => sub { 1 }, fallback => 1;
use SSPI::Async::Constants ':status';
use SSPI::Async::Native;

our $VERSION = '1.0.0';

# The class of a status, its message if there is none of the library's, and of what the call
# brought what a failure may have.
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

# Dies, of an object or of what new takes; it has the place in the program that called us.
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

# The outputs of a function behind its status, or its failure.
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

What fails dies with an object of this class. As a string it is its message with file and line of
the program, as C<die> has it.

=over

=item status, name, message

C<-2146893044>, C<"SEC_E_LOGON_DENIED">, and one line that says why.

=item token

What the peer is to be told, if the package has something for it.

=item missing

With C<SEC_E_INCOMPLETE_MESSAGE>: how many bytes are to come; 0 if that is not known.

=item file, line

Where the program called.

=back

C<SSPI::Async::Error::Timeout> is one whose call was pending at the end of its C<timeout>.

=cut
