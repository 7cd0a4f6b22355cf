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
