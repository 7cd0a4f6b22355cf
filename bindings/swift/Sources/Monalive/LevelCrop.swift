import Foundation

/// The square that the tracker's networks look at: the face level in it, pixel centres exact.
enum LevelCrop {
    /// Side of the region in face sizes (the longer side of the level box around the landmarks).
    static let scale = 1.4
    private static let forehead = 10, chin = 152
    private static let leftCorner = 263, rightCorner = 33 // outer eye corners of the person's left and right eye

    /// What lies outside the picture.
    enum Border {
        case repeated, black
    }

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
        var source = Part(left: 0, top: 0, width: image.width, height: image.height)
        var pixels = image, fx = 1.0, fy = 1.0
        if scale > 2 { // bilinear sampling alone reads 2 x 2 pixels: halve what is read until that is enough
            source = Part(around: region, in: image)
            pixels = source.smaller(image, by: 1 << Int(log2(scale)))
            (fx, fy) = (Double(pixels.width) / Double(source.width), Double(pixels.height) / Double(source.height))
        }
        let c = cos(region.angle) * scale, s = sin(region.angle) * scale
        let first = region.toPicture(0.5 / Double(size), 0.5 / Double(size)) // the crop's first pixel centre
        let x0 = (first.x - Double(source.left)) * fx - 0.5, y0 = (first.y - Double(source.top)) * fy - 0.5
        var result = RgbImage(black: size, size)
        for row in 0..<size {
            for column in 0..<size {
                let u = x0 + (c * Double(column) - s * Double(row)) * fx, v = y0 + (s * Double(column) + c * Double(row)) * fy
                sample(pixels, u, v, border, &result.rgb, (row * size + column) * 3)
            }
        }
        return result
    }

    /// One pixel between four.
    @inline(__always)
    private static func sample(_ image: RgbImage, _ u: Double, _ v: Double, _ border: Border, _ result: inout [UInt8], _ at: Int) {
        let left = Int(u.rounded(.down)), top = Int(v.rounded(.down))
        let across = Float(u - Double(left)), down = Float(v - Double(top))
        var red: Float = 0.5, green: Float = 0.5, blue: Float = 0.5
        for dy in 0...1 {
            let y = top + dy, row = min(max(y, 0), image.height - 1)
            let weight = dy == 0 ? 1 - down : down
            for dx in 0...1 {
                let x = left + dx, column = min(max(x, 0), image.width - 1)
                if border == .black && (x != column || y != row) { continue }
                let share = weight * (dx == 0 ? 1 - across : across), pixel = (row * image.width + column) * 3
                red += share * Float(image.rgb[pixel])
                green += share * Float(image.rgb[pixel + 1])
                blue += share * Float(image.rgb[pixel + 2])
            }
        }
        (result[at], result[at + 1], result[at + 2]) = (UInt8(red), UInt8(green), UInt8(blue))
    }
}

/// An upright part of a picture.
private struct Part {
    let left: Int, top: Int, width: Int, height: Int

    init(left: Int, top: Int, width: Int, height: Int) {
        (self.left, self.top, self.width, self.height) = (left, top, width, height)
    }

    /// What a region can show.
    init(around region: RotatedSquare, in image: RgbImage) {
        let reach = region.side * 0.75
        func low(_ centre: Double, _ length: Int) -> Int { Int(min(max(centre - reach, 0), Double(length - 1))) }
        func high(_ centre: Double, _ length: Int) -> Int { min(Int(min(max(centre + reach, 1), Double(length))) + 1, length) }
        (left, top) = (low(region.x, image.width), low(region.y, image.height))
        width = max(high(region.x, image.width) - left, 1)
        height = max(high(region.y, image.height) - top, 1)
    }

    /// The part, about `factor` times smaller.
    func smaller(_ image: RgbImage, by factor: Int) -> RgbImage {
        var values: [Float] = []
        values.reserveCapacity(width * height * 3)
        for row in top..<(top + height) {
            let first = (row * image.width + left) * 3
            for value in image.rgb[first..<(first + width * 3)] { values.append(Float(value)) }
        }
        func shrunk(_ length: Int) -> Int { max(1, Int((Double(length) / Double(factor)).rounded(.toNearestOrEven))) }
        let across = Taps.area(from: width, to: shrunk(width)), down = Taps.area(from: height, to: shrunk(height))
        let plane = Plane(width: width, height: height, channels: 3, values: values).resampled(across, down)
        var result = RgbImage(black: plane.width, plane.height)
        for i in plane.values.indices { result.rgb[i] = UInt8(min(plane.values[i] + 0.5, 255)) }
        return result
    }
}
