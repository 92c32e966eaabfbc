// SPDX-License-Identifier: MIT
package org.sspiasync.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Loads the native library: from the folder that the system property org.sspiasync.natives names, or from
 * the jar. The library looks for its modules beside itself, so they are unpacked together, into a folder of
 * this process to which no other user can write.
 */
final class Loader {
    private static final String JNI = "libsspi_async_jni.so";

    private Loader() {}

    static void load() {
        String folder = System.getProperty("org.sspiasync.natives");
        try {
            Path path = folder != null ? Path.of(folder) : unpack();
            System.load(path.resolve(JNI).toAbsolutePath().toString());
        } catch (IOException problem) {
            UnsatisfiedLinkError error = new UnsatisfiedLinkError("sspi-async cannot be unpacked: " + problem);
            error.initCause(problem);
            throw error;
        }
    }

    private static Path unpack() throws IOException {
        String platform = System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT) + "-"
                + System.getProperty("os.arch");
        String root = "/org/sspiasync/natives/" + platform + "/";
        InputStream list = Loader.class.getResourceAsStream(root + "files");
        if (list == null)
            throw new UnsatisfiedLinkError("sspi-async: the jar has no build for " + platform
                    + "; name the folder of one in the property org.sspiasync.natives");
        Path folder = Files.createTempDirectory("sspi-async-"); // only its owner has access
        folder.toFile().deleteOnExit();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(list, StandardCharsets.UTF_8))) {
            for (String name; (name = lines.readLine()) != null;)
                unpack(root + name, folder.resolve(name));
        }
        return folder;
    }

    private static void unpack(String resource, Path file) throws IOException {
        Path folder = file.getParent();
        if (!Files.isDirectory(folder)) {
            Files.createDirectory(folder);
            folder.toFile().deleteOnExit();
        }
        try (InputStream content = Loader.class.getResourceAsStream(resource)) {
            if (content == null) throw new IOException("the jar lacks " + resource);
            Files.copy(content, file);
        }
        file.toFile().deleteOnExit();
    }
}
