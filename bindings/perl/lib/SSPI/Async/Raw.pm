# SPDX-License-Identifier: MIT
package SSPI::Async::Raw;

use strict;
use warnings;
use Exporter 'import';
use SSPI::Async::Call;
use SSPI::Async::Constants ':status';
use SSPI::Async::Handle;
use SSPI::Async::Identity;
use SSPI::Async::Native;
use SSPI::Async::Queue;

our $VERSION = '1.0.0';

use constant {
    SECBUFFER_TOKEN                 => 2,
    SECBUFFER_MISSING               => 4,
    SECBUFFER_EXTRA                 => 5,
    SECBUFFER_CHANNEL_BINDINGS      => 14,
    SECBUFFER_APPLICATION_PROTOCOLS => 18,
};

our @EXPORT = qw(
    SspiCreateAsyncContext SspiFreeAsyncContext SspiReinitAsyncContext
    SspiSetAsyncNotifyCallback SspiAsyncContextRequiresNotify SspiGetAsyncCallStatus
    SspiAcquireCredentialsHandleAsync SspiInitializeSecurityContextAsync
    SspiAcceptSecurityContextAsync SspiFreeCredentialsHandleAsync SspiDeleteSecurityContextAsync
    SECBUFFER_TOKEN SECBUFFER_MISSING SECBUFFER_EXTRA SECBUFFER_CHANNEL_BINDINGS
    SECBUFFER_APPLICATION_PROTOCOLS
);

sub SspiCreateAsyncContext { return SSPI::Async::Raw::Context->new }

sub SspiFreeAsyncContext {
    my $async = shift;
    $async->free;
    return;
}

sub SspiReinitAsyncContext {
    my $async = shift;
    return $async->reinit;
}

sub SspiSetAsyncNotifyCallback {
    my ( $async, $callback, $data ) = @_;
    return $async->notify( $callback, $data );
}

sub SspiAsyncContextRequiresNotify {
    my $async = shift;
    return $async->{callback} ? 1 : '';
}

sub SspiGetAsyncCallStatus {
    my $async = shift;
    return $async->status;
}

sub SspiAcquireCredentialsHandleAsync {
    my ( $async, $principal, $package, $use, $luid, $identity, $get_key, $argument, $credential,
        $expiry ) = @_;
    my $packed = SSPI::Async::Identity::pack_identity($identity);
    return $async->submit(
        sub { SSPI::Async::Native::acquire( @_, $package, $principal, $use, $packed ) },
        sub {
            my $outcome = shift;
            return if $outcome->{status} < 0;
            ${$credential} = $outcome->{credential};
            ${$expiry}     = $outcome->{expiry} if $expiry;
        } );
}

sub SspiInitializeSecurityContextAsync {
    my ( $async, $credential, $context, $target, $flags, $reserved, $data_rep, $input, $reserved2,
        @outputs ) = @_;
    return SEC_E_INVALID_PARAMETER if !$context && !$outputs[0];
    my ( $key, $number ) = ( number_of($credential), number_of($context) );
    my @inputs = inputs($input);
    return $async->submit(
        sub { SSPI::Async::Native::initialize( @_, $key, $number, $target, $flags, @inputs ) },
        sub { fill( shift, $number, @outputs ) } );
}

sub SspiAcceptSecurityContextAsync {
    my ( $async, $credential, $context, $input, $flags, $data_rep, @outputs ) = @_;
    return SEC_E_INVALID_PARAMETER if !$context && !$outputs[0];
    my ( $key, $number ) = ( number_of($credential), number_of($context) );
    my @inputs = inputs($input);
    return $async->submit(
        sub { SSPI::Async::Native::accept( @_, $key, $number, $flags, @inputs ) },
        sub { fill( shift, $number, @outputs ) } );
}

sub SspiFreeCredentialsHandleAsync {
    my ( $async, $credential ) = @_;
    my $number = number_of($credential);
    return $async->submit( sub { SSPI::Async::Native::free_credential( @_, $number ) } );
}

sub SspiDeleteSecurityContextAsync {
    my ( $async, $context ) = @_;
    my $number = number_of($context);
    return $async->submit( sub { SSPI::Async::Native::delete_context( @_, $number ) } );
}

# A handle is a number, or a reference to one, as its address in C.
sub number_of {
    my $handle = shift;
    $handle = ${$handle} if ref $handle;
    return $handle || 0;
}

sub inputs {
    my $buffers = shift;
    my %data    = map { $_->{type} => $_->{data} } @{ $buffers || [] };
    return @data{
        ( SECBUFFER_TOKEN, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_APPLICATION_PROTOCOLS ) };
}

sub fill {
    my ( $outcome, $number, $new_context, $output, $attributes, $expiry ) = @_;
    for my $buffer ( grep { $_->{type} == SECBUFFER_TOKEN } @{ $output || [] } ) {
        $buffer->{data} = $outcome->{token};
    }
    push @{$output}, { type => SECBUFFER_MISSING, size => $outcome->{missing} }
        if $output && $outcome->{missing};
    return if $outcome->{status} < 0;

    ${$new_context} = $outcome->{context} || $number if $new_context;
    ${$attributes}  = $outcome->{attributes} if $attributes;
    ${$expiry}      = $outcome->{expiry}     if $expiry;
    push @{$output}, { type => SECBUFFER_EXTRA, size => $outcome->{extra} }
        if $output && $outcome->{extra};
    return;
}

package SSPI::Async::Raw::Context;

# Tracks one call at a time. The outputs are written once the call is over: when its completion
# arrives, or when its status is read, whichever is first.

use SSPI::Async::Constants ':status';

sub new {
    my $class  = shift;
    my $number = SSPI::Async::Native::call_create() or return;
    return bless { native => SSPI::Async::Handle->new( call => $number ) }, $class;
}

sub native { return $_[0]{native}->number }

sub is_pending {
    my $self = shift;
    return SSPI::Async::Native::call_status( $self->native ) == SEC_I_ASYNC_CALL_PENDING;
}

sub free {
    my $self = shift;
    $self->collect;
    SSPI::Async::Queue::forget( $self->{id} ) if defined $self->{id};
    $self->{native}->close;
    delete @{$self}{qw(callback data completion)};
    return;
}

sub reinit {
    my $self = shift;
    return STATUS_DEVICE_BUSY if $self->is_pending;
    $self->collect;
    return SSPI::Async::Native::call_reinit( $self->native );
}

sub notify {
    my ( $self, $callback, $data ) = @_;
    return SEC_E_INVALID_HANDLE    if !$self->native;
    return SEC_E_INVALID_PARAMETER if $self->is_pending;
    @{$self}{qw(callback data)} = ( $callback, $data );
    return SEC_E_OK;
}

sub status {
    my $self   = shift;
    my $status = SSPI::Async::Native::call_status( $self->native );
    $self->collect;
    return $status;
}

# Submits with $begin->(call, queue, id); $fill gets the outcome, once.
sub submit {
    my ( $self, $begin, $fill ) = @_;
    my $completion = SSPI::Async::Raw::Completion->new( $self, @{$self}{qw(callback data)} );
    my $id         = SSPI::Async::Queue::expect($completion);
    my $status     = $begin->( $self->native, SSPI::Async::Queue::number(), $id );
    if ( $status < 0 ) {
        SSPI::Async::Queue::forget($id);
        return $status;
    }
    @{$self}{qw(id fill)} = ( $id, $fill );
    SSPI::Async::Queue::keep( $id, $completion );
    return $status;
}

sub collect {
    my $self = shift;
    return if !$self->{fill} || $self->is_pending;
    my $fill = delete $self->{fill};
    $fill->( SSPI::Async::Call::outcome( $self->native ) );
    return;
}

sub DESTROY {
    my $self = shift;
    local ( $@, $!, $?, $^E );
    SSPI::Async::Queue::forget( $self->{id} ) if defined $self->{id};
    return;
}

sub CLONE_SKIP { return 1 }

package SSPI::Async::Raw::Completion;

# The listener of one submit, with the callback that was set then. If there is a callback, it keeps
# the async context until the callback has run.

use Scalar::Util 'weaken';

sub new {
    my ( $class, $async, $callback, $data ) = @_;
    my $self = bless { async => $async, callback => $callback, data => $data }, $class;
    weaken( $self->{async} ) if !$callback;
    return $self;
}

sub heard {
    my $self  = shift;
    my $async = $self->{async} or return;
    $async->collect;
    $self->{callback}->( $async, $self->{data} ) if $self->{callback} && $async->native;
    return;
}

sub CLONE_SKIP { return 1 }

1;

__END__

=head1 NAME

SSPI::Async::Raw - the eleven functions under their Windows names

=head1 SYNOPSIS

    use SSPI::Async::Raw;

    my $async = SspiCreateAsyncContext();
    SspiSetAsyncNotifyCallback( $async, sub { my ( $async, $data ) = @_; ... }, $data );
    my $status = SspiInitializeSecurityContextAsync( $async, $credential, undef, 'HTTP@localhost',
        $flags, 0, 0, undef, 0, \my $context, [ { type => SECBUFFER_TOKEN } ], \my $attributes,
        \my $expiry );
    SSPI::Async::poll() while SspiGetAsyncCallStatus($async) == 0x90368;
    SspiFreeAsyncContext($async);

=head1 DESCRIPTION

This module is for ports. The functions take the same arguments as in C, in the same order. Where C
takes the address of an output, pass a reference, which is written when the call is over. A handle
is a number, or a reference to one. Buffers are a list of C<< { type => ..., data => ... } >>. An
identity is the hash of L<SSPI::Async/IDENTITY>. The functions return a status, and do not die.

Callbacks run inside C<poll> or C<dispatch> of L<SSPI::Async>, or in the event loop. The queue keeps
an async context whose callback has not run yet. Any other async context that is no longer
referenced is freed.

=cut
