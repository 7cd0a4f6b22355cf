/// What a photo contributes to an eye or the mouth of a frame.
struct RegionLayer {
    /// As it was taken.
    let photo: RgbImage
    /// Where the crop lies in `photo`.
    let place: RegionPlace
    /// What the region's network computed.
    let frame: RegionFrame
}

/// Pastes an eye or the mouth over a frame: the photo's own pixels, moved at native resolution, and painted ones.
///
/// It keeps its working memory between calls, so one object must not be called from two threads at once.
final class RegionPaste {
    /// Of each pixel of the crop: where in the photo it comes from (x, y), how much of the photo is kept, and the paint.
    private var cells = Plane(width: 0, height: 0, channels: RegionPaste.channels, values: [])
    private var cell = [Float](repeating: 0, count: RegionPaste.channels)
    private static let channels = 6

    /// Pastes one region into a picture, in place.
    ///
    /// - Parameters:
    ///   - picture: the frame. Pixels outside the crop stay as they are, bit for bit.
    ///   - place: where the crop lies in `picture`.
    ///   - layer: what to paste.
    ///   - columns: of the picture that may change.
    ///   - rows: of the picture that may change.
    func callAsFunction(
        _ picture: inout RgbImage, _ place: RegionPlace, _ layer: RegionLayer, columns: Range<Int>, rows: Range<Int>
    ) {
        fill(layer)
        let width = Double(cells.width), height = Double(cells.height), across = picture.width
        let corners: [(Double, Double)] = [(0, 0), (width, 0), (0, height), (width, height)]
        let xs = spanned(corners.map { place.x($0.0, $0.1) }, columns), ys = spanned(corners.map { place.y($0.0, $0.1) }, rows)
        let toCrop = place.inverse, times = samplesAcross(toCrop.scale)
        cells.withValues { cells in
            layer.photo.withPixels { photo in
                cell.withUnsafeMutableBufferPointer { cell in
                    picture.rgb.withUnsafeMutableBufferPointer { target in
                        for y in ys {
                            for x in xs {
                                let u = toCrop.x(Double(x) + 0.5, Double(y) + 0.5), v = toCrop.y(Double(x) + 0.5, Double(y) + 0.5)
                                let alpha = fade(u, width) * fade(v, height)
                                if alpha == 0 { continue }
                                RegionPaste.read(cells, toCrop, x, y, times, cell)
                                blend(target, (y * across + x) * 3, alpha, cell, photo.sharp(cell[0], cell[1]))
                            }
                        }
                    }
                }
            }
        }
    }

    private func fill(_ layer: RegionLayer) {
        let frame = layer.frame, place = layer.place, channels = RegionPaste.channels
        if cells.width != frame.width || cells.height != frame.height {
            let values = [Float](repeating: 0, count: frame.width * frame.height * channels)
            cells = Plane(width: frame.width, height: frame.height, channels: channels, values: values)
        }
        cells.values.withUnsafeMutableBufferPointer { cells in
            for i in 0..<(frame.width * frame.height) {
                let u = Double(i % frame.width) + 0.5 + Double(frame.flow[i * 2])
                let v = Double(i / frame.width) + 0.5 + Double(frame.flow[i * 2 + 1])
                let at = i * channels
                cells[at] = Float(place.x(u, v) - 0.5)
                cells[at + 1] = Float(place.y(u, v) - 0.5)
                cells[at + 2] = frame.mask[i]
                for c in 0..<3 { cells[at + 3 + c] = min(max(frame.painted[i * 3 + c], 0), 1) * 255 }
            }
        }
    }

    /// The cells at a pixel of the picture: the mean of `times` x `times` places in it, several where the crop is finer.
    @inline(__always)
    private static func read(
        _ cells: PlaneValues, _ toCrop: RegionPlace, _ x: Int, _ y: Int, _ times: Int, _ cell: UnsafeMutableBufferPointer<Float>
    ) {
        cell.update(repeating: 0)
        let step = 1 / Double(times), share = 1 / Float(times * times)
        for i in 0..<(times * times) {
            let px = Double(x) + (Double(i % times) + 0.5) * step, py = Double(y) + (Double(i / times) + 0.5) * step
            cells.add(Float(toCrop.x(px, py) - 0.5), Float(toCrop.y(px, py) - 0.5), share, to: cell)
        }
    }

    /// Lays a pixel's paint and the photo's moved colour over what is there.
    @inline(__always)
    private func blend(
        _ target: UnsafeMutableBufferPointer<UInt8>, _ at: Int, _ alpha: Float, _ cell: UnsafeMutableBufferPointer<Float>,
        _ moved: (Float, Float, Float)
    ) {
        let kept = alpha * cell[2], painted = alpha - kept, under = 1 - alpha
        let red = under * Float(target[at]) + painted * cell[3] + kept * moved.0
        let green = under * Float(target[at + 1]) + painted * cell[4] + kept * moved.1
        let blue = under * Float(target[at + 2]) + painted * cell[5] + kept * moved.2
        target.set(at, (red, green, blue))
    }
}

/// Width of the band inside a crop's edges where it fades out, in the crop's width or height.
private let fadeWidth = 0.14

/// How much a crop shows at a place along one of its sides: from 0 at the ends, and beyond, to 1 inside.
@inline(__always)
private func fade(_ place: Double, _ length: Double) -> Float { Float(smoothStep(min(place, length - place) / (fadeWidth * length))) }

/// The whole pixels of `allowed` from the lowest to the highest of some places.
private func spanned(_ places: [Double], _ allowed: Range<Int>) -> Range<Int> {
    let low = Int((places.min() ?? 0).rounded(.down)), high = Int((places.max() ?? 0).rounded(.up))
    return allowed.clamped(to: low..<high)
}
