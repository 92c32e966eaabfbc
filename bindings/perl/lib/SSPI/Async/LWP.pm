# SPDX-License-Identifier: MIT
package SSPI::Async::LWP;

# Answers HTTP's challenges for LWP::UserAgent. A leg is a request of its own, which LWP makes by
# calling us again inside: what is under way is known by the header that we sent last.

use strict;
use warnings;
use MIME::Base64 ();
use Scalar::Util 'blessed';
use URI ();
use SSPI::Async::Constants ':isc';
use SSPI::Async::Context;

our $VERSION = '1.0.0';

our $under_way;    # of the request that we are inside of: { context, sent }

# "use" has LWP take these, whatever else is installed under their names.
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

    # No token for what we have sent: it was refused.
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

# LWP takes all headers along when it is sent elsewhere. Not this one. (Where that asks for a
# handshake of its own, what is under way is another one.)
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

# The server's own proof goes with the answer to the last leg, which may have led elsewhere since.
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

# Bytes of a challenge; '' for one without, undef where there is none.
sub token_of {
    my ( $response, $scheme, $is_proxy ) = @_;
    my $field = $is_proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate';
    for my $challenge ( $response->header($field) ) {
        next if $challenge !~ m{(?:^|,)\s*$scheme(?:\s+([A-Za-z0-9+/]+=*))?\s*(?:,|$)}i;
        return MIME::Base64::decode( defined $1 ? $1 : '' );
    }
    return;
}

# The tickets of whoever runs the program, unless the user agent has been told a user.
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

LWP looks for C<LWP::Authen::Negotiate> when a server, or a proxy, asks for that, and finds the one
that comes with this distribution: a program says nothing of it. Where the module of that name of
another distribution is installed, that one stays, and

    use SSPI::Async::LWP;

(or C<PERL5OPT=-MSSPI::Async::LWP> in the environment) takes its place, and that of
C<LWP::Authen::Ntlm>.

Kerberos takes the tickets of whoever runs the program. A user is told as LWP has it, with an empty
realm:

    $ua->credentials( 'intranet.example.org:80', '', 'DOMAIN\user', 'password' );

NTLM, by Negotiate or alone, takes several requests of one connection: C<< keep_alive => 1 >>.

What the server sends as its own proof is looked at: an answer whose proof is wrong becomes a
response 500 of LWP's own. The limit of a leg is the C<timeout> of the user agent. Why a challenge
was not answered is in the response's C<Client-Warning>.

=head1 ENVIRONMENT

=over

=item LWP_AUTHEN_NEGOTIATE_DELEGATE

If it is set, tickets are forwarded to the server.

=back

=head1 SEE ALSO

L<LWP::UserAgent>, L<SSPI::Async>

=cut
