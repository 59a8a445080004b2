// Vector primitives for the room Kernels where Swift's own do not lower to vector instructions. Static inline only.
#ifndef CKERNELS_SHIM_H
#define CKERNELS_SHIM_H

#include "profile.h"

#endif
