# SPDX-License-Identifier: MIT

# Both sides of a handshake in one program: what each of our languages does in its own way.
#
#     perl handshake.pl Kerberos
#     perl handshake.pl NTLM alice TEST PASSWORD USER_FILE
#
# Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
# lines DOMAIN:user:password. The other examples called handshake print the same.
use strict;
use warnings;
use Future;
use SSPI::Async qw(client server);

# Lets each side's token go to the other one; how many legs that took.
sub shake_hands {
    my ( $client, $server ) = @_;
    my $token = $client->step;
    my $legs  = 1;
    until ( $client->is_complete && $server->is_complete ) {
        $token = ( $legs % 2 == 0 ? $client : $server )->step($token);
        $legs++;
    }
    return $legs;
}

my ( $package, $user, $domain, $password, $users ) = @ARGV;
my %ours   = $user  ? ( user => $user, domain => $domain, password => $password ) : ();
my %theirs = $users ? ( ntlm_user_file => $users ) : ();

my $client = client( 'HTTP@localhost', package => $package, identity => \%ours, timeout => 10 );
my $server = server( package => $package, identity => \%theirs, timeout => 10 );
print "$package: ", shake_hands( $client, $server ), " legs\n";
print 'the server knows ',   $server->user_name,                             "\n";
print 'sealed and opened: ', $server->decrypt( $client->encrypt('hello') ), "\n";
Future->needs_all( map { $_->begin_delete->future } $client, $server )->get;
print "deleted\n";
