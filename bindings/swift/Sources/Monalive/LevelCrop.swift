import Foundation

/// The square that the tracker's networks look at: the face level in it, pixel centres exact.
enum LevelCrop {
    /// Side of the region in face sizes (the longer side of the level box around the landmarks).
    static let scale = 1.4
    private static let forehead = 10, chin = 152
    private static let leftCorner = 263, rightCorner = 33 // outer eye corners of the person's left and right eye

    /// Where the landmark network looks for the face of these landmarks (478 x 3, picture pixels).
    ///
    /// Its roll comes from the eye line and the line from chin to forehead together: in profile the eye corners fall on one
    /// another and the second decides.
    static func region(_ landmarks: [Float]) -> RotatedSquare {
        func between(_ from: Int, _ to: Int, _ axis: Int) -> Double { Double(landmarks[to * 3 + axis]) - Double(landmarks[from * 3 + axis]) }
        let down = between(rightCorner, leftCorner, 1) + between(chin, forehead, 0)
        let across = between(rightCorner, leftCorner, 0) - between(chin, forehead, 1)
        let angle = atan2(down, across), c = cos(angle), s = sin(angle)
        var left = Double.infinity, top = Double.infinity, right = -Double.infinity, bottom = -Double.infinity
        for i in stride(from: 0, to: landmarks.count, by: 3) {
            let px = Double(landmarks[i]), py = Double(landmarks[i + 1])
            let x = c * px + s * py, y = c * py - s * px
            (left, right) = (min(left, x), max(right, x))
            (top, bottom) = (min(top, y), max(bottom, y))
        }
        let x = (left + right) / 2, y = (top + bottom) / 2
        return RotatedSquare(x: c * x - s * y, y: s * x + c * y, side: max(right - left, bottom - top) * scale, angle: angle)
    }

    /// The region resampled to `size` x `size`; shrinking averages over the picture's pixels.
    static func extract(_ image: RgbImage, _ region: RotatedSquare, size: Int, border: Border = .repeated) -> RgbImage {
        let scale = region.side / Double(size)
        var source = image, left = 0, top = 0, times = 1
        if scale > 2 { // bilinear sampling alone reads 2 x 2 pixels: halve what is read until that is enough
            let reach = region.side * 0.75 // what a region can show
            func low(_ centre: Double, _ length: Int) -> Int { Int(min(max(centre - reach, 0), Double(length - 1))) }
            func high(_ centre: Double, _ length: Int) -> Int { Int(min(max(centre + reach, 1), Double(length)).rounded(.up)) }
            times = 1 << Int(log2(scale))
            (left, top) = (low(region.x, image.width), low(region.y, image.height))
            source = image.means(left..<high(region.x, image.width), top..<high(region.y, image.height), of: times)
        }
        let part = 1 / Double(times), c = cos(region.angle) * scale * part, s = sin(region.angle) * scale * part
        let first = region.toPicture(0.5 / Double(size), 0.5 / Double(size)) // the crop's first pixel centre
        let x0 = (first.x - Double(left)) * part - 0.5, y0 = (first.y - Double(top)) * part - 0.5
        var result = RgbImage(black: size, size)
        source.withPixels { pixels in
            result.rgb.withUnsafeMutableBufferPointer { target in
                for row in 0..<size {
                    for column in 0..<size {
                        let u = x0 + c * Double(column) - s * Double(row), v = y0 + s * Double(column) + c * Double(row)
                        target.set((row * size + column) * 3, pixels.between(Float(u), Float(v), border: border))
                    }
                }
            }
        }
        return result
    }
}
