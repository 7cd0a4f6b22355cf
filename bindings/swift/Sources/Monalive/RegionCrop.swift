/// Where a crop of an eye or the mouth lies in a picture: its pixel (u, v) is at x = a u + b v + c, y = d u + e v + f, a pixel's
/// middle at + 0.5 in both. A crop is level with the face, so it may lie turned in the picture, and a right eye's is mirrored.
struct RegionPlace {
    let a: Double, b: Double, c: Double, d: Double, e: Double, f: Double

    private var area: Double { a * e - b * d }

    /// Picture pixels per crop pixel.
    var scale: Double { abs(area).squareRoot() }

    @inline(__always)
    func x(_ u: Double, _ v: Double) -> Double { a * u + b * v + c }

    @inline(__always)
    func y(_ u: Double, _ v: Double) -> Double { d * u + e * v + f }

    /// From the picture to the crop.
    var inverse: RegionPlace {
        let x = b * f - e * c, y = d * c - a * f
        return RegionPlace(a: e / area, b: -b / area, c: x / area, d: -d / area, e: a / area, f: y / area)
    }

    /// Six numbers, a to f in units of a square crop, as a place in pixels of the crop's photo.
    static func inPixels(_ units: ArraySlice<Float>, _ crop: SquareCrop) -> RegionPlace {
        let pixels = units.map { Double($0) * crop.side }
        return RegionPlace(
            a: pixels[0], b: pixels[1], c: pixels[2] + crop.x, d: pixels[3], e: pixels[4], f: pixels[5] + crop.y
        )
    }
}

/// No face is larger than this many picture pixels per crop pixel; beyond, pixels are left out.
private let mostSamples = 64.0

/// How many samples, side by side, stand for `pixels` pixels when a picture is shrunk by that factor; at least 1.
func samplesAcross(_ pixels: Double) -> Int { Int(min(max((pixels - 0.25).rounded(.up), 1), mostSamples)) }

/// The crop's pixels, `width` x `height`; what lies outside the picture repeats its border. Shrinking averages over the picture's
/// pixels.
func extractRegion(_ image: RgbImage, _ place: RegionPlace, width: Int, height: Int) -> RgbImage {
    let times = samplesAcross(place.scale), step = 1 / Double(times), share = 1 / Float(times * times)
    var crop = RgbImage(black: width, height)
    image.withPixels { pixels in
        crop.rgb.withUnsafeMutableBufferPointer { target in
            for row in 0..<height {
                for column in 0..<width {
                    var sum: (Float, Float, Float) = (0, 0, 0)
                    for i in 0..<(times * times) {
                        let u = Double(column) + (Double(i % times) + 0.5) * step, v = Double(row) + (Double(i / times) + 0.5) * step
                        let colour = pixels.between(Float(place.x(u, v) - 0.5), Float(place.y(u, v) - 0.5))
                        sum = (sum.0 + colour.0 * share, sum.1 + colour.1 * share, sum.2 + colour.2 * share)
                    }
                    target.set((row * width + column) * 3, sum)
                }
            }
        }
    }
    return crop
}
