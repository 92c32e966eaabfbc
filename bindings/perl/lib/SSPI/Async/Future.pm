# SPDX-License-Identifier: MIT
package SSPI::Async::Future;

# A Future without an event loop: to wait for it is to wait for the queue.

use strict;
use warnings;
use Carp ();
use parent 'Future';
use SSPI::Async::Queue;

our $VERSION = '1.0.0';

sub await {
    my $self = shift;
    while ( !$self->is_ready ) {
        Carp::croak("$self: no call is pending that it could wait for")
            if !SSPI::Async::Queue::pending();
        SSPI::Async::Queue::poll();
    }
    return $self;
}

package SSPI::Async::Future::Watcher;

# A loop of IO::Async watches the descriptor as long as this object lives. It watches a copy,
# because a Perl filehandle closes its descriptor.

sub new {
    my ( $class, $loop ) = @_;
    open my $handle, '<&', SSPI::Async::Queue::fd() or die "dup: $!";
    $loop->watch_io( handle => $handle, on_read_ready => \&SSPI::Async::Queue::dispatch );
    return bless { loop => $loop, handle => $handle }, $class;
}

sub DESTROY {
    my $self = shift;
    local ( $@, $! );
    $self->{loop}->unwatch_io( handle => $self->{handle}, on_read_ready => 1 )
        if $self->{loop} && $self->{handle};
    return;
}

sub CLONE_SKIP { return 1 }

1;
