/// Draws a portrait's eyes and mouth over what the other networks drew.
final class RegionLayers {
    private let portrait: Portrait, networks: RegionNetworks
    private let columns: Range<Int>, rows: Range<Int>
    private let paste = RegionPaste()

    /// - Parameters:
    ///   - columns: of the photo that may change.
    ///   - rows: of the photo that may change.
    /// - Throws: `valueError`: the portrait was enrolled without these networks.
    init(_ portrait: Portrait, _ networks: RegionNetworks, columns: Range<Int>, rows: Range<Int>) throws {
        try require(!portrait.regions.isEmpty, "the portrait was enrolled without networks of eyes and mouth; enrol its photo again")
        (self.portrait, self.networks, self.columns, self.rows) = (portrait, networks, columns, rows)
    }

    /// Draws them into a frame, in place.
    ///
    /// - Parameters:
    ///   - picture: the photo with the rest of the face animated.
    ///   - landmarks: 478 x 3 wanted, in units of the photo's crop.
    func draw(_ picture: inout RgbImage, _ landmarks: [Float]) throws {
        let wanted = try networks.locate(landmarks, portrait.crop)
        for ((region, enrolled), located) in zip(zip(FaceRegion.allCases, portrait.regions), wanted) {
            var frame = try networks.animate(region, enrolled, located.landmarks)
            if portrait.isBlackAndWhite { frame.painted = withoutColour(frame.painted) }
            let layer = RegionLayer(photo: portrait.photo, place: enrolled.place, frame: frame)
            paste(&picture, located.place, layer, columns: columns, rows: rows)
        }
    }
}

/// Colours (red, green and blue in turn) as shades of grey: each the mean of its channels.
func withoutColour(_ rgb: [Float]) -> [Float] {
    rgb.indices.map { i in
        let first = i - i % 3
        return (rgb[first] + rgb[first + 1] + rgb[first + 2]) / 3
    }
}
