// SPDX-License-Identifier: MIT
package org.sspiasync.internal;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text in the library's form: UTF-8 (which JNI's own text is not), used completely or refused. */
public final class Text {
    private Text() {}

    public static byte[] toUtf8(CharSequence text) {
        if (text == null) return null;
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            if (encoded.hasArray()) Arrays.fill(encoded.array(), (byte) 0); // it may be a password
            return bytes;
        } catch (CharacterCodingException half) {
            throw new IllegalArgumentException("text has half a surrogate pair", half);
        }
    }

    public static String of(byte[] utf8) {
        return utf8 == null ? null : new String(utf8, StandardCharsets.UTF_8);
    }
}
