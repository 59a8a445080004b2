// The inner loops of the matrix profile: cells of the distance matrix, eight at a time.
//
// Swift's SIMD8<Double> has no fused product, and its masked selection is not one instruction.
#ifndef CKERNELS_PROFILE_H
#define CKERNELS_PROFILE_H

#include <stdint.h>

typedef double ck_f64x8 __attribute__((ext_vector_type(8), aligned(8)));
typedef int64_t ck_i64x8 __attribute__((ext_vector_type(8), aligned(8)));

// Diagonals that advance together: as many as the registers hold.
#ifdef __AVX512F__
#define CK_PROFILE_VECTORS 8
#else
#define CK_PROFILE_VECTORS 2
#endif
enum { ck_profile_lanes = 8 * CK_PROFILE_VECTORS };

/// The parts of a join that all cells read and write. Each column array has ck_profile_lanes - 1 further places whose
/// `inverse` is NaN: what is NaN is never better.
typedef struct {
    // How the covariance of two windows changes when both move on by one: f[i] g[j] + f[j] g[i].
    const double *f, *g;
    // 1 / √Σ(x − mean)² of each window; NaN for one that is not compared.
    const double *inverse;
    // The best correlation with a window before, and after, and where it begins.
    double *left, *right;
    int64_t *left_at, *right_at;
} ck_profile;

/// Σ ((a − mean) inverse_a − (b − mean) inverse_b)² of two windows.
static inline double ck_profile_square(
    const double *a, double mean_a, double inverse_a, const double *b, double mean_b, double inverse_b, int64_t window)
{
    ck_f64x8 sum = 0;
    int64_t t = 0;
    for (; t + 8 <= window; t += 8) {
        const ck_f64x8 d = (*(const ck_f64x8 *)(a + t) - mean_a) * inverse_a
                           - (*(const ck_f64x8 *)(b + t) - mean_b) * inverse_b;
        sum += d * d;
    }
    double rest = 0;
    for (; t < window; t++) {
        const double d = (a[t] - mean_a) * inverse_a - (b[t] - mean_b) * inverse_b;
        rest += d * d;
    }
    return rest + ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/// Covariances of the window at `i` with the ck_profile_lanes windows from `j` on. `centred` are the values at `i` free
/// of their mean.
static inline void ck_profile_start(
    const double *centred, const double *x, int64_t j, int64_t window, double *covariance)
{
    ck_f64x8 sum[CK_PROFILE_VECTORS];
    for (int v = 0; v < CK_PROFILE_VECTORS; v++) sum[v] = 0;
    for (int64_t t = 0; t < window; t++)
        for (int v = 0; v < CK_PROFILE_VECTORS; v++)
            sum[v] += centred[t] * *(const ck_f64x8 *)(x + j + t + 8 * v);
    for (int v = 0; v < CK_PROFILE_VECTORS; v++) *(ck_f64x8 *)(covariance + 8 * v) = sum[v];
}

/// Rows `from` ..< `to` of the diagonals `lag` ..< `lag` + ck_profile_lanes. `covariance` is that of row `from`.
static inline void ck_profile_rows(ck_profile p, double *covariance, int64_t lag, int64_t from, int64_t to)
{
    ck_f64x8 c[CK_PROFILE_VECTORS], r[CK_PROFILE_VECTORS];
    for (int v = 0; v < CK_PROFILE_VECTORS; v++) c[v] = *(ck_f64x8 *)(covariance + 8 * v);
    for (int64_t i = from; i < to; i++) {
        const double inverse = p.inverse[i];
        ck_f64x8 top = -2;
        for (int v = 0; v < CK_PROFILE_VECTORS; v++) {
            const int64_t j = i + lag + 8 * v;
            const ck_f64x8 value = c[v] * inverse * *(const ck_f64x8 *)(p.inverse + j);
            const ck_f64x8 best = *(ck_f64x8 *)(p.left + j);
            const ck_i64x8 better = value > best;
            *(ck_f64x8 *)(p.left + j) = better ? value : best;
            const ck_i64x8 at = *(ck_i64x8 *)(p.left_at + j);
            *(ck_i64x8 *)(p.left_at + j) = better ? (ck_i64x8)i : at;
            top = value > top ? value : top;
            r[v] = value;
            // On to the next row: the covariance of the last one is not used.
            c[v] += p.f[i + 1] * *(const ck_f64x8 *)(p.g + j + 1) + *(const ck_f64x8 *)(p.f + j + 1) * p.g[i + 1];
        }
        const double highest = __builtin_reduce_max(top);
        if (highest > p.right[i]) {
            p.right[i] = highest;
            for (int v = CK_PROFILE_VECTORS - 1; v >= 0; v--)
                for (int k = 7; k >= 0; k--)
                    if (r[v][k] == highest) p.right_at[i] = i + lag + 8 * v + k;
        }
    }
}

#endif
