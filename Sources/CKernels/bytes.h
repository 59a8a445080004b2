// Rows of codes: a byte a lane, 0 for nothing measured, else value = offset + step · code. Sums are exact in 32 bits for
// windows that Swift has checked (`CodedLimits`).
#pragma once
#include "lanes.h"

// Σ code and the number of codes move on by one row: `in` enters, `out` leaves.
VK void vk_slide_bytes(vk_i32x16 *sum, vk_i32x16 *count, vk_i32x16 in, vk_i32x16 out) {
    *sum += in - out;
    *count += (out != 0) - (in != 0);
}

VK void vk_mean_bytes(
    int32_t *sum, int32_t *count, const uint8_t *in, const uint8_t *out, float *to, float offset, float step,
    int32_t fewest
) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_i32x16 s = vk_i32x16_load(sum + lane), n = vk_i32x16_load(count + lane);
        vk_slide_bytes(&s, &n, vk_bytes16(in + lane), vk_bytes16(out + lane));
        vk_i32x16_store(sum + lane, s);
        vk_i32x16_store(count + lane, n);
        // The sum of the values is exact, so that their mean does not depend on where codes begin.
        vk_f32x16 m = VK_TO(vk_f32x16, n), mean = (offset * m + step * VK_TO(vk_f32x16, s)) / m;
        vk_f32x16_store(to + lane, vk_choose(n < fewest, VK_NAN16, mean));
    }
}

// Sums, and counts as numbers: `kind` 0 and 1.
VK void vk_sum_bytes(
    int32_t *sum, int32_t *count, const uint8_t *in, const uint8_t *out, float *to, float offset, float step,
    int32_t fewest, int kind
) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_i32x16 s = vk_i32x16_load(sum + lane), n = vk_i32x16_load(count + lane);
        vk_slide_bytes(&s, &n, vk_bytes16(in + lane), vk_bytes16(out + lane));
        vk_i32x16_store(sum + lane, s);
        vk_i32x16_store(count + lane, n);
        if (kind == 1) {
            vk_f32x16_store(to + lane, VK_TO(vk_f32x16, n));
        } else {
            vk_f32x16 total = vk_join(
                (double)offset * vk_low(n) + (double)step * vk_low(s),
                (double)offset * vk_high(n) + (double)step * vk_high(s));
            vk_f32x16_store(to + lane, vk_choose(n < fewest, VK_NAN16, total));
        }
    }
}

// n Σ x² − (Σ x)² and n (n − 1), exact in Double: the variance of codes is their ratio.
VK void vk_spread16(vk_i32x16 s, vk_i32x16 q, vk_i32x16 n, vk_f32x16 *top, vk_f32x16 *bottom) {
    vk_f64x8 sa = vk_low(s), sb = vk_high(s);
    *top = vk_join(vk_low(n) * vk_low(q) - sa * sa, vk_high(n) * vk_high(q) - sb * sb);
    vk_f32x16 m = VK_TO(vk_f32x16, n);
    *bottom = m * (m - 1);
}

VK void vk_deviation_bytes(
    int32_t *sum, int32_t *square, int32_t *count, const uint8_t *in, const uint8_t *out, float *to, float step,
    int32_t fewest
) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_i32x16 s = vk_i32x16_load(sum + lane), q = vk_i32x16_load(square + lane), n = vk_i32x16_load(count + lane);
        vk_i32x16 a = vk_bytes16(in + lane), b = vk_bytes16(out + lane);
        vk_slide_bytes(&s, &n, a, b);
        q += (a - b) * (a + b);
        vk_i32x16_store(sum + lane, s);
        vk_i32x16_store(square + lane, q);
        vk_i32x16_store(count + lane, n);
        vk_f32x16 top, bottom;
        vk_spread16(s, q, n, &top, &bottom);
        vk_f32x16 deviation = step * __builtin_elementwise_sqrt(top / bottom);
        vk_f32x16_store(to + lane, vk_choose(n < fewest, VK_NAN16, deviation));
    }
}

VK void vk_zscore_bytes(
    int32_t *sum, int32_t *square, int32_t *count, const uint8_t *in, const uint8_t *out, float *to, int32_t fewest
) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_i32x16 s = vk_i32x16_load(sum + lane), q = vk_i32x16_load(square + lane), n = vk_i32x16_load(count + lane);
        vk_i32x16 a = vk_bytes16(in + lane), b = vk_bytes16(out + lane);
        vk_slide_bytes(&s, &n, a, b);
        q += (a - b) * (a + b);
        vk_i32x16_store(sum + lane, s);
        vk_i32x16_store(square + lane, q);
        vk_i32x16_store(count + lane, n);
        vk_f32x16 top, bottom;
        vk_spread16(s, q, n, &top, &bottom);
        // (x − mean) / σ = (n x − Σ) / n · √(bottom / top): n x − Σ is exact.
        vk_f32x16 away = VK_TO(vk_f32x16, a * n - s) / VK_TO(vk_f32x16, n);
        vk_f32x16 z = away / __builtin_elementwise_sqrt(top / bottom);
        vk_f32x16_store(to + lane, vk_choose((n < fewest) | (a == 0) | (top == 0), VK_NAN16, z));
    }
}

// Least-squares slope. Places are counted back from the newest row, which is 0; each row moves all by −1. Counts, places
// and their squares are kept in Double: turning them anew for each row would cost more than all the rest.
VK void vk_slope_bytes(
    int32_t *sum, int32_t *moment, double *count, double *place, double *places, const uint8_t *in,
    const uint8_t *out, float *to, int32_t window, float scale, double fewest
) {
    double width = window, square = width * width;
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_i32x16 s = vk_i32x16_load(sum + lane), sp = vk_i32x16_load(moment + lane);
        vk_i32x16 a = vk_bytes16(in + lane), b = vk_bytes16(out + lane);
        sp += window * b - s;
        s += a - b;
        vk_i32x16_store(sum + lane, s);
        vk_i32x16_store(moment + lane, sp);
        vk_f32x16 top, bottom;
        for (int half = 0; half < 16; half += 8) {
            int at = lane + half;
            vk_i64x8 come = VK_TO(vk_i64x8, vk_u8x8_load(in + at) != 0);
            vk_i64x8 gone = VK_TO(vk_i64x8, vk_u8x8_load(out + at) != 0);
            vk_f64x8 n = vk_f64x8_load(count + at), p = vk_f64x8_load(place + at), pp = vk_f64x8_load(places + at);
            pp += n - (p + p);
            pp = vk_choose8(gone, pp - square, pp);
            p -= n;
            p = vk_choose8(gone, p + width, p);
            n = vk_choose8(gone, n - 1, n);
            n = vk_choose8(come, n + 1, n);
            vk_f64x8_store(count + at, n);
            vk_f64x8_store(place + at, p);
            vk_f64x8_store(places + at, pp);
            vk_f64x8 t = n * VK_TO(vk_f64x8, half ? sp.hi : sp.lo) - p * VK_TO(vk_f64x8, half ? s.hi : s.lo);
            vk_f32x8 u = VK_TO(vk_f32x8, t), v = VK_TO(vk_f32x8, n * pp - p * p);
            // Too few values: a slope of nothing by nothing.
            v = VK_TO(vk_i32x8, n < fewest) ? (vk_f32x8)(__builtin_nanf("")) : v;
            if (half) {
                top.hi = u;
                bottom.hi = v;
            } else {
                top.lo = u;
                bottom.lo = v;
            }
        }
        vk_f32x16_store(to + lane, scale * (top / bottom));
    }
}

VK void vk_decode_bytes(const uint8_t *codes, float *to, float offset, float step) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_i32x16 a = vk_bytes16(codes + lane);
        vk_f32x16_store(to + lane, vk_choose(a == 0, VK_NAN16, offset + step * VK_TO(vk_f32x16, a)));
    }
}

VK void vk_greater_bytes(uint8_t *to, const uint8_t *a, const uint8_t *b) {
    vk_u8x64_store(to, __builtin_elementwise_max(vk_u8x64_load(a), vk_u8x64_load(b)));
}

// Of codes turned by −1 the missing one is the greatest.
VK void vk_lesser_bytes(uint8_t *to, const uint8_t *a, const uint8_t *b) {
    vk_u8x64 one = (vk_u8x64)(1);
    vk_u8x64_store(
        to, __builtin_elementwise_min(vk_u8x64_load(a) - one, vk_u8x64_load(b) - one) + one);
}

// Exponential smoothing and a one-sided cumulative sum of one row of codes.
VK void vk_chart16(
    vk_f32x16 x, vk_i32x16 missing, float *level, float *sum, const float *centre, const float *scale, float share,
    float slack, float *to_level, float *to_sum
) {
    vk_f32x16 y = vk_f32x16_load(level), c = vk_f32x16_load(sum);
    // The first value starts the level: NaN is not equal to itself.
    vk_f32x16 next = vk_choose(y != y, x, (1 - share) * y + share * x);
    y = vk_choose(missing, y, next);
    vk_f32x16 up = c + ((x - vk_f32x16_load(centre)) * vk_f32x16_load(scale) - slack);
    c = vk_choose(missing, c, vk_choose(up > 0, up, (vk_f32x16)(0)));
    vk_f32x16_store(level, y);
    vk_f32x16_store(sum, c);
    if (to_level) vk_f32x16_store(to_level, y);
    if (to_sum) vk_f32x16_store(to_sum, c);
}

VK void vk_chart_bytes(
    const uint8_t *in, float offset, float step, float *level, float *sum, const float *centre, const float *scale,
    float share, float slack, float *to_level, float *to_sum
) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_i32x16 a = vk_bytes16(in + lane);
        vk_chart16(
            offset + step * VK_TO(vk_f32x16, a), a == 0, level + lane, sum + lane, centre + lane, scale + lane, share,
            slack, to_level ? to_level + lane : 0, to_sum ? to_sum + lane : 0);
    }
}
VK void vk_chart_floats(
    const float *in, float *level, float *sum, const float *centre, const float *scale, float share, float slack,
    float *to_level, float *to_sum
) {
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_f32x16 x = vk_f32x16_load(in + lane);
        // x − x is 0 for numbers, NaN for what is none.
        vk_chart16(
            x, x - x != 0, level + lane, sum + lane, centre + lane, scale + lane, share, slack,
            to_level ? to_level + lane : 0, to_sum ? to_sum + lane : 0);
    }
}
