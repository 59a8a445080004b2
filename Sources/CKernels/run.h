// Runs of one series along time, sixteen values at once.
#pragma once
#include "bytes.h"
#include "exact.h"

// What a series needs to be written as codes: its range, in which bits of sixteenths its values differ, and whether all
// of them are whole sixteenths below 2¹⁹.
typedef struct { float low, high; int32_t bits, misfits; } vk_survey;

// `count` values, a multiple of 16.
VK vk_survey vk_survey_floats(const float *p, int64_t count, vk_survey so_far, int32_t first) {
    vk_i32x16 misfits = (vk_i32x16)(0), bits = (vk_i32x16)(0);
    vk_f32x16 low = (vk_f32x16)(so_far.low), high = (vk_f32x16)(so_far.high);
    for (int64_t i = 0; i + 16 <= count; i += 16) {
        vk_f32x16 x = vk_f32x16_load(p + i);
        vk_i32x16 is_number = x - x == 0;
        // Where there is no number, one that is already known.
        x = vk_choose(is_number, x, (vk_f32x16)(so_far.low));
        vk_f32x16 sixteenths = x * 16;
        vk_i32x16 fits = __builtin_elementwise_abs(sixteenths) < 0x1p23f;
        vk_i32x16 k = VK_TO(vk_i32x16, vk_choose(fits, sixteenths, (vk_f32x16)(0)));
        misfits |= ~fits | (VK_TO(vk_f32x16, k) != sixteenths);
        bits |= k ^ first;
        low = vk_choose(x < low, x, low);
        high = vk_choose(x > high, x, high);
    }
    so_far.misfits |= __builtin_reduce_or(misfits);
    so_far.bits |= __builtin_reduce_or(bits);
    so_far.low = __builtin_reduce_min(low);
    so_far.high = __builtin_reduce_max(high);
    return so_far;
}

VK void vk_encode16(const float *p, uint8_t *to, float offset, float scale) {
    vk_f32x16 x = vk_f32x16_load(p);
    vk_f32x16 code = vk_choose(x - x == 0, (x - offset) * scale, (vk_f32x16)(0));
    vk_u8x16_store(to, VK_TO(vk_u8x16, VK_TO(vk_i32x16, code)));
}

// Sixteen moments of sixteen series of codes, `stride` apart, as sixteen rows: four times the first half and the second
// are shuffled like cards.
VK void vk_turn_tile(const uint8_t *runs, int64_t stride, uint8_t *rows) {
    vk_u8x16 t[16], u[16];
    for (int lane = 0; lane < 16; lane++) t[lane] = vk_u8x16_load(runs + lane * stride);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 8; i++) {
            u[2 * i] = __builtin_shufflevector(
                t[i], t[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            u[2 * i + 1] = __builtin_shufflevector(
                t[i], t[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
        for (int i = 0; i < 16; i++) t[i] = u[i];
    }
    for (int row = 0; row < 16; row++) vk_u8x16_store(rows + row * vk_lanes, t[row]);
}

// Counts and sums of codes run in one number: twenty bits of sum, twelve of count, for windows below 4096 values. What
// overflows does so on both sides of a difference.
enum { vk_sum_bits = 20 };

VK vk_i32x16 vk_scan16(vk_i32x16 v) {
    vk_i32x16 none = (vk_i32x16)(0);
    v += __builtin_shufflevector(none, v, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
    v += __builtin_shufflevector(none, v, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
    v += __builtin_shufflevector(none, v, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
    v += __builtin_shufflevector(none, v, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    return v;
}
VK vk_i32x16 vk_last16(vk_i32x16 v) {
    return __builtin_shufflevector(v, v, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15);
}

// Prefix sums of packed codes, and of their squares where `squares` is given, from `carry` and `carry_square` on.
VK void vk_prefix_codes(
    const uint8_t *codes, int32_t *sums, int32_t *squares, int64_t count, int32_t *carry, int32_t *carry_square
) {
    vk_i32x16 before = (vk_i32x16)(*carry), before_square = (vk_i32x16)(*carry_square);
    for (int64_t i = 0; i + 16 <= count; i += 16) {
        vk_i32x16 a = vk_bytes16(codes + i);
        vk_i32x16 sum = vk_scan16(a + ((a != 0) & (1 << vk_sum_bits)));
        vk_i32x16_store(sums + i, sum + before);
        before += vk_last16(sum);
        if (squares) {
            vk_i32x16 square = vk_scan16(a * a);
            vk_i32x16_store(squares + i, square + before_square);
            before_square += vk_last16(square);
        }
    }
    *carry = before[0];
    *carry_square = before_square[0];
}
VK void vk_mean_run(
    const int32_t *sums, int64_t window, float *to, int64_t count, float offset, float step, int32_t fewest
) {
    for (int64_t i = 0; i + 16 <= count; i += 16) {
        vk_i32x16 d = vk_i32x16_load(sums + i) - vk_i32x16_load(sums + i - window);
        vk_i32x16 s = d & ((1 << vk_sum_bits) - 1), n = (d >> vk_sum_bits) & 4095;
        vk_f32x16 m = VK_TO(vk_f32x16, n), mean = (offset * m + step * VK_TO(vk_f32x16, s)) / m;
        vk_f32x16_store(to + i, vk_choose(n < fewest, VK_NAN16, mean));
    }
}
VK void vk_deviation_run(
    const int32_t *sums, const int32_t *squares, int64_t window, float *to, int64_t count, float step, int32_t fewest
) {
    for (int64_t i = 0; i + 16 <= count; i += 16) {
        vk_i32x16 d = vk_i32x16_load(sums + i) - vk_i32x16_load(sums + i - window);
        vk_i32x16 q = vk_i32x16_load(squares + i) - vk_i32x16_load(squares + i - window);
        vk_i32x16 s = d & ((1 << vk_sum_bits) - 1), n = (d >> vk_sum_bits) & 4095;
        vk_f32x16 top, bottom;
        vk_spread16(s, q, n, &top, &bottom);
        vk_f32x16 deviation = step * __builtin_elementwise_sqrt(top / bottom);
        vk_f32x16_store(to + i, vk_choose(n < fewest, VK_NAN16, deviation));
    }
}

// Eight values as distances from the centre, cut to whole units, and whether they were measured.
VK void vk_measure_floats(const float *p, vk_fixed f, double *values, double *present) {
    vk_measured m = vk_take_floats(p, f);
    vk_f64x8_store(values, m.value);
    vk_f64x8_store(present, m.present);
}
VK void vk_measure_bytes(const uint8_t *p, vk_fixed f, double *values, double *present) {
    vk_measured m = vk_take_bytes(p, f);
    vk_f64x8_store(values, m.value);
    vk_f64x8_store(present, m.present);
}

// What running sums amount to, eight moments at once.
VK void vk_mean_of_sums(const double *s, const double *n, float *to, double offset, double step, double fewest) {
    vk_f64x8 m = vk_f64x8_load(n);
    vk_put8(to, m, fewest, (offset * m + step * vk_f64x8_load(s)) / m);
}
VK void vk_deviation_of_sums(
    const double *sum, const double *square, const double *count, const double *newest, const double *present,
    float *to, double step, double fewest, int scored
) {
    vk_f64x8 s = vk_f64x8_load(sum), q = vk_f64x8_load(square), n = vk_f64x8_load(count);
    vk_f64x8 top = n * q - s * s;
    top = vk_choose8(top > 0, top, (vk_f64x8)(0));
    vk_f32x8 deviation = __builtin_elementwise_sqrt(VK_TO(vk_f32x8, top) / VK_TO(vk_f32x8, n * (n - 1)));
    vk_i64x8 unknown = n < fewest;
    vk_f32x8 r = (float)step * deviation;
    if (scored) {
        r = VK_TO(vk_f32x8, vk_f64x8_load(newest) * n - s) / VK_TO(vk_f32x8, n) / deviation;
        unknown |= (vk_f64x8_load(present) == 0) | (top == 0);
    }
    vk_f32x8_store(to, VK_TO(vk_i32x8, unknown) ? (vk_f32x8)(__builtin_nanf("")) : r);
}
VK void vk_slope_of_sums(
    const double *sum, const double *count, const double *moment, const double *place, const double *places,
    float *to, double scale, double fewest
) {
    vk_f64x8 n = vk_f64x8_load(count), p = vk_f64x8_load(place);
    vk_f32x8 top = VK_TO(vk_f32x8, n * vk_f64x8_load(moment) - p * vk_f64x8_load(sum));
    vk_f32x8 r = (float)scale * (top / VK_TO(vk_f32x8, n * vk_f64x8_load(places) - p * p));
    vk_f32x8_store(to, VK_TO(vk_i32x8, n < fewest) ? (vk_f32x8)(__builtin_nanf("")) : r);
}

VK void vk_decode_run(const uint8_t *codes, float *to, int64_t count, float offset, float step) {
    for (int64_t i = 0; i + 16 <= count; i += 16) {
        vk_i32x16 a = vk_bytes16(codes + i);
        vk_f32x16_store(to + i, vk_choose(a == 0, VK_NAN16, offset + step * VK_TO(vk_f32x16, a)));
    }
}
// Extremes of windows twice as long, in place, from the end: codes by 64, Floats by 16. `back` is the present length.
VK void vk_double_greatest(uint8_t *codes, int64_t count, int64_t back) {
    for (int64_t i = count - 64; i >= back; i -= 64) vk_greater_bytes(codes + i, codes + i, codes + i - back);
}
VK void vk_double_least(uint8_t *codes, int64_t count, int64_t back) {
    for (int64_t i = count - 64; i >= back; i -= 64) vk_lesser_bytes(codes + i, codes + i, codes + i - back);
}
VK void vk_double_least_floats(float *values, int64_t count, int64_t back) {
    for (int64_t i = count - 16; i >= back; i -= 16) {
        vk_f32x16 x = vk_f32x16_load(values + i), y = vk_f32x16_load(values + i - back);
        vk_f32x16_store(values + i, vk_choose(x < y, x, y));
    }
}
VK void vk_infinite_for_missing16(float *to, const float *from, float sign) {
    vk_f32x16 x = vk_f32x16_load(from);
    vk_f32x16_store(to, vk_choose(x - x != 0, (vk_f32x16)(__builtin_inff()), sign * x));
}
VK void vk_missing_for_infinite16(float *to, const float *from, float sign) {
    vk_f32x16 x = vk_f32x16_load(from);
    vk_f32x16_store(to, vk_choose(x == __builtin_inff(), VK_NAN16, sign * x));
}
