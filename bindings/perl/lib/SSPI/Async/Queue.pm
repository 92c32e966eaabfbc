# SPDX-License-Identifier: MIT
package SSPI::Async::Queue;

# Completions go to one queue for each interpreter: that of the process, or of a Perl thread. They
# are taken by poll here, or by an event loop that calls dispatch when the descriptor is readable.
#
# 1. An object that waits for an id is in %waiting, and has a method "heard"; it is called only
#    once. Objects in %listening have this method, too, but keep neither the program nor a loop
#    running.
# 2. Completions that were taken and not yet delivered are in @taken, where a dispatch inside a
#    callback finds them.
# 3. A forked child has its own descriptor under the same number, and does not deliver completions
#    of the parent's calls: it starts afresh (begin) on first use. A Perl thread starts without a
#    queue (CLONE).

use strict;
use warnings;
use Scalar::Util 'weaken';
use SSPI::Async::Native;
use SSPI::Async::Handle;

our $VERSION = '1.0.0';

use constant LOT => 256;

# Called with exceptions that no caller receives.
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

# The descriptor, which is readable while completions wait. It must not be read or closed.
sub fd { return SSPI::Async::Native::queue_fd( number() ) }

# How many calls have a listener that waits for them.
sub pending {
    begin();
    return scalar keys %waiting;
}

# A new id, whose completion $listener receives as long as it is referenced elsewhere.
sub expect {
    my $listener = shift;
    begin();
    weaken( $waiting{ ++$last_id } = $listener );
    return $last_id;
}

# The same for a listener that may wait for ever.
sub listen {
    my $listener = shift;
    begin();
    weaken( $listening{ ++$last_id } = $listener );
    return $last_id;
}

# Keeps the listener of an id until it has received the completion.
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

# Has an event loop watch the descriptor while calls are waited for. $start returns an object that
# stops the watching when it is destroyed.
sub watch {
    my ( $loop, $start ) = @_;
    $watchers{$loop} ||= $start->() if pending();
    return;
}

# Delivers all completions that have arrived, and never waits. Returns their number.
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

# Waits for completions, at most this many seconds (undef: no limit), and delivers them. A signal
# ends the wait.
sub poll {
    my $seconds = shift;
    if ( !@taken ) {
        my $bits = '';
        vec( $bits, fd(), 1 ) = 1;
        select $bits, undef, undef, $seconds;
    }
    return dispatch();
}

# Runs a callback. If it dies, everything else continues.
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
