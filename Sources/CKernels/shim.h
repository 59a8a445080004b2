// Vector primitives for the room Kernels where Swift's own do not lower to vector instructions. Static inline only, no
// logic: windows, layouts and policies are Swift's.
#ifndef CKERNELS_SHIM_H
#define CKERNELS_SHIM_H

#include "lanes.h"
#include "bytes.h"
#include "exact.h"
#include "order.h"
#include "run.h"
#include "beats.h"
#include "profile.h"
#include "spectrum.h"

#endif
