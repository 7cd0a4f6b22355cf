import Foundation

/// A face that the detector found: how sure, [0, 1], and the region to read its landmarks from.
struct FoundFace {
    let score: Float
    let region: RotatedSquare
}

/// Runs the bundle's detector network over one square region of a picture at a time.
final class LevelFaceDetector {
    private let network: PictureNetwork
    /// Low, since what is read there is judged as well: half hidden and overexposed faces score as little.
    private static let minConfidence: Float = 0.3
    private static let suppressionOverlap = 0.3
    private static let placeValues = 5
    private static let farRoll = Double.pi / 3 // heads are seldom held further from upright

    init(_ network: PictureNetwork) { self.network = network }

    /// Faces in `region` (nil: the whole picture; black outside of it), the surest first.
    func detect(_ image: RgbImage, in region: RotatedSquare? = nil) throws -> [FoundFace] {
        let region = region ?? .whole(image.width, image.height)
        let made = try network.run(LevelCrop.extract(image, region, size: network.side, border: .black))
        let scores = try network.output(made, "scores"), places = try network.output(made, "places")
        let grid = Int(Double(scores.count).squareRoot())
        var candidates: [Candidate] = []
        for (i, score) in scores.enumerated() where score >= LevelFaceDetector.minConfidence {
            let numbers = places[(i * LevelFaceDetector.placeValues)..<((i + 1) * LevelFaceDetector.placeValues)].map(Double.init)
            let x = (Double(i % grid) + 0.5) / Double(grid) + numbers[0], y = (Double(i / grid) + 0.5) / Double(grid) + numbers[1]
            candidates.append(Candidate(score: score, x: x, y: y, side: exp(numbers[2]), cosine: numbers[3], sine: numbers[4]))
        }
        return LevelFaceDetector.blended(candidates).map { $0.found(in: region) }
    }

    /// Faces in the whole picture, also sideways and upside down.
    ///
    /// A bowed face looks much like one on its head: one that seems to lie on its side or beyond is believed only if it stands
    /// upright in the picture turned that way; else the second look counts.
    func detectAnyWayUp(_ image: RgbImage) throws -> [FoundFace] {
        let found = try detect(image)
        guard let angle = found.first?.region.angle, abs(angle) > LevelFaceDetector.farRoll else { return found }
        let whole = RotatedSquare.whole(image.width, image.height)
        let again = try detect(image, in: RotatedSquare(x: whole.x, y: whole.y, side: whole.side, angle: angle))
        return again.isEmpty ? found : again
    }

    /// A face that a place of the map tells of: its centre and side in units of the region, its roll not normalised.
    private struct Candidate {
        var score: Float
        var x: Double, y: Double, side: Double, cosine: Double, sine: Double

        var box: Box { RotatedSquare(x: x, y: y, side: side, angle: 0).bounds }

        func found(in region: RotatedSquare) -> FoundFace {
            let centre = region.toPicture(x, y), angle = region.angle + atan2(sine, cosine)
            let own = RotatedSquare(x: centre.x, y: centre.y, side: side * region.side * LevelCrop.scale, angle: angle)
            return FoundFace(score: score, region: own)
        }
    }

    /// Blends overlapping candidates by score, steadier than keeping the best (BlazeFace, arXiv 1907.05047, section 3).
    private static func blended(_ candidates: [Candidate]) -> [Candidate] {
        var kept: [Candidate] = []
        var left = candidates.enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.map(\.element)
        while let best = left.first {
            var blend = Candidate(score: best.score, x: 0, y: 0, side: 0, cosine: 0, sine: 0)
            var others: [Candidate] = [], same: [Candidate] = [best]
            for other in left.dropFirst() {
                if other.box.overlap(best.box) > suppressionOverlap { same.append(other) } else { others.append(other) }
            }
            let sum = same.reduce(0.0) { $0 + Double($1.score) }
            for face in same {
                let share = Double(face.score) / sum
                blend.x += share * face.x
                blend.y += share * face.y
                blend.side += share * face.side
                blend.cosine += share * face.cosine
                blend.sine += share * face.sine
            }
            kept.append(blend)
            left = others
        }
        return kept
    }
}
