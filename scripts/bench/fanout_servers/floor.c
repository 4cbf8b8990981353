/* The floor of fanout.py: accepts websockets, answers their handshakes, and does nothing but send() to each.

   floor FD BYTES serves the listening socket FD and sends one text frame with BYTES of payload (126 to 65535) to all,
   four times a second. The payload begins with the time, in nanoseconds of CLOCK_MONOTONIC and 20 digits. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { VIEWERS_MAX = 1 << 16, TICK_NS = 250000000, HEADER = 4, DIGITS = 20 };

static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: unchecked\r\n\r\n";
static int viewers[VIEWERS_MAX], count;
static char joined[VIEWERS_MAX], frame[HEADER + 65536];

static long long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void send_to_all(int size) {
    char stamp[DIGITS + 1];
    snprintf(stamp, sizeof stamp, "%020lld", now_ns());
    memcpy(frame + HEADER, stamp, DIGITS);
    for (int i = 0; i < count; i++)
        send(viewers[i], frame, HEADER + size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void leave(int fd) {
    for (int i = 0; i < count; i++)
        if (viewers[i] == fd) viewers[i--] = viewers[--count];
    joined[fd] = 0;
    close(fd);
}

/* A request is short and comes in one piece; what comes later, such as a pong, is thrown away. */
static void hear(int fd) {
    char heard[4096];
    if (recv(fd, heard, sizeof heard, MSG_DONTWAIT) <= 0) {
        leave(fd);
    } else if (!joined[fd]) {
        joined[fd] = 1;
        send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
        viewers[count++] = fd;
    }
}

static void welcome(int poll, int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (fd >= VIEWERS_MAX || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event)) close(fd);
    }
}

static void serve_until(long long tick, int poll, int listener) {
    struct epoll_event events[256];
    for (long long left; (left = tick - now_ns()) > 0;) {
        int ready = epoll_wait(poll, events, 256, (int)((left + 999999) / 1000000));
        for (int i = 0; i < ready; i++)
            if (events[i].data.fd == listener) welcome(poll, listener);
            else hear(events[i].data.fd);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    int listener = atoi(argv[1]), size = atoi(argv[2]), poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    fcntl(listener, F_SETFL, O_NONBLOCK);
    memset(frame, 'x', sizeof frame);
    memcpy(frame, (char[]){(char)0x81, 126, (char)(size >> 8), (char)size}, HEADER);
    if (size < 126 || size > 65535 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event)) return 1;
    for (long long tick = now_ns() / TICK_NS;;) {
        long long next = now_ns() / TICK_NS + 1;
        tick = tick + 1 < next - 1 ? next : tick + 1; /* a late tick is made up for, a lost one is not */
        serve_until(tick * TICK_NS, poll, listener);
        send_to_all(size);
    }
}
