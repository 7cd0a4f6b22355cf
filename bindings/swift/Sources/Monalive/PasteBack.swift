import Foundation

/// Side of the network's picture and mask, and of the feather.
let networkSize = 256

/// How much of the motion remains near the crop's edges: 256 x 256 in [0, 1].
///
/// An edge of the crop inside the photo must not move, or a seam would show: weights rise smoothly from 0 there to 1 at `width`
/// crop sides inside. An edge on or beyond the photo's border needs no such care and keeps 1.
func cropFeather(_ crop: SquareCrop, imageWidth: Int, imageHeight: Int, width: Double = 0.14) -> [Float] {
    let (left, top, side) = snapped(crop)
    let across = edgeProfile(width, left > 0, left + side < imageWidth)
    let down = edgeProfile(width, top > 0, top + side < imageHeight)
    return (0..<(networkSize * networkSize)).map { Float(down[$0 / networkSize] * across[$0 % networkSize]) }
}

/// Animates one crop of photos of one size; made once, called for every frame.
///
/// The flow moves the photo's own pixels, so that detail beyond the network's 256 x 256 is kept; what the network painted is laid
/// over them where the mask asks for it. Towards the crop's edges inside the photo the flow fades to zero and the painted part
/// gives way to the photo.
final class PasteBack {
    private let crop: SquareCrop, imageWidth: Int, imageHeight: Int
    private let left: Int, top: Int, side: Int
    /// Columns and rows of the photo that the crop covers.
    let columns: Range<Int>, rows: Range<Int>
    private let feather: [Float]
    private let shift: (Taps, Taps)?
    // From the network's cells to the square's pixels; paint is enlarged more softly.
    private let across: Taps, acrossPaint: Taps

    /// - Throws: `valueError`: the crop does not touch the photo.
    init(_ crop: SquareCrop, imageWidth: Int, imageHeight: Int) throws {
        (self.crop, self.imageWidth, self.imageHeight) = (crop, imageWidth, imageHeight)
        (left, top, side) = snapped(crop)
        let (x0, x1, y0, y1) = (max(left, 0), min(left + side, imageWidth), max(top, 0), min(top + side, imageHeight))
        try require(x0 < x1 && y0 < y1, "\(crop) lies outside the photo of \(imageWidth) x \(imageHeight) pixels")
        (columns, rows) = (x0..<x1, y0..<y1)
        feather = cropFeather(crop, imageWidth: imageWidth, imageHeight: imageHeight)
        shift = PasteBack.subpixelShift(crop, left, top, side)
        across = side < networkSize ? .area(from: networkSize, to: side) : .linear(from: networkSize, to: side)
        acrossPaint = side < networkSize ? across : .cubic(from: networkSize, to: side)
    }

    /// One frame: a new picture; pixels outside the crop are those of the photo, bit for bit.
    ///
    /// - Parameters:
    ///   - photo: for several faces of one photo pass the previous face's result.
    ///   - flow: h x h x 2, crop units: the place in the crop where the content of each place comes from, minus that place.
    ///   - mask: 256 x 256 in [0, 1]; 1 keeps the photo's moved pixels, 0 takes the painted ones.
    ///   - painted: 256 x 256 x 3 in [0, 1].
    /// - Throws: `valueError`: the photo or an array has another size.
    func callAsFunction(_ photo: RgbImage, flow: [Float], mask: [Float], painted: [Float]) throws -> RgbImage {
        try require(
            photo.width == imageWidth && photo.height == imageHeight,
            "the photo must be \(imageWidth) x \(imageHeight), not \(photo.width) x \(photo.height)"
        )
        let cells = networkSize * networkSize
        let flowSide = Int(Double(flow.count / 2).squareRoot())
        try require(flowSide >= 1 && flowSide * flowSide * 2 == flow.count, "the flow must be h x h x 2, not \(flow.count) numbers")
        try require(
            mask.count == cells && painted.count == cells * 3, "the mask must be 256 x 256 and the painted picture 256 x 256 x 3"
        )
        // Fade towards the edges while the arrays are small. Flow in pixels, then how much of the photo is kept.
        let grow = Taps.linear(from: flowSide, to: networkSize)
        let large = Plane(width: flowSide, height: flowSide, channels: 2, values: flow).resampled(grow, grow).values
        var moved = [Float](repeating: 0, count: cells * 3)
        for i in 0..<cells {
            let pixels = feather[i] * Float(crop.side)
            moved[i * 3] = large[i * 2] * pixels
            moved[i * 3 + 1] = large[i * 2 + 1] * pixels
            moved[i * 3 + 2] = 1 - (1 - mask[i]) * feather[i]
        }
        let motion = fitted(Plane(width: networkSize, height: networkSize, channels: 3, values: moved), across).values
        let paint = fitted(Plane(width: networkSize, height: networkSize, channels: 3, values: painted), acrossPaint).values
        var frame = photo
        photo.withPixels { source in
            frame.rgb.withUnsafeMutableBufferPointer { target in
                motion.withUnsafeBufferPointer { motion in
                    paint.withUnsafeBufferPointer { paint in
                        for y in rows { for x in columns { blend(source, target, x, y, motion, paint) } }
                    }
                }
            }
        }
        return frame
    }

    /// Moved by the crop's fraction of a pixel, and already made smaller where the square is.
    private func fitted(_ plane: Plane, _ taps: Taps) -> Plane {
        let placed = shift.map { plane.resampled($0.0, $0.1) } ?? plane
        return side < networkSize ? placed.resampled(taps, taps) : placed
    }

    @inline(__always)
    private func blend(
        _ source: Pixels, _ target: UnsafeMutableBufferPointer<UInt8>, _ x: Int, _ y: Int,
        _ motion: UnsafeBufferPointer<Float>, _ paint: UnsafeBufferPointer<Float>
    ) {
        let (dx, dy, kept) = read(motion, across, x - left, y - top)
        var colour = source.sharp(Float(x) + dx, Float(y) + dy)
        if kept < 0.999 {
            let painted = read(paint, acrossPaint, x - left, y - top)
            func mixed(_ moved: Float, _ paint: Float) -> Float { moved * kept + min(max(paint, 0), 1) * 255 * (1 - kept) }
            colour = (mixed(colour.0, painted.0), mixed(colour.1, painted.1), mixed(colour.2, painted.2))
        }
        target.set((y * imageWidth + x) * 3, colour)
    }

    /// The three channels of a plane at a pixel of the square.
    @inline(__always)
    private func read(_ plane: UnsafeBufferPointer<Float>, _ taps: Taps, _ x: Int, _ y: Int) -> (Float, Float, Float) {
        if side < networkSize {
            let at = (y * side + x) * 3
            return (plane[at], plane[at + 1], plane[at + 2])
        }
        var sum: (Float, Float, Float) = (0, 0, 0)
        for v in 0..<taps.reach {
            let row = taps.cell(y, v) * networkSize
            let down = taps.weights[y * taps.reach + v]
            for u in 0..<taps.reach {
                let weight = down * taps.weights[x * taps.reach + u]
                let at = (row + taps.cell(x, u)) * 3
                sum = (sum.0 + weight * plane[at], sum.1 + weight * plane[at + 1], sum.2 + weight * plane[at + 2])
            }
        }
        return sum
    }

    private static func subpixelShift(_ crop: SquareCrop, _ left: Int, _ top: Int, _ side: Int) -> (Taps, Taps)? {
        if Double(left) == crop.x, Double(top) == crop.y, Double(side) == crop.side { return nil }
        let scale = Double(side) / crop.side, cells = Double(networkSize) / crop.side
        func taps(_ offset: Double) -> Taps {
            .atPlaces(from: networkSize, to: networkSize) { (Double($0) + 0.5) * scale + offset * cells - 0.5 }
        }
        return (taps(Double(left) - crop.x), taps(Double(top) - crop.y))
    }
}

/// Left, top, side of the square of whole pixels nearest to the crop.
private func snapped(_ crop: SquareCrop) -> (Int, Int, Int) {
    func whole(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }
    return (whole(crop.x), whole(crop.y), max(1, whole(crop.side)))
}

private func edgeProfile(_ width: Double, _ fadeStart: Bool, _ fadeEnd: Bool) -> [Double] {
    return (0..<networkSize).map { index in
        let centre = (Double(index) + 0.5) / Double(networkSize)
        return (fadeStart ? smoothStep(centre / width) : 1) * (fadeEnd ? smoothStep((1 - centre) / width) : 1)
    }
}

/// From 0 at 0 to 1 at 1, level at both ends and beyond.
@inline(__always)
func smoothStep(_ value: Double) -> Double {
    let t = min(max(value, 0), 1)
    return t * t * (3 - 2 * t)
}
