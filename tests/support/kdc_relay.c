/* SPDX-License-Identifier: MIT */
#include "kdc_relay.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROOM 65536

static const char *value(const char *name)
{
    const char *found = getenv(name);

    if (found == NULL)
        exit(77);
    return found;
}

static void check(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

static struct sockaddr_in loopback(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* ---- The relay ---- */

static bool read_all(int fd, unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = read(fd, bytes, size);

        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

/* A message by TCP, its four bytes of length included; 0 if there is none. */
static size_t read_message(int fd, unsigned char *bytes)
{
    uint32_t length;

    if (!read_all(fd, bytes, 4))
        return 0;
    memcpy(&length, bytes, 4);
    length = ntohl(length);
    return length <= ROOM - 4 && read_all(fd, bytes + 4, length) ? length + 4u : 0;
}

/* Asks the real KDC, by TCP; bytes: with room for the length in front. */
static size_t ask(const struct kdc_relay *relay, unsigned char *bytes, size_t size)
{
    struct sockaddr_in address = loopback(relay->behind);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint32_t length = htonl((uint32_t)(size - 4));

    memcpy(bytes, &length, 4);
    size = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                   write(fd, bytes, size) == (ssize_t)size
               ? read_message(fd, bytes)
               : 0;
    close(fd);
    return size;
}

/* KRB-ERROR (RFC 4120 5.9.1) of 29, KDC_ERR_SVC_UNAVAILABLE; returns its size. */
static size_t unavailable(unsigned char *to)
{
    static const unsigned char message[] = {
        0x7e, 0x42, 0x30, 0x40, 0xa0, 0x03, 0x02, 0x01, 5,    0xa1, 0x03, 0x02, 0x01, 30,
        0xa4, 0x11, 0x18, 0x0f, '2',  '0',  '2',  '6',  '0',  '1',  '0',  '1',  '0',  '0',
        '0',  '0',  '0',  '0',  'Z',  0xa5, 0x03, 0x02, 0x01, 0,    0xa6, 0x03, 0x02, 0x01,
        29,   0xa9, 0x06, 0x1b, 0x04, 'T',  'E',  'S',  'T',  0xaa, 0x0f, 0x30, 0x0d, 0xa0,
        0x03, 0x02, 0x01, 1,    0xa1, 0x06, 0x30, 0x04, 0x1b, 0x02, 'x',  'x'};

    memcpy(to, message, sizeof(message));
    return sizeof(message);
}

/* What the mood makes of a request, the length in front; 0: nothing. */
static size_t answer(struct kdc_relay *relay, unsigned char *bytes, size_t size)
{
    const struct timespec third = {0, 333000000};
    enum kdc_mood mood = (enum kdc_mood)atomic_load(&relay->mood);
    uint32_t length;

    atomic_fetch_add(&relay->requests, 1);
    if (mood == KDC_SILENT || mood == KDC_HANGS_UP)
        return 0;
    if (mood == KDC_UNAVAILABLE) {
        size = unavailable(bytes + 4) + 4;
        length = htonl((uint32_t)(size - 4));
        memcpy(bytes, &length, 4);
        return size;
    }
    size = ask(relay, bytes, size);
    if (mood == KDC_SLOW)
        nanosleep(&third, NULL);
    if (mood == KDC_HALF)
        size /= 2;
    if (mood == KDC_GARBAGE && size > 4)
        memset(bytes + 4, 0x5a, size - 4);
    return size;
}

static void *serve_tcp(void *argument)
{
    struct kdc_relay *relay = argument;
    static _Thread_local unsigned char bytes[ROOM];

    for (;;) {
        int client = accept4(relay->tcp, NULL, NULL, SOCK_CLOEXEC);
        struct pollfd gone = {client, POLLRDHUP, 0};
        size_t size;

        if (client < 0)
            return NULL;
        size = read_message(client, bytes);
        if (size > 0)
            size = answer(relay, bytes, size);
        if (size > 0 && write(client, bytes, size) < 0)
            size = 0; /* it was given up */
        else if (size == 0 && atomic_load(&relay->mood) == KDC_SILENT)
            poll(&gone, 1, 60000);
        close(client);
    }
}

static void *serve_udp(void *argument)
{
    struct kdc_relay *relay = argument;
    static _Thread_local unsigned char bytes[ROOM];

    for (;;) {
        struct sockaddr_in from;
        socklen_t room = sizeof(from);
        ssize_t count =
            recvfrom(relay->udp, bytes + 4, ROOM - 4, 0, (struct sockaddr *)&from, &room);
        size_t size;

        if (count < 0)
            return NULL;
        size = answer(relay, bytes, (size_t)count + 4);
        if (size > 4)
            sendto(relay->udp, bytes + 4, size - 4, 0, (struct sockaddr *)&from, room);
    }
}

/* One port for both; below the range that the system gives to outgoing connections. */
static void open_sockets(int *tcp, int *udp, unsigned *port)
{
    for (int i = 0; i < 1000; i++) {
        struct sockaddr_in address;

        *port = 15000 + (unsigned)((getpid() * 31 + i * 7) % 17000);
        address = loopback(*port);
        *tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        *udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (bind(*tcp, (struct sockaddr *)&address, sizeof(address)) == 0 &&
            bind(*udp, (struct sockaddr *)&address, sizeof(address)) == 0)
            return;
        close(*tcp);
        close(*udp);
    }
    abort();
}

void kdc_relay_start(struct kdc_relay *relay, unsigned behind)
{
    pthread_t thread;

    relay->behind = behind != 0 ? behind : (unsigned)atoi(value("KDC_PORT"));
    open_sockets(&relay->tcp, &relay->udp, &relay->port);
    check(listen(relay->tcp, 64) == 0, "listen");
    check(pthread_create(&thread, NULL, serve_tcp, relay) == 0, "thread");
    pthread_detach(thread);
    check(pthread_create(&thread, NULL, serve_udp, relay) == 0, "thread");
    pthread_detach(thread);
}

/* ---- Configurations and processes ---- */

void kdc_configure(const char *kdcs, const char *defaults)
{
    static char path[4200];
    static unsigned number;
    static char original[4200];
    char line[1024];
    bool libdefaults = false;
    FILE *from;
    FILE *to;

    if (original[0] == '\0')
        snprintf(original, sizeof(original), "%s", value("KRB5_CONFIG"));
    snprintf(path, sizeof(path), "%s/krb5.%u.conf", value("REALM_DIR"), number++);
    from = fopen(original, "r");
    to = fopen(path, "w");
    check(from != NULL && to != NULL, path);
    while (fgets(line, sizeof(line), from) != NULL) {
        char key[64] = "";

        sscanf(line, " %63[a-z_]", key);
        libdefaults = line[0] == '[' ? strstr(line, "libdefaults") != NULL : libdefaults;
        if (strstr(line, "kdc = 127.0.0.1") != NULL && strstr(line, ":1\n") == NULL)
            fputs(kdcs, to);
        else if (!libdefaults || key[0] == '\0' || strstr(defaults, key) == NULL)
            fputs(line, to);
        if (strstr(line, "[libdefaults]") != NULL)
            fputs(defaults, to);
    }
    fclose(from);
    check(fclose(to) == 0, path);
    check(setenv("KRB5_CONFIG", path, 1) == 0, "setenv");
}

/* Until somebody listens there. */
static bool listens(unsigned port, pid_t pid)
{
    const struct timespec pause = {0, 10000000};

    for (int i = 0; i < 1000 && waitpid(pid, NULL, WNOHANG) == 0; i++) {
        struct sockaddr_in address = loopback(port);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool good = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

        close(fd);
        if (good)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Of the KDC itself, not of its keeper; it may be written after it listens. */
static pid_t read_pid(const char *path)
{
    const struct timespec pause = {0, 10000000};
    int pid = 0;

    for (int i = 0; i < 1000 && pid == 0; i++) {
        FILE *from = fopen(path, "r");

        if (from == NULL || fscanf(from, "%d", &pid) != 1)
            nanosleep(&pause, NULL);
        if (from != NULL)
            fclose(from);
    }
    check(pid > 0, path);
    return pid;
}

void kdc_process_start(struct kdc_process *kdc, const char *folder, const char *defaults)
{
    char path[4200];
    char pid_file[4200];
    int tcp;
    int udp;
    FILE *to;

    open_sockets(&tcp, &udp, &kdc->port);
    close(tcp);
    close(udp);
    folder = folder != NULL ? folder : value("REALM_DIR");
    snprintf(path, sizeof(path), "%s/kdc.%u.conf", folder, kdc->port);
    snprintf(pid_file, sizeof(pid_file), "%s/kdc.%u.pid", folder, kdc->port);
    to = fopen(path, "w");
    check(to != NULL, path);
    fprintf(to,
            "[kdcdefaults]\n    kdc_listen = 127.0.0.1:%u\n    kdc_tcp_listen = 127.0.0.1:%u\n"
            "%s[realms]\n    %s = {\n        database_name = %s/principal\n"
            "        key_stash_file = %s/stash\n    }\n[dbmodules]\n    %s = {\n"
            "        db_library = db2\n        database_name = %s/principal\n"
            "        disable_last_success = true\n        disable_lockout = true\n    }\n"
            "[logging]\n    kdc = FILE:%s/kdc.%u.log\n",
            kdc->port, kdc->port, defaults, value("REALM"), folder, folder, value("REALM"),
            folder, folder, kdc->port);
    check(fclose(to) == 0, path);
    kdc->pid = fork();
    check(kdc->pid >= 0, "fork");
    if (kdc->pid == 0) {
        setenv("KRB5_KDC_PROFILE", path, 1);
        unsetenv("LD_PRELOAD");
        execlp("timeout", "timeout", "--foreground", "-s", "KILL", "120", "krb5kdc", "-n", "-r",
               value("REALM"), "-P", pid_file, (char *)NULL);
        _exit(127);
    }
    check(listens(kdc->port, kdc->pid), "krb5kdc");
    kdc->pid = read_pid(pid_file);
}

void kdc_process_stop(struct kdc_process *kdc)
{
    kill(kdc->pid, SIGKILL);
    waitpid(-1, NULL, 0); /* the keeper, which ends with it */
}

unsigned kdc_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    while (directory != NULL && readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}
