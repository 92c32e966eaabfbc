// SPDX-License-Identifier: MIT
package org.sspiasync.internal;

/** The outputs of a call. */
public final class Outcome {
    public final int status;
    public final int attributes;
    public final long credential;
    public final long context;
    public final long expiry;
    public final int extra;
    public final int missing;
    public final byte[] token;

    /** Takes the outputs from a completed call. */
    public Outcome(long call) {
        long[] numbers = new long[7];
        Object[] places = {numbers, null};
        Native.call_take(call, places);
        status = (int) numbers[0];
        attributes = (int) numbers[1];
        credential = numbers[2];
        context = numbers[3];
        expiry = numbers[4];
        extra = (int) numbers[5];
        missing = (int) numbers[6];
        token = (byte[]) places[1];
    }
}
