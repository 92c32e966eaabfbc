// SPDX-License-Identifier: MIT
package org.sspiasync.jgss;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.ietf.jgss.GSSException;

/** The functions of JGSS that use streams, which RFC 8353 removed. */
final class Streams {
    private static final int LONGEST = 1 << 20;

    private Streams() {}

    private static GSSException failed(IOException problem) {
        GSSException failure = Failure.of(GSSException.DEFECTIVE_TOKEN, String.valueOf(problem.getMessage()));
        failure.initCause(problem);
        return failure;
    }

    private static byte[] readExactly(InputStream in, int size) throws IOException {
        byte[] bytes = in.readNBytes(size);
        if (bytes.length < size) throw new EOFException("the stream ends within a token");
        return bytes;
    }

    /** Reads one DER value, such as a token of Kerberos or SPNEGO, and no byte after it. */
    static byte[] readToken(InputStream in) throws GSSException {
        try {
            byte[] head = readExactly(in, 2);
            int size = head[1];
            byte[] more = {};
            if (size < 0) {
                more = readExactly(in, Math.min(size & 0x7f, Integer.BYTES));
                size = 0;
                for (byte each : more) size = size << 8 | each & 0xff;
            }
            if (size < 0 || size > LONGEST) throw new IOException("the token has no length that can be");
            return ByteBuffer.allocate(head.length + more.length + size).put(head).put(more)
                    .put(readExactly(in, size)).array();
        } catch (IOException problem) {
            throw failed(problem);
        }
    }

    static byte[] readAll(InputStream in) throws GSSException {
        try {
            return in.readAllBytes();
        } catch (IOException problem) {
            throw failed(problem);
        }
    }

    /** Returns the number of bytes; null counts as none. */
    static int write(OutputStream out, byte[] bytes) throws GSSException {
        if (bytes == null) return 0;
        try {
            out.write(bytes);
            out.flush();
            return bytes.length;
        } catch (IOException problem) {
            throw failed(problem);
        }
    }
}
