// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace SspiAsync
{
    /// <summary>sspi_hub.h: its structures, which can be passed as they are, and its functions. The build
    /// compares the names.</summary>
    internal static class Native
    {
        [StructLayout(LayoutKind.Sequential)]
        internal struct Bytes
        {
            internal IntPtr Data;
            internal UIntPtr Size;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Completion
        {
            internal ulong Id;
            internal ulong Call;
            internal int Status;
            internal uint Reserved;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct RawOutcome
        {
            internal int Status;
            internal uint Attributes;
            internal ulong Credential;
            internal ulong Context;
            internal long Expiry;
            internal uint Extra;
            internal uint Missing;
            internal Bytes Token;
        }

        /// <summary>A copy of the bytes, which are then released; null if there are none.</summary>
        internal static byte[] Take(Bytes bytes)
        {
            if (bytes.Data == IntPtr.Zero)
                return null;
            try
            {
                var copy = new byte[checked((int)bytes.Size)];
                Marshal.Copy(bytes.Data, copy, 0, copy.Length);
                return copy;
            }
            finally
            {
                sspia_hub_bytes_free(bytes.Data);
            }
        }

        internal static string TakeText(Bytes bytes)
        {
            byte[] utf8 = Take(bytes);
            return utf8 == null ? null : Text.Of(utf8);
        }

        internal static UIntPtr Size(byte[] bytes)
        {
            return bytes == null ? UIntPtr.Zero : (UIntPtr)bytes.Length;
        }

        [DllImport(Library.Name)]
        internal static extern void sspia_hub_bytes_free(IntPtr data);

        [DllImport(Library.Name)]
        internal static extern ulong sspia_hub_queue_create();

        [DllImport(Library.Name)]
        internal static extern void sspia_hub_queue_free(ulong queue);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_queue_fd(ulong queue);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_queue_take(
            ulong queue, int timeoutMs, [Out] Completion[] completions, uint most);

        [DllImport(Library.Name)]
        internal static extern void sspia_hub_queue_wake(ulong queue);

        [DllImport(Library.Name)]
        internal static extern ulong sspia_hub_call_create();

        [DllImport(Library.Name)]
        internal static extern void sspia_hub_call_free(ulong call);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_call_reinit(ulong call);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_call_status(ulong call);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_call_wait(ulong call, int timeoutMs);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_call_cancel(ulong call);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_call_set_deadline(ulong call, uint milliseconds);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_call_set_deadline_at(ulong call, long monotonicNs);

        [DllImport(Library.Name)]
        internal static extern void sspia_hub_set_default_deadline(uint milliseconds);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_call_take(ulong call, out RawOutcome outcome);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_call_message(ulong call, out Bytes text);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_acquire(
            ulong call, ulong queue, ulong id, byte[] package, UIntPtr packageSize, byte[] principal,
            UIntPtr principalSize, uint use, byte[] identity, UIntPtr identitySize);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_initialize(
            ulong call, ulong queue, ulong id, ulong credential, ulong context, byte[] target, UIntPtr
            targetSize, ulong flags, byte[] token, UIntPtr tokenSize, byte[] bindings, UIntPtr
            bindingsSize, byte[] protocols, UIntPtr protocolsSize);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_accept(
            ulong call, ulong queue, ulong id, ulong credential, ulong context, ulong flags, byte[]
            token, UIntPtr tokenSize, byte[] bindings, UIntPtr bindingsSize, byte[] protocols, UIntPtr
            protocolsSize);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_delete_context(
            ulong call, ulong queue, ulong id, ulong context);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_free_credential(
            ulong call, ulong queue, ulong id, ulong credential);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_delete_contexts(
            ulong call, ulong queue, ulong id, byte[] contexts, UIntPtr size);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_delete_context_now(ulong context);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_free_credential_now(ulong credential);

        [DllImport(Library.Name)]
        internal static extern ulong sspia_hub_verifier_create();

        [DllImport(Library.Name)]
        internal static extern void sspia_hub_verifier_free(ulong verifier);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_verifier_wait(
            ulong call, ulong queue, ulong id, ulong verifier);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_verifier_take(
            ulong verifier, out ulong question, out Bytes user, out Bytes domain);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_verifier_answer(
            ulong question, uint answer, byte[] secret, UIntPtr secretSize);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_sign(
            ulong context, byte[] data, UIntPtr size, out Bytes signature);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_verify(
            ulong context, byte[] data, UIntPtr size, byte[] signature, UIntPtr signatureSize);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_encrypt(
            ulong context, uint qop, byte[] data, UIntPtr size, out Bytes message);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_decrypt(
            ulong context, byte[] data, UIntPtr size, out Bytes plain, out uint qop, out UIntPtr used);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_encrypt_parts(
            ulong context, uint qop, byte[] header, UIntPtr headerSize, byte[] data, UIntPtr size,
            byte[] trailer, UIntPtr trailerSize, out Bytes token, out Bytes message);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_decrypt_parts(
            ulong context, byte[] token, UIntPtr tokenSize, byte[] header, UIntPtr headerSize, byte[]
            data, UIntPtr size, byte[] trailer, UIntPtr trailerSize, out Bytes plain, out uint qop);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_message_limit(
            ulong context, uint qop, uint packet, out uint plaintext);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_control(ulong context, byte[] token, UIntPtr size);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_export_context(ulong context, uint flags, out Bytes packed);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_import_context(
            byte[] package, UIntPtr packageSize, byte[] packed, UIntPtr size, out ulong context);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_query_number(
            ulong context, uint attribute, uint member, out long number);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_query_text(
            ulong context, uint attribute, uint member, out Bytes text);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_query_bytes(ulong context, uint attribute, out Bytes bytes);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_delegated_credential(
            ulong context, out ulong credential, out long expiry);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_credential_name(ulong credential, out Bytes text);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_packages(out Bytes names);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_package_number(
            byte[] package, UIntPtr packageSize, uint member, out long number);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_package_text(
            byte[] package, UIntPtr packageSize, uint member, out Bytes text);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_package_add(byte[] module, UIntPtr moduleSize);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_package_turn_off(byte[] package, UIntPtr packageSize);

        [DllImport(Library.Name)]
        internal static extern IntPtr sspia_hub_status_name(int status);

        [DllImport(Library.Name)]
        internal static extern IntPtr sspia_hub_status_text(int status);

        [DllImport(Library.Name)]
        internal static extern IntPtr sspia_hub_version();

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_last_message(out Bytes text);

        [DllImport(Library.Name)]
        internal static extern int sspia_hub_pool_configure(
            uint minThreads, uint maxThreads, uint maxQuickThreads, uint maxQueued, uint idleMs);

        [DllImport(Library.Name)]
        internal static extern long sspia_hub_pool_count(uint member);
    }
}
