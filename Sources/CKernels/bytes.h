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
        vk_f32x16 mean = offset + step * (VK_TO(vk_f32x16, s) / VK_TO(vk_f32x16, n));
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

// Least-squares slope. Places are counted back from the newest row, which is 0; each row moves all by −1.
VK void vk_slope_bytes(
    int32_t *sum, int32_t *count, int32_t *moment, int32_t *place, double *places, const uint8_t *in,
    const uint8_t *out, float *to, int32_t window, float scale, int32_t fewest
) {
    double square = (double)window * window;
    for (int lane = 0; lane < vk_lanes; lane += 16) {
        vk_i32x16 s = vk_i32x16_load(sum + lane), n = vk_i32x16_load(count + lane);
        vk_i32x16 sp = vk_i32x16_load(moment + lane), np = vk_i32x16_load(place + lane);
        vk_f64x8 ppa = vk_f64x8_load(places + lane), ppb = vk_f64x8_load(places + lane + 8);
        vk_i32x16 a = vk_bytes16(in + lane), b = vk_bytes16(out + lane);
        vk_i32x16 gone = b != 0;
        ppa += vk_low(n) - 2 * vk_low(np) + square * vk_low(gone);
        ppb += vk_high(n) - 2 * vk_high(np) + square * vk_high(gone);
        sp += window * b - s;
        np += (gone & window) - n;
        s += a - b;
        n += gone - (a != 0);
        vk_i32x16_store(sum + lane, s);
        vk_i32x16_store(count + lane, n);
        vk_i32x16_store(moment + lane, sp);
        vk_i32x16_store(place + lane, np);
        vk_f64x8_store(places + lane, ppa);
        vk_f64x8_store(places + lane + 8, ppb);
        vk_f64x8 na = vk_low(n), nb = vk_high(n), pa = vk_low(np), pb = vk_high(np);
        vk_f32x16 top = vk_join(
            na * vk_low(sp) - pa * vk_low(s), nb * vk_high(sp) - pb * vk_high(s));
        vk_f32x16 bottom = vk_join(na * ppa - pa * pa, nb * ppb - pb * pb);
        vk_f32x16_store(to + lane, vk_choose(n < fewest, VK_NAN16, scale * (top / bottom)));
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
