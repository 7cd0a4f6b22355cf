/// How a video's picture changes from frame to frame, and when it becomes another one all at once. Call it with every frame, in order.
struct PictureChange {
    /// The picture as so many cells each way, each the mean of 4 x 4 pixels spread over it.
    private static let cellCount = 24, samples = 4
    /// Mean difference of the cells, in levels, above which, and above so many times the usual, a picture is another.
    private static let otherPicture = 8.0, timesUsual = 3.0
    /// Frames that tell what is usual.
    private static let remembered = 8

    /// How much of the picture was clearly another in the last frame than in the one before, from 0 to 1.
    private(set) var share = 0.0
    private var cells: [Float]?
    private var differences: [Double] = []

    /// Whether the picture became another one since the frame before.
    mutating func becomesAnother(_ image: RgbImage) -> Bool {
        let before = cells, now = cellColours(image)
        cells = now
        guard let before else { return false }
        let changes = stride(from: 0, to: now.count, by: 3).map { (cell: Int) -> Double in
            (cell..<cell + 3).reduce(0.0) { $0 + Double(abs(now[$1] - before[$1])) } / 3
        }
        let difference = changes.reduce(0.0, +) / Double(changes.count), usual = median(differences)
        share = Double(changes.filter { $0 > PictureChange.otherPicture }.count) / Double(changes.count)
        differences = Array((differences + [difference]).suffix(PictureChange.remembered))
        return difference > max(PictureChange.otherPicture, PictureChange.timesUsual * usual)
    }

    private func cellColours(_ image: RgbImage) -> [Float] {
        let count = PictureChange.cellCount, samples = PictureChange.samples, side = count * samples
        var colours = [Float](repeating: 0, count: count * count * 3)
        for v in 0..<side {
            let row = Int((Double(v) + 0.5) * Double(image.height) / Double(side))
            for u in 0..<side {
                let pixel = row * image.width + Int((Double(u) + 0.5) * Double(image.width) / Double(side))
                let cell = v / samples * count + u / samples
                for channel in 0..<3 { colours[cell * 3 + channel] += Float(image.rgb[pixel * 3 + channel]) / Float(samples * samples) }
            }
        }
        return colours
    }

    /// 0 of nothing.
    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
