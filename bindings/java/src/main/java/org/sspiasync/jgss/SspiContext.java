// SPDX-License-Identifier: MIT
package org.sspiasync.jgss;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.ietf.jgss.ChannelBinding;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSException;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.MessageProp;
import org.ietf.jgss.Oid;
import org.sspiasync.ClientFlags;
import org.sspiasync.Options;
import org.sspiasync.SecurityContext;
import org.sspiasync.ServerFlags;
import org.sspiasync.Sspi;
import org.sspiasync.SspiException;

/**
 * A context of JGSS, with its legs as futures. An exception has the exception of the library as its cause;
 * the token() of that exception, if any, is for the peer.
 */
public final class SspiContext implements GSSContext {
    private final SspiManager manager;
    private final boolean initiator;
    private final SspiName peer; // only for an initiator
    private final Mechanism asked;
    private final SspiCredential credential;

    // All fields below are guarded by this.
    private long wanted = ClientFlags.MUTUAL_AUTH | ClientFlags.REPLAY_DETECT | ClientFlags.SEQUENCE_DETECT
            | ClientFlags.CONFIDENTIALITY | ClientFlags.INTEGRITY;
    private int lifetime;
    private byte[] bindings;
    private SecurityContext context; // from the first leg on
    private Packed packed; // only for an imported context
    private boolean disposed;

    private SspiContext(SspiManager manager, boolean initiator, SspiName peer, Mechanism asked,
            SspiCredential credential, int lifetime) {
        this.manager = manager;
        this.initiator = initiator;
        this.peer = peer;
        this.asked = asked;
        this.credential = credential;
        this.lifetime = lifetime == DEFAULT_LIFETIME ? INDEFINITE_LIFETIME : lifetime;
    }

    static SspiContext initiator(SspiManager manager, SspiName peer, Mechanism mechanism,
            SspiCredential credential, int lifetime) {
        return new SspiContext(manager, true, peer, mechanism, credential, lifetime);
    }

    static SspiContext acceptor(SspiManager manager, Mechanism mechanism, SspiCredential credential) {
        return new SspiContext(manager, false, null, mechanism, credential, INDEFINITE_LIFETIME);
    }

    static SspiContext imported(SspiManager manager, byte[] token) throws GSSException {
        Packed packed = new Packed(token);
        SspiContext context = new SspiContext(manager, packed.initiator, packed.peer, packed.mechanism,
                null, INDEFINITE_LIFETIME);
        context.packed = packed;
        context.context = Failure.translated(
                () -> SecurityContext.importFrom(packed.mechanism.securityPackage, packed.context));
        return context;
    }

    /** The result of export(): a context, with what JGSS needs to know about it in another process. */
    private static final class Packed {
        private static final byte VERSION = 1;

        final boolean initiator;
        final int attributes;
        final Optional<Instant> expiry;
        final Mechanism mechanism;
        final SspiName peer;
        final byte[] context;

        Packed(byte[] token) throws GSSException {
            try {
                ByteBuffer rest = ByteBuffer.wrap(token);
                if (rest.get() != VERSION) throw new BufferUnderflowException();
                initiator = rest.get() != 0;
                attributes = rest.getInt();
                long until = rest.getLong();
                expiry = until < 0 ? Optional.empty() : Optional.of(Instant.ofEpochSecond(until));
                mechanism = Mechanism.of(new Oid(part(rest)));
                byte[] name = part(rest);
                peer = name.length == 0 ? null : SspiName.of(name, null, mechanism);
                context = part(rest);
            } catch (BufferUnderflowException | NegativeArraySizeException bad) {
                throw Failure.of(GSSException.DEFECTIVE_TOKEN, "these are no bytes that export() gave");
            }
        }

        private static byte[] part(ByteBuffer rest) {
            int size = rest.getInt();
            if (size > rest.remaining()) throw new BufferUnderflowException();
            byte[] part = new byte[size];
            rest.get(part);
            return part;
        }

        static byte[] pack(boolean initiator, int attributes, Optional<Instant> expiry,
                Mechanism mechanism, SspiName peer, byte[] context) throws GSSException {
            byte[] oid = mechanism.oid.getDER();
            byte[] name = peer == null ? new byte[0] : peer.toBytes();
            long until = expiry.map(Instant::getEpochSecond).orElse(-1L);
            return ByteBuffer.allocate(26 + oid.length + name.length + context.length).put(VERSION)
                    .put((byte) (initiator ? 1 : 0)).putInt(attributes).putLong(until)
                    .putInt(oid.length).put(oid).putInt(name.length).put(name)
                    .putInt(context.length).put(context).array();
        }
    }

    private SecurityContext begun(boolean initiates) throws GSSException {
        synchronized (this) {
            if (disposed) throw Failure.of(GSSException.NO_CONTEXT, "the context was disposed of");
            if (initiates != initiator)
                throw Failure.of(GSSException.FAILURE, initiator
                        ? "the context is an initiator's: call initSecContext"
                        : "the context is an acceptor's: call acceptSecContext");
            if (context == null) context = begin();
            return context;
        }
    }

    private SecurityContext begin() throws GSSException {
        Options options = manager.options().securityPackage(asked.securityPackage);
        if (credential != null) options.credential(credential.of(asked));
        if (bindings != null) options.channelBindings(bindings);
        if (!initiator) return Sspi.server(options);
        return Sspi.client(peer.principal(), options.flags(wanted));
    }

    private static byte[] cut(byte[] bytes, int offset, int length) {
        if (offset == 0 && length == bytes.length) return bytes;
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }

    private static byte[] tokenOrNull(byte[] token) {
        return token.length > 0 ? token : null;
    }

    /**
     * One leg as a future of the token for the peer, or of null if there is none. It fails with a
     * GSSException. Cancelling the future stops the leg, as in SecurityContext.stepAsync. The first leg
     * ignores token.
     */
    public CompletableFuture<byte[]> initSecContextAsync(byte[] token) throws GSSException {
        boolean first = first();
        return legAsync(begun(true), first ? null : token);
    }

    /** The same for an acceptor. */
    public CompletableFuture<byte[]> acceptSecContextAsync(byte[] token) throws GSSException {
        return legAsync(begun(false), token);
    }

    private synchronized boolean first() {
        return context == null;
    }

    private static CompletableFuture<byte[]> legAsync(SecurityContext context, byte[] token)
            throws GSSException {
        CompletableFuture<byte[]> told = new CompletableFuture<>();
        CompletableFuture<byte[]> leg = Failure.translated(() -> context.stepAsync(token));
        told.whenComplete((value, problem) -> {
            if (problem != null) leg.cancel(true);
        });
        leg.whenComplete((sent, problem) -> {
            Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
            if (cause instanceof SspiException) told.completeExceptionally(Failure.of((SspiException) cause));
            else if (cause != null) told.completeExceptionally(cause);
            else told.complete(tokenOrNull(sent));
        });
        return told;
    }

    @Override
    public byte[] initSecContext(byte[] inputBuf, int offset, int len) throws GSSException {
        boolean first = first();
        SecurityContext with = begun(true);
        byte[] token = first ? null : cut(inputBuf, offset, len);
        return Failure.translated(() -> tokenOrNull(with.step(token)));
    }

    @Override
    public byte[] acceptSecContext(byte[] inToken, int offset, int len) throws GSSException {
        SecurityContext with = begun(false);
        byte[] token = cut(inToken, offset, len);
        return Failure.translated(() -> tokenOrNull(with.step(token)));
    }

    /** Tokens of Kerberos and SPNEGO include their own length. */
    @Override
    @Deprecated
    public int initSecContext(InputStream inStream, OutputStream outStream) throws GSSException {
        byte[] token = first() ? new byte[0] : Streams.readToken(inStream);
        return Streams.write(outStream, initSecContext(token, 0, token.length));
    }

    @Override
    @Deprecated
    public void acceptSecContext(InputStream inStream, OutputStream outStream) throws GSSException {
        byte[] token = Streams.readToken(inStream);
        Streams.write(outStream, acceptSecContext(token, 0, token.length));
    }

    @Override
    public synchronized boolean isEstablished() {
        return context != null && context.isComplete();
    }

    /** Does not wait. */
    @Override
    public synchronized void dispose() {
        if (context != null) context.close();
        context = null;
        disposed = true;
    }

    private synchronized SecurityContext established() throws GSSException {
        if (!isEstablished()) throw Failure.of(GSSException.NO_CONTEXT, "the context is not established");
        return context;
    }

    private static void needDefaultQop(int qop) throws GSSException {
        if (qop != 0) throw Failure.of(GSSException.BAD_QOP, "there is the QOP 0 alone");
    }

    @Override
    public int getWrapSizeLimit(int qop, boolean confReq, int maxTokenSize) throws GSSException {
        needDefaultQop(qop);
        SecurityContext with = established();
        boolean encrypts = encrypts(confReq);
        return Failure.translated(() -> (int) with.messageLimit(maxTokenSize, !encrypts));
    }

    /** If NTLM agreed on encryption, it cannot sign a message and leave it readable. */
    private boolean encrypts(boolean asked) throws GSSException {
        return getConfState() && (asked || mechanism() == Mechanism.NTLM);
    }

    /** Afterwards, msgProp says whether the message is encrypted. */
    @Override
    public byte[] wrap(byte[] inBuf, int offset, int len, MessageProp msgProp) throws GSSException {
        needDefaultQop(msgProp.getQOP());
        SecurityContext with = established();
        boolean encrypts = encrypts(msgProp.getPrivacy());
        byte[] sealed = Failure.translated(() -> with.encrypt(cut(inBuf, offset, len), !encrypts));
        msgProp.setPrivacy(encrypts);
        return sealed;
    }

    /** A message that is out of sequence causes an error, and is not decrypted. */
    @Override
    public byte[] unwrap(byte[] inBuf, int offset, int len, MessageProp msgProp) throws GSSException {
        SecurityContext with = established();
        boolean[] encrypted = new boolean[1];
        byte[] plain = Failure.translated(() -> with.decrypt(cut(inBuf, offset, len), encrypted));
        msgProp.setPrivacy(encrypted[0]);
        inOrder(msgProp);
        return plain;
    }

    private static void inOrder(MessageProp msgProp) {
        msgProp.setQOP(0);
        msgProp.setSupplementaryStates(false, false, false, false, 0, null);
    }

    @Override
    public byte[] getMIC(byte[] inMsg, int offset, int len, MessageProp msgProp) throws GSSException {
        if (msgProp != null) needDefaultQop(msgProp.getQOP());
        SecurityContext with = established();
        return Failure.translated(() -> with.sign(cut(inMsg, offset, len)));
    }

    @Override
    public void verifyMIC(byte[] inTok, int tokOffset, int tokLen, byte[] inMsg, int msgOffset, int msgLen,
            MessageProp msgProp) throws GSSException {
        SecurityContext with = established();
        Failure.translated(() -> {
            with.verify(cut(inMsg, msgOffset, msgLen), cut(inTok, tokOffset, tokLen));
            return null;
        });
        if (msgProp != null) inOrder(msgProp);
    }

    /** The message is everything up to the end of the stream. The same applies to the functions below. */
    @Override
    @Deprecated
    public void wrap(InputStream inStream, OutputStream outStream, MessageProp msgProp) throws GSSException {
        byte[] message = Streams.readAll(inStream);
        Streams.write(outStream, wrap(message, 0, message.length, msgProp));
    }

    @Override
    @Deprecated
    public void unwrap(InputStream inStream, OutputStream outStream, MessageProp msgProp)
            throws GSSException {
        byte[] token = Streams.readAll(inStream);
        Streams.write(outStream, unwrap(token, 0, token.length, msgProp));
    }

    @Override
    @Deprecated
    public void getMIC(InputStream inStream, OutputStream outStream, MessageProp msgProp)
            throws GSSException {
        byte[] message = Streams.readAll(inStream);
        Streams.write(outStream, getMIC(message, 0, message.length, msgProp));
    }

    @Override
    @Deprecated
    public void verifyMIC(InputStream tokStream, InputStream msgStream, MessageProp msgProp)
            throws GSSException {
        byte[] token = Streams.readAll(tokStream);
        byte[] message = Streams.readAll(msgStream);
        verifyMIC(token, 0, token.length, message, 0, message.length, msgProp);
    }

    /** The bytes replace this context, which is disposed of. */
    @Override
    public synchronized byte[] export() throws GSSException {
        SecurityContext with = established();
        byte[] bytes = Failure.translated(with::export);
        byte[] token = Packed.pack(initiator, attributes(), expiry(), asked, peer, bytes);
        Arrays.fill(bytes, (byte) 0);
        dispose();
        return token;
    }

    private synchronized void request(boolean state, long flag) {
        if (context != null || !initiator) return; // as JGSS requires
        if (state) wanted |= flag;
        else wanted &= ~flag;
    }

    @Override
    public void requestMutualAuth(boolean state) {
        request(state, ClientFlags.MUTUAL_AUTH);
    }

    @Override
    public void requestReplayDet(boolean state) {
        request(state, ClientFlags.REPLAY_DETECT);
    }

    @Override
    public void requestSequenceDet(boolean state) {
        request(state, ClientFlags.SEQUENCE_DETECT);
    }

    @Override
    public void requestCredDeleg(boolean state) {
        request(state, ClientFlags.DELEGATE);
    }

    @Override
    public void requestAnonymity(boolean state) {
        request(state, ClientFlags.NULL_SESSION);
    }

    @Override
    public void requestConf(boolean state) {
        request(state, ClientFlags.CONFIDENTIALITY);
    }

    @Override
    public void requestInteg(boolean state) {
        request(state, ClientFlags.INTEGRITY);
    }

    /** The lifetime is that of the ticket, whatever is requested. */
    @Override
    public synchronized void requestLifetime(int wantedLifetime) {
        if (context == null && initiator) lifetime = wantedLifetime;
    }

    /** Only application data is supported, and no addresses. */
    @Override
    public synchronized void setChannelBinding(ChannelBinding binding) throws GSSException {
        if (context != null) return;
        if (binding != null
                && (binding.getInitiatorAddress() != null || binding.getAcceptorAddress() != null))
            throw Failure.of(GSSException.UNAVAILABLE,
                    "channel bindings are application data here: leave out the addresses");
        bindings = binding == null ? null : binding.getApplicationData();
    }

    private synchronized int attributes() {
        return packed != null ? packed.attributes : context.attributes();
    }

    /** The requested state until the context is established, then the agreed one. */
    private synchronized boolean state(long asClient, long asServer) {
        if (isEstablished()) return (attributes() & (initiator ? asClient : asServer)) != 0;
        return initiator && (wanted & asClient) != 0;
    }

    @Override
    public boolean getCredDelegState() {
        return state(ClientFlags.DELEGATE, ServerFlags.DELEGATE);
    }

    @Override
    public boolean getMutualAuthState() {
        return state(ClientFlags.MUTUAL_AUTH, ServerFlags.MUTUAL_AUTH);
    }

    @Override
    public boolean getReplayDetState() {
        return state(ClientFlags.REPLAY_DETECT, ServerFlags.REPLAY_DETECT);
    }

    @Override
    public boolean getSequenceDetState() {
        return state(ClientFlags.SEQUENCE_DETECT, ServerFlags.SEQUENCE_DETECT);
    }

    @Override
    public boolean getAnonymityState() {
        return state(ClientFlags.NULL_SESSION, ServerFlags.ALLOW_NULL_SESSION);
    }

    @Override
    public boolean getConfState() {
        return state(ClientFlags.CONFIDENTIALITY, ServerFlags.CONFIDENTIALITY);
    }

    @Override
    public boolean getIntegState() {
        return state(ClientFlags.INTEGRITY, ServerFlags.INTEGRITY);
    }

    @Override
    public boolean isTransferable() {
        return isEstablished();
    }

    @Override
    public boolean isProtReady() {
        return isEstablished();
    }

    private Optional<Instant> expiry() {
        return packed != null ? packed.expiry : context.expiry();
    }

    /** In seconds. */
    @Override
    public synchronized int getLifetime() {
        if (!isEstablished()) return lifetime;
        return SspiCredential.secondsUntil(expiry());
    }

    @Override
    public GSSName getSrcName() throws GSSException {
        if (!isEstablished()) return initiator && credential != null ? credential.getName() : null;
        SecurityContext with = established();
        return Failure.translated(() -> new SspiName(with.userName(), null, mechanism()));
    }

    /** For an acceptor, the name from its credential or from its client. */
    @Override
    public GSSName getTargName() throws GSSException {
        if (initiator) return peer;
        if (!isEstablished()) return credential != null ? credential.getName() : null;
        SecurityContext with = established();
        return Failure.translated(() -> new SspiName(with.target(), null, mechanism()));
    }

    private Mechanism mechanism() throws GSSException {
        if (!isEstablished()) return asked;
        SecurityContext with = established();
        return Failure.translated(() -> Mechanism.ofPackage(with.securityPackage()));
    }

    /** The mechanism in use; until the context is established, the requested one. */
    @Override
    public Oid getMech() throws GSSException {
        return mechanism().oid;
    }

    @Override
    public GSSCredential getDelegCred() throws GSSException {
        SecurityContext with = established();
        Mechanism mechanism = mechanism();
        return Failure.translated(
                () -> SspiCredential.delegated(manager, mechanism, with.delegatedCredential()));
    }

    @Override
    public boolean isInitiator() {
        return initiator;
    }
}
