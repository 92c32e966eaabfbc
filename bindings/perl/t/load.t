# SPDX-License-Identifier: MIT
# That what was built here loads, and finds the library and its packages.
use strict;
use warnings;
use Test::More tests => 3;
use SSPI::Async qw(:functions BOTH);

like version(), qr/^\d+[.]\d+[.]\d+$/, 'the library has a version';
ok( ( grep { $_ eq 'Scripted' } packages() ), 'it finds its packages' );
is acquire( 'Scripted', BOTH )->package, 'Scripted', 'a credential';
