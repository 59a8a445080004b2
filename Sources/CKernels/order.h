// Order statistics of rows of codes: a histogram a lane, side by side (bin-major), and per share a mark that follows it.
#pragma once
#include "lanes.h"

// Each lane's histogram takes in a code and gives one up. Bin 0 counts what was not measured; nobody reads it.
VK void vk_tally(uint16_t *bins, const uint8_t *in, const uint8_t *out) {
#pragma clang loop unroll_count(8)
    for (int lane = 0; lane < vk_lanes; lane++) {
        bins[in[lane] * vk_lanes + lane] += 1;
        bins[out[lane] * vk_lanes + lane] -= 1;
    }
}

VK void vk_count_present(uint16_t *count, const uint8_t *in, const uint8_t *out) {
    vk_i8x64 change = (vk_i8x64)(vk_u8x64_load(out) != 0) - (vk_i8x64)(vk_u8x64_load(in) != 0);
    vk_u16x64_store(count, vk_u16x64_load(count) + VK_TO(vk_u16x64, VK_TO(vk_i16x64, change)));
}

// Ranks, from 0, of the two values a share of n lies between (type 7 of Hyndman & Fan): floor and ceiling of
// share · (n − 1).
VK void vk_ranks(const uint16_t *count, double share, uint16_t *low, uint16_t *high) {
    for (int lane = 0; lane < vk_lanes; lane++) {
        int32_t n = count[lane];
        double place = share * (double)(n > 0 ? n - 1 : 0);
        int32_t below = (int32_t)place;
        low[lane] = (uint16_t)below;
        high[lane] = (uint16_t)(below + (place > (double)below ? 1 : 0));
    }
}
VK void vk_median_ranks(const uint16_t *count, uint16_t *low, uint16_t *high) {
    vk_u16x64 n = vk_u16x64_load(count), zero = (vk_u16x64)(0);
    vk_u16x64_store(low, n == zero ? zero : (n - (vk_u16x64)(1)) >> 1);
    vk_u16x64_store(high, n >> 1);
}

// Moves the numbers of codes below and at the mark on by one row, writes the mark as the value, and tells in whose lanes
// the ranks do not both lie at the mark any more.
VK uint64_t vk_follow(
    const uint8_t *mark, uint16_t *below, uint16_t *equal, const uint16_t *low, const uint16_t *high,
    const uint8_t *in, const uint8_t *out, float *to, float offset, float step
) {
    // Turned by −1, what was not measured is above everything.
    vk_u8x64 one = (vk_u8x64)(1), m = vk_u8x64_load(mark) - one, a = vk_u8x64_load(in) - one, b = vk_u8x64_load(out) - one;
    vk_i8x64 down = (vk_i8x64)(b < m) - (vk_i8x64)(a < m), at = (vk_i8x64)(b == m) - (vk_i8x64)(a == m);
    vk_u16x64 l = vk_u16x64_load(below) + VK_TO(vk_u16x64, VK_TO(vk_i16x64, down));
    vk_u16x64 e = vk_u16x64_load(equal) + VK_TO(vk_u16x64, VK_TO(vk_i16x64, at));
    vk_u16x64_store(below, l);
    vk_u16x64_store(equal, e);
    for (int lane = 0; lane < vk_lanes; lane += 16)
        vk_f32x16_store(to + lane, offset + step * VK_TO(vk_f32x16, vk_bytes16(mark + lane)));
    vk_i16x64 lost = (l > vk_u16x64_load(low)) | (vk_u16x64_load(high) >= l + e);
    vk_mask64 bits = VK_TO(vk_mask64, VK_TO(vk_i8x64, lost) != 0);
    uint64_t mask;
    __builtin_memcpy(&mask, &bits, sizeof mask);
    return mask;
}
