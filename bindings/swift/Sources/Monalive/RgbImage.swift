/// An 8-bit picture: `rgb` holds red, green and blue of each pixel in turn, row by row, without gaps.
public struct RgbImage: Equatable, Sendable {
    public let width: Int
    public let height: Int
    public var rgb: [UInt8]

    /// - Throws: `valueError`: it is empty, or the bytes are not as many as its size says.
    public init(width: Int, height: Int, rgb: [UInt8]) throws {
        try require(width >= 1 && height >= 1, "a picture of \(width) x \(height) has no pixels")
        try require(
            rgb.count == width * height * 3, "a picture of \(width) x \(height) has \(width * height * 3) bytes of RGB, not \(rgb.count)"
        )
        (self.width, self.height, self.rgb) = (width, height, rgb)
    }

    /// A black picture of a size known to be good.
    init(black width: Int, _ height: Int) {
        (self.width, self.height, rgb) = (width, height, [UInt8](repeating: 0, count: width * height * 3))
    }

    /// Gives its pixels to be read between.
    func withPixels<Result>(_ body: (Pixels) throws -> Result) rethrows -> Result {
        try rgb.withUnsafeBufferPointer { try body(Pixels(rgb: $0, width: width, height: height)) }
    }

    /// A part made smaller: each pixel is the mean of `times` x `times`, or of those that the part has there.
    func means(_ columns: Range<Int>, _ rows: Range<Int>, of times: Int) -> RgbImage {
        var result = RgbImage(black: (columns.count + times - 1) / times, (rows.count + times - 1) / times)
        for row in 0..<result.height {
            let first = rows.lowerBound + row * times, last = min(first + times, rows.upperBound)
            for column in 0..<result.width {
                let start = columns.lowerBound + column * times, end = min(start + times, columns.upperBound)
                let count = (last - first) * (end - start), to = (row * result.width + column) * 3
                var red = count / 2, green = count / 2, blue = count / 2
                for y in first..<last {
                    for at in stride(from: (y * width + start) * 3, to: (y * width + end) * 3, by: 3) {
                        red += Int(rgb[at])
                        green += Int(rgb[at + 1])
                        blue += Int(rgb[at + 2])
                    }
                }
                (result.rgb[to], result.rgb[to + 1], result.rgb[to + 2]) = (UInt8(red / count), UInt8(green / count), UInt8(blue / count))
            }
        }
        return result
    }

    /// Whether it shows shades of grey only, up to a trace of compression.
    public var isBlackAndWhite: Bool {
        var counts = [Int](repeating: 0, count: 256)
        for i in stride(from: 0, to: rgb.count, by: 3) {
            counts[Int(max(rgb[i], rgb[i + 1], rgb[i + 2]) - min(rgb[i], rgb[i + 1], rgb[i + 2]))] += 1
        }
        let pixels = width * height
        let mean = Double(counts.indices.reduce(0) { $0 + $1 * counts[$1] }) / Double(pixels)
        let place = 0.99 * Double(pixels - 1)
        func value(_ rank: Int) -> Double {
            var seen = 0
            return Double(counts.firstIndex { seen += $0; return seen > rank } ?? 255)
        }
        let low = value(Int(place)), high = value(min(Int(place) + 1, pixels - 1))
        return mean < 1.5 && low + (high - low) * (place - place.rounded(.down)) <= 8
    }
}

/// What lies outside a picture.
enum Border {
    case repeated, black
}

/// A picture's pixels, read without a check of every index.
struct Pixels {
    let rgb: UnsafeBufferPointer<UInt8>, width: Int, height: Int

    /// The colour between four pixels, 0 to 255. Places count from the middle of the first pixel.
    @inline(__always)
    func between(_ x: Float, _ y: Float, border: Border = .repeated) -> (Float, Float, Float) {
        let column = Int(x.rounded(.down)), row = Int(y.rounded(.down))
        var right = x - Float(column), below = y - Float(row)
        var left = 1 - right, above = 1 - below
        if border == .black {
            if column < 0 || column >= width { left = 0 }
            if column + 1 < 0 || column + 1 >= width { right = 0 }
            if row < 0 || row >= height { above = 0 }
            if row + 1 < 0 || row + 1 >= height { below = 0 }
        }
        let west = min(max(column, 0), width - 1), east = min(max(column + 1, 0), width - 1)
        let upper = min(max(row, 0), height - 1) * width, lower = min(max(row + 1, 0), height - 1) * width
        @inline(__always)
        func mixed(_ c: Int) -> Float {
            let high = left * Float(rgb[(upper + west) * 3 + c]) + right * Float(rgb[(upper + east) * 3 + c])
            let low = left * Float(rgb[(lower + west) * 3 + c]) + right * Float(rgb[(lower + east) * 3 + c])
            return above * high + below * low
        }
        return (mixed(0), mixed(1), mixed(2))
    }

    /// The colour at a place, 0 to 255, from the 4 x 4 pixels around it: sharper than `between`. The border repeats.
    @inline(__always)
    func sharp(_ x: Float, _ y: Float) -> (Float, Float, Float) {
        let column = Int(x.rounded(.down)), row = Int(y.rounded(.down)), right = x - Float(column), below = y - Float(row)
        let first = cubicWeight(0, right), second = cubicWeight(1, right)
        let third = cubicWeight(2, right), fourth = cubicWeight(3, right)
        let a = min(max(column - 1, 0), width - 1) * 3, b = min(max(column, 0), width - 1) * 3
        let c = min(max(column + 1, 0), width - 1) * 3, d = min(max(column + 2, 0), width - 1) * 3
        var red: Float = 0, green: Float = 0, blue: Float = 0
        for tap in 0..<4 {
            let at = min(max(row + tap - 1, 0), height - 1) * width * 3, down = cubicWeight(tap, below)
            @inline(__always)
            func across(_ channel: Int) -> Float {
                let left = first * Float(rgb[at + a + channel]) + second * Float(rgb[at + b + channel])
                return left + third * Float(rgb[at + c + channel]) + fourth * Float(rgb[at + d + channel])
            }
            red += down * across(0)
            green += down * across(1)
            blue += down * across(2)
        }
        return (min(max(red, 0), 255), min(max(green, 0), 255), min(max(blue, 0), 255))
    }
}

extension UnsafeMutableBufferPointer where Element == UInt8 {
    /// Sets the pixel whose red is byte `at` to a colour, 0 to 255.
    @inline(__always)
    func set(_ at: Int, _ colour: (Float, Float, Float)) {
        self[at] = UInt8(Swift.min(Swift.max(colour.0 + 0.5, 0), 255))
        self[at + 1] = UInt8(Swift.min(Swift.max(colour.1 + 0.5, 0), 255))
        self[at + 2] = UInt8(Swift.min(Swift.max(colour.2 + 0.5, 0), 255))
    }
}
