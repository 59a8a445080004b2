#pragma once
#include <stdint.h>

// Vectors wider than the CPU's are passed between inline functions only: there is no ABI to break.
#pragma clang diagnostic ignored "-Wpsabi"
// A product and a sum are rounded as two: with and without FMA the same bits.
#pragma STDC FP_CONTRACT OFF

#define VK static inline __attribute__((always_inline))

// Lanes of a row: one person each.
enum { vk_lanes = 64 };

#define VK_VECTOR(name, element, width)                                                                               \
    typedef element name __attribute__((ext_vector_type(width)));                                                     \
    typedef element name##_in_memory __attribute__((ext_vector_type(width), aligned(sizeof(element)), may_alias));    \
    VK name name##_load(const element *p) { return *(const name##_in_memory *)p; }                                    \
    VK void name##_store(element *p, name v) { *(name##_in_memory *)p = v; }

VK_VECTOR(vk_u8x16, uint8_t, 16)
VK_VECTOR(vk_u8x8, uint8_t, 8)
VK_VECTOR(vk_u8x64, uint8_t, 64)
VK_VECTOR(vk_i16x64, int16_t, 64)
VK_VECTOR(vk_u16x64, uint16_t, 64)
VK_VECTOR(vk_i32x16, int32_t, 16)
VK_VECTOR(vk_f32x16, float, 16)
VK_VECTOR(vk_f32x8, float, 8)
VK_VECTOR(vk_f64x8, double, 8)
VK_VECTOR(vk_i64x8, int64_t, 8)
VK_VECTOR(vk_u16x32, uint16_t, 32)
VK_VECTOR(vk_u32x16, uint32_t, 16)
typedef int32_t vk_i32x8 __attribute__((ext_vector_type(8)));
typedef int8_t vk_i8x64 __attribute__((ext_vector_type(64)));
typedef _Bool vk_mask64 __attribute__((ext_vector_type(64)));

#define VK_TO(type, v) __builtin_convertvector(v, type)

// `m` is −1 where `a` is wanted, 0 where `b` is.
VK vk_f32x16 vk_choose(vk_i32x16 m, vk_f32x16 a, vk_f32x16 b) { return m ? a : b; }
VK vk_f64x8 vk_choose8(vk_i64x8 m, vk_f64x8 a, vk_f64x8 b) { return m ? a : b; }
VK vk_i32x16 vk_bytes16(const uint8_t *p) { return VK_TO(vk_i32x16, vk_u8x16_load(p)); }
VK vk_f64x8 vk_low(vk_i32x16 v) { return VK_TO(vk_f64x8, v.lo); }
VK vk_f64x8 vk_high(vk_i32x16 v) { return VK_TO(vk_f64x8, v.hi); }
VK vk_f32x16 vk_join(vk_f64x8 a, vk_f64x8 b) {
    vk_f32x16 r;
    r.lo = VK_TO(vk_f32x8, a);
    r.hi = VK_TO(vk_f32x8, b);
    return r;
}
#define VK_NAN16 ((vk_f32x16)(__builtin_nanf("")))

// In a fixed order.
VK double vk_sum8(vk_f64x8 v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }
