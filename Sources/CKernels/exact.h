// Rows of any Float, and windows of codes too long for 32 bits: sums in Double that never round. A value counts as its
// distance from a centre, cut to a multiple of a power of two so coarse that the sums of a window stay whole multiples
// of it below 2⁵³ (`FixedPoint` chooses it): whatever entered and left before, the same window gives the same bits.
#pragma once
#include "lanes.h"

typedef struct {
    // What distances are taken from, and how far they may reach; beyond, and where no number is, nothing was measured.
    double centre, reach;
    // 1.5 · 2⁵² units of the values and of their squares: adding and taking away cuts to whole units.
    double cut, cut_square;
} vk_fixed;

typedef struct { vk_f64x8 value, present; } vk_measured;

VK vk_measured vk_take_floats(const float *p, vk_fixed f) {
    vk_f64x8 d = VK_TO(vk_f64x8, vk_f32x8_load(p)) - f.centre;
    vk_i64x8 is_number = __builtin_elementwise_abs(d) <= f.reach;
    vk_measured m;
    m.value = vk_choose8(is_number, (d + f.cut) - f.cut, (vk_f64x8)(0));
    m.present = vk_choose8(is_number, (vk_f64x8)(1), (vk_f64x8)(0));
    return m;
}

VK vk_measured vk_take_bytes(const uint8_t *p, vk_fixed f) {
    vk_measured m;
    m.value = VK_TO(vk_f64x8, VK_TO(vk_i32x8, vk_u8x8_load(p)));
    m.present = vk_choose8(m.value == 0, (vk_f64x8)(0), (vk_f64x8)(1));
    return m;
}

VK vk_f64x8 vk_squared(vk_f64x8 v, vk_fixed f) { return (v * v + f.cut_square) - f.cut_square; }

VK void vk_put8(float *to, vk_f64x8 n, double fewest, vk_f64x8 v) {
    vk_f32x8_store(to, VK_TO(vk_f32x8, vk_choose8(n < fewest, (vk_f64x8)(__builtin_nan("")), v)));
}

#define VK_EXACT_ROWS(name, element, take)                                                                            \
    /* `kind` 0: sum, 1: count, 2: mean; value = offset + step · what was summed. */                                  \
    VK void vk_sum_exact_##name(                                                                                      \
        double *sum, double *count, const element *in, const element *out, float *to, vk_fixed f, double offset,      \
        double step, double fewest, int kind                                                                          \
    ) {                                                                                                               \
        for (int lane = 0; lane < vk_lanes; lane += 8) {                                                              \
            vk_measured a = take(in + lane, f), b = take(out + lane, f);                                              \
            vk_f64x8 s = vk_f64x8_load(sum + lane) + (a.value - b.value);                                             \
            vk_f64x8 n = vk_f64x8_load(count + lane) + (a.present - b.present);                                       \
            vk_f64x8_store(sum + lane, s);                                                                            \
            vk_f64x8_store(count + lane, n);                                                                          \
            if (kind == 1) vk_f32x8_store(to + lane, VK_TO(vk_f32x8, n));                                             \
            else vk_put8(to + lane, n, fewest, (offset * n + step * s) / (kind == 2 ? n : (vk_f64x8)(1)));            \
        }                                                                                                             \
    }                                                                                                                 \
    /* `kind` 0: standard deviation, 1: z-score of the newest value. */                                               \
    VK void vk_deviation_exact_##name(                                                                                \
        double *sum, double *square, double *count, const element *in, const element *out, float *to, vk_fixed f,     \
        double step, double fewest, int kind                                                                          \
    ) {                                                                                                               \
        for (int lane = 0; lane < vk_lanes; lane += 8) {                                                              \
            vk_measured a = take(in + lane, f), b = take(out + lane, f);                                              \
            vk_f64x8 s = vk_f64x8_load(sum + lane) + (a.value - b.value);                                             \
            vk_f64x8 n = vk_f64x8_load(count + lane) + (a.present - b.present);                                       \
            vk_f64x8 q = vk_f64x8_load(square + lane) + (vk_squared(a.value, f) - vk_squared(b.value, f));            \
            vk_f64x8_store(sum + lane, s);                                                                            \
            vk_f64x8_store(square + lane, q);                                                                         \
            vk_f64x8_store(count + lane, n);                                                                          \
            vk_f64x8 top = n * q - s * s;                                                                             \
            top = vk_choose8(top > 0, top, (vk_f64x8)(0));                                                            \
            vk_f32x8 variance = VK_TO(vk_f32x8, top) / VK_TO(vk_f32x8, n * (n - 1));                                  \
            vk_f32x8 deviation = __builtin_elementwise_sqrt(variance);                                                \
            if (kind == 0) {                                                                                          \
                vk_f32x8 r = (float)step * deviation;                                                                 \
                vk_f32x8_store(to + lane, VK_TO(vk_i32x8, n < fewest) ? (vk_f32x8)(__builtin_nanf("")) : r);          \
            } else {                                                                                                  \
                vk_f32x8 away = VK_TO(vk_f32x8, a.value * n - s) / VK_TO(vk_f32x8, n);                                \
                vk_i32x8 unknown = VK_TO(vk_i32x8, (n < fewest) | (a.present == 0) | (top == 0));                     \
                vk_f32x8_store(to + lane, unknown ? (vk_f32x8)(__builtin_nanf("")) : away / deviation);               \
            }                                                                                                         \
        }                                                                                                             \
    }                                                                                                                 \
    VK void vk_slope_exact_##name(                                                                                    \
        double *sum, double *count, double *moment, double *place, double *places, const element *in,                 \
        const element *out, float *to, vk_fixed f, double window, double scale, double fewest                         \
    ) {                                                                                                               \
        for (int lane = 0; lane < vk_lanes; lane += 8) {                                                              \
            vk_measured a = take(in + lane, f), b = take(out + lane, f);                                              \
            vk_f64x8 s = vk_f64x8_load(sum + lane), n = vk_f64x8_load(count + lane);                                  \
            vk_f64x8 sp = vk_f64x8_load(moment + lane), np = vk_f64x8_load(place + lane);                             \
            vk_f64x8 pp = vk_f64x8_load(places + lane);                                                               \
            pp += n - 2 * np - window * window * b.present;                                                           \
            sp += window * b.value - s;                                                                               \
            np += window * b.present - n;                                                                             \
            s += a.value - b.value;                                                                                   \
            n += a.present - b.present;                                                                               \
            vk_f64x8_store(sum + lane, s);                                                                            \
            vk_f64x8_store(count + lane, n);                                                                          \
            vk_f64x8_store(moment + lane, sp);                                                                        \
            vk_f64x8_store(place + lane, np);                                                                         \
            vk_f64x8_store(places + lane, pp);                                                                        \
            vk_f32x8 top = VK_TO(vk_f32x8, n * sp - np * s), bottom = VK_TO(vk_f32x8, n * pp - np * np);              \
            vk_f32x8 r = (float)scale * (top / bottom);                                                               \
            vk_f32x8_store(to + lane, VK_TO(vk_i32x8, n < fewest) ? (vk_f32x8)(__builtin_nanf("")) : r);              \
        }                                                                                                             \
    }

VK_EXACT_ROWS(bytes, uint8_t, vk_take_bytes)
VK_EXACT_ROWS(floats, float, vk_take_floats)

// The lesser of two rows. What was not measured is +∞ in them, and the greatest is sought as the least of negatives.
VK void vk_lesser_floats(float *to, const float *a, const float *b) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_f32x16 x = vk_f32x16_load(a + lane), y = vk_f32x16_load(b + lane);
        vk_f32x16_store(to + lane, vk_choose(x < y, x, y));
    }
}
// A row times `sign`, +∞ where no number is; and back again.
VK void vk_infinite_for_missing(float *to, const float *from, float sign) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_f32x16 x = vk_f32x16_load(from + lane);
        vk_f32x16_store(to + lane, vk_choose(x - x != 0, (vk_f32x16)(__builtin_inff()), sign * x));
    }
}
VK void vk_missing_for_infinite(float *to, const float *from, float sign) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_f32x16 x = vk_f32x16_load(from + lane);
        vk_f32x16_store(to + lane, vk_choose(x == __builtin_inff(), VK_NAN16, sign * x));
    }
}
