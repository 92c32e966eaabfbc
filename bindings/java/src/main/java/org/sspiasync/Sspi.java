// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.time.Duration;
import java.util.List;
import org.sspiasync.internal.Native;
import org.sspiasync.internal.Text;

/** The entry point: contexts, and settings of the process. */
public final class Sspi {
    private static final long LONGEST_MS = 0xfffffffeL;

    private Sspi() {}

    /** The initiator of a handshake with target, "HTTP@www.example.org". */
    public static SecurityContext client(String target, Options options) {
        return SecurityContext.client(target, options);
    }

    /** The acceptor of a handshake. */
    public static SecurityContext server(Options options) {
        return SecurityContext.server(options);
    }

    /** The names of the packages that can be loaded here. */
    public static List<String> packages() {
        byte[][] names = new byte[1][];
        SspiException.check(Native.packages(names));
        return List.of(Text.of(names[0]).split("\0"));
    }

    /** Adds a package: a module file (with "/"), or the module of that name. */
    public static void addPackage(String name) {
        SspiException.check(Native.package_add(name));
    }

    /** Turns off a package in this process; must be called before the first credential. */
    public static void turnOff(String name) {
        SspiException.check(Native.package_turn_off(name));
    }

    /** The timeout of each acquire and leg that sets no other; zero means none. */
    public static void setDefaultTimeout(Duration timeout) {
        if (timeout.isNegative()) throw new IllegalArgumentException("a timeout is not negative: " + timeout);
        Native.set_default_deadline(Math.min(timeout.plusNanos(999_999).toMillis(), LONGEST_MS));
    }

    /** The version of the loaded library. */
    public static String version() {
        return Native.version();
    }
}
