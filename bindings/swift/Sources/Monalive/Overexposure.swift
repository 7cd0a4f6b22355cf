import Foundation

/// Pictures that are white in large parts: toned down, what is left of a face in them is seen again.
enum Overexposure {
    /// So much of the picture must be at the upper end of a channel.
    private static let whiteLevel: UInt8 = 250, whiteShare = 0.25
    /// Samples each way, spread over the picture.
    private static let samples = 64
    /// The cube of each level.
    private static let toned = (0..<256).map { UInt8((255 * pow(Double($0) / 255, 3)).rounded()) }

    /// Whether a quarter of the picture is at the upper end of a channel.
    static func isIn(_ image: RgbImage) -> Bool {
        func place(_ index: Int, _ length: Int) -> Int { Int((Double(index) + 0.5) * Double(length) / Double(samples)) }
        var white = 0
        for v in 0..<samples {
            for u in 0..<samples {
                let at = (place(v, image.height) * image.width + place(u, image.width)) * 3
                if image.rgb[at..<(at + 3)].contains(where: { $0 >= whiteLevel }) { white += 1 }
            }
        }
        return Double(white) >= whiteShare * Double(samples * samples)
    }

    /// The picture with the cube of its levels.
    static func tonedDown(_ image: RgbImage) -> RgbImage {
        var result = image
        for i in result.rgb.indices { result.rgb[i] = toned[Int(image.rgb[i])] }
        return result
    }
}
