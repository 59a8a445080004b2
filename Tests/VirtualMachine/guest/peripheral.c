// peripheral INDEX: a heart-rate strap on hciINDEX, made with this kernel's own Bluetooth host: it says "ready ADDRESS", and
// sends 60, 61 … 69, 60 … beats a minute, five times a second.
#include <bluetooth/bluetooth.h>
#include <bluetooth/hci.h>
#include <bluetooth/l2cap.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MTU = 23, CCCD = 4, MEASUREMENT = 3 };

static const struct attribute {
    uint16_t handle, type, groupEnd;
    uint8_t count, value[5];
} attributes[] = {
    {1, 0x2800, 6, 2, {0x0d, 0x18}},
    {2, 0x2803, 0, 5, {0x10, MEASUREMENT, 0, 0x37, 0x2a}},
    {MEASUREMENT, 0x2a37, 0, 0, {0}},
    {CCCD, 0x2902, 0, 2, {0, 0}},
    {5, 0x2803, 0, 5, {0x02, 6, 0, 0x38, 0x2a}},
    {6, 0x2a38, 0, 1, {1}},
    {7, 0x2800, 9, 2, {0x0f, 0x18}},
    {8, 0x2803, 0, 5, {0x02, 9, 0, 0x19, 0x2a}},
    {9, 0x2a19, 0, 1, {87}},
};
enum { COUNT = sizeof attributes / sizeof attributes[0] };

static int management, bearer, subscribed;

static void fail(const char *what) {
    fprintf(stderr, "peripheral: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint16_t little(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

// One command of the management interface (BlueZ doc/mgmt-api.txt); its answer's parameters go to `bytes`.
static void manage(uint16_t code, uint16_t index, const void *parameters, uint16_t count, uint8_t *bytes) {
    uint8_t packet[512] = {(uint8_t)code, (uint8_t)(code >> 8), (uint8_t)index, (uint8_t)(index >> 8), (uint8_t)count};
    memcpy(packet + 6, parameters, count);
    if (write(management, packet, 6u + count) < 0) fail("management");
    for (;;) {
        ssize_t got = read(management, packet, sizeof packet);
        if (got < 9) fail("management");
        if (little(packet) > 2 || little(packet + 6) != code) continue;
        if (packet[8]) fprintf(stderr, "peripheral: command %#x: status %#x\n", code, packet[8]), exit(1);
        if (bytes) memcpy(bytes, packet + 9, (size_t)got - 9);
        return;
    }
}

static void turnOn(uint16_t code, uint16_t index) { manage(code, index, (uint8_t[]){1}, 1, NULL); }

static void say(const uint8_t *bytes, size_t count) {
    if (write(bearer, bytes, count) < 0) fprintf(stderr, "peripheral: %s\n", strerror(errno));
}

static void refuse(uint8_t request, uint16_t handle, uint8_t error) {
    say((uint8_t[]){1, request, (uint8_t)handle, (uint8_t)(handle >> 8), error}, 5);
}

// Read by group type, read by type, find information: lists of equal entries.
static void list(uint8_t request, uint16_t first, uint16_t last, uint16_t type) {
    uint8_t answer[MTU] = {request + 1};
    size_t length = 0, entry = 0;
    for (int i = 0; i < COUNT; i++) {
        const struct attribute *a = &attributes[i];
        if (a->handle < first || a->handle > last || (request != 0x04 && a->type != type)) continue;
        size_t size = request == 0x04 ? 4 : request == 0x10 ? 4u + a->count : 2u + a->count;
        if (!length) entry = size, length = 2;
        if (size != entry || length + size > MTU) break;
        uint8_t *p = answer + length;
        *p++ = (uint8_t)a->handle, *p++ = (uint8_t)(a->handle >> 8);
        if (request == 0x04) *p++ = (uint8_t)a->type, *p++ = (uint8_t)(a->type >> 8);
        if (request == 0x10) *p++ = (uint8_t)a->groupEnd, *p++ = (uint8_t)(a->groupEnd >> 8);
        if (request != 0x04) memcpy(p, a->value, a->count);
        length += size;
    }
    if (!length) return refuse(request, first, 0x0a);
    answer[1] = request == 0x04 ? 1 : (uint8_t)entry;
    say(answer, length);
}

static void serve(const uint8_t *p, size_t count) {
    uint16_t handle = count >= 3 ? little(p + 1) : 0;
    switch (p[0]) {
    case 0x02: return say((uint8_t[]){3, MTU, 0}, 3);
    case 0x04: return count == 5 ? list(p[0], handle, little(p + 3), 0) : refuse(p[0], 0, 4);
    case 0x08:
    case 0x10: return count == 7 ? list(p[0], handle, little(p + 3), little(p + 5)) : refuse(p[0], handle, 0x0a);
    case 0x0a:
        for (int i = 0; i < COUNT; i++) {
            if (attributes[i].handle != handle || handle == MEASUREMENT) continue;
            uint8_t answer[8] = {0x0b};
            memcpy(answer + 1, attributes[i].value, attributes[i].count);
            return say(answer, 1u + attributes[i].count);
        }
        return refuse(p[0], handle, handle == MEASUREMENT ? 2 : 1);
    case 0x12:
        if (handle != CCCD || count != 5) return refuse(p[0], handle, 3);
        subscribed = p[3] & 1;
        return say((uint8_t[]){0x13}, 1);
    }
    if (!(p[0] & 0x40)) refuse(p[0], 0, 6);
}

int main(int count, char **arguments) {
    uint16_t index = (uint16_t)(count > 1 ? atoi(arguments[1]) : 1);
    management = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, BTPROTO_HCI);
    struct sockaddr_hci control = {.hci_family = AF_BLUETOOTH, .hci_dev = HCI_DEV_NONE, .hci_channel = HCI_CHANNEL_CONTROL};
    if (management < 0 || bind(management, (void *)&control, sizeof control)) fail("management");
    turnOn(0x000d, index); // LE
    turnOn(0x0005, index); // power
    turnOn(0x0007, index); // connectable

    uint8_t information[280];
    manage(0x0004, index, "", 0, information);
    struct sockaddr_l2 own = {.l2_family = AF_BLUETOOTH, .l2_cid = htobs(4), .l2_bdaddr_type = BDADDR_LE_PUBLIC};
    memcpy(&own.l2_bdaddr, information, 6);
    int listener = socket(AF_BLUETOOTH, SOCK_SEQPACKET | SOCK_CLOEXEC, BTPROTO_L2CAP);
    if (listener < 0 || bind(listener, (void *)&own, sizeof own) || listen(listener, 1)) fail("listen");

    // Add Advertising: instance 1, connectable and discoverable; service 180d; scan response with the name.
    static const uint8_t advertising[] = {1, 3, 0, 0, 0, 0, 0, 0, 0, 4, 8, 3, 3, 0x0d, 0x18, 7, 9, 'K', 'e', 'r', 'n', 'e', 'l'};
    manage(0x003e, index, advertising, sizeof advertising, NULL);
    printf("ready %02X:%02X:%02X:%02X:%02X:%02X\n", information[5], information[4], information[3], information[2],
           information[1], information[0]);
    fflush(stdout);

    for (int beat = 0;;) {
        if ((bearer = accept(listener, NULL, NULL)) < 0) fail("accept");
        subscribed = 0;
        struct pollfd ready = {bearer, POLLIN, 0};
        for (;;) {
            if (poll(&ready, 1, 200) > 0) {
                uint8_t bytes[600];
                ssize_t got = read(bearer, bytes, sizeof bytes);
                if (got <= 0) break;
                serve(bytes, (size_t)got);
            } else if (subscribed) {
                say((uint8_t[]){0x1b, MEASUREMENT, 0, 0x06, (uint8_t)(60 + beat++ % 10)}, 5);
            }
        }
        close(bearer);
    }
}
