# SPDX-License-Identifier: MIT

# The list of tests/bindings/cases for Perl. Without an argument all that need no process of their
# own; with a NAME, one that does: run.py looks how it ends.
use strict;
use warnings;
use utf8;

# One that threads can be made beside.
BEGIN { $ENV{PERL_ANYEVENT_MODEL} = 'Perl' }

use AnyEvent;
use Config;
use Future;
use Future::Utils 'fmap_void';
use HTTP::Daemon;
use IO::Async::Loop;
use IO::Select;
use LWP::UserAgent;
use MIME::Base64;
use POSIX ();
use Scalar::Util 'blessed';
use Time::HiRes qw(sleep ualarm);
use probe;
use SSPI::Async qw(:functions :use :status);
use SSPI::Async::Raw;

use constant PATIENCE => 60;

sub check {
    my ( $truth, $what ) = @_;
    return if $truth;
    my ( undef, undef, $line ) = caller;
    die( ( defined $what ? $what : 'wrong' ) . " at line $line\n" );
}

sub eventually {
    my $is_so = shift;
    my $limit = time + PATIENCE;
    while ( !$is_so->() ) {
        check( time < $limit, 'never' );
        sleep 0.001;
    }
    return;
}

# The error of a body that fails, which has this name.
sub fails {
    my ( $name, $body, $class ) = @_;
    check( !eval { $body->(); 1 }, 'it did not fail' );
    my $problem = $@;
    die $problem if !blessed $problem;
    check( $problem->isa( $class || 'SSPI::Async::Error' ), ref $problem );
    check( $problem->name eq $name,                         $problem->name );
    return $problem;
}

sub scripted {
    my $script = shift;
    return acquire( 'Scripted', BOTH, principal => defined $script ? $script : 'all: per-leg' );
}

# A context after its first leg.
sub begun {
    my $credential = shift;
    my $context    = client( 'more', credential => $credential );
    $context->step;
    return $context;
}

sub blocked {
    my $credential = shift;
    return client( 'block', credential => $credential );
}

sub shake_hands {
    my ( $client, $server ) = @_;
    my $token = $client->step;
    until ( $client->is_complete && $server->is_complete ) {
        $token = $server->step($token);
        $token = $client->step($token) if !$client->is_complete;
    }
    return;
}

sub ntlm {
    my $body   = shift;
    my %alice  = ( user => 'alice', domain => 'TEST', password => $ENV{ALICE_PASSWORD} );
    my $client = client( 'HTTP@localhost', package => 'NTLM', identity => \%alice );
    my $server =
        server( package => 'NTLM', identity => { ntlm_user_file => $ENV{NTLM_USER_FILE} } );
    shake_hands( $client, $server );
    $body->( $client, $server );
    $_->delete for $client, $server;
    return;
}

# Of ALICE_PASSWORD.
my $alice_hash = SSPI::Async::NtHash->new( pack 'H*', '91c81bd7d0872ad66d3f917fea9fb5fb' );

# A logon of alice, at a server that asks the code for her account.
sub verified {
    my $look   = shift;
    my %alice  = ( user => 'alice', domain => 'TEST', password => $ENV{ALICE_PASSWORD} );
    my $users  = acquire( 'NTLM', INBOUND, identity => { ntlm_verifier => $look } );
    my $client = client( 'HTTP@localhost', package => 'NTLM', identity => \%alice );
    my $server = server( credential => $users );
    shake_hands( $client, $server );
    check( $server->user_name eq 'TEST\alice' );
    check( $server->session_key eq $client->session_key );
    return;
}

# A leg that is stuck on a context, by the Windows names.
sub block_leg {
    my ( $credential, $context ) = @_;
    my $leg    = SspiCreateAsyncContext();
    my $status = SspiInitializeSecurityContextAsync( $leg, $credential->handle, $context->handle,
        'block', 0, 0, 0, undef, 0 );
    check( $status == SEC_E_OK, $status );
    return $leg;
}

# Deletes a context behind a leg that is stuck, and releases that when the loop has gone on.
# $wait->( call, sub { begins when the loop runs } ) waits for the call.
sub delete_on {
    my ( $credential, $wait ) = @_;
    my $context = begun($credential);
    my $leg     = block_leg( $credential, $context );
    my @order;
    my $call = $context->begin_delete->on_ready( sub { push @order, 'deleted' } );
    $wait->(
        $call,
        sub {
            push @order, 'another';
            probe::probe_release(1);
        } );
    check( "@order" eq 'another deleted', "@order" );
    SspiFreeAsyncContext($leg);
    return;
}

# Many deletions, so many at a time; by the futures of a loop or of none.
sub deletions {
    my ( $credential, $count, $at_a_time, $loop ) = @_;
    my $all = fmap_void {
        my $context = client( 'more', credential => $credential );
        return $context->begin_step->future($loop)->then( sub {
            return $context->begin_delete->future($loop);
        } );
    }
    foreach    => [ 1 .. $count ],
    concurrent => $at_a_time;
    $all->get;
    return;
}

# A server of HTTP for its child's life: Negotiate, and NTLM where the path says so; with users of
# NTLM where it says that. /lie has a proof that is none; /away leads to / and /elsewhere to /echo
# at another name, which says what it was sent.
sub serve {
    my $daemon = shift;
    while ( my $connection = $daemon->accept ) {
        my $context;
        while ( my $request = $connection->get_request ) {
            $context = answer( $connection, $context, $request );
        }
    }
    return;
}

sub answer {
    my ( $connection, $context, $request ) = @_;
    my $package = $request->uri->path =~ /ntlm/ ? 'NTLM' : 'Negotiate';
    my $sent    = $request->header('Authorization');
    if ( $request->uri->path eq '/echo' ) {
        my $content = defined $sent ? $sent : 'nothing';
        my @close   = ( Connection => 'close' );
        $connection->send_response( HTTP::Response->new( 200, undef, \@close, $content ) );
        $connection->force_last_request;
        return;
    }
    my ($token) = defined $sent ? $sent =~ /^$package (\S+)/ : ();
    if ( !defined $token ) {
        my $response = HTTP::Response->new( 401, undef, [ 'WWW-Authenticate' => $package ], 'who?' );
        $connection->send_response($response);
        return;
    }
    my $path  = $request->uri->path;
    my %users = $path =~ /users/ ? ( ntlm_user_file => $ENV{NTLM_USER_FILE} ) : ();
    $context ||= server( package => $package, identity => \%users );
    my $reply = eval { $context->step( decode_base64($token) ) };
    my $code  = !defined $reply ? 403 : $context->is_complete ? 200 : 401;
    $reply = 'a lie' if $path eq '/lie';

    # HTTP::Daemon closes the connection behind an answer without content.
    my $response = HTTP::Response->new( $code, undef, [ 'Content-Type' => 'text/plain' ], '-' );
    $response->header( 'WWW-Authenticate' => "$package " . encode_base64( $reply, '' ) )
        if defined $reply && $reply ne '';
    if ( $code == 200 ) {
        $response->content( $context->user_name . ' ' . $request->content );
        my $port = $connection->sockport;
        my %away = ( '/away' => '/', '/elsewhere' => "http://127.0.0.1:$port/echo" );
        if ( $away{$path} ) {
            $response->code(302);
            $response->header( Location => $away{$path} );

            # One connection at a time is served here.
            $response->header( Connection => 'close' );
            $connection->force_last_request;
        }
    }
    $connection->send_response($response);
    return $context->is_complete ? undef : $context;
}

my @CASES = (
    acquire => sub {
        my $credential = scripted();
        check( probe::probe_credentials() == 1 );
        $credential->free;
        check( probe::probe_credentials() == 0 );
        my $problem = fails( SEC_E_LOGON_DENIED =>
                sub { scripted('acquire: status=SEC_E_LOGON_DENIED say=no') } );
        check( $problem->message =~ /no$/, $problem->message );
        check( "$problem"        =~ /no at \Q$0\E line \d+\.\n$/, "$problem" );
        check( $problem->status < 0 );
        check( begin_acquire( 'Scripted', BOTH )->get->handle > 0 );
    },

    ntlm_handshake => sub {
        ntlm( sub { my ( undef, $server ) = @_; check( $server->user_name eq 'TEST\alice' ) } );
    },

    ntlm_verifier => sub {
        my @asked;
        verified( sub { @asked = @_; return $ENV{ALICE_PASSWORD} } );
        check( "@asked" eq 'alice TEST', "@asked" );
        verified( sub { return $alice_hash } );
        verified( sub {
            # What is asked elsewhere comes later, through the same queue.
            return begin_acquire( 'Scripted', BOTH )->future->then( sub {
                return Future->done( $ENV{ALICE_PASSWORD} );
            } );
        } );
        check( pending() == 0 );
        fails( SEC_E_LOGON_DENIED => sub { verified( sub { return } ) } );
        fails( SEC_E_LOGON_DENIED => sub { verified( sub { return 'another' } ) } );
        my @errors;
        on_error( sub { push @errors, shift } );
        my @bad = ( sub { die "no database\n" }, sub { return [] },
            sub { return Future->fail('no') } );
        for my $bad (@bad) {
            fails( SEC_E_NO_AUTHENTICATING_AUTHORITY => sub { verified($bad) } );
        }
        check( @errors == 3, "@errors" );
        on_error(undef);
    },

    tls_handshake => sub {
        my $certificate = $ENV{TLS_CERTIFICATE};
        my $client      = client(
            'localhost',
            package               => 'Schannel',
            identity              => { roots => $certificate },
            application_protocols => [ 'h2', 'http/1.1' ] );
        my $server = server(
            package               => 'Schannel',
            identity              => { certificate => $certificate },
            application_protocols => ['http/1.1'] );
        shake_hands( $client, $server );
        check( $client->application_protocol eq 'http/1.1' );
        check( $client->channel_bindings eq $server->channel_bindings );
        my $sealed = $client->encrypt('hello');
        check( $server->decrypt( substr $sealed, 0, 7 ) eq '' );
        check( $server->decrypt( substr $sealed, 7 ) eq 'hello' );
        delete_many( [ $client, $server ] );
    },

    kerberos_handshake => sub {
        my $client = client( 'HTTP@localhost', package => 'Kerberos' );
        my $server = server( package => 'Kerberos' );
        shake_hands( $client, $server );
        check( $server->user_name eq "alice\@$ENV{REALM}" );
        check( $client->expiry > time );
        $_->delete for $client, $server;
    },

    seal_and_unseal => sub {
        ntlm( sub {
            my ( $client, $server ) = @_;
            my $message = "h\x00\xFFi";
            my $sealed  = $client->encrypt($message);
            check( index( $sealed, $message ) < 0 );
            check( $server->decrypt($sealed) eq $message );

            # Bytes are bytes in whatever way Perl keeps them, and other letters are none.
            utf8::upgrade( my $upgraded = $message );
            check( $server->decrypt( $client->encrypt($upgraded) ) eq $message );
            check( !eval { $client->encrypt("\x{263a}"); 1 } && $@ =~ /bytes.* \Q$0\E/, $@ );

            substr( $sealed, -1 ) ^= "\1";
            check( !eval { $server->decrypt($sealed); 1 } );
            check( $@->name =~ /^SEC_E_(?:MESSAGE_ALTERED|OUT_OF_SEQUENCE)$/, $@->name );
            check( $server->verify( $message, $client->sign($message) ) );
        } );
    },

    delete_pending_then_ok => sub {
        my $credential = scripted();
        my $context    = begun($credential);
        my $leg        = block_leg( $credential, $context );
        my $deletion   = SspiCreateAsyncContext();
        my @heard;
        SspiSetAsyncNotifyCallback( $deletion, sub { push @heard, @_ }, 'data' );
        check( SspiAsyncContextRequiresNotify($deletion) );
        check( SspiDeleteSecurityContextAsync( $deletion, \$context->handle ) == SEC_E_OK );
        check( SspiGetAsyncCallStatus($deletion) == SEC_I_ASYNC_CALL_PENDING );
        check( SspiReinitAsyncContext($deletion) == STATUS_DEVICE_BUSY );
        probe::probe_release(1);
        poll() until @heard;
        check( $heard[0] == $deletion && $heard[1] eq 'data' );
        check( SspiGetAsyncCallStatus($deletion) == SEC_E_OK );
        @heard = ();
        SspiFreeAsyncContext($_) for $leg, $deletion;
        $context->close;
        $credential->free;
    },

    # On each kind of loop, which goes on meanwhile.
    delete_heard_on_the_loop => sub {
        my $credential = scripted();
        my $loop       = IO::Async::Loop->new;
        delete_on( $credential, sub {
            my ( $call, $meanwhile ) = @_;
            $loop->later($meanwhile);
            $call->future($loop)->get;
        } );
        delete_on( $credential, sub {
            my ( $call, $meanwhile ) = @_;
            AnyEvent::postpone { $meanwhile->() };
            $call->condvar->recv;
        } );
        delete_on( $credential, sub {
            my ( $call, $meanwhile ) = @_;
            my $select = IO::Select->new( fd() );
            $meanwhile->();
            while ( pending() ) {
                dispatch() if $select->can_read;
            }
        } );
        delete_on( $credential, sub {
            my ( $call, $meanwhile ) = @_;
            my $future = $call->future;
            $meanwhile->();
            $future->get;
        } );
        $credential->free;
    },

    fire_and_forget => sub {
        my $credential = scripted();
        my @contexts   = map { begun($credential) } 1 .. 100;
        check( probe::probe_contexts() == 100 );
        $_->close for @contexts;
        $credential->close for 1 .. 2;
    },

    double_delete => sub {
        my $credential = scripted();
        my $context    = begun($credential);
        $context->delete;
        fails( SEC_E_INVALID_HANDLE => sub { $context->delete } );
        fails( SEC_E_INVALID_HANDLE => sub { $context->step } );
        $credential->free;
    },

    exception_in_callback => sub {
        my $credential = scripted();
        my ( $first, $second ) = map { begun($credential) } 1 .. 2;
        my @caught;
        on_error( sub { push @caught, shift } );
        my $deletion = SspiCreateAsyncContext();
        SspiSetAsyncNotifyCallback( $deletion, sub { die "boom\n" } );
        SspiDeleteSecurityContextAsync( $deletion, $first->handle );
        $second->begin_delete->on_ready( sub { die "bang\n" } )->get;
        poll() until @caught == 2;
        check( "@{[ sort @caught ]}" eq "bang\n boom\n", "@caught" );
        on_error(undef);
        SspiFreeAsyncContext($deletion);
        $first->close;
        $credential->free;
    },

    ten_thousand_deletions => sub {
        my $credential = scripted();
        deletions( $credential, 10_000, 64 );
        check( probe::probe_contexts() == 0 );
        $credential->free;
    },

    late_numbers => sub {
        my $idle = SSPI::Async::Native::call_status( SSPI::Async::Native::call_create() );
        for ( 1 .. 600_000 ) {
            my $call = SSPI::Async::Native::call_create();
            check( $call > 0 && $call < 2**53, $call );
            check( SSPI::Async::Native::call_status($call) == $idle );
            SSPI::Async::Native::call_free($call);
        }
    },

    text_with_nul => sub {
        fails( SEC_E_INVALID_PARAMETER => sub { scripted("all: name=ab\0evil") } );
        fails( SEC_E_INVALID_PARAMETER => sub { acquire("Scripted\0") } );
        my %identity = ( user => 'alice', password => "x\0user\0bob" );
        check( !eval { acquire( 'NTLM', OUTBOUND, identity => \%identity ); 1 } && $@ =~ /NUL/, $@ );
        my $credential = scripted();
        fails( SEC_E_INVALID_PARAMETER =>
                sub { client( "more\0evil", credential => $credential )->step } );
        $credential->free;
    },

    # Text is text in whatever way Perl keeps it: the second is Latin-1 inside.
    text_beyond_bmp => sub {
        for my $name ( "\x{1f511}\x{e9}", "\xe9" ) {
            my $credential = scripted("all: per-leg name=$name");
            my $context    = begun($credential);
            check( $context->user_name eq $name );
            $context->delete;
            $credential->free;
        }
        utf8::downgrade( my $script = "all: per-leg name=\xe9" );
        my $credential = scripted($script);
        my $context    = begun($credential);
        check( $context->user_name eq "\xe9" );
        $context->delete;
        $credential->free;
    },

    deadline_ends_a_blocked_leg => sub {
        my $credential = scripted();
        fails(
            SEC_E_SECURITY_QOS_FAILED => sub { blocked($credential)->step( undef, timeout => 0.02 ) },
            'SSPI::Async::Error::Timeout'
        );
        my $context = client( 'block', principal => 'all: per-leg', package => 'Scripted',
            timeout => 0.02 );
        fails( SEC_E_SECURITY_QOS_FAILED => sub { $context->step } );
        set_default_timeout(0.02);
        fails( SEC_E_SECURITY_QOS_FAILED => sub { blocked($credential)->step } );
        set_default_timeout(undef);
        probe::probe_release( probe::probe_blocked() );
        $credential->free;
    },

    # By the call, by its future, and by an exception in whoever waits; or in the second step.
    cancel => sub {
        my $credential = scripted();
        my $context    = blocked($credential);
        my $call       = $context->begin_step;
        eventually( sub { probe::probe_blocked() == 1 } );
        $call->cancel;
        fails( SEC_E_UNFINISHED_CONTEXT_DELETED => sub { $call->get } );
        check( $call->failure->name eq 'SEC_E_UNFINISHED_CONTEXT_DELETED' );

        my $future = blocked($credential)->begin_step->future;
        $future->cancel;
        poll() while pending();

        local $SIG{ALRM} = sub { die "alarm\n" };
        check( !eval { ualarm(20_000); blocked($credential)->step; 1 } && $@ eq "alarm\n", $@ );
        check( pending() == 0 );
        my $odd = client( 'more', package => 'Scripted', channel_bindings => [] );
        check( !eval { $odd->step; 1 } && $@ =~ /bindings: bytes/, $@ );
        probe::probe_release( probe::probe_blocked() );
        $credential->free;
    },

    # What nobody keeps goes at once; what has a callback is kept until that has run.
    collector_with_calls_pending => sub {
        my $credential = scripted();
        my $heard      = 0;
        my @calls      = map { blocked($credential)->begin_step } 1 .. 20;
        my @contexts   = map { begun($credential) } 1 .. 20;
        blocked($credential)->begin_step->on_ready( sub { $heard++ } );
        eventually( sub { probe::probe_blocked() == 21 } );
        check( pending() == 21 );
        undef @calls;
        undef @contexts;
        check( pending() == 1 );
        probe::probe_release(21);
        poll() while pending();
        check( $heard == 1 );
        $credential->close;
    },

    # Two in one interpreter, and threads of Perl with interpreters of their own.
    two_loops => sub {
        my $credential = scripted();
        my $loop       = IO::Async::Loop->new;
        my $condvar    = begun($credential)->begin_delete->condvar;
        my $future     = begun($credential)->begin_delete->future($loop);
        $condvar->recv;
        $future->get;
        deletions( $credential, 100, 4, $loop );
        $credential->free;
        return if !$Config{useithreads};
        require threads;
        my $ours    = begun( scripted() );
        my @threads = map {
            threads->create( sub {
                check( ref $ours eq 'SCALAR' );
                my $own = scripted();
                deletions( $own, 200, 4 );
                $own->free;
                return 'done';
            } )
        } 1 .. 2;
        check( $_->join eq 'done' ) for @threads;
        $ours->delete;
        check( probe::probe_contexts() == 0 );
    },

    # A program of LWP, which finds its plug-in by name.
    neighbours_interface => sub {
        my $daemon = HTTP::Daemon->new( LocalAddr => '127.0.0.1' ) or die "no daemon: $!\n";
        my $child  = fork;
        if ( !$child ) {
            alarm PATIENCE;    # should nobody end it
            eval { serve($daemon) };
            POSIX::_exit(0);
        }
        my $url = 'http://localhost:' . $daemon->sockport;
        my $ua  = LWP::UserAgent->new( keep_alive => 1, no_proxy => ['localhost'] );
        my @wrong;
        my $expect = sub {
            my ( $response, $code, $content ) = @_;
            push @wrong, $response->as_string
                if $response->code != $code || index( $response->decoded_content, $content ) < 0;
        };
        my $alice = "alice\@$ENV{REALM}";
        $expect->( $ua->get("$url/"),                          200, "$alice " );
        $expect->( $ua->post( "$url/", Content => 'content' ), 200, "$alice content" );
        $expect->( $ua->get("$url/away"),                      200, "$alice " );
        $expect->( $ua->get("$url/elsewhere"),                 200, 'nothing' );
        $expect->( $ua->get("$url/lie"),                       500, '' );

        # Another user, several legs, and NTLM alone.
        my $at = 'localhost:' . $daemon->sockport;
        $ua->credentials( $at, '', 'TEST\alice', $ENV{ALICE_PASSWORD} );
        $expect->( $ua->get("$url/users"), 200, 'TEST\alice ' );
        require SSPI::Async::LWP;
        SSPI::Async::LWP->import;
        $expect->( $ua->get("$url/ntlm-users"), 200, 'TEST\alice ' );
        $ua->credentials( $at, '', 'TEST\alice', 'wrong' );
        $expect->( $ua->get("$url/ntlm-users"), 403, '' );
        kill TERM => $child;
        waitpid $child, 0;
        check( !@wrong, "@wrong" );
    },

    # The child uses what was at rest, and calls of its own; what was pending is over there.
    fork => sub {
        my $credential = scripted();
        my $context    = begun($credential);
        my $call       = blocked($credential)->begin_step;
        eventually( sub { probe::probe_blocked() == 1 } );
        pipe my $reader, my $writer or die "pipe: $!\n";
        my $child = fork;
        if ( !$child ) {
            alarm PATIENCE;
            my $said = eval {
                fails( SEC_E_SHUTDOWN_IN_PROGRESS => sub { $call->get } );
                $context->delete;
                begun($credential)->begin_delete->future->get;
                begun($credential)->begin_delete->future( IO::Async::Loop->really_new )->get;
                'deleted';
            };
            syswrite $writer, defined $said ? $said : $@;
            POSIX::_exit(0);
        }
        close $writer;
        my $said = do { local $/; <$reader> };
        waitpid $child, 0;
        check( $said eq 'deleted', $said );
        check( !$call->is_ready );
        probe::probe_release(1);
        $call->get;
        $context->delete;
        $credential->free;
    },
);

my $credential;

sub hundred_blocked {
    $credential = scripted();
    my @calls = map { blocked($credential)->begin_step->on_ready( sub { } ) } 1 .. 100;
    eventually( sub { probe::probe_blocked() > 0 } );
    return;
}

my %PROGRAMS = (
    exit_with_calls_pending => sub {
        hundred_blocked();
        exit 3;
    },

    # The end of the program, with another exit code.
    natural_end_with_calls_pending => sub {
        hundred_blocked();
        eval 'END { $? = 3 }; 1' or die $@;
    },

    killed_by_sigterm_while_waiting => sub {
        hundred_blocked();
        syswrite STDOUT, "waiting\n";
        blocked($credential)->step;
    },

    # So many calls in 20 lots; what the process has after each.
    memory_stays_flat => sub {
        $| = 1;
        my $own = scripted();
        for ( 1 .. 20 ) {
            deletions( $own, $ARGV[1] / 40, 64 );
            print probe::probe_resident(), "\n";
        }
        $own->free;
    },
);

sub all {
    $| = 1;
    while ( my ( $name, $body ) = splice @CASES, 0, 2 ) {
        my $is_passed = eval {
            $body->();
            eventually( sub {
                dispatch();
                return probe::probe_contexts() == 0 && probe::probe_credentials() == 0;
            } );
            1;
        };
        my $why = "$@";
        $why =~ s/\n+/ | /g;
        print $is_passed ? "PASS $name\n" : "FAIL $name: $why\n";
    }
    return;
}

@ARGV ? $PROGRAMS{ $ARGV[0] }->() : all();
