import Glibc

/// The exponential function, named once for the rooms above.
public enum Exponential {
    /// e^x.
    public static func of(_ x: Double) -> Double { exp(x) }
}
