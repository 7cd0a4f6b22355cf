import Foundation
import XCTest

@testable import Monalive

/// Crops of eyes and mouth, and their paste, against the golden vectors of the Python SDK.
final class RegionTests: XCTestCase {
    func testCrops() throws {
        let file = try Golden.fields("region_crop.json"), photo = try Golden.picture(try file.text("photo"))
        let inPixels = try file.fields("in_pixels"), units = Golden.floats(try inPixels.any("units"))
        let found = RegionPlace.inPixels(units[...], try Golden.crop(inPixels))
        near([found.a, found.b, found.c, found.d, found.e, found.f], Golden.numbers(try inPixels.any("pixels")), 1e-3, "place")
        for value in try file.list("extract") {
            let fields = try Fields(value), name = try fields.text("picture")
            let (width, height) = (Int(try fields.number("width")), Int(try fields.number("height")))
            let made = extractRegion(photo, place(try fields.any("place")), width: width, height: height)
            alike(made, try Golden.picture(name), 45, name)
        }
    }

    func testPastes() throws {
        let file = try Golden.fields("region_paste.json"), size = try file.fields("flow")
        let photo = try Golden.picture(try file.text("photo")), frame = try Golden.picture(try file.text("frame"))
        let made = RegionFrame(
            width: Int(try size.number("width")), height: Int(try size.number("height")), flow: try Golden.flow(file),
            mask: try Golden.mask(try file.text("mask")), painted: try Golden.colours(try file.text("painted"))
        )
        let paste = RegionPaste()
        for value in try file.list("cases") {
            let fields = try Fields(value), name = try fields.text("result")
            let layer = RegionLayer(photo: photo, place: place(try fields.any("photo_place")), frame: made)
            let limits = (try? fields.numbers("bounds", 4).map { Int($0) }) ?? [0, 0, frame.width, frame.height]
            var changed = frame
            paste(
                &changed, place(try fields.any("place")), layer, columns: limits[0]..<limits[2], rows: limits[1]..<limits[3]
            )
            let box = try fields.numbers("changed", 4).map { Int($0) }
            let part = changed.means(box[0]..<box[2], box[1]..<box[3], of: 1)
            alike(part, try Golden.picture(name), 45, name)
            onlyWithin(changed, frame, box[0]..<box[2], box[1]..<box[3], name)
        }
    }

    private func place(_ value: Any) -> RegionPlace {
        let numbers = Golden.numbers(value)
        return RegionPlace(a: numbers[0], b: numbers[1], c: numbers[2], d: numbers[3], e: numbers[4], f: numbers[5])
    }
}

/// Networks of eyes and mouth as an animator uses them: stand-ins beside the shipped networks (see `PythonNetworks`).
final class RegionNetworksTests: XCTestCase {
    private var standIns: RegionStandIns!
    private var shipped: ModelBundle!
    private var driver: [[Float]] = []

    override func setUpWithError() throws {
        try XCTSkipIf(PythonNetworks.shared == nil, "set MONALIVE_PYTHON to a Python that has the SDK")
        standIns = RegionStandIns(try XCTUnwrap(PythonNetworks.shared))
        shipped = try ModelBundle.load(Golden.bundle)
        driver = try Golden.fields("faces.json").list("driver").map(Golden.floats)
    }

    func testPhotoIsEnrolledAndKeptAtRest() throws {
        let animator = try opened()
        let portrait = try enroll(animator)
        let sizes = [(64, 64), (64, 64), (128, 96)]
        let places = (0..<3).map { RegionPlace.inPixels(RegionStandIns.places[($0 * 6)..<($0 * 6 + 6)], portrait.crop) }
        XCTAssertEqual(standIns.photos.count, 3)
        for ((given, place), size) in zip(zip(standIns.photos, places), sizes) {
            let wanted = extractRegion(portrait.photo, place, width: size.0, height: size.1)
            near(given, wanted.rgb.map { Double($0) / 255 }, 1e-6, "crop")
        }
        let frame = try play(animator, portrait)
        for (place, size) in zip(places, sizes) { // moved by nothing: the photo's own pixels, whatever the frame's were
            let u = Double(size.0) / 2, v = Double(size.1) / 2, x = Int(place.x(u, v)), y = Int(place.y(u, v))
            let (columns, rows) = ((x - 3)..<(x + 3), (y - 3)..<(y + 3))
            alike(frame.means(columns, rows, of: 1), portrait.photo.means(columns, rows, of: 1), 60, "the photo at rest")
        }
    }

    func testPaintedRegions() throws {
        let without = try opened([])
        let plain = try play(without, try enroll(without))
        standIns.colour = [1, 0, 0]
        let animator = try opened()
        let portrait = try enroll(animator), frame = try play(animator, portrait)
        func pixels(_ origin: Double, _ part: Double) -> Int { Int(origin + part * portrait.crop.side) }
        func column(_ part: Double) -> Int { pixels(portrait.crop.x, part) }
        func row(_ part: Double) -> Int { pixels(portrait.crop.y, part) }
        for (u, v) in [(0.65, 0.45), (0.45, 0.45), (0.5, 0.675)] {
            let at = (row(v) * frame.width + column(u)) * 3
            XCTAssertEqual(Array(frame.rgb[at..<(at + 3)]), [255, 0, 0], "at \(u), \(v)")
        }
        onlyWithin(frame, plain, column(0.4)..<(column(0.7) + 1), row(0.4)..<(row(0.75) + 1), "painted")
    }

    func testBlackAndWhitePhotoStaysSo() throws {
        standIns.colour = [0.9, 0, 0]
        var photo = try Golden.picture("photo.png")
        for i in photo.rgb.indices { photo.rgb[i] = photo.rgb[i - i % 3] }
        let animator = try opened()
        XCTAssertTrue(try play(animator, try animator.enroll(photo, consent: .artwork)).isBlackAndWhite)
    }

    func testMissingNetworks() throws {
        for part in RegionStandIns.parts {
            let message = errorOf { _ = try opened(RegionStandIns.parts.subtracting([part])) }.message ?? ""
            XCTAssert(message.contains("no part '\(part)'; use a complete bundle"), message)
        }
        let bare = try enroll(try opened([])), animator = try opened()
        XCTAssert(errorOf { _ = try play(animator, bare) }.message?.contains("enrol its photo again") == true)
        standIns.places = [Float](repeating: .nan, count: 18)
        XCTAssert(errorOf { _ = try enroll(animator) }.message?.contains("no pose") == true)
    }

    /// With `parts` of the networks of eyes and mouth.
    private func opened(_ parts: Set<String> = RegionStandIns.parts) throws -> PhotoAnimator {
        let bundle = try RegionStandIns.bundle(shipped, parts)
        defer { try? FileManager.default.removeItem(at: bundle) }
        let options = try PhotoAnimatorOptions(bundlePath: bundle, runtime: standIns, trackers: try Sight(), runningMode: .video)
        return try PhotoAnimator.createFromOptions(options)
    }

    private func enroll(_ animator: PhotoAnimator) throws -> Portrait {
        try animator.enroll(try Golden.picture("photo.png"), consent: .artwork)
    }

    /// A frame far from rest.
    private func play(_ animator: PhotoAnimator, _ portrait: Portrait) throws -> RgbImage {
        let frames = Array(driver[0...1])
        let motion = try Motion(landmarks: frames, timestampsMs: [0, 40], imageWidth: 512, imageHeight: 512, fps: 25)
        let played = try animator.play(portrait, motion).map { try $0.get() }
        return played[1].image
    }
}

private func onlyWithin(_ changed: RgbImage, _ before: RgbImage, _ columns: Range<Int>, _ rows: Range<Int>, _ what: String) {
    let outside = changed.rgb.indices.first { i in
        let x = i / 3 % changed.width, y = i / 3 / changed.width
        return changed.rgb[i] != before.rgb[i] && !(columns.contains(x) && rows.contains(y))
    }
    XCTAssertNil(outside, "\(what): a pixel outside changed")
    XCTAssertNotEqual(changed, before, what)
}
