#if canImport(CoreGraphics) && canImport(ImageIO)
import CoreGraphics
import Foundation
import ImageIO
import Monalive

extension RgbImage {
    /// A picture file, the right way up.
    ///
    /// - Parameter mostPixels: of the longer side; larger photos are made smaller.
    /// - Throws: `valueError`: it is no picture.
    public init(contentsOf file: URL, mostPixels: Int = 1280) throws {
        let options: [CFString: Any] = [
            kCGImageSourceCreateThumbnailFromImageAlways: true,
            kCGImageSourceCreateThumbnailWithTransform: true,
            kCGImageSourceThumbnailMaxPixelSize: mostPixels,
        ]
        guard let source = CGImageSourceCreateWithURL(file as CFURL, nil),
            let picture = CGImageSourceCreateThumbnailAtIndex(source, 0, options as CFDictionary)
        else { throw MonaliveError.valueError("\(file.lastPathComponent) is no picture, or a damaged one") }
        try self.init(picture)
    }

    /// A Core Graphics picture in sRGB; transparent pixels are put over white.
    public init(_ picture: CGImage) throws {
        let (width, height) = (picture.width, picture.height)
        var rgba = [UInt8](repeating: 255, count: width * height * 4)
        try rgba.withUnsafeMutableBytes { bytes in
            guard let context = RgbImage.context(bytes.baseAddress, width, height) else {
                throw MonaliveError.valueError("a picture of \(width) x \(height) cannot be drawn")
            }
            context.draw(picture, in: CGRect(x: 0, y: 0, width: width, height: height))
        }
        var rgb = [UInt8](repeating: 0, count: width * height * 3)
        for i in 0..<(width * height) { for c in 0..<3 { rgb[i * 3 + c] = rgba[i * 4 + c] } }
        try self.init(width: width, height: height, rgb: rgb)
    }

    /// To be shown: `Image(decorative: frame.cgImage()!, scale: 1)`.
    public func cgImage() -> CGImage? {
        var rgba = [UInt8](repeating: 255, count: width * height * 4)
        for i in 0..<(width * height) { for c in 0..<3 { rgba[i * 4 + c] = rgb[i * 3 + c] } }
        return rgba.withUnsafeMutableBytes { RgbImage.context($0.baseAddress, width, height)?.makeImage() }
    }

    private static func context(_ memory: UnsafeMutableRawPointer?, _ width: Int, _ height: Int) -> CGContext? {
        guard let space = CGColorSpace(name: CGColorSpace.sRGB) else { return nil }
        return CGContext(
            data: memory, width: width, height: height, bitsPerComponent: 8, bytesPerRow: width * 4, space: space,
            bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue
        )
    }
}
#endif
