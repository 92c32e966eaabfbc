# SPDX-License-Identifier: MIT
package SSPI::Async::LWP;

# Answers HTTP's challenges for LWP::UserAgent. Each leg is a separate request, during which LWP
# calls this module again: the handshake under way is recognized by the header that was sent last.

use strict;
use warnings;
use MIME::Base64 ();
use Scalar::Util 'blessed';
use URI ();
use SSPI::Async::Constants ':isc';
use SSPI::Async::Context;

our $VERSION = '1.0.0';

our $under_way;    # for the request that is running: { context, sent }

# With "use", LWP takes these, whatever else is installed under their names.
sub import {
    no strict 'refs';
    no warnings qw(once redefine);
    for my $scheme (qw(Negotiate Ntlm)) {
        *{"LWP::Authen::${scheme}::authenticate"} =
            "SSPI::Async::LWP::$scheme"->can('authenticate');
        $INC{"LWP/Authen/$scheme.pm"} ||= __FILE__;
    }
    return;
}

sub answer {
    my ( $package, $scheme, $ua, $is_proxy, $response, $request, $arg, $size ) = @_;
    my $field   = $is_proxy ? 'Proxy-Authorization' : 'Authorization';
    my $sent    = $request->header($field);
    my $is_next = $under_way && defined $sent && $sent eq $under_way->{sent};
    my $token   = token_of( $response, $scheme, $is_proxy );

    # The response to our token has none: our token was refused.
    return $response if $is_next && ( !defined $token || $token eq '' );
    return warn_of( $response, 'authentication takes several requests of one connection; '
            . 'it needs LWP::UserAgent->new(keep_alive => 1)' )
        if $is_next && !$ua->conn_cache;

    my $context = $is_next ? $under_way->{context} : begin( $package, $ua, $is_proxy, $request );
    my $reply   = eval { $context->step( $is_next ? $token : undef ) };
    return warn_of( $response, reason($@) ) if !defined $reply;
    return $response if $is_next && $reply eq '';

    my $header   = "$scheme " . MIME::Base64::encode( $reply, '' );
    my $referral = $request->clone;
    $referral->header( $field => $header );
    local $under_way = { context => $context, sent => $header };
    keep_from_others( $ua, $under_way, $field, $request->uri );
    my $answer = $ua->request( $referral, $arg, $size, $response );
    $ua->remove_handler( undef, owner => "$under_way" );
    return prove( $context, $scheme, $is_proxy, $referral, $answer );
}

# On a redirect, LWP keeps all headers; this removes the header with the token. (If the new server
# asks for a handshake, that is another one.)
sub keep_from_others {
    my ( $ua, $owner, $field, $uri ) = @_;
    my $sent = $owner->{sent};
    $ua->add_handler(
        request_prepare => sub {
            my $request = shift;
            my $header  = $request->header($field);
            $request->remove_header($field)
                if $under_way
                && $under_way == $owner
                && defined $header
                && $header eq $sent
                && $request->uri ne $uri;
            return;
        },
        owner => "$owner",
    );
    return;
}

# The server's proof is in the response to the last leg, which may have been redirected since.
sub prove {
    my ( $context, $scheme, $is_proxy, $referral, $answer ) = @_;
    return $answer if $context->is_complete;
    my $own = $answer;
    $own = $own->previous while $own && $own->request != $referral;
    my $token = $own && $own->code !~ /^40[17]$/ ? token_of( $own, $scheme, $is_proxy ) : undef;
    return $answer if !defined $token || eval { $context->step($token); 1 };
    my $why = reason($@);
    require HTTP::Response;
    my $failure = HTTP::Response->new( 500, "$scheme: the server is not who it says" );
    $failure->request($referral);
    $failure->previous($own);
    $failure->header( 'Client-Warning' => 'Internal response' );
    $failure->content_type('text/plain');
    $failure->content($why);
    return $failure;
}

# The bytes of a challenge; '' for a challenge without bytes, undef if there is no challenge.
sub token_of {
    my ( $response, $scheme, $is_proxy ) = @_;
    my $field = $is_proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate';
    for my $challenge ( $response->header($field) ) {
        next if $challenge !~ m{(?:^|,)\s*$scheme(?:\s+([A-Za-z0-9+/]+=*))?\s*(?:,|$)}i;
        return MIME::Base64::decode( defined $1 ? $1 : '' );
    }
    return;
}

# Uses the tickets of the user who runs the program, unless the user agent has credentials.
sub begin {
    my ( $package, $ua, $is_proxy, $request ) = @_;
    my $uri   = $is_proxy ? URI->new( $ua->proxy( $request->uri->scheme ) ) : $request->uri;
    my $flags = ISC_REQ_DEFAULTS;
    my ( $user, $password ) =
          $package eq 'NTLM' ? $ua->get_basic_credentials( '', $uri, $is_proxy )
        : $is_proxy          ? ()
        :                      $ua->credentials( $uri->host_port, '' );
    $flags |= ISC_REQ_DELEGATE if $ENV{LWP_AUTHEN_NEGOTIATE_DELEGATE};
    my %identity;
    if ( defined $user ) {
        %identity = ( password => $password );
        @identity{qw(domain user)} = $user =~ /^([^\\]*)\\(.*)$/s ? ( $1, $2 ) : ( undef, $user );
    }
    return SSPI::Async::Context->client(
        'HTTP@' . $uri->host,
        package  => $package,
        flags    => $flags,
        identity => \%identity,
        timeout  => $ua->timeout,
    );
}

sub reason {
    my $problem = shift;
    return blessed $problem ? $problem->message : $problem;
}

sub warn_of {
    my ( $response, $why ) = @_;
    $why =~ s/\s*\n/ /gx;
    $response->header( 'Client-Warning' => $why );
    return $response;
}

package SSPI::Async::LWP::Negotiate;

sub authenticate {
    my ( $class, $ua, $is_proxy, $challenge, @rest ) = @_;
    return SSPI::Async::LWP::answer( 'Negotiate', 'Negotiate', $ua, $is_proxy, @rest );
}

package SSPI::Async::LWP::Ntlm;

sub authenticate {
    my ( $class, $ua, $is_proxy, $challenge, @rest ) = @_;
    return SSPI::Async::LWP::answer( 'NTLM', 'NTLM', $ua, $is_proxy, @rest );
}

1;

__END__

=head1 NAME

SSPI::Async::LWP - Negotiate and NTLM for LWP

=head1 SYNOPSIS

    use LWP::UserAgent;

    my $ua = LWP::UserAgent->new( keep_alive => 1 );
    print $ua->get('http://intranet.example.org/')->content;

=head1 DESCRIPTION

LWP looks for C<LWP::Authen::Negotiate> when a server, or a proxy, asks for Negotiate, and finds the
module that comes with this distribution: a program need not mention it. If the module of that name
from another distribution is installed, it is kept. In this case,

    use SSPI::Async::LWP;

(or C<PERL5OPT=-MSSPI::Async::LWP> in the environment) replaces that module, and
C<LWP::Authen::Ntlm>.

Kerberos uses the tickets of the user who runs the program. Name another user in LWP's way, with an
empty realm:

    $ua->credentials( 'intranet.example.org:80', '', 'DOMAIN\user', 'password' );

NTLM, in Negotiate or alone, needs several requests on one connection: C<< keep_alive => 1 >>.

The server's proof of its identity is checked: if it is wrong, the response is replaced by a
response 500 from this module. The timeout of a leg is the C<timeout> of the user agent. If a
challenge was not answered, the response's C<Client-Warning> gives the reason.

=head1 ENVIRONMENT

=over

=item LWP_AUTHEN_NEGOTIATE_DELEGATE

If it is set, tickets are forwarded to the server.

=back

=head1 SEE ALSO

L<LWP::UserAgent>, L<SSPI::Async>

=cut
