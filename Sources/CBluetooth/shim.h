#pragma once
// Types and constants of the kernel's Bluetooth sockets, and epoll, which the Glibc module leaves out; no function of the library is called, so nothing is linked.
// The C library's module before its headers: otherwise its socket constants would belong to this module, and, where whole
// modules are compiled at once, files that import only Glibc would no longer see them.
#pragma clang module import SwiftGlibc
#include <sys/epoll.h>
#include <sys/socket.h>
#include <bluetooth/bluetooth.h>
#include <bluetooth/l2cap.h>
#include <bluetooth/hci.h>
