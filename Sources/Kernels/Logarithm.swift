import Glibc

/// The few transcendental functions kernels need, named once: so that no kernel calls a C library by itself.
enum Logarithm {
    static func natural(_ x: Double) -> Double { log(x) }
}
