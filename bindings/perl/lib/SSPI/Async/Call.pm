# SPDX-License-Identifier: MIT
package SSPI::Async::Call;

# One operation of the library: it is submitted, waited for, and its outcome is taken. It may have
# two steps, an acquire and a leg, that share a deadline.

use strict;
use warnings;
use Carp ();
use Scalar::Util qw(blessed refaddr);
use Time::HiRes ();
use SSPI::Async::Constants ':status';
use SSPI::Async::Error;
use SSPI::Async::Handle;
use SSPI::Async::Native;
use SSPI::Async::Queue;

our $VERSION = '1.0.0';

use constant LONGEST => 3e9;    # seconds; about a hundred years

my @OUTCOME = qw(status attributes credential context expiry extra missing token);

sub outcome {
    my $number = shift;
    my %outcome;
    ( undef, @outcome{@OUTCOME} ) = SSPI::Async::Native::call_take($number);
    return \%outcome;
}

sub check_timeout {
    my $seconds = shift;
    return if $seconds >= 0;
    Carp::croak('timeout is seconds, not less than 0');
}

# Each step: [ sub ( call, queue, id ) that submits, sub ( outcome ) that makes the values ].
sub start {
    my ( $class, $timeout, @steps ) = @_;
    my $number = SSPI::Async::Native::call_create()
        or SSPI::Async::Error->throw(SEC_E_INSUFFICIENT_MEMORY);
    my $self = bless {
        native => SSPI::Async::Handle->new( call => $number ),
        steps  => \@steps,
        heard  => [],
    }, $class;
    $self->arm($timeout) if defined $timeout;
    my $status = $self->submit;
    SSPI::Async::Error->check($status) if $status < 0;
    return $self;
}

# A call that is already over, with these values.
sub done {
    my ( $class, @values ) = @_;
    return bless { native => SSPI::Async::Handle->new( call => 0 ), values => \@values }, $class;
}

# Sets an absolute deadline, because all steps share it.
sub arm {
    my ( $self, $seconds ) = @_;
    check_timeout($seconds);
    my $number = $self->{native}->number;
    if ( $seconds == 9**9**9 ) {    # infinity: no deadline, even if the process has a default
        SSPI::Async::Error->check( SSPI::Async::Native::call_set_deadline( $number, 0 ) );
        return;
    }
    $seconds = LONGEST if $seconds > LONGEST;
    my $end      = Time::HiRes::clock_gettime( Time::HiRes::CLOCK_MONOTONIC() ) + $seconds;
    my $fraction = ( $end - int $end ) * 1e9;
    use integer;
    SSPI::Async::Error->check(
        SSPI::Async::Native::call_set_deadline_at( $number, $end * 1_000_000_000 + $fraction ) );
    return;
}

sub submit {
    my $self = shift;
    $self->{process} = $$;
    $self->{id}      = SSPI::Async::Queue::expect($self);
    SSPI::Async::Queue::keep( $self->{id}, $self ) if @{ $self->{heard} };
    my $number = $self->{native}->number;
    my $status = $self->{steps}[0][0]->( $number, SSPI::Async::Queue::number(), $self->{id} );
    SSPI::Async::Queue::forget( $self->{id} ) if $status < 0;
    return $status;
}

# Called by the queue. If a step dies, for example because an argument is not bytes, that is the
# failure.
sub heard {
    my $self = shift;
    $self->settle($@) if !eval { $self->advance; 1 };
    return;
}

sub advance {
    my $self    = shift;
    my $number  = $self->{native}->number;
    my $outcome = outcome($number);
    if ( $outcome->{status} < 0 ) {
        my ( undef, $message ) = SSPI::Async::Native::call_message($number);
        return $self->settle( SSPI::Async::Error->new( $outcome->{status}, $message, $outcome ) );
    }
    my @values = shift( @{ $self->{steps} } )->[1]->($outcome);
    return $self->settle( undef, @values ) if !@{ $self->{steps} };
    my $status = SSPI::Async::Native::call_reinit($number);
    $status = $self->submit if $status >= 0;
    $self->settle( SSPI::Async::Error->new($status) ) if $status < 0;
    return;
}

sub settle {
    my ( $self, $failure, @values ) = @_;
    $self->{failure} = $failure;
    $self->{values}  = \@values;
    SSPI::Async::Queue::forget( $self->{id} );
    $self->{native}->close;
    delete $self->{steps};
    my $heard = delete $self->{heard};
    SSPI::Async::Queue::call_back( $_, $self ) for @{$heard};
    return;
}

sub is_ready { return defined $_[0]{values} }

# The error of a call that has failed.
sub failure { return $_[0]{failure} }

# Calls $code->($call) when the call is over, and keeps the call alive until then.
sub on_ready {
    my ( $self, $code ) = @_;
    if ( $self->is_ready ) {
        SSPI::Async::Queue::call_back( $code, $self );
    }
    else {
        push @{ $self->{heard} }, $code;
        SSPI::Async::Queue::keep( $self->{id}, $self );
    }
    return $self;
}

# Waits, while the callbacks of other calls run. In a forked child, a call that was pending in the
# parent is over at once.
sub wait {
    my $self = shift;
    while ( !$self->is_ready ) {
        if ( $self->{process} != $$ ) {
            $self->heard;
        }
        else {
            SSPI::Async::Queue::poll();
        }
    }
    return $self;
}

# The values, when the call is over; dies if it failed.
sub get {
    my $self = shift;
    $self->wait;
    my $failure = $self->{failure};
    blessed $failure ? $failure->throw : die $failure if defined $failure;
    return wantarray ? @{ $self->{values} } : $self->{values}[0];
}

# Stops the call, with SEC_E_UNFINISHED_CONTEXT_DELETED. A delete is carried out in any case.
sub cancel {
    my $self = shift;
    SSPI::Async::Native::call_cancel( $self->{native}->number ) if !$self->is_ready;
    return;
}

# A Future: of $loop (IO::Async::Loop), which then completes it, or one whose get waits here.
sub future {
    my ( $self, $loop ) = @_;
    require SSPI::Async::Future;
    my $future = $loop ? $loop->new_future : SSPI::Async::Future->new;
    SSPI::Async::Queue::watch( refaddr($loop), sub { SSPI::Async::Future::Watcher->new($loop) } )
        if $loop;
    $self->on_ready( sub {
        my $call = shift;
        return if $future->is_ready;
        my $failure = $call->{failure};
        return $future->done( @{ $call->{values} } ) if !defined $failure;
        return $future->fail( $failure, sspi => blessed $failure ? $failure->name : () );
    } );
    $future->on_cancel( sub { $self->cancel } ) if !$future->is_ready;
    return $future;
}

# A condition variable of AnyEvent, whose loop then completes it.
sub condvar {
    my $self = shift;
    require AnyEvent;
    my $condvar = AnyEvent->condvar;
    SSPI::Async::Queue::watch( AnyEvent => sub {
        return AnyEvent->io(
            fh   => SSPI::Async::Queue::fd(),
            poll => 'r',
            cb   => \&SSPI::Async::Queue::dispatch,
        );
    } );
    $self->on_ready( sub {
        my $call = shift;
        return defined $call->{failure}
            ? $condvar->croak( $call->{failure} )
            : $condvar->send( @{ $call->{values} } );
    } );
    return $condvar;
}

# The call is no longer referenced: if it continues, its result is ignored.
sub DESTROY {
    my $self = shift;
    local ( $@, $!, $?, $^E );
    SSPI::Async::Queue::forget( $self->{id} )
        if defined $self->{id} && !$self->is_ready && $self->{process} == $$;
    return;
}

sub CLONE_SKIP { return 1 }

1;

__END__

=head1 NAME

SSPI::Async::Call - a call that is under way

=head1 SYNOPSIS

    my $call  = $client->begin_step($token);
    my $reply = $call->get;                           # waits

    $client->begin_step($token)->on_ready( sub { print shift->get } );

    my $future  = $client->begin_step($token)->future($loop);    # IO::Async
    my $condvar = $client->begin_step($token)->condvar;          # AnyEvent

=head1 DESCRIPTION

What C<begin_step>, C<begin_delete>, C<begin_free> and C<begin_acquire> return.

=over

=item get

Waits until the call is over, and returns its value or dies with its L<SSPI::Async::Error>. Callbacks
of other calls run meanwhile. C<wait> also waits, but returns no value, and does not die if the call
failed.

=item is_ready, failure

Whether the call is over; its error, if it has failed.

=item on_ready($code)

Calls C<< $code->($call) >> when the call is over, from a function that waits or from the event
loop. If C<$code> dies, the exception is passed to C<on_error> of L<SSPI::Async>.

=item future, future($loop)

A L<Future>. With a loop of L<IO::Async>, it belongs to that loop, which watches the queue. Without
one, C<get> and C<await> wait here, and no loop is needed. Cancelling the future cancels the call.
The category of a failure is C<sspi>.

=item condvar

A condition variable of L<AnyEvent>, which watches the queue. C<recv> returns the value or dies with
the error.

=item cancel

Stops the call with C<SEC_E_UNFINISHED_CONTEXT_DELETED>. A delete is carried out in any case.

=back

A call that is no longer referenced, and that has neither C<on_ready> nor a future nor a condition
variable, is released without waiting: a leg may finish in the background, and a delete is carried
out.

=cut
