// Inner loops of spectra.
#pragma once
#include "lanes.h"

enum { vk_correlation_lanes = 32 };

/// Adds Σ y[t] y[t + lag] to `correlation` for lag 0 ..< n rounded up to lanes. Behind `y`'s n values come
/// vk_correlation_lanes zeros.
VK void vk_correlate(const double *y, int64_t n, double *correlation)
{
    for (int64_t lag = 0; lag < n; lag += vk_correlation_lanes) {
        vk_f64x8 a = 0, b = 0, c = 0, d = 0;
        for (int64_t t = 0; t < n - lag; t++) {
            const double *other = y + t + lag;
            a += y[t] * vk_f64x8_load(other);
            b += y[t] * vk_f64x8_load(other + 8);
            c += y[t] * vk_f64x8_load(other + 16);
            d += y[t] * vk_f64x8_load(other + 24);
        }
        vk_f64x8_store(correlation + lag, vk_f64x8_load(correlation + lag) + a);
        vk_f64x8_store(correlation + lag + 8, vk_f64x8_load(correlation + lag + 8) + b);
        vk_f64x8_store(correlation + lag + 16, vk_f64x8_load(correlation + lag + 16) + c);
        vk_f64x8_store(correlation + lag + 24, vk_f64x8_load(correlation + lag + 24) + d);
    }
}
