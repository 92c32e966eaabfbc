# SPDX-License-Identifier: MIT
package SSPI::Async::Constants;

use strict;
use warnings;
use Exporter 'import';

our $VERSION = '1.0.0';

# A SECURITY_STATUS has 32 bits with a sign.
sub status { return $_[0] - 2**32 }

my ( %status, %use, %client, %server );

BEGIN {
    %status = (
        SEC_E_OK                  => 0,
        SEC_I_ASYNC_CALL_PENDING  => 0x00090368,
        SEC_I_CONTEXT_EXPIRED     => 0x00090317,
        SEC_E_INSUFFICIENT_MEMORY => status(0x80090300),
        SEC_E_INVALID_HANDLE      => status(0x80090301),
        SEC_E_CONTEXT_EXPIRED     => status(0x80090317),
        SEC_E_INCOMPLETE_MESSAGE  => status(0x80090318),
        SEC_E_DECRYPT_FAILURE     => status(0x80090330),
        SEC_E_SECURITY_QOS_FAILED => status(0x80090332),
        SEC_E_INVALID_PARAMETER   => status(0x8009035D),
        STATUS_DEVICE_BUSY        => status(0x80000011),
    );
    %use    = ( INBOUND => 1, OUTBOUND => 2, BOTH => 3 );
    %client = (
        ISC_REQ_DELEGATE                 => 0x1,
        ISC_REQ_MUTUAL_AUTH              => 0x2,
        ISC_REQ_REPLAY_DETECT            => 0x4,
        ISC_REQ_SEQUENCE_DETECT          => 0x8,
        ISC_REQ_CONFIDENTIALITY          => 0x10,
        ISC_REQ_USE_DCE_STYLE            => 0x200,
        ISC_REQ_STREAM                   => 0x8000,
        ISC_REQ_INTEGRITY                => 0x10000,
        ISC_REQ_IDENTIFY                 => 0x20000,
        ISC_REQ_MANUAL_CRED_VALIDATION   => 0x80000,
        ISC_REQ_NO_INTEGRITY             => 0x800000,
        ISC_REQ_UNVERIFIED_TARGET_NAME   => 0x20000000,
        ISC_REQ_MESSAGES                 => 2**32,
        ISC_REQ_DEFERRED_CRED_VALIDATION => 2**33,
        ISC_REQ_DEFAULTS                 => 0x2 | 0x4 | 0x8 | 0x10 | 0x10000,
    );
    %server = (
        ASC_REQ_DELEGATE               => 0x1,
        ASC_REQ_MUTUAL_AUTH            => 0x2,
        ASC_REQ_REPLAY_DETECT          => 0x4,
        ASC_REQ_SEQUENCE_DETECT        => 0x8,
        ASC_REQ_CONFIDENTIALITY        => 0x10,
        ASC_REQ_USE_DCE_STYLE          => 0x200,
        ASC_REQ_STREAM                 => 0x10000,
        ASC_REQ_INTEGRITY              => 0x20000,
        ASC_REQ_IDENTIFY               => 0x80000,
        ASC_REQ_PROXY_BINDINGS         => 0x4000000,
        ASC_REQ_ALLOW_MISSING_BINDINGS => 0x10000000,
        ASC_REQ_DEFAULTS               => 0x4 | 0x8 | 0x10 | 0x20000,
    );
}

use constant { %status, %use, %client, %server };

our %EXPORT_TAGS = (
    status => [ sort keys %status ],
    use    => [ sort keys %use ],
    isc    => [ sort keys %client ],
    asc    => [ sort keys %server ],
);
our @EXPORT_OK = map { @{$_} } values %EXPORT_TAGS;

1;
