// SPDX-License-Identifier: MIT
// Both sides of a handshake in one program: what each of our languages does in its own way.
//
//     java -cp sspi-async-1.0.0.jar handshake.java Kerberos
//     java -cp sspi-async-1.0.0.jar handshake.java NTLM alice TEST PASSWORD USER_FILE
//
// Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
// lines DOMAIN:user:password. The other examples called handshake print the same.
import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.List;
import org.sspiasync.Identity;
import org.sspiasync.Options;
import org.sspiasync.SecurityContext;
import org.sspiasync.Sspi;

class Handshake {
    /** Lets each side's token go to the other one; how many legs that took. */
    static int shakeHands(SecurityContext client, SecurityContext server) {
        byte[] token = client.step();
        int legs = 1;
        while (!client.isComplete() || !server.isComplete()) {
            SecurityContext side = legs % 2 == 0 ? client : server;
            token = side.step(token);
            legs++;
        }
        return legs;
    }

    static Options options(String securityPackage) {
        return new Options().securityPackage(securityPackage).timeout(Duration.ofSeconds(10));
    }

    public static void main(String[] arguments) {
        Options ours = options(arguments[0]);
        Options theirs = options(arguments[0]);
        if (arguments.length > 1) {
            ours.identity(new Identity().user(arguments[1]).domain(arguments[2]).password(arguments[3]));
            theirs.identity(new Identity().ntlmUserFile(arguments[4]));
        }
        SecurityContext client = Sspi.client("HTTP@localhost", ours);
        SecurityContext server = Sspi.server(theirs);
        System.out.printf("%s: %d legs%n", arguments[0], shakeHands(client, server));
        System.out.println("the server knows " + server.userName());
        byte[] opened = server.decrypt(client.encrypt("hello".getBytes(UTF_8)));
        System.out.println("sealed and opened: " + new String(opened, UTF_8));
        SecurityContext.deleteMany(List.of(client, server)).join();
        System.out.println("deleted");
    }
}
