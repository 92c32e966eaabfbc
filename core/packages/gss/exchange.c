/* SPDX-License-Identifier: MIT */
/*
 * One request to one realm: the passes of krb5's sendto_kdc.c (k5_sendto) as a state machine.
 *
 *     FIRST      each KDC by its preferred transport, a second after each
 *     OTHER      each by the other transport, a second after each; then two more seconds
 *     AGAIN      all once more, those that UDP reaches; then four seconds
 *     LAST       the same, then eight seconds
 *
 * A second is stretched to ten from the connect as long as a TCP connection stands, which may
 * still bring the answer. Where no descriptor is left open nothing is waited for. With a silent
 * KDC that makes 27 seconds.
 */
#include "exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND    INT64_C(1000000000)
#define STANDS    (10 * SECOND)
#define REPLY_MAX (1u << 20) /* MIT's limit */
#define DATAGRAM  65536u
#define KRB_ERROR 30 /* RFC 4120 5.9.1, the application tag */
#define HEADER    4u /* RFC 4120 7.2.2: the length of what follows */

enum connection_state { NEW, CONNECTING, WRITING, READING, DEAD };

struct connection {
    gss_kdc kdc;
    unsigned transport;
    bool other; /* than the KDC's preferred one */
    int fd;
    enum connection_state state;
    int64_t stands_until; /* TCP, connected */
    size_t done;          /* bytes written or read, header included */
    unsigned char header[HEADER];
    size_t size; /* of the reply */
    unsigned char *reply;
};

struct gss_exchange {
    krb5_context context;
    unsigned char *request;
    size_t size;

    enum { FIRST, OTHER, AGAIN, LAST, OVER } pass;
    unsigned next; /* the connection whose turn it is in this pass */
    bool paused;   /* the wait at the end of the pass has begun */
    int64_t until;
    krb5_error_code said; /* by a KDC that cannot serve now, or 0 */

    const struct connection *answered; /* or NULL */
    unsigned open;
    struct pollfd *fds; /* as many as connections */
    unsigned count;
    struct connection connections[];
};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* ---- connections ---- */

static void drop(gss_exchange *exchange, struct connection *connection)
{
    if (connection->fd >= 0) {
        close(connection->fd);
        exchange->open--;
    }
    connection->fd = -1;
    connection->state = DEAD;
    free(connection->reply);
    connection->reply = NULL;
}

static bool send_datagram(const gss_exchange *exchange, const struct connection *connection)
{
    return send(connection->fd, exchange->request, exchange->size, MSG_NOSIGNAL) ==
           (ssize_t)exchange->size;
}

/* Sends for the first time or again. False if there was nothing to do or it failed: then no
 * answer is waited for. */
static bool start(gss_exchange *exchange, struct connection *connection)
{
    const struct linger reset = {1, 0}; /* as MIT: no TIME_WAIT for each request */
    bool udp = connection->transport == GSS_KDC_UDP;
    const struct sockaddr *kdc = &connection->kdc.any.sa;
    socklen_t size = gss_kdc_size(&connection->kdc);

    if (connection->state != NEW)
        return connection->state == READING && udp && send_datagram(exchange, connection);
    connection->fd = socket(kdc->sa_family,
                            (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) {
        connection->state = DEAD;
        return false;
    }
    exchange->open++;
    if (!udp)
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    connection->state = udp ? READING : CONNECTING;
    if ((connect(connection->fd, kdc, size) != 0 && errno != EINPROGRESS) ||
        (udp && !send_datagram(exchange, connection))) {
        drop(exchange, connection);
        return false;
    }
    return true;
}

/* Whether a reply ends the exchange. A KDC that says that it cannot serve is passed over. */
static bool is_answer(gss_exchange *exchange, const unsigned char *bytes, size_t size)
{
    krb5_data reply = {.length = (unsigned)size, .data = (char *)(uintptr_t)bytes};
    krb5_error *error = NULL;
    bool unavailable;

    if (size == 0 || (bytes[0] & 0x1f) != KRB_ERROR ||
        krb5_rd_error(exchange->context, &reply, &error) != 0)
        return true;
    unavailable =
        (krb5_error_code)error->error + ERROR_TABLE_BASE_krb5 == KRB5KDC_ERR_SVC_UNAVAILABLE;
    krb5_free_error(exchange->context, error);
    if (unavailable)
        exchange->said = KRB5KDC_ERR_SVC_UNAVAILABLE;
    return !unavailable;
}

enum moved { STAYS, FAILED, ANSWERED };

static enum moved finish_connect(const gss_exchange *exchange, struct connection *connection)
{
    uint32_t length = htonl((uint32_t)exchange->size);
    socklen_t room = sizeof(int);
    int error = 0;

    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &room) != 0 || error != 0)
        return FAILED;
    memcpy(connection->header, &length, HEADER);
    connection->state = WRITING;
    connection->stands_until = now() + STANDS;
    return STAYS;
}

static enum moved write_request(const gss_exchange *exchange, struct connection *connection)
{
    while (connection->done < HEADER + exchange->size) {
        bool header = connection->done < HEADER;
        const unsigned char *from = header ? connection->header + connection->done
                                           : exchange->request + (connection->done - HEADER);
        size_t left = (header ? HEADER : HEADER + exchange->size) - connection->done;
        ssize_t count =
            send(connection->fd, from, left, MSG_NOSIGNAL | (header ? MSG_MORE : 0));

        if (count < 0)
            return errno == EAGAIN || errno == EINTR ? STAYS : FAILED;
        connection->done += (size_t)count;
    }
    connection->state = READING;
    connection->done = 0;
    return STAYS;
}

static enum moved read_datagram(gss_exchange *exchange, struct connection *connection)
{
    unsigned char *bytes = malloc(DATAGRAM);
    ssize_t count;

    if (bytes == NULL)
        return FAILED;
    count = recv(connection->fd, bytes, DATAGRAM, 0);
    if (count <= 0 || !is_answer(exchange, bytes, (size_t)count)) {
        bool stays = count < 0 && (errno == EAGAIN || errno == EINTR);

        free(bytes);
        return stays ? STAYS : FAILED;
    }
    connection->reply = bytes;
    connection->size = (size_t)count;
    return ANSWERED;
}

/* The header is there: room for what it announces. */
static bool read_length(struct connection *connection)
{
    uint32_t length;

    memcpy(&length, connection->header, HEADER);
    connection->size = ntohl(length);
    if (connection->size == 0 || connection->size > REPLY_MAX)
        return false;
    connection->reply = malloc(connection->size);
    return connection->reply != NULL;
}

static enum moved read_stream(gss_exchange *exchange, struct connection *connection)
{
    do {
        bool header = connection->done < HEADER;
        unsigned char *to = header ? connection->header + connection->done
                                   : connection->reply + (connection->done - HEADER);
        size_t left = (header ? HEADER : HEADER + connection->size) - connection->done;
        ssize_t count = recv(connection->fd, to, left, 0);

        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return STAYS;
        if (count <= 0)
            return FAILED;
        connection->done += (size_t)count;
        if (connection->done == HEADER && !read_length(connection))
            return FAILED;
    } while (connection->done < HEADER + connection->size);
    return is_answer(exchange, connection->reply, connection->size) ? ANSWERED : FAILED;
}

static enum moved move_on(gss_exchange *exchange, struct connection *connection)
{
    enum moved moved = STAYS;

    if (connection->state == CONNECTING)
        moved = finish_connect(exchange, connection);
    if (moved == STAYS && connection->state == WRITING)
        return write_request(exchange, connection);
    if (moved == STAYS && connection->state == READING)
        moved = connection->transport == GSS_KDC_UDP ? read_datagram(exchange, connection)
                                                     : read_stream(exchange, connection);
    return moved;
}

/* ---- the passes ---- */

/* The next one of the present pass that something was sent to, and so is to be waited for. */
static bool start_next(gss_exchange *exchange)
{
    while (exchange->next < exchange->count) {
        struct connection *connection = &exchange->connections[exchange->next++];

        if ((exchange->pass == FIRST && connection->other) ||
            (exchange->pass == OTHER && !connection->other))
            continue;
        if (start(exchange, connection) && exchange->open > 0)
            return true;
    }
    return false;
}

/* Goes to the next wait that there is; none: OVER. */
static void advance(gss_exchange *exchange)
{
    static const int64_t pauses[] = {[OTHER] = 2, [AGAIN] = 4, [LAST] = 8};

    while (exchange->pass != OVER) {
        if (!exchange->paused && start_next(exchange)) {
            exchange->until = now() + SECOND;
            return;
        }
        if (!exchange->paused && exchange->pass != FIRST && exchange->open > 0) {
            exchange->paused = true;
            exchange->until = now() + pauses[exchange->pass] * SECOND;
            return;
        }
        /* After the first two passes all have been tried: who is left is waited for. */
        exchange->pass =
            exchange->pass != FIRST && exchange->open == 0 ? OVER : exchange->pass + 1;
        exchange->paused = false;
        exchange->next = 0;
    }
}

/* The present wait has passed. */
static void wait_is_over(gss_exchange *exchange)
{
    int64_t stands = 0;

    for (unsigned i = 0; i < exchange->count; i++) {
        const struct connection *connection = &exchange->connections[i];

        if (connection->transport == GSS_KDC_TCP && connection->stands_until > stands &&
            (connection->state == WRITING || connection->state == READING))
            stands = connection->stands_until;
    }
    if (stands > now())
        exchange->until = stands;
    else
        advance(exchange);
}

/* ---- the whole ---- */

unsigned gss_exchange_size(const gss_kdcs *kdcs)
{
    unsigned size = 0;

    for (unsigned i = 0; i < kdcs->count; i++)
        size += kdcs->list[i].transports == (GSS_KDC_UDP | GSS_KDC_TCP) ? 2 : 1;
    return size;
}

static void add(gss_exchange *exchange, const gss_kdc *kdc, unsigned transport, bool other)
{
    exchange->connections[exchange->count++] =
        (struct connection){.kdc = *kdc, .transport = transport, .other = other, .fd = -1};
}

gss_exchange *gss_exchange_open(krb5_context context, const gss_kdcs *kdcs,
                                const krb5_data *request, unsigned limit, bool tcp_only)
{
    unsigned preferred = tcp_only || request->length > limit ? GSS_KDC_TCP : GSS_KDC_UDP;
    unsigned size = gss_exchange_size(kdcs);
    gss_exchange *exchange =
        calloc(1, sizeof *exchange + size * sizeof exchange->connections[0]);

    if (exchange == NULL)
        return NULL;
    exchange->fds = calloc(size + 1, sizeof exchange->fds[0]);
    exchange->request = malloc(request->length + 1);
    if (exchange->fds == NULL || exchange->request == NULL) {
        gss_exchange_free(exchange);
        return NULL;
    }
    memcpy(exchange->request, request->data, request->length);
    exchange->size = request->length;
    exchange->context = context;
    for (unsigned i = 0; i < kdcs->count; i++) {
        const gss_kdc *kdc = &kdcs->list[i];
        unsigned transports = tcp_only ? kdc->transports & GSS_KDC_TCP : kdc->transports;

        if (transports & preferred)
            add(exchange, kdc, preferred, false);
        if (transports & ~preferred)
            add(exchange, kdc, transports & ~preferred, (transports & preferred) != 0);
    }
    advance(exchange);
    return exchange;
}

bool gss_exchange_go(gss_exchange *exchange, krb5_error_code *code, krb5_data *reply)
{
    for (unsigned i = 0; i < exchange->count; i++) {
        struct connection *connection = &exchange->connections[i];
        enum moved moved = STAYS;

        for (unsigned j = 0; connection->fd >= 0 && j < exchange->count; j++) {
            if (exchange->fds[j].fd == connection->fd && exchange->fds[j].revents != 0) {
                exchange->fds[j].revents = 0;
                moved = move_on(exchange, connection);
                break;
            }
        }
        if (moved == ANSWERED) {
            *code = 0;
            exchange->answered = connection;
            reply->length = (unsigned)connection->size;
            reply->data = (char *)connection->reply;
            connection->reply = NULL;
            gss_exchange_close(exchange);
            return true;
        }
        if (moved == FAILED) {
            drop(exchange, connection);
            if (exchange->open == 0)
                advance(exchange);
        }
    }
    if (exchange->pass != OVER && exchange->until <= now())
        wait_is_over(exchange);
    if (exchange->pass != OVER)
        return false;
    *code = exchange->said != 0 ? exchange->said : KRB5_KDC_UNREACH;
    gss_exchange_close(exchange);
    return true;
}

bool gss_exchange_answered(const gss_exchange *exchange, const gss_kdcs *kdcs)
{
    for (unsigned i = 0; exchange->answered != NULL && i < kdcs->count; i++) {
        if (gss_kdc_same(&kdcs->list[i], &exchange->answered->kdc))
            return true;
    }
    return false;
}

struct pollfd *gss_exchange_fds(gss_exchange *exchange, unsigned *count, int64_t *until)
{
    *count = 0;
    *until = exchange->until;
    for (unsigned i = 0; i < exchange->count; i++) {
        const struct connection *connection = &exchange->connections[i];

        if (connection->fd >= 0)
            exchange->fds[(*count)++] = (struct pollfd){
                connection->fd, connection->state == READING ? POLLIN : POLLOUT, 0};
    }
    for (unsigned i = *count; i < exchange->count; i++)
        exchange->fds[i] = (struct pollfd){-1, 0, 0};
    return exchange->fds;
}

void gss_exchange_close(gss_exchange *exchange)
{
    for (unsigned i = 0; i < exchange->count; i++)
        drop(exchange, &exchange->connections[i]);
    exchange->pass = OVER;
}

void gss_exchange_free(gss_exchange *exchange)
{
    if (exchange == NULL)
        return;
    gss_exchange_close(exchange);
    free(exchange->fds);
    free(exchange->request);
    free(exchange);
}
