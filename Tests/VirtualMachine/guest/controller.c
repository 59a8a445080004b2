// controller NAME: a Bluetooth controller of this kernel whose other end is the virtio-serial port of that name, where
// bumble speaks HCI (H4 packets) on the host. The controller is unplugged when this program ends.
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *what) {
    fprintf(stderr, "controller: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int openPort(const char *name) {
    glob_t found;
    if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &found)) fail("no virtio-serial port");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char text[64] = "", device[300];
        FILE *file = fopen(found.gl_pathv[i], "r");
        if (!file || !fgets(text, sizeof text, file)) continue;
        fclose(file);
        text[strcspn(text, "\n")] = 0;
        if (strcmp(text, name)) continue;
        found.gl_pathv[i][strlen(found.gl_pathv[i]) - strlen("/name")] = 0;
        snprintf(device, sizeof device, "/dev/%s", strrchr(found.gl_pathv[i], '/') + 1);
        return open(device, O_RDWR | O_CLOEXEC);
    }
    return -1;
}

static void writeAll(int fd, const uint8_t *bytes, size_t count) {
    while (count) {
        ssize_t written = write(fd, bytes, count);
        if (written <= 0) fail("write");
        bytes += written, count -= (size_t)written;
    }
}

// Length of the H4 packet that begins here; 0 while that cannot be told.
static size_t packetLength(const uint8_t *p, size_t count) {
    switch (p[0]) {
    case 2: return count < 5 ? 0 : 5 + (p[3] | p[4] << 8);
    case 3: return count < 4 ? 0 : 4 + p[3];
    case 4: return count < 3 ? 0 : 3 + p[2];
    case 5: return count < 5 ? 0 : 5 + ((p[3] | p[4] << 8) & 0x3fff);
    }
    fprintf(stderr, "controller: packet of kind %d\n", p[0]);
    exit(1);
}

int main(int count, char **arguments) {
    static uint8_t bytes[8192], pending[16384];
    size_t have = 0;
    int port = openPort(count > 1 ? arguments[1] : "hci"), virtual = open("/dev/vhci", O_RDWR | O_CLOEXEC);
    if (port < 0 || virtual < 0) fail(port < 0 ? "port" : "/dev/vhci");
    if (write(virtual, (uint8_t[]){0xff, 0}, 2) != 2) fail("/dev/vhci");
    struct pollfd ready[2] = {{virtual, POLLIN, 0}, {port, POLLIN, 0}};
    while (poll(ready, 2, -1) > 0) {
        if (ready[0].revents & POLLIN) {
            ssize_t got = read(virtual, bytes, sizeof bytes);
            if (got <= 0) fail("/dev/vhci");
            if (bytes[0] != 0xff) writeAll(port, bytes, (size_t)got); // 0xff: "this is hciN"
        }
        if (ready[1].revents & (POLLIN | POLLHUP)) {
            ssize_t got = read(port, pending + have, sizeof pending - have);
            if (got <= 0) fail("port");
            have += (size_t)got;
            size_t length;
            while (have && (length = packetLength(pending, have)) && have >= length) {
                if (write(virtual, pending, length) != (ssize_t)length) perror("controller: packet refused");
                memmove(pending, pending + length, have -= length);
            }
        }
        if ((ready[0].revents | ready[1].revents) & (POLLERR | POLLNVAL)) return 1;
    }
    return 1;
}
