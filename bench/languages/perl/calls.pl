# SPDX-License-Identifier: MIT

# Perl's side of bench/languages.py: futures, and a function that blocks the program.
use strict;
use warnings;

use Future::Utils 'fmap_void';
use Scalar::Util 'blessed';
use Time::HiRes 'time';
use probe;
use SSPI::Async qw(:functions :use);

use constant IN_FLIGHT => 64;
use constant DEADLINE  => 5;
use constant LOOK      => 4;    # seconds: threads without work have left by then

my $at_rest = probe::probe_threads();

sub threads { return probe::probe_threads() - $at_rest }

sub our_calls {
    my ( $count, $script ) = @_;
    my $credential = acquire( 'Scripted', OUTBOUND, principal => $script );
    my $all        = fmap_void {
        my $context = client( '', credential => $credential );
        return $context->begin_step->future->then( sub { $context->begin_delete->future } );
    }
    foreach    => [ 1 .. $count ],
    concurrent => IN_FLIGHT;
    $all->get;
    $credential->free;
    return threads();
}

sub our_silent {
    my $count      = shift;
    my $credential = acquire( 'Kerberos', OUTBOUND );
    my $limit      = time + LOOK;
    my $ended      = 0;
    my @calls      = map {
        client( "HTTP\@host$_.localhost", credential => $credential, timeout => DEADLINE )
            ->begin_step->on_ready( sub { $ended++ } )
    } 1 .. $count;
    while ( ( my $left = $limit - time ) > 0 ) { SSPI::Async::poll($left) }
    my @seen = ( $count - $ended, threads(), probe::probe_library_threads() );
    for my $call (@calls) {
        die "a logon without a KDC\n" if eval { $call->get; 1 };
        die $@ if !blessed $@ || !$@->isa('SSPI::Async::Error::Timeout');
    }
    $credential->free;
    return @seen;
}

sub their_calls {
    my ( $count, $target ) = @_;
    for ( 1 .. $count ) { probe::probe_log_on( 'Scripted', $target ) == 0 or die $target }
    return threads();
}

# The first would stop the program: there is nothing to see.
sub their_silent { return }

my %side =
    $ARGV[0] eq 'ours'
    ? ( calls => \&our_calls, silent => \&our_silent )
    : ( calls => \&their_calls, silent => \&their_silent );
$| = 1;
while ( my $line = <STDIN> ) {
    chomp $line;
    my ( $what, @words ) = split / /, $line, 3;
    print join( ' ', $side{$what}->(@words) ), "\n";
}
