// SPDX-License-Identifier: MIT
// Programs of JGSS, which know org.ietf.jgss alone: they take a manager for each side, ours or the
// JDK's.
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import org.ietf.jgss.ChannelBinding;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSException;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.MessageProp;
import org.ietf.jgss.Oid;
import org.sspiasync.Identity;
import org.sspiasync.SspiException;
import org.sspiasync.jgss.SspiContext;
import org.sspiasync.jgss.SspiManager;

final class Jgss {
    private static final String SERVICE = "HTTP@localhost";
    private static final byte[] MESSAGE = {'h', 0, (byte) 0xff, 'i'};
    private static final String ALICE = "alice@" + System.getenv("REALM");

    private interface Setting {
        void of(GSSContext client, GSSContext server) throws GSSException;
    }

    private static Oid oid(String numbers) throws GSSException {
        return new Oid(numbers);
    }

    private static Oid kerberos() throws GSSException {
        return oid("1.2.840.113554.1.2.2");
    }

    private static Oid spnego() throws GSSException {
        return oid("1.3.6.1.5.5.2");
    }

    private static Oid ntlm() throws GSSException {
        return oid("1.3.6.1.4.1.311.2.2.10");
    }

    /** The JDK's own, with the tickets and the keys that the library has. */
    private static GSSManager jdk() {
        System.setProperty("java.security.krb5.conf", System.getenv("KRB5_CONFIG"));
        System.setProperty("javax.security.auth.useSubjectCredsOnly", "false");
        Configuration.setConfiguration(new Configuration() {
            @Override
            public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
                Map<String, String> options = name.endsWith("accept")
                        ? Map.of("useKeyTab", "true", "keyTab", System.getenv("KEYTAB"), "storeKey", "true",
                                "principal", "HTTP/localhost@" + System.getenv("REALM"),
                                "isInitiator", "false")
                        : Map.of("useTicketCache", "true", "ticketCache", System.getenv("CCACHE"),
                                "doNotPrompt", "true");
                return new AppConfigurationEntry[] {new AppConfigurationEntry(
                        "com.sun.security.auth.module.Krb5LoginModule", LoginModuleControlFlag.REQUIRED,
                        options)};
            }
        });
        return GSSManager.getInstance();
    }

    private static void shakeHands(GSSContext client, GSSContext server) throws GSSException {
        byte[] token = client.initSecContext(new byte[0], 0, 0);
        while (token != null) {
            token = server.acceptSecContext(token, 0, token.length);
            if (token != null) token = client.initSecContext(token, 0, token.length);
        }
        Cases.check(client.isEstablished() && server.isEstablished(), "it ends too early");
    }

    private static GSSContext client(GSSManager manager, Oid mech) throws GSSException {
        GSSName peer = manager.createName(SERVICE, GSSName.NT_HOSTBASED_SERVICE);
        return manager.createContext(peer, mech, null, GSSContext.DEFAULT_LIFETIME);
    }

    private static void established(GSSManager clients, GSSManager servers, Oid mech, Setting before,
            Setting after) throws GSSException {
        GSSContext client = client(clients, mech);
        GSSContext server = servers.createContext((GSSCredential) null);
        before.of(client, server);
        shakeHands(client, server);
        after.of(client, server);
        client.dispose();
        server.dispose();
    }

    private static void talks(GSSContext from, GSSContext to) throws GSSException {
        for (boolean encrypts : new boolean[] {true, false}) {
            MessageProp wish = new MessageProp(0, encrypts);
            byte[] wrapped = from.wrap(MESSAGE, 0, MESSAGE.length, wish);
            Cases.equal(wish.getPrivacy(), encrypts || from.getMech().equals(ntlm()));
            byte[] framed = new byte[wrapped.length + 2];
            System.arraycopy(wrapped, 0, framed, 1, wrapped.length);
            MessageProp how = new MessageProp(false);
            byte[] opened = to.unwrap(framed, 1, wrapped.length, how);
            Cases.equal(Arrays.toString(opened), Arrays.toString(MESSAGE));
            Cases.equal(how.getPrivacy(), wish.getPrivacy());
            int limit = from.getWrapSizeLimit(0, encrypts, 1000);
            byte[] largest = from.wrap(new byte[limit], 0, limit, new MessageProp(0, encrypts));
            Cases.check(largest.length <= 1000, largest.length);
            Cases.equal(to.unwrap(largest, 0, largest.length, how).length, limit);
        }
        byte[] mic = from.getMIC(MESSAGE, 1, 2, new MessageProp(0, false));
        to.verifyMIC(mic, 0, mic.length, MESSAGE, 1, 2, new MessageProp(0, false));
        byte[] second = from.getMIC(MESSAGE, 0, 2, new MessageProp(0, false));
        GSSException altered = Cases.fails(GSSException.class,
                () -> to.verifyMIC(second, 0, second.length, MESSAGE, 1, 2, new MessageProp(0, false)));
        Cases.equal(altered.getMajor(), GSSException.BAD_MIC);
    }

    private static void both(GSSManager clients, GSSManager servers, Oid mech) throws GSSException {
        established(clients, servers, mech, (client, server) -> {
            client.requestMutualAuth(true);
            client.requestConf(true);
            client.requestCredDeleg(false);
        }, (client, server) -> {
            Cases.check(client.getMutualAuthState() && client.getConfState() && client.getIntegState(),
                    "less than what was asked for");
            Cases.check(server.getConfState() && !server.getCredDelegState(), "it is another one there");
            Cases.equal(client.getSrcName().toString(), ALICE);
            Cases.equal(server.getSrcName().toString(), ALICE);
            Cases.check(client.isInitiator() && !server.isInitiator(), "sides");
            Cases.check(client.getLifetime() > 0 && server.getLifetime() > 0, "expired");
            Cases.equal(client.getMech(), kerberos());
            Cases.equal(server.getMech(), kerberos());
            talks(client, server);
            talks(server, client);
        });
    }

    private static void names(GSSManager manager) throws GSSException {
        GSSName service = manager.createName(SERVICE, GSSName.NT_HOSTBASED_SERVICE);
        String text = "HTTP/localhost@" + System.getenv("REALM");
        GSSName full = manager.createName(text, oid("1.2.840.113554.1.2.2.1"), kerberos());
        Cases.check(full.isMN() && !service.isMN() && !full.equals(service), "which is of a mechanism?");
        Cases.check(manager.createName(full.export(), GSSName.NT_EXPORT_NAME).equals(full), "export");
        Cases.equal(Arrays.toString(full.export()), Arrays.toString(
                jdk().createName(text, oid("1.2.840.113554.1.2.2.1"), kerberos()).export()));
        Cases.equal(Cases.fails(GSSException.class, service::export).getMajor(), GSSException.NAME_NOT_MN);
        Cases.equal(Cases.fails(GSSException.class, service.canonicalize(kerberos())::export).getMajor(),
                GSSException.UNAVAILABLE);
        GSSException bad = Cases.fails(GSSException.class,
                () -> manager.createName(new byte[] {4, 1, 0, 90, 1}, GSSName.NT_EXPORT_NAME));
        Cases.equal(bad.getMajor(), GSSException.BAD_NAME);
    }

    private static void exported(GSSManager manager) throws GSSException {
        established(manager, manager, kerberos(), (client, server) -> {}, (client, server) -> {
            byte[] token = server.export();
            Cases.equal(Cases.fails(GSSException.class, server::export).getMajor(), GSSException.NO_CONTEXT);
            GSSContext moved = manager.createContext(token);
            Cases.check(moved.isEstablished() && moved.getConfState() && !moved.isInitiator(), "moved");
            Cases.equal(moved.getSrcName().toString(), ALICE);
            Cases.check(moved.getLifetime() > 0 && moved.getLifetime() < GSSContext.INDEFINITE_LIFETIME,
                    moved.getLifetime());
            talks(client, moved);
            moved.dispose();
            for (byte[] none : new byte[][] {{}, {1, 1}, Arrays.copyOf(token, token.length / 2)})
                Cases.equal(Cases.fails(GSSException.class, () -> manager.createContext(none)).getMajor(),
                        GSSException.DEFECTIVE_TOKEN);
        });
    }

    private static void delegation(GSSManager manager) throws GSSException {
        established(manager, manager, kerberos(), (client, server) -> client.requestCredDeleg(true),
                (client, server) -> {
                    Cases.check(server.getCredDelegState(), "nothing delegated");
                    GSSCredential delegated = server.getDelegCred();
                    Cases.equal(delegated.getName().toString(), ALICE);
                    GSSContext onwards = manager.createContext(
                            manager.createName("host@localhost", GSSName.NT_HOSTBASED_SERVICE), kerberos(),
                            delegated, 0);
                    Cases.check(onwards.initSecContext(new byte[0], 0, 0).length > 0, "no token");
                    onwards.dispose();
                    delegated.dispose();
                });
    }

    private static void channelBindings(GSSManager manager) throws GSSException {
        Setting same = (client, server) -> {
            client.setChannelBinding(new ChannelBinding("tls-unique:1".getBytes(UTF_8)));
            server.setChannelBinding(new ChannelBinding("tls-unique:1".getBytes(UTF_8)));
        };
        established(manager, manager, kerberos(), same, (client, server) -> {});
        GSSException differ = Cases.fails(GSSException.class,
                () -> established(manager, manager, kerberos(), (client, server) -> {
                    same.of(client, server);
                    server.setChannelBinding(new ChannelBinding("tls-unique:2".getBytes(UTF_8)));
                }, (client, server) -> {}));
        Cases.equal(differ.getMajor(), GSSException.BAD_BINDINGS);
    }

    private static void credentials(GSSManager manager) throws GSSException {
        GSSName service = manager.createName(SERVICE, GSSName.NT_HOSTBASED_SERVICE);
        GSSCredential keys = manager.createCredential(service, GSSCredential.INDEFINITE_LIFETIME,
                new Oid[] {kerberos(), spnego()}, GSSCredential.ACCEPT_ONLY);
        Cases.equal(keys.getUsage(), GSSCredential.ACCEPT_ONLY);
        Cases.equal(keys.getMechs().length, 2);
        Cases.check(keys.getName().equals(service), keys.getName());
        Cases.equal(Cases.fails(GSSException.class, () -> keys.add(service, 0, 0, kerberos(),
                GSSCredential.ACCEPT_ONLY)).getMajor(), GSSException.DUPLICATE_ELEMENT);
        GSSCredential tickets = manager.createCredential(GSSCredential.INITIATE_ONLY);
        Cases.equal(tickets.getName(kerberos()).toString(), ALICE);
        Cases.check(tickets.getRemainingLifetime() > 0, tickets.getRemainingLifetime());
        Cases.equal(tickets.getRemainingAcceptLifetime(kerberos()), 0);
        for (Oid mech : new Oid[] {kerberos(), spnego()}) {
            GSSContext client = manager.createContext(service, mech, tickets, 0);
            GSSContext server = manager.createContext(keys);
            shakeHands(client, server);
            Cases.equal(server.getTargName().toString(), "HTTP/localhost");
            Cases.equal(client.getTargName(), service);
            client.dispose();
            server.dispose();
        }
        keys.dispose();
        Cases.equal(Cases.fails(GSSException.class, keys::getUsage).getMajor(), GSSException.NO_CRED);
        tickets.dispose();
    }

    @SuppressWarnings("deprecation")
    private static void streams(GSSManager manager, Oid mech) throws GSSException {
        GSSContext client = client(manager, mech);
        GSSContext server = manager.createContext((GSSCredential) null);
        ByteArrayOutputStream there = new ByteArrayOutputStream();
        client.initSecContext(new ByteArrayInputStream(new byte[0]), there);
        there.write('x'); // is not the token's
        ByteArrayInputStream arrived = new ByteArrayInputStream(there.toByteArray());
        ByteArrayOutputStream back = new ByteArrayOutputStream();
        server.acceptSecContext(arrived, back);
        Cases.equal(arrived.read(), (int) 'x');
        client.initSecContext(new ByteArrayInputStream(back.toByteArray()), there);
        Cases.check(client.isEstablished() && server.isEstablished(), "it ends too early");
        ByteArrayOutputStream wrapped = new ByteArrayOutputStream();
        client.wrap(new ByteArrayInputStream(MESSAGE), wrapped, new MessageProp(true));
        ByteArrayOutputStream opened = new ByteArrayOutputStream();
        server.unwrap(new ByteArrayInputStream(wrapped.toByteArray()), opened, new MessageProp(false));
        Cases.equal(Arrays.toString(opened.toByteArray()), Arrays.toString(MESSAGE));
        Cases.fails(GSSException.class, () -> server.acceptSecContext(
                new ByteArrayInputStream(new byte[] {0x60, (byte) 0x84, 0x7f, 0, 0, 0}), back));
        client.dispose();
        server.dispose();
    }

    private static void ntlmLogsOn() throws GSSException {
        SspiManager clients = new SspiManager().identity(new Identity().user("alice").domain("TEST")
                .password(System.getenv("ALICE_PASSWORD")));
        SspiManager servers = new SspiManager()
                .identity(new Identity().ntlmUserFile(System.getenv("NTLM_USER_FILE")));
        GSSCredential users = servers.createCredential(null, 0, ntlm(), GSSCredential.ACCEPT_ONLY);
        GSSContext client = client(clients, ntlm());
        GSSContext server = servers.createContext(users);
        shakeHands(client, server);
        Cases.equal(server.getSrcName().toString(), "TEST\\alice");
        Cases.equal(server.getMech(), ntlm());
        talks(client, server);
        client.dispose();
        server.dispose();
        users.dispose();
    }

    private static void failures(GSSManager manager) throws GSSException {
        GSSContext server = manager.createContext((GSSCredential) null);
        Cases.equal(Cases.fails(GSSException.class, () -> server.wrap(MESSAGE, 0, 1, new MessageProp(true)))
                .getMajor(), GSSException.NO_CONTEXT);
        GSSException defective =
                Cases.fails(GSSException.class, () -> server.acceptSecContext(MESSAGE, 0, MESSAGE.length));
        Cases.equal(defective.getMajor(), GSSException.DEFECTIVE_TOKEN);
        Cases.check(defective.getCause() instanceof SspiException, defective.getCause());
        server.dispose();
        Cases.equal(Cases.fails(GSSException.class,
                () -> server.acceptSecContext(MESSAGE, 0, MESSAGE.length)).getMajor(),
                GSSException.NO_CONTEXT);
        Cases.equal(Cases.fails(GSSException.class, () -> client(manager, oid("1.2.3"))).getMajor(),
                GSSException.BAD_MECH);
        GSSContext client = client(manager, null);
        Cases.fails(GSSException.class, () -> client.acceptSecContext(MESSAGE, 0, MESSAGE.length));
        client.dispose();
    }

    /** What JGSS itself lacks. */
    private static void futures() throws Exception {
        SspiManager manager = new SspiManager();
        SspiContext client = (SspiContext) client(manager, spnego());
        SspiContext server = manager.createContext((GSSCredential) null);
        byte[] token = client.initSecContextAsync(null).get();
        Cases.equal(client.initSecContextAsync(server.acceptSecContextAsync(token).get()).get(), null);
        talks(client, server);
        client.dispose();
        server.dispose();
        SspiContext other = manager.createContext((GSSCredential) null);
        ExecutionException failed = Cases.fails(ExecutionException.class,
                () -> other.acceptSecContextAsync(MESSAGE).get());
        Cases.equal(((GSSException) failed.getCause()).getMajor(), GSSException.DEFECTIVE_TOKEN);
        other.dispose();
        CompletableFuture<byte[]> ended = ((SspiContext) client(manager, null)).initSecContextAsync(null);
        ended.cancel(true);
        Cases.fails(CancellationException.class, ended::get);
    }

    static void all() throws Exception {
        GSSManager ours = new SspiManager();
        GSSManager theirs = jdk();
        for (Oid mech : new Oid[] {kerberos(), spnego(), null}) both(ours, ours, mech);
        for (Oid mech : new Oid[] {kerberos(), spnego()}) {
            both(ours, theirs, mech);
            both(theirs, ours, mech);
        }
        names(ours);
        credentials(ours);
        exported(ours);
        delegation(ours);
        channelBindings(ours);
        streams(ours, kerberos());
        streams(ours, spnego());
        ntlmLogsOn();
        failures(ours);
        futures();
    }

    private Jgss() {}
}
