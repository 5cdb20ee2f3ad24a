/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What a failure is told with. */
struct told {
    const char *program, *where;
    FILE *err;
};

static int give_up(int fd, const struct told *to, const char *why)
{
    fprintf(to->err, "%s: cannot listen on %s: %s\n", to->program, to->where, why);
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* --- Unix sockets ---------------------------------------------------------------------------- */

/* Removes a socket file that a server left behind; one that answers stays. */
static void remove_stale(const struct sockaddr_un *address)
{
    struct stat st;
    int fd;

    if (lstat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
        errno == ECONNREFUSED) {
        unlink(address->sun_path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static int open_unix(const struct told *to, char url[static LISTEN_URL_SIZE])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = to->where + strlen("unix:");
    mode_t mask;
    int fd, bound;

    if (strlen(path) == 0 || strlen(path) >= sizeof address.sun_path) {
        return give_up(-1, to, "the path must have 1 to 107 characters");
    }
    memcpy(address.sun_path, path, strlen(path));
    remove_stale(&address);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return give_up(fd, to, strerror(errno));
    }
    mask = umask(0117); /* the file is born with mode 0660 */
    bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (bound != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        return give_up(fd, to, strerror(errno));
    }
    snprintf(url, LISTEN_URL_SIZE, "unix:%s", path);
    return fd;
}

void listen_forget(const char *where)
{
    if (strncmp(where, "unix:", 5) == 0) {
        unlink(where + 5);
    }
}

/* --- TCP ------------------------------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, address, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    return false;
}

/* Splits HOST:PORT or [HOST]:PORT. */
static bool split(const char *where, char host[static 256], char port[static 8])
{
    const char *colon = strrchr(where, ':');
    size_t n = colon ? (size_t)(colon - where) : 0;

    if (!colon || n == 0 || n >= 256 || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strtol(colon + 1, NULL, 10) > 65535) {
        return false;
    }
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    if (where[0] == '[' && where[n - 1] == ']') {
        where++;
        n -= 2;
    }
    memcpy(host, where, n);
    host[n] = '\0';
    return true;
}

/* The address with the port that the system gave. */
static void write_url(int fd, const char *host, char url[static LISTEN_URL_SIZE])
{
    struct sockaddr_storage address;
    socklen_t n = sizeof address;
    char port[8] = "?";

    if (getsockname(fd, (struct sockaddr *)&address, &n) == 0) {
        getnameinfo((struct sockaddr *)&address, n, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    }
    snprintf(url, LISTEN_URL_SIZE, strchr(host, ':') ? "http://[%s]:%s" : "http://%s:%s", host,
             port);
}

static int open_address(const struct addrinfo *a)
{
    int yes = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int open_tcp(const struct told *to, bool open_ok, char url[static LISTEN_URL_SIZE])
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[256], port[8];
    int fd, failed;

    if (!split(to->where, host, port)) {
        return give_up(-1, to, "give HOST:PORT or unix:PATH");
    }
    failed = getaddrinfo(host, port, &hints, &found);
    if (failed) {
        return give_up(-1, to, gai_strerror(failed));
    }
    if (!open_ok && !is_loopback(found->ai_addr)) {
        freeaddrinfo(found);
        return give_up(-1, to, "plain HTTP is for this machine only: put a proxy with TLS in "
                       "front and listen on unix:PATH, or say --insecure-http");
    }
    fd = open_address(found);
    freeaddrinfo(found);
    if (fd < 0) {
        return give_up(fd, to, strerror(errno));
    }
    write_url(fd, host, url);
    return fd;
}

int listen_open(const char *program, const char *where, bool open_ok,
                char url[static LISTEN_URL_SIZE], FILE *err)
{
    const struct told to = {program, where, err};

    return strncmp(where, "unix:", 5) == 0 ? open_unix(&to, url) : open_tcp(&to, open_ok, url);
}
