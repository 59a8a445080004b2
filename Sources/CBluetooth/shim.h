#pragma once
// Types and constants of the kernel's Bluetooth sockets; no function of the library is called, so nothing is linked.
#include <sys/socket.h>
#include <bluetooth/bluetooth.h>
#include <bluetooth/l2cap.h>
#include <bluetooth/hci.h>
