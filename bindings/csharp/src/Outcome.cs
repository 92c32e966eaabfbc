// SPDX-License-Identifier: MIT
namespace SspiAsync
{
    /// <summary>The outputs of a call.</summary>
    internal sealed class Outcome
    {
        internal readonly int Status;
        internal readonly uint Attributes;
        internal readonly ulong Credential;
        internal readonly ulong Context;
        internal readonly long Expiry;
        internal readonly uint Extra;
        internal readonly uint Missing;
        internal readonly byte[] Token;

        /// <summary>Takes the outputs from a completed call.</summary>
        internal Outcome(ulong call)
        {
            Native.RawOutcome raw;
            Native.sspia_hub_call_take(call, out raw);
            Status = raw.Status;
            Attributes = raw.Attributes;
            Credential = raw.Credential;
            Context = raw.Context;
            Expiry = raw.Expiry;
            Extra = raw.Extra;
            Missing = raw.Missing;
            Token = Native.Take(raw.Token);
        }
    }
}
