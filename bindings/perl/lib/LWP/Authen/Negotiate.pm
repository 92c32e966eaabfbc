# SPDX-License-Identifier: MIT
package LWP::Authen::Negotiate;

# LWP loads this by its name when a server asks for "Negotiate".

use strict;
use warnings;
use SSPI::Async::LWP ();

our $VERSION = '1.0.0';
our @ISA     = ('SSPI::Async::LWP::Negotiate');

1;

__END__

=head1 NAME

LWP::Authen::Negotiate - Kerberos and NTLM by Negotiate for LWP

=head1 DESCRIPTION

See L<SSPI::Async::LWP>. Programs that use the module of this name from another distribution run
unchanged with this one.

=cut
