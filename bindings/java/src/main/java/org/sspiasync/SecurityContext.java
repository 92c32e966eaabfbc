// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.io.ByteArrayOutputStream;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.sspiasync.internal.Native;
import org.sspiasync.internal.Outcome;
import org.sspiasync.internal.Text;

/**
 * A handshake, and then the protection of messages. It runs one leg at a time. Functions whose names end
 * in Async return at once; the others wait, and an interrupt stops the call that they wait for.
 */
public final class SecurityContext implements AutoCloseable {
    private static final int SEC_E_OK = 0;
    private static final int SEC_E_INVALID_HANDLE = 0x80090301;
    private static final int SEC_E_CONTEXT_EXPIRED = 0x80090317;
    private static final int SEC_E_INCOMPLETE_MESSAGE = 0x80090318;
    private static final int SEC_E_DECRYPT_FAILURE = 0x80090330;
    private static final int SEC_I_CONTEXT_EXPIRED = 0x00090317;
    private static final long WRAP_NO_ENCRYPT = 0x80000001L;

    private static final long NAMES = 1;
    private static final long STREAM_SIZES = 4;
    private static final long SESSION_KEY = 9;
    private static final long PACKAGE_INFO = 10;
    private static final long TARGET = 27;
    private static final long APPLICATION_PROTOCOL = 35;
    private static final long REMOTE_CERTIFICATE = 0x53;

    private static final long DEFAULT_CLIENT = ClientFlags.MUTUAL_AUTH | ClientFlags.REPLAY_DETECT
            | ClientFlags.SEQUENCE_DETECT | ClientFlags.CONFIDENTIALITY | ClientFlags.INTEGRITY;
    private static final long DEFAULT_SERVER = ServerFlags.REPLAY_DETECT | ServerFlags.SEQUENCE_DETECT
            | ServerFlags.CONFIDENTIALITY | ServerFlags.INTEGRITY;

    private static final byte[] NOTHING = {};

    /** The kinds of channel bindings (RFC 5929, RFC 9266). */
    public enum Binding {
        UNIQUE(25),
        ENDPOINT(26),
        EXPORTER(0x53500001);

        final long attribute;

        Binding(long attribute) {
            this.attribute = attribute;
        }
    }

    // All fields below are guarded by this.
    private final boolean acceptor;
    private final String target;
    private final Options options;
    private Credential credential;
    private boolean ownsCredential;
    private Ending ending;
    private boolean dead;
    private boolean complete;
    private byte[] rest = NOTHING;
    private byte[] extra = NOTHING;
    private int attributes;
    private long expiry = -1;

    private SecurityContext(boolean acceptor, String target, Options options) {
        this.acceptor = acceptor;
        this.target = target;
        this.options = options.copy();
        credential = options.credential;
    }

    static SecurityContext client(String target, Options options) {
        return new SecurityContext(false, target, options);
    }

    static SecurityContext server(Options options) {
        return new SecurityContext(true, null, options);
    }

    /** Creates a context from the result of export(), in this process or in another one. */
    public static SecurityContext importFrom(String securityPackage, byte[] packed) {
        SecurityContext context =
                new SecurityContext(false, null, new Options().securityPackage(securityPackage));
        long[] handle = new long[1];
        SspiException.check(Native.import_context(securityPackage, packed, handle));
        context.adopt(handle[0]);
        context.complete = true;
        return context;
    }

    private void adopt(long handle) {
        ending = Ending.of(this, handle, lost -> Native.delete_context(0, 0, 0, lost));
    }

    /** Whether the handshake is complete. */
    public synchronized boolean isComplete() {
        return complete;
    }

    /** Its number in the library; 0 before the first leg and after it was deleted. */
    public synchronized long handle() {
        return ending == null ? 0 : ending.handle();
    }

    /** The attributes agreed on so far: the numbers of ClientFlags or ServerFlags. */
    public synchronized int attributes() {
        return attributes;
    }

    /** When it expires; empty: never, or not known. */
    public synchronized Optional<Instant> expiry() {
        return expiry < 0 ? Optional.empty() : Optional.of(Instant.ofEpochSecond(expiry));
    }

    /** Bytes after the last token that belong to the data that follows the handshake. */
    public synchronized byte[] extra() {
        return extra.clone();
    }

    private String packageName() {
        if (options.securityPackage != null) return options.securityPackage;
        return options.credential != null ? options.credential.securityPackage() : "Negotiate";
    }

    /**
     * One leg: token is what the peer sent, and null at first. The future returns the token to send, or an
     * empty array if there is nothing to send. The first leg acquires a credential if there is none. The
     * future fails with an SspiException, whose token, if any, is for the peer. Cancelling the future stops
     * the leg; so do orTimeout and the timeout of the options.
     */
    public CompletableFuture<byte[]> stepAsync(byte[] token) {
        return step(token, options);
    }

    public CompletableFuture<byte[]> stepAsync() {
        return stepAsync(null);
    }

    /** The same, but waits for the result. */
    public byte[] step(byte[] token) {
        return Call.await(step(token, options.direct()));
    }

    public byte[] step() {
        return step(null);
    }

    private CompletableFuture<byte[]> step(byte[] token, Options limits) {
        synchronized (this) {
            if (dead) throw SspiException.of(SEC_E_INVALID_HANDLE, "the context was deleted");
            if (credential != null) return begin(token, limits);
        }
        CompletableFuture<byte[]> sent = new CompletableFuture<>();
        CompletableFuture<Credential> acquired = Credential.acquireAsync(packageName(),
                acceptor ? CredentialUse.INBOUND : CredentialUse.OUTBOUND, limits);
        follow(sent, acquired);
        acquired.whenComplete((found, problem) -> {
            if (problem != null) {
                sent.completeExceptionally(problem);
                return;
            }
            try {
                CompletableFuture<byte[]> leg = beginWith(found, token, limits);
                follow(sent, leg);
                leg.whenComplete((bytes, why) -> {
                    if (why != null) sent.completeExceptionally(why);
                    else sent.complete(bytes);
                });
            } catch (RuntimeException refused) {
                sent.completeExceptionally(refused);
            }
        });
        return sent;
    }

    /** If `sent` is completed early with an exception, the call that it waits for stops. */
    private static void follow(CompletableFuture<?> sent, CompletableFuture<?> call) {
        sent.whenComplete((value, problem) -> {
            if (problem != null) call.cancel(true);
        });
    }

    private synchronized CompletableFuture<byte[]> beginWith(Credential found, byte[] token,
            Options limits) {
        if (dead || credential != null) found.close();
        if (dead) throw SspiException.of(SEC_E_INVALID_HANDLE, "the context was deleted");
        if (credential == null) {
            credential = found;
            ownsCredential = true;
        }
        return begin(token, limits);
    }

    private CompletableFuture<byte[]> begin(byte[] token, Options limits) {
        long context = handle();
        boolean first = context == 0;
        byte[] bindings = first ? options.channelBindings : null;
        byte[] protocols = first ? packProtocols(options.applicationProtocols) : null;
        long flags = options.flags != null ? options.flags : acceptor ? DEFAULT_SERVER : DEFAULT_CLIENT;
        long with = credential.handle();
        return Call.start((call, queue, id) -> acceptor
                ? Native.accept(call, queue, id, with, context, flags, token, bindings, protocols)
                : Native.initialize(call, queue, id, with, context, target, flags, token, bindings,
                        protocols),
                limits, outcome -> note(outcome, token), nobody -> {});
    }

    /** ALPN: each name after its length. */
    private static byte[] packProtocols(List<String> names) {
        if (names == null) return null;
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        for (String name : names) {
            byte[] bytes = Text.toUtf8(name);
            if (bytes.length == 0 || bytes.length > 255)
                throw new IllegalArgumentException("a protocol's name has 1 to 255 bytes: " + name);
            packed.write(bytes.length);
            packed.write(bytes, 0, bytes.length);
        }
        return packed.toByteArray();
    }

    private synchronized byte[] note(Outcome outcome, byte[] token) {
        if (outcome.context != 0) adopt(outcome.context);
        attributes = outcome.attributes;
        expiry = outcome.expiry;
        extra = token != null && outcome.extra > 0
                ? Arrays.copyOfRange(token, token.length - outcome.extra, token.length) : NOTHING;
        complete = outcome.status == SEC_E_OK;
        if (dead) close(); // deleted meanwhile
        return outcome.token != null ? outcome.token : NOTHING;
    }

    private interface Question {
        int ask(long handle);
    }

    /** Keeps the context alive during the query, even if there are no other references to it. */
    private void ask(Question question) {
        try {
            SspiException.check(question.ask(handle()));
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Encrypts a message. Like all functions below, it waits while a leg runs on this context. */
    public byte[] encrypt(byte[] data) {
        return encrypt(data, false);
    }

    /** With signOnly, the message is only signed, and stays readable. */
    public byte[] encrypt(byte[] data, boolean signOnly) {
        byte[][] sealed = new byte[1][];
        ask(handle -> Native.encrypt(handle, signOnly ? WRAP_NO_ENCRYPT : 0, data, sealed));
        return sealed[0];
    }

    /**
     * Decrypts a message from the other side's encrypt. With TLS, data is what was received, and an
     * incomplete record is kept for the next call.
     */
    public byte[] decrypt(byte[] data) {
        return decrypt(data, false);
    }

    /** With acceptSigned, also accepts a message that is only signed. */
    public byte[] decrypt(byte[] data, boolean acceptSigned) {
        return open(data, new boolean[1], acceptSigned);
    }

    /** Also accepts a message that is only signed; wasEncrypted[0] says which it was. */
    public byte[] decrypt(byte[] data, boolean[] wasEncrypted) {
        return open(data, wasEncrypted, true);
    }

    private synchronized byte[] open(byte[] data, boolean[] wasEncrypted, boolean acceptSigned) {
        byte[] whole = data;
        if (rest.length > 0) {
            whole = Arrays.copyOf(rest, rest.length + data.length);
            System.arraycopy(data, 0, whole, rest.length, data.length);
        }
        byte[][] plain = new byte[1][];
        long[] qop = new long[1];
        long[] used = new long[1];
        int status = Native.decrypt(handle(), whole, plain, qop, used);
        if (status == SEC_E_INCOMPLETE_MESSAGE && isStream()) {
            rest = whole.clone();
            return NOTHING;
        }
        SspiException.check(status);
        if (status == SEC_I_CONTEXT_EXPIRED && (plain[0] == null || plain[0].length == 0))
            throw SspiException.of(SEC_E_CONTEXT_EXPIRED, "the peer has closed the connection");
        rest = Arrays.copyOfRange(whole, (int) used[0], whole.length);
        wasEncrypted[0] = qop[0] != WRAP_NO_ENCRYPT;
        if (!wasEncrypted[0] && !acceptSigned)
            throw SspiException.of(SEC_E_DECRYPT_FAILURE, "the message is signed only, not encrypted");
        return plain[0] == null ? NOTHING : plain[0];
    }

    /** Whether it is TLS, which has records instead of messages. */
    public boolean isStream() {
        return Native.query_number(handle(), STREAM_SIZES, 0, new long[1]) == SEC_E_OK;
    }

    public byte[] sign(byte[] data) {
        byte[][] signature = new byte[1][];
        ask(handle -> Native.sign(handle, data, signature));
        return signature[0];
    }

    /** Throws if signature does not match data. */
    public void verify(byte[] data, byte[] signature) {
        ask(handle -> Native.verify(handle, data, signature));
    }

    private String text(long attribute) {
        byte[][] text = new byte[1][];
        ask(handle -> Native.query_text(handle, attribute, 0, text));
        return Text.of(text[0]);
    }

    private byte[] bytes(long attribute) {
        byte[][] bytes = new byte[1][];
        ask(handle -> Native.query_bytes(handle, attribute, bytes));
        return bytes[0];
    }

    /** The authenticated client, "alice@EXAMPLE.ORG" or "DOMAIN\\alice". */
    public String userName() {
        return text(NAMES);
    }

    /** The target that the client requested (acceptor). */
    public String target() {
        return text(TARGET);
    }

    /** The package in use; with Negotiate, the one that was chosen. */
    public String securityPackage() {
        return text(PACKAGE_INFO);
    }

    /** The session key. It is a secret. */
    public byte[] sessionKey() {
        return bytes(SESSION_KEY);
    }

    public String applicationProtocol() {
        return Text.of(bytes(APPLICATION_PROTOCOL));
    }

    /** Channel bindings for a context inside this TLS connection. */
    public byte[] channelBindings(Binding kind) {
        return bytes(kind.attribute);
    }

    /** The certificate of the peer (TLS), DER. */
    public byte[] remoteCertificate() {
        return bytes(REMOTE_CERTIFICATE);
    }

    /** How many bytes of data fit into an encrypted message of size bytes. */
    public long messageLimit(int size) {
        return messageLimit(size, false);
    }

    /** With signOnly, into a message that is only signed. */
    public long messageLimit(int size, boolean signOnly) {
        long[] limit = new long[1];
        ask(handle -> Native.message_limit(handle, signOnly ? WRAP_NO_ENCRYPT : 0, size, limit));
        return limit[0];
    }

    /** A new credential from the one that the client delegated. */
    public Credential delegatedCredential() {
        long[] found = new long[1];
        long[] until = new long[1];
        ask(handle -> Native.delegated_credential(handle, found, until));
        return new Credential(found[0], packageName(), until[0]);
    }

    /** The context as bytes, for importFrom. */
    public byte[] export() {
        byte[][] packed = new byte[1][];
        ask(handle -> Native.export_context(handle, 0, packed));
        return packed[0];
    }

    /** The handle, which the caller must now delete; 0 if there was no leg. */
    private synchronized long end() {
        dead = true;
        if (ownsCredential) credential.close();
        ownsCredential = false;
        return ending == null ? 0 : ending.take();
    }

    /** Deletes the context; earlier calls on it finish first. */
    public CompletableFuture<Void> deleteAsync() {
        return delete(options);
    }

    /** The same, but waits for the result. */
    public void delete() {
        Call.await(delete(options.direct()));
    }

    private CompletableFuture<Void> delete(Options limits) {
        boolean begun;
        synchronized (this) {
            begun = ending != null || dead;
        }
        long handle = end();
        if (!begun) return CompletableFuture.completedFuture(null);
        return Call.startEnd((call, queue, id) -> Native.delete_context(call, queue, id, handle), limits);
    }

    /** The same, but does not wait, and reports no result. */
    @Override
    public void close() {
        long handle = end();
        if (handle != 0) Native.delete_context(0, 0, 0, handle);
    }

    /** Deletes many contexts in one call. */
    public static CompletableFuture<Void> deleteMany(Collection<SecurityContext> contexts) {
        long[] handles = contexts.stream().mapToLong(SecurityContext::end).filter(each -> each != 0)
                .toArray();
        ByteBuffer packed = ByteBuffer.allocate(Long.BYTES * handles.length).order(ByteOrder.nativeOrder());
        for (long handle : handles) packed.putLong(handle);
        return Call.startEnd((call, queue, id) ->
                Native.delete_contexts(call, queue, id, packed.array()), new Options());
    }
}
