import Foundation

/// An axis-aligned square in photo pixels (x right, y down): what the networks see. It may reach outside the photo.
public struct SquareCrop: Equatable, Sendable {
    public let x: Double
    public let y: Double
    public let side: Double

    private static let faceSizes = 1.9
    private static let rise = 0.06
    private static let wholePictureSlack = 1.35

    public init(x: Double, y: Double, side: Double) {
        (self.x, self.y, self.side) = (x, y, side)
    }

    /// The square to animate, chosen from a face's landmarks (478 x 3, photo pixels): about twice the face's size with room above
    /// for the hair, moved to lie inside the photo where that is possible, and the photo's largest square when the photo is hardly
    /// larger.
    public static func forPortrait(_ landmarks: [Float], imageWidth: Int, imageHeight: Int) throws -> SquareCrop {
        try requireLandmarks(landmarks, "portrait")
        let mesh = 0..<meshCount
        let xs = mesh.map { Double(landmarks[$0 * 3]) }, ys = mesh.map { Double(landmarks[$0 * 3 + 1]) }
        let (left, right, top, bottom) = (xs.min()!, xs.max()!, ys.min()!, ys.max()!)
        let wanted = max(right - left, bottom - top) * faceSizes
        let shorter = Double(min(imageWidth, imageHeight))
        let side = shorter <= wanted * wholePictureSlack ? shorter : wanted
        func inside(_ value: Double, _ room: Double) -> Double { min(max(value, 0), room) }
        return SquareCrop(
            x: inside((left + right) / 2 - side / 2, Double(imageWidth) - side),
            y: inside((top + bottom) / 2 - side / 2 - rise * side, Double(imageHeight) - side), side: side
        )
    }

    /// Photo pixels (x, y, z in turn) to crop units: [0, 1] inside the square; z is divided by the side.
    public func toUnit(_ points: [Float]) -> [Float] { points.indices.map { Float((Double(points[$0]) - origin($0 % 3)) / side) } }

    /// Crop units (x, y, z in turn) to photo pixels: the inverse of `toUnit`.
    public func toPixels(_ points: [Float]) -> [Float] { points.indices.map { Float(Double(points[$0]) * side + origin($0 % 3)) } }

    /// The crop resampled to `size` x `size`; what lies outside the photo repeats its border. Shrinking averages over the source
    /// pixels, so that fine hair does not alias.
    public func extract(_ image: RgbImage, size: Int) -> RgbImage {
        let scale = side / Double(size)
        if scale == 1, x == 0, y == 0, image.width == size, image.height == size { return image }
        // Bilinear sampling alone reads 2x2 pixels: halve the photo until that is enough.
        let small = scale > 2 ? halved(image, 1 << Int(log2(scale))) : image
        let fx = Double(small.width) / Double(image.width), fy = Double(small.height) / Double(image.height)
        let across = Taps.atPlaces(from: small.width, to: size) { (x + (Double($0) + 0.5) * scale) * fx - 0.5 }
        let down = Taps.atPlaces(from: small.height, to: size) { (y + (Double($0) + 0.5) * scale) * fy - 0.5 }
        var result = RgbImage(black: size, size)
        for row in 0..<size {
            for column in 0..<size {
                for c in 0..<3 {
                    var value: Float = 0.5
                    for v in 0...1 {
                        for u in 0...1 {
                            let pixel = (down.cell(row, v) * small.width + across.cell(column, u)) * 3 + c
                            value += down.weights[row * 2 + v] * across.weights[column * 2 + u] * Float(small.rgb[pixel])
                        }
                    }
                    result.rgb[(row * size + column) * 3 + c] = UInt8(value)
                }
            }
        }
        return result
    }

    private func halved(_ image: RgbImage, _ times: Int) -> RgbImage {
        func whole(_ length: Int) -> Int {
            let cells = max(1, Int((Double(length) / Double(times)).rounded(.toNearestOrEven)))
            return min(cells * times, length)
        }
        return image.means(0..<whole(image.width), 0..<whole(image.height), of: times)
    }

    private func origin(_ axis: Int) -> Double { axis == 0 ? x : axis == 1 ? y : 0 }
}
