// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;
using System.Security.Authentication.ExtendedProtection;

namespace SspiAsync
{
    /// <summary>
    /// Bindings in .NET's form, with the layout of SEC_CHANNEL_BINDINGS, made from application data such as
    /// the result of SecurityContext.ChannelBindings.
    /// </summary>
    public sealed class TlsChannelBinding : ChannelBinding
    {
        private const int HeaderSize = 32;
        private const int LengthAt = 24;
        private const int OffsetAt = 28;

        private readonly int size;

        public TlsChannelBinding(byte[] applicationData) : base(true)
        {
            if (applicationData == null)
                throw new ArgumentNullException(nameof(applicationData));
            size = HeaderSize + applicationData.Length;
            SetHandle(Marshal.AllocHGlobal(size));
            Marshal.Copy(new byte[HeaderSize], 0, handle, HeaderSize);
            Marshal.WriteInt32(handle, LengthAt, applicationData.Length);
            Marshal.WriteInt32(handle, OffsetAt, HeaderSize);
            Marshal.Copy(applicationData, 0, handle + HeaderSize, applicationData.Length);
        }

        public override int Size => size;

        protected override bool ReleaseHandle()
        {
            Marshal.FreeHGlobal(handle);
            return true;
        }

        /// <summary>The application data of any kind of bindings; null if there are none.</summary>
        internal static byte[] ApplicationData(ChannelBinding binding)
        {
            if (binding == null || binding.IsInvalid)
                return null;
            bool kept = false;
            try
            {
                binding.DangerousAddRef(ref kept);
                return Read(binding.DangerousGetHandle(), binding.Size);
            }
            finally
            {
                if (kept)
                    binding.DangerousRelease();
            }
        }

        private static byte[] Read(IntPtr place, int size)
        {
            int length = size < HeaderSize ? -1 : Marshal.ReadInt32(place, LengthAt);
            int offset = size < HeaderSize ? -1 : Marshal.ReadInt32(place, OffsetAt);
            if (length < 0 || offset < HeaderSize || offset > size - length)
                throw new ArgumentException("the binding is no SEC_CHANNEL_BINDINGS with its data inside");
            var data = new byte[length];
            Marshal.Copy(place + offset, data, 0, length);
            return data;
        }
    }
}
