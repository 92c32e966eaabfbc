// SPDX-License-Identifier: MIT
using System;
using System.Text;

namespace SspiAsync
{
    /// <summary>Text in the library's form: UTF-8, used completely or refused.</summary>
    internal static class Text
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        internal static byte[] ToUtf8(string text)
        {
            if (text == null)
                return null;
            try
            {
                return Strict.GetBytes(text);
            }
            catch (EncoderFallbackException half)
            {
                throw new ArgumentException("text has half a surrogate pair", half);
            }
        }

        internal static string Of(byte[] utf8)
        {
            return Encoding.UTF8.GetString(utf8);
        }
    }
}
