# SPDX-License-Identifier: MIT
package SSPI::Async::Queue;

# Completions come to one queue for each interpreter: the process, or a thread of Perl. Whoever
# drives the program takes them: poll here, or an event loop that calls dispatch when the
# descriptor is readable.
#
# 1. Who waits for an id is in %waiting, and has a method "heard"; nobody is told twice. Those in
#    %listening have it too, but no program and no loop goes on for their sake.
# 2. What was taken and not yet told is in @taken, where a dispatch inside a callback finds it.
# 3. A child that was forked has a descriptor of its own under the same number, and nobody in it
#    is told of the parent's calls: it begins anew (begin) when it first looks. A thread of Perl
#    begins without a queue (CLONE).

use strict;
use warnings;
use Scalar::Util 'weaken';
use SSPI::Async::Native;
use SSPI::Async::Handle;

our $VERSION = '1.0.0';

use constant LOT => 256;

# What is told of exceptions that nobody waits for.
our $on_error;

my ( $queue, %waiting, %listening, @taken, %watchers );
my $process = $$;
my $last_id = 0;

sub CLONE {
    undef $queue;
    abandon();
    return;
}

sub abandon {
    $process = $$;
    %waiting = %listening = @taken = %watchers = ();
    return;
}

sub begin {
    abandon() if $process != $$;
    $queue ||= SSPI::Async::Handle->new( queue => SSPI::Async::Native::queue_create() );
    return;
}

sub number {
    begin();
    return $queue->number;
}

# The descriptor that is readable while completions wait. Not to be read or closed.
sub fd { return SSPI::Async::Native::queue_fd( number() ) }

# How many calls are waited for.
sub pending {
    begin();
    return scalar keys %waiting;
}

# A new id, whose completion $listener hears of as long as somebody keeps it.
sub expect {
    my $listener = shift;
    begin();
    weaken( $waiting{ ++$last_id } = $listener );
    return $last_id;
}

# The same for one that may wait for ever.
sub listen {
    my $listener = shift;
    begin();
    weaken( $listening{ ++$last_id } = $listener );
    return $last_id;
}

# Keeps the listener of an id until it has heard.
sub keep {
    my ( $id, $listener ) = @_;
    $waiting{$id} = $listener if exists $waiting{$id};
    return;
}

sub forget {
    my $id = shift;
    delete $listening{$id};
    return if !exists $waiting{$id};
    delete $waiting{$id};
    %watchers = () if !%waiting;
    return;
}

# Has an event loop watch the descriptor for as long as calls are waited for. $start returns an
# object that ends the watching when it goes.
sub watch {
    my ( $loop, $start ) = @_;
    $watchers{$loop} ||= $start->() if pending();
    return;
}

# Tells of all completions that have come, and never waits. How many they were.
sub dispatch {
    my $number = number();
    my ( $told, $count ) = ( 0, 0 );
    do {
        ( $count, @taken ) = SSPI::Async::Native::queue_take( $number, 0, LOT ) if !@taken;
        while ( my ( $id, $status ) = splice @taken, 0, 2 ) {
            my $listener = delete $waiting{$id} || delete $listening{$id} or next;
            call_back( sub { $listener->heard($status) } );
            $told++;
        }
    } while ( $count == LOT );
    %watchers = () if !%waiting;
    return $told;
}

# Waits for completions, up to so many seconds (undef: as long as it takes), and tells of them. A
# signal ends the wait.
sub poll {
    my $seconds = shift;
    if ( !@taken ) {
        my $bits = '';
        vec( $bits, fd(), 1 ) = 1;
        select $bits, undef, undef, $seconds;
    }
    return dispatch();
}

# Runs a callback: what it dies of stops nothing.
sub call_back {
    my ( $code, @arguments ) = @_;
    local $@;
    return if eval { $code->(@arguments); 1 };
    my $problem = $@;
    if ( !$on_error ) {
        warn "SSPI::Async: uncaught in a callback: $problem";
    }
    elsif ( !eval { $on_error->($problem); 1 } ) {
        warn "SSPI::Async: uncaught in on_error: $@";
    }
    return;
}

1;
