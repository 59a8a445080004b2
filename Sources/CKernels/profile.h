// The inner loops of the matrix profile: cells of the distance matrix, eight at a time.
//
// Masked selection and the maximum of SIMD8<Double> are no single instructions in Swift.
#pragma once
#include "lanes.h"

// Diagonals that advance together: as many as the registers hold.
#ifdef __AVX512F__
#define VK_PROFILE_VECTORS 8
#else
#define VK_PROFILE_VECTORS 2
#endif
enum { vk_profile_lanes = 8 * VK_PROFILE_VECTORS };

/// The parts of a join that all cells read and write. Each column array has vk_profile_lanes - 1 further places whose
/// `inverse` is NaN: what is NaN is never better.
typedef struct {
    // How the covariance of two windows changes when both move on by one: f[i] g[j] + f[j] g[i].
    const double *f, *g;
    // 1 / √Σ(x − mean)² of each window; NaN for one that is not compared.
    const double *inverse;
    // The best correlation with a window before, and after, and where it begins.
    double *left, *right;
    int64_t *left_at, *right_at;
} vk_profile;

/// Σ ((a − mean) inverse_a − (b − mean) inverse_b)² of two windows.
VK double vk_profile_square(
    const double *a, double mean_a, double inverse_a, const double *b, double mean_b, double inverse_b, int64_t window)
{
    vk_f64x8 sum = 0;
    int64_t t = 0;
    for (; t + 8 <= window; t += 8) {
        const vk_f64x8 d = (vk_f64x8_load(a + t) - mean_a) * inverse_a
                           - (vk_f64x8_load(b + t) - mean_b) * inverse_b;
        sum += d * d;
    }
    double rest = 0;
    for (; t < window; t++) {
        const double d = (a[t] - mean_a) * inverse_a - (b[t] - mean_b) * inverse_b;
        rest += d * d;
    }
    return rest + vk_sum8(sum);
}

/// Covariances of the window at `i` with the vk_profile_lanes windows from `j` on. `centred` are the values at `i` free
/// of their mean.
VK void vk_profile_start(
    const double *centred, const double *x, int64_t j, int64_t window, double *covariance)
{
    vk_f64x8 sum[VK_PROFILE_VECTORS];
    for (int v = 0; v < VK_PROFILE_VECTORS; v++) sum[v] = 0;
    for (int64_t t = 0; t < window; t++)
        for (int v = 0; v < VK_PROFILE_VECTORS; v++)
            sum[v] += centred[t] * vk_f64x8_load(x + j + t + 8 * v);
    for (int v = 0; v < VK_PROFILE_VECTORS; v++) vk_f64x8_store(covariance + 8 * v, sum[v]);
}

/// Rows `from` ..< `to` of the diagonals `lag` ..< `lag` + vk_profile_lanes. `covariance` is that of row `from`.
VK void vk_profile_rows(vk_profile p, double *covariance, int64_t lag, int64_t from, int64_t to)
{
    vk_f64x8 c[VK_PROFILE_VECTORS], r[VK_PROFILE_VECTORS];
    for (int v = 0; v < VK_PROFILE_VECTORS; v++) c[v] = vk_f64x8_load(covariance + 8 * v);
    for (int64_t i = from; i < to; i++) {
        const double inverse = p.inverse[i];
        vk_f64x8 top = -2;
        for (int v = 0; v < VK_PROFILE_VECTORS; v++) {
            const int64_t j = i + lag + 8 * v;
            const vk_f64x8 value = c[v] * inverse * vk_f64x8_load(p.inverse + j);
            const vk_f64x8 best = vk_f64x8_load(p.left + j);
            const vk_i64x8 better = value > best;
            vk_f64x8_store(p.left + j, better ? value : best);
            const vk_i64x8 at = vk_i64x8_load(p.left_at + j);
            vk_i64x8_store(p.left_at + j, better ? (vk_i64x8)i : at);
            top = value > top ? value : top;
            r[v] = value;
            // On to the next row: the covariance of the last one is not used.
            c[v] += p.f[i + 1] * vk_f64x8_load(p.g + j + 1) + vk_f64x8_load(p.f + j + 1) * p.g[i + 1];
        }
        const double highest = __builtin_reduce_max(top);
        if (highest > p.right[i]) {
            p.right[i] = highest;
            for (int v = VK_PROFILE_VECTORS - 1; v >= 0; v--)
                for (int k = 7; k >= 0; k--)
                    if (r[v][k] == highest) p.right_at[i] = i + lag + 8 * v + k;
        }
    }
}

/// The last place of the highest covariance × inverse; −1 where all are NaN.
VK int64_t vk_profile_highest(const double *covariance, const double *inverse, int64_t n)
{
    vk_f64x8 top = -__builtin_inf();
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const vk_f64x8 value = vk_f64x8_load(covariance + i) * vk_f64x8_load(inverse + i);
        top = value > top ? value : top;
    }
    double highest = __builtin_reduce_max(top);
    for (; i < n; i++)
        if (covariance[i] * inverse[i] > highest) highest = covariance[i] * inverse[i];
    while (--i >= 0)
        if (covariance[i] * inverse[i] == highest) return i;
    return -1;
}
