import Foundation

let pictureBitCount = 20
private let squareSize = 64
/// Half waves across and down, and the mean of their strength in portraits, in units of the root mean square of all.
private let pictureWaves: [(across: Int, down: Int, mean: Double)] = [
    (0, 1, -0.17), (1, 0, 0.10), (1, 1, 0.05), (0, 2, -0.13), (2, 0, 0.02),
    (1, 2, -0.11), (2, 1, 0.47), (2, 2, 0.26), (0, 3, 0.09), (3, 0, -0.04),
    (1, 3, 0.00), (3, 1, -0.06), (2, 3, 0.07), (3, 2, 0.02), (0, 4, 0.39),
    (4, 0, 0.68), (1, 4, -0.03), (4, 1, 0.01), (3, 3, -0.01), (2, 4, -0.23),
]

/// What a square of a picture shows: signs of the lowest waves of its brightness, the first wave's the highest bit.
/// `monalive.trust.mark_picture` compares them with the picture that a mark is found on.
func pictureBits(_ image: RgbImage, _ square: SquareCrop) -> Int {
    let picture = square.extract(image, size: squareSize)
    func half(_ waves: Int, _ place: Int) -> Double { cos(Double.pi * Double(waves) * (Double(place) + 0.5) / Double(squareSize)) }
    let strengths: [Double] = pictureWaves.map { wave in
        var sum = 0.0
        for y in 0..<squareSize {
            for x in 0..<squareSize {
                let i = (y * squareSize + x) * 3
                let red = Double(picture.rgb[i]), green = Double(picture.rgb[i + 1]), blue = Double(picture.rgb[i + 2])
                sum += (0.299 * red + 0.587 * green + 0.114 * blue) * half(wave.across, x) * half(wave.down, y)
            }
        }
        return sum
    }
    let usual = (strengths.reduce(0) { $0 + $1 * $1 } / Double(strengths.count)).squareRoot()
    return zip(strengths, pictureWaves).reduce(0) { $0 << 1 | ($1.0 >= $1.1.mean * usual ? 1 : 0) }
}
