// Inner loops over RR intervals: sums for time-domain statistics, and pairs that match for sample entropy.
#pragma once
#include "lanes.h"

/// What the statistics of a run of intervals are made of. What is not finite is no interval.
typedef struct {
    // Of the intervals, less `base`.
    double count, sum, squares;
    // Of the differences of neighbours, and how many of them lie beyond ± `limit`.
    double pairs, step_sum, step_squares, large;
} vk_beat_sums;

typedef struct {
    vk_f64x8 sum, squares, step_sum, step_squares;
    vk_i64x8 count, pairs, large;
} vk_beat_lanes;

/// `here` and `before` hold NaN where there is no interval.
VK void vk_beats_add(vk_beat_lanes *to, vk_f64x8 here, vk_f64x8 before, double base, double limit)
{
    const vk_f64x8 nothing = 0.0;
    const vk_i64x8 is_interval = here - here == nothing;
    const vk_i64x8 is_pair = is_interval & (before - before == nothing);
    const vk_f64x8 value = is_interval ? here - base : nothing;
    const vk_f64x8 step = is_pair ? here - before : nothing;
    to->sum += value;
    to->squares += value * value;
    to->step_sum += step;
    to->step_squares += step * step;
    // A lane that holds is −1.
    to->count -= is_interval;
    to->pairs -= is_pair;
    to->large -= (step > limit) | (step < -limit);
}

/// The sums when all values are finite, which costs half: sums that are not finite say that some were not.
VK vk_beat_sums vk_beats_whole(const double *x, int64_t n, double base, double limit)
{
    const vk_f64x8 origin = base;
    vk_f64x8 sum = 0.0, squares = 0.0, step_squares = 0.0;
    vk_i64x8 large = 0;
    int64_t i = 0;
    // Eight values with the eight steps from them on.
    for (; i + 9 <= n; i += 8) {
        const vk_f64x8 here = vk_f64x8_load(x + i);
        const vk_f64x8 value = here - origin, step = vk_f64x8_load(x + i + 1) - here;
        sum += value;
        squares += value * value;
        step_squares += step * step;
        large -= __builtin_elementwise_abs(step) > limit;
    }
    vk_beat_sums sums = {
        .count = (double)n,
        .sum = vk_sum8(sum),
        .squares = vk_sum8(squares),
        .pairs = (double)(n - 1),
        // All between cancels.
        .step_sum = x[n - 1] - x[0],
        .step_squares = vk_sum8(step_squares),
        .large = (double)__builtin_reduce_add(large),
    };
    for (; i < n; i++) {
        const double value = x[i] - base, step = i + 1 < n ? x[i + 1] - x[i] : 0;
        sums.sum += value;
        sums.squares += value * value;
        sums.step_squares += step * step;
        sums.large += step > limit || step < -limit;
    }
    return sums;
}

VK vk_beat_sums vk_beats(const double *x, int64_t n, double base, double limit)
{
    vk_beat_lanes lanes = {0, 0, 0, 0, 0, 0, 0};
    if (n > 0) {
        const vk_f64x8 none = __builtin_nan("");
        vk_f64x8 here = none;
        here[0] = x[0];
        vk_beats_add(&lanes, here, none, base, limit);
        int64_t i = 1;
        for (; i + 8 <= n; i += 8) vk_beats_add(&lanes, vk_f64x8_load(x + i), vk_f64x8_load(x + i - 1), base, limit);
        if (i < n) {
            vk_f64x8 before = none;
            here = none;
            for (int k = 0; k < n - i; k++) {
                here[k] = x[i + k];
                before[k] = x[i + k - 1];
            }
            vk_beats_add(&lanes, here, before, base, limit);
        }
    }
    return (vk_beat_sums){
        .count = (double)__builtin_reduce_add(lanes.count),
        .sum = vk_sum8(lanes.sum),
        .squares = vk_sum8(lanes.squares),
        .pairs = (double)__builtin_reduce_add(lanes.pairs),
        .step_sum = vk_sum8(lanes.step_sum),
        .step_squares = vk_sum8(lanes.step_squares),
        .large = (double)__builtin_reduce_add(lanes.large),
    };
}

/// Pairs of places i < j of a series that look alike for `base` and for one more value.
typedef struct {
    int64_t base, longer;
} vk_matches;

// Values i and j match when rank[j] lies in low[i] … low[i] + width[i]: one subtraction and one comparison without sign,
// in the smallest integers that hold ranks. Behind each array come LANES + 2 places that match nothing.
#define VK_MATCHES(NAME, SCALAR, VECTOR, LANES, MOST)                                                                  \
    VK vk_matches NAME(                                                                                                \
        const SCALAR *rank, const SCALAR *low, const SCALAR *width, int64_t n, int64_t m)                              \
    {                                                                                                                  \
        vk_matches found = {0, 0};                                                                                     \
        VECTOR base = 0, longer = 0;                                                                                   \
        int64_t room = MOST;                                                                                           \
        for (int64_t lag = 1; lag < n - m; lag++) {                                                                    \
            const int64_t places = n - m - lag;                                                                        \
            /* Lanes count up to MOST: emptied before the first could be full. */                                      \
            const int64_t rounds = (places + LANES - 1) / LANES;                                                       \
            if (rounds > room) {                                                                                       \
                for (int k = 0; k < LANES; k++) {                                                                      \
                    found.base += base[k];                                                                             \
                    found.longer += longer[k];                                                                         \
                }                                                                                                      \
                base = 0;                                                                                              \
                longer = 0;                                                                                            \
                room = MOST;                                                                                           \
            }                                                                                                          \
            room -= rounds;                                                                                            \
            for (int64_t i = 0; i < places; i += LANES) {                                                              \
                VECTOR alike = VK_ALIKE(VECTOR, i);                                                                    \
                if (m == 2) alike &= VK_ALIKE(VECTOR, i + 1);                                                          \
                base -= alike;                                                                                         \
                longer -= alike & VK_ALIKE(VECTOR, i + m);                                                             \
            }                                                                                                          \
            /* The last round may have looked at the one place that has no value behind it. */                         \
            if (places % LANES != 0 && VK_ALIKE_AT(places) && (m == 1 || VK_ALIKE_AT(places + 1))) found.base--;       \
        }                                                                                                              \
        for (int k = 0; k < LANES; k++) {                                                                              \
            found.base += base[k];                                                                                     \
            found.longer += longer[k];                                                                                 \
        }                                                                                                              \
        return found;                                                                                                  \
    }
#define VK_ALIKE(VECTOR, i)                                                                                            \
    (VECTOR)(VECTOR##_load(rank + (i) + lag) - VECTOR##_load(low + (i)) <= VECTOR##_load(width + (i)))
#define VK_ALIKE_AT(i) (rank[(i) + lag] - low[i] >= 0 && rank[(i) + lag] - low[i] <= width[i])

VK_MATCHES(vk_matches_short, uint16_t, vk_u16x32, 32, 65535)
VK_MATCHES(vk_matches_long, uint32_t, vk_u32x16, 16, 4294967295)

#undef VK_ALIKE
#undef VK_ALIKE_AT
#undef VK_MATCHES
