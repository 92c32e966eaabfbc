// SPDX-License-Identifier: MIT
using System;

namespace SspiAsync
{
    /// <summary>What an initiator requests (ISC_REQ_*).</summary>
    [Flags]
    public enum ClientFlags : long
    {
        None = 0,
        Delegate = 0x1,
        MutualAuth = 0x2,
        ReplayDetect = 0x4,
        SequenceDetect = 0x8,
        Confidentiality = 0x10,
        UseSessionKey = 0x20,
        UseDceStyle = 0x200,
        Datagram = 0x400,
        Connection = 0x800,
        ExtendedError = 0x4000,
        Stream = 0x8000,
        Integrity = 0x10000,
        Identify = 0x20000,
        NullSession = 0x40000,
        ManualCredValidation = 0x80000,
        NoIntegrity = 0x800000,
        UseHttpStyle = 0x1000000,
        UnverifiedTargetName = 0x20000000,
        Messages = 0x100000000,
        DeferredCredValidation = 0x200000000,
    }

    /// <summary>What an acceptor requests (ASC_REQ_*).</summary>
    [Flags]
    public enum ServerFlags : long
    {
        None = 0,
        Delegate = 0x1,
        MutualAuth = 0x2,
        ReplayDetect = 0x4,
        SequenceDetect = 0x8,
        Confidentiality = 0x10,
        UseSessionKey = 0x20,
        UseDceStyle = 0x200,
        Datagram = 0x400,
        Connection = 0x800,
        ExtendedError = 0x8000,
        Stream = 0x10000,
        Integrity = 0x20000,
        Identify = 0x80000,
        AllowNullSession = 0x100000,
        ProxyBindings = 0x4000000,
        AllowMissingBindings = 0x10000000,
    }

    /// <summary>What a credential can be used for.</summary>
    public enum CredentialUse
    {
        Inbound = 1,
        Outbound = 2,
        Both = 3,
    }

    /// <summary>The kinds of channel bindings (RFC 5929, RFC 9266).</summary>
    public enum BindingKind
    {
        Unique = 25,
        Endpoint = 26,
        Exporter = 0x53500001,
    }
}
