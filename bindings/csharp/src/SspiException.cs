// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace SspiAsync
{
    /// <summary>A call failed: Code is the name of its status, Message gives the reason.</summary>
    public class SspiException : Exception
    {
        private const int SEC_E_SECURITY_QOS_FAILED = unchecked((int)0x80090332);

        internal SspiException(int status, string message, Outcome outcome) : base(
            !string.IsNullOrEmpty(message) ? message : NameOf(status) + ": " + TextOf(status))
        {
            HResult = status;
            Token = outcome?.Token;
            Missing = outcome == null ? 0 : (long)outcome.Missing;
        }

        /// <summary>The status, as a SECURITY_STATUS.</summary>
        public int Status => HResult;

        /// <summary>The name of the status, "SEC_E_LOGON_DENIED".</summary>
        public string Code => NameOf(HResult);

        /// <summary>A token for the peer; null if the package has none.</summary>
        public byte[] Token { get; }

        /// <summary>With SEC_E_INCOMPLETE_MESSAGE: how many bytes are missing; 0 if unknown.</summary>
        public long Missing { get; }

        private static string NameOf(int status)
        {
            return Marshal.PtrToStringAnsi(Native.sspia_hub_status_name(status));
        }

        private static string TextOf(int status)
        {
            return Marshal.PtrToStringAnsi(Native.sspia_hub_status_text(status));
        }

        internal static SspiException Of(int status, string message, Outcome outcome = null)
        {
            return status == SEC_E_SECURITY_QOS_FAILED
                ? new SspiTimeoutException(status, message, outcome)
                : new SspiException(status, message, outcome);
        }

        /// <summary>Throws if the last function that this thread called has failed.</summary>
        internal static void Check(int status)
        {
            if (status >= 0)
                return;
            Native.Bytes message;
            Native.sspia_hub_last_message(out message);
            throw Of(status, Native.TakeText(message));
        }
    }

    /// <summary>A call was pending at its deadline.</summary>
    public class SspiTimeoutException : SspiException
    {
        internal SspiTimeoutException(int status, string message, Outcome outcome)
            : base(status, message, outcome)
        {
        }
    }
}
