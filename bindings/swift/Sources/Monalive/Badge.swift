import Foundation

/// The visible badge, "AI" in the lower right corner: light letters on a dark rounded plate, readable on any background.
public struct Badge: Sendable {
    private let width: Int, height: Int
    private let plateWidth: Int, plateHeight: Int, left: Int, top: Int
    private let cover: [Float], letters: [Float]

    private static let share = 0.07 // its height, of the picture's shorter side
    private static let smallest = 14 // pixels
    private static let opacity: Float = 0.75
    private static let samples = 6

    /// - Parameters: width and height of the frames; where the badge does not fit, nothing is drawn.
    public init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        plateHeight = max(Badge.smallest, Int((Double(min(width, height)) * Badge.share).rounded()))
        plateWidth = Int((Double(plateHeight) * 1.5).rounded())
        let gap = Int((Double(plateHeight) * 0.4).rounded())
        (left, top) = (width - gap - plateWidth, height - gap - plateHeight)
        cover = Badge.drawn(plateWidth, plateHeight, Badge.onPlate)
        letters = Badge.drawn(plateWidth, plateHeight, Badge.onLetters)
    }

    /// A copy of a frame with the badge.
    ///
    /// - Throws: `valueError`: the frame has another size.
    public func apply(_ image: RgbImage) throws -> RgbImage {
        try require(image.width == width && image.height == height, "the badge is for frames of \(width) x \(height)")
        var badged = image
        guard left >= 0, top >= 0 else { return badged }
        for y in 0..<plateHeight {
            for x in 0..<plateWidth {
                let at = y * plateWidth + x
                let colour = 20 + 235 * letters[at]
                for i in (((top + y) * width + left + x) * 3)..<(((top + y) * width + left + x) * 3 + 3) {
                    let under = Float(image.rgb[i])
                    badged.rgb[i] = UInt8((under + Badge.opacity * cover[at] * (colour - under)).rounded())
                }
            }
        }
        return badged
    }

    /// How much of each pixel of the plate is covered, [0, 1]; places are in plate heights.
    private static func drawn(_ width: Int, _ height: Int, _ covered: (Double, Double) -> Bool) -> [Float] {
        (0..<(width * height)).map { pixel in
            let hits = (0..<(samples * samples)).filter { sample in
                covered(
                    (Double(pixel % width) + (Double(sample % samples) + 0.5) / Double(samples)) / Double(height),
                    (Double(pixel / width) + (Double(sample / samples) + 0.5) / Double(samples)) / Double(height)
                )
            }
            return Float(hits.count) / Float(samples * samples)
        }
    }

    private static func onPlate(_ x: Double, _ y: Double) -> Bool {
        let radius = 0.25
        return hypot(max(radius - x, x - (1.5 - radius), 0), max(radius - y, y - (1 - radius), 0)) <= radius
    }

    private static func onLetters(_ x: Double, _ y: Double) -> Bool {
        let (upper, lower, stroke) = (0.22, 0.78, 0.11)
        guard y >= upper, y <= lower else { return false }
        let down = (y - upper) / (lower - upper), halfWidth = 0.22 * down
        let leg = abs(abs(x - 0.6) - halfWidth) < stroke * 0.55
        let bar = abs(y - (upper + 0.66 * (lower - upper))) < stroke / 2 && abs(x - 0.6) < halfWidth
        return leg || bar || abs(x - 1.08) < stroke / 2
    }
}
