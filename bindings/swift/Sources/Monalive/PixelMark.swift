import Foundation

/// The imperceptible mark in the pixels of a frame that is to be saved: `monalive verify` finds it in the video.
public struct PixelMark: Sendable {
    private let width: Int, height: Int
    private var parts: [MarkedSquare]

    /// - Parameters:
    ///   - width: of the frames, as `height`.
    ///   - regions: squares to mark, in pixels; what is smaller than 64 pixels or outside the frame is left out.
    public init(message: MarkMessage, width: Int, height: Int, regions: [SquareCrop]) {
        (self.width, self.height) = (width, height)
        parts = regions.compactMap { MarkedSquare(region: $0, width: width, height: height, message: message) }
    }

    /// A marked copy of a frame; outside the squares it is the frame, bit for bit.
    ///
    /// - Throws: `valueError`: the frame has another size.
    public mutating func apply(_ image: RgbImage) throws -> RgbImage {
        try require(image.width == width && image.height == height, "this mark is for frames of \(width) x \(height)")
        var marked = image
        for index in parts.indices { parts[index].apply(to: &marked) }
        return marked
    }
}

/// The waves of a code word as a spectrum, (down, across + highest).
private struct MarkWaves {
    static let tiles = 4
    private static let key = "monalive pixel mark 1"
    private static let waves = 160, codeWaves = 128
    private static let lowest = 5, highest = 16 // waves per tile
    private static let columns = 2 * highest + 1
    private var real: [Double], imaginary: [Double]
    private let power: Double

    init(word: [Int]) {
        real = [Double](repeating: 0, count: (MarkWaves.highest + 1) * MarkWaves.columns)
        imaginary = real
        let reach = MarkWaves.highest
        var half: [(x: Int, y: Int)] = []
        for y in 0...reach {
            for x in -reach...reach where (y > 0 || x > 0) && x * x + y * y >= MarkWaves.lowest * MarkWaves.lowest { half.append((x, y)) }
        }
        half.sort { ($0.x * $0.x + $0.y * $0.y, $0.x, $0.y) < ($1.x * $1.x + $1.y * $1.y, $1.x, $1.y) }
        let keyed = half.prefix(MarkWaves.waves).map { (wave: $0, key: sha256(Data("\(MarkWaves.key): \($0.x) \($0.y)".utf8))) }
        let fixed = sha256(Data(MarkWaves.key.utf8)).compactMap { $0.hexDigitValue }
        func fixedSign(_ bit: Int) -> Int { fixed[bit / 4] >> (3 - bit % 4) & 1 == 1 ? -1 : 1 }
        for (i, item) in keyed.sorted(by: { $0.key < $1.key }).enumerated() {
            let place = item.wave.y * MarkWaves.columns + item.wave.x + reach, bit = 2 * (i - MarkWaves.codeWaves)
            // In proportion to their length: long ones show least for what survives of them.
            let strength = 1 / hypot(Double(item.wave.x), Double(item.wave.y))
            real[place] = Double(bit < 0 ? word[2 * i] : fixedSign(bit)) * strength
            imaginary[place] = Double(bit < 0 ? word[2 * i + 1] : fixedSign(bit + 1)) * strength
        }
        power = real.reduce(0) { $0 + $1 * $1 }
    }

    /// Their sum, of mean square 1, at pixels' centres, the first at (left + 0.5, top + 0.5) in a square of `side`.
    func pattern(side: Double, left: Double, width: Int, top: Double, height: Int) -> [Float] {
        let turn = 2 * Double.pi * Double(MarkWaves.tiles) / side, columns = MarkWaves.columns
        let angles = (0..<(columns * width)).map { turn * Double($0 / width - MarkWaves.highest) * (left + Double($0 % width) + 0.5) }
        let cosines = angles.map { cos($0) }, sines = angles.map { sin($0) }
        var pattern = [Float](repeating: 0, count: width * height)
        for y in 0..<height {
            var row = [Double](repeating: 0, count: width)
            for k in 0..<columns {
                var re = 0.0, im = 0.0
                for m in 0...MarkWaves.highest {
                    let angle = turn * Double(m) * (top + Double(y) + 0.5), c = cos(angle), s = sin(angle)
                    re += real[m * columns + k] * c - imaginary[m * columns + k] * s
                    im += real[m * columns + k] * s + imaginary[m * columns + k] * c
                }
                for x in 0..<width { row[x] += re * cosines[k * width + x] - im * sines[k * width + x] }
            }
            for x in 0..<width { pattern[y * width + x] = Float(row[x] / power.squareRoot()) }
        }
        return pattern
    }
}

private struct MarkedSquare: Sendable {
    private static let smallestSide = 64.0 // smaller squares hold too few pixels for the message
    private static let guideSide = 256.0 // where the picture's texture is measured
    /// Root mean square in levels of 0 to 255: per level of texture, and its limits; for what an encoder takes part of it away.
    private static let texture = 0.2, least = 1.4, most = 1.9
    private static let mostGain = 1.8 // of squares smaller than guideSide, which have fewer pixels to carry as many bits

    private let left: Int, top: Int, width: Int, height: Int
    private let region: SquareCrop, message: MarkMessage
    private let shrink: Double, reach: Int, gain: Double
    private var pattern: [Float]?

    init?(region: SquareCrop, width: Int, height: Int, message: MarkMessage) {
        let across = min(region.x + region.side, Double(width)) - max(region.x, 0)
        let down = min(region.y + region.side, Double(height)) - max(region.y, 0)
        guard min(across, down) >= MarkedSquare.smallestSide else { return nil }
        left = max(0, Int(region.x.rounded(.up)))
        top = max(0, Int(region.y.rounded(.up)))
        self.width = min(width, Int((region.x + region.side).rounded(.down))) - left
        self.height = min(height, Int((region.y + region.side).rounded(.down))) - top
        shrink = max(1, region.side / MarkedSquare.guideSide)
        reach = max(3, Int((region.side / shrink / Double(MarkWaves.tiles) * 7 / 64).rounded()) | 1) / 2
        gain = min(max(pow(MarkedSquare.guideSide / region.side, 1.5), 1), MarkedSquare.mostGain)
        (self.region, self.message) = (region, message)
    }

    mutating func apply(to image: inout RgbImage) {
        let pattern = self.pattern ?? patternOf(image)
        self.pattern = pattern
        let level = self.level(image)
        for y in 0..<height {
            for x in 0..<width {
                let change = pattern[y * width + x] * level
                let first = ((top + y) * image.width + left + x) * 3
                for i in first..<(first + 3) { image.rgb[i] = UInt8(min(max((Float(image.rgb[i]) + change).rounded(), 0), 255)) }
            }
        }
    }

    /// The pattern says what the square shows in the first frame.
    private func patternOf(_ image: RgbImage) -> [Float] {
        MarkWaves(word: message.codeWord(picture: pictureBits(image, region))).pattern(
            side: region.side, left: Double(left) - region.x, width: width, top: Double(top) - region.y, height: height
        )
    }

    /// The strength for what is in the square now, in levels: it follows the mean deviation from a local mean.
    private func level(_ image: RgbImage) -> Float {
        var grey: [Float] = []
        grey.reserveCapacity(width * height)
        for y in top..<(top + height) {
            for x in left..<(left + width) {
                let i = (y * image.width + x) * 3
                grey.append(0.299 * Float(image.rgb[i]) + 0.587 * Float(image.rgb[i + 1]) + 0.114 * Float(image.rgb[i + 2]))
            }
        }
        var guide = Plane(width: width, height: height, channels: 1, values: grey)
        if shrink > 1 {
            let wide = max(1, Int((Double(width) / shrink).rounded())), tall = max(1, Int((Double(height) / shrink).rounded()))
            guide = guide.resampled(.area(from: width, to: wide), .area(from: height, to: tall))
        }
        return Float(gain * min(max(MarkedSquare.texture * guide.meanDeviation(reach), MarkedSquare.least), MarkedSquare.most))
    }
}

private extension Plane {
    /// Mean distance of the values from the mean of the (2 reach + 1)² around them; borders are mirrored.
    func meanDeviation(_ reach: Int) -> Double {
        func mirror(_ at: Int, _ length: Int) -> Int { max(0, min(abs(at), 2 * (length - 1) - abs(at))) }
        var rows = [Double](repeating: 0, count: values.count)
        for y in 0..<height {
            var sum = (-reach...reach).reduce(0.0) { $0 + Double(values[y * width + mirror($1, width)]) }
            for x in 0..<width {
                rows[y * width + x] = sum
                sum += Double(values[y * width + mirror(x + reach + 1, width)]) - Double(values[y * width + mirror(x - reach, width)])
            }
        }
        let count = Double((2 * reach + 1) * (2 * reach + 1))
        var total = 0.0
        for x in 0..<width {
            var sum = (-reach...reach).reduce(0.0) { $0 + rows[mirror($1, height) * width + x] }
            for y in 0..<height {
                total += abs(Double(values[y * width + x]) - sum / count)
                sum += rows[mirror(y + reach + 1, height) * width + x] - rows[mirror(y - reach, height) * width + x]
            }
        }
        return total / Double(values.count)
    }
}
